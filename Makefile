# badgeissuer. `make` alone says what there is to do.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The interpreter that makes .venv: the first that really runs, is new enough and can make environments.
# A name on the PATH is not enough, because version managers put names there that only print an error.
ifndef PYTHON
PYTHON := $(shell for candidate in python3.13 python3.12 python3.11 python3; do \
	"$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$candidate"; break; }; done)
endif

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
LOCK := uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links
NODE := $(shell node --version >/dev/null 2>&1 && npm --version >/dev/null 2>&1 && echo yes)
# The tests start many processes of our own; where none may keep what it compiled, every one of them compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE
PURE := src/badgeissuer/vc/*,src/badgeissuer/openbadges/*,src/badgeissuer/awarding/*,src/badgeissuer/frameworks/*,src/badgeissuer/problem.py

.PHONY: help demo serve test check bench screenshots fuzz worst faults losing differential openapi migration lock

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: .venv/run.stamp ## The whole way once, from LMS event to verified badge [ARGS="--once --port 8001 --dir DIR"]
	$(BIN)/badgeissuer demo $(ARGS)

serve: .venv/run.stamp ## The service on this machine, SQLite in ./data [ARGS="--port 8001"]
	$(BIN)/badgeissuer serve $(ARGS)

test: .venv/dev.stamp $(if $(NODE),tests/interop/node_modules/.package-lock.json) ## The whole suite, with coverage gates; with ARGS only those tests, without [ARGS="-k word"]
	rm -f .coverage .coverage.*
	$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),--numprocesses=2 --dist=loadfile --no-loadscope-reorder --cov --cov-branch --cov-report=term --cov-fail-under=95)
	$(if $(ARGS),,$(BIN)/coverage report --include='$(PURE)' --fail-under=100)

check: .venv/dev.stamp ## Linters, types, layers, drift of openapi.yaml and of the migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/badgeissuer openapi | diff - openapi.yaml
	folder=$$(mktemp -d) && BADGEISSUER_DATA_DIR=$$folder $(BIN)/badgeissuer migrate --check; rm -r $$folder

bench: .venv/dev.stamp $(if $(NODE),tests/interop/node_modules/.package-lock.json) ## The measurements, all or some [ARGS="sign verify_own"]
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: .venv/dev.stamp ## The pictures of the README, taken anew from a running demonstration
	$(BIN)/python docs/screenshots.py

fuzz: .venv/dev.stamp ## Changed bytes at everything that reads what strangers hand in [ARGS="--minutes 10 --seed 1"]
	$(BIN)/python tests/fuzz/fuzzing.py $(ARGS)

worst: .venv/dev.stamp ## Time and memory of the worst input of every class, those named or all; fails over 2 s or 200 MiB [ARGS="JWT images"]
	$(BIN)/python tests/fuzz/worst.py $(ARGS)

differential: .venv/dev.stamp ## Canonical forms beside those of PyLD and pyoxigraph [ARGS="--documents 100000 --seed 1 --state FILE"]
	$(BIN)/python -m tests.differential.comparing $(ARGS)

faults: .venv/dev.stamp ## Rosters issued while workers and database are killed; counts must be exact [ARGS="--runs 20 --rows 10000 --database sqlite"]
	PYTHONPATH=. $(BIN)/python -m tests.faults.killing $(ARGS)

losing: .venv/dev.stamp ## Events sent while the server and workers are killed; none that was accepted may be lost [ARGS="--kills 20 --database sqlite"]
	PYTHONPATH=. $(BIN)/python -m tests.faults.losing $(ARGS)

openapi: .venv/run.stamp ## Write openapi.yaml anew
	$(BIN)/badgeissuer openapi > openapi.yaml.new
	mv openapi.yaml.new openapi.yaml

migration: .venv/run.stamp ## A draft of a migration from what differs between the tables and head [ARGS="what changes"]
	$(BIN)/python -c 'import sys; from badgeissuer.store import migrating; print(migrating.draft(" ".join(sys.argv[1:])))' $(ARGS)

lock: .venv/dev.stamp ## Pin the newest versions that pyproject.toml allows
	PATH="$(CURDIR)/$(BIN):$$PATH" $(LOCK) --output-file requirements.lock
	PATH="$(CURDIR)/$(BIN):$$PATH" $(LOCK) --constraints requirements.lock --group dev --output-file requirements-dev.lock
	PATH="$(CURDIR)/$(BIN):$$PATH" $(subst compile pyproject.toml,compile,$(LOCK)) --constraints requirements-dev.lock --group build --output-file requirements-build.lock

.venv/bin/python:
	@test -n '$(PYTHON)' || { echo 'No Python 3.11 or newer that can make environments was found. Install one (on Debian: python3 and python3-venv), or name it: make PYTHON=/path/to/python' >&2; exit 1; }
	$(PYTHON) -m venv .venv

# The working tree itself is installed, so changes in src/ count at once; the build back end comes from a lock like everything else.
.venv/run.stamp: pyproject.toml requirements.lock requirements-build.lock | .venv/bin/python
	$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock
	$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	$(PIP) install --require-hashes -r requirements-dev.lock
	touch $@

tests/interop/node_modules/.package-lock.json: tests/interop/package.json tests/interop/package-lock.json
	cd tests/interop && npm ci --ignore-scripts --no-audit --no-fund
	touch $@
