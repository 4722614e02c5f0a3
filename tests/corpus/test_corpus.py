"""Every case of the corpus is judged as the standards say: nothing false is accepted, nothing true is refused."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

import pytest
from tests.corpus import build, kit

from badgeissuer import verifying
from badgeissuer.net import address
from badgeissuer.vc import verification

FOLDER = build.FOLDER
Ask: TypeAlias = Callable[[str], dict[str, Any]]
EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text("utf-8"))
FAULTS = [path for path, expected in EXPECTED.items() if expected["outcome"] != "VALID"]
CONTROLS = [path for path in EXPECTED if path not in FAULTS]
PASSED = {"VALID", "NOT_APPLICABLE"}
ALWAYS = {"syntax", "context", "data_model"}
"""The steps that say nothing of who issued what: they may be VALID where the proof is not."""
GATES = {"syntax", "context", "data_model", "proof", "issuer"}
"""Where one of these does not pass, later steps may not be reached."""
FORM = {"context", "data_model", "proof"}
"""What is wrong with the form of a document, each of these may find: its signature does not cover all of it, either."""
NOT_REACHED = "urn:badgeissuer:problem:not-reached"
LEADING_AWAY = ("keys/did-web-at-", "keys/https-key-at-", "status/list-at-")
"""How the paths of those cases begin that would send a verifier to its own network."""
SECONDS = 5
"""The longest that one case may take, a slow machine allowed for."""


@pytest.fixture(scope="session")
def web() -> dict[str, bytes]:
    """What stands on the web, as the map of URLs says; what is too large for a file is made."""
    folder = FOLDER / "resources"
    named = json.loads((folder / "resources.json").read_text("utf-8"))
    made = build.resources()
    return {url: (folder / named[url]).read_bytes() if url in named else made[url]() for url in made}


@pytest.fixture(scope="session")
def policy() -> verification.Policy:
    content = json.loads((FOLDER / "trust.json").read_text("utf-8"))
    issuers = {did: issuer["name"] for did, issuer in content["issuers"].items()}
    keys = {
        name: datetime.fromisoformat(key["compromised_since"]) for name, key in content["keys"].items() if key["state"] == "compromised"
    }
    return verification.Policy(verifying.BADGE, trusted=issuers, compromised=keys)


@pytest.fixture(scope="session")
def ask(web: dict[str, bytes], policy: verification.Policy) -> Ask:
    """Return the report of a case, as JSON; each is verified once."""
    return cache(lambda path: _ask(path, web, policy))


def _ask(path: str, web: dict[str, bytes], policy: verification.Policy, asked: list[str] | None = None) -> dict[str, Any]:
    """Return the report of a case, as JSON; the URLs that nothing stands at are added to `asked`."""
    expected = EXPECTED[path]
    now = datetime.fromisoformat(expected.get("at", kit.NOW))

    def look(url: str) -> verification.Resource | verification.Unreachable:
        if url in web:
            return verification.Resource(url, web[url], now)
        if asked is not None:
            asked.append(url)
        return verification.Unreachable(url, "nothing stands there")

    body = build.cases()[path].body() if expected.get("stored") is False else (FOLDER / "cases" / path).read_bytes()
    started = time.process_time()
    found = verifying.verify(body, look=look, now=now, policy=replace(policy, recipient=expected.get("recipient")))
    assert time.process_time() - started < SECONDS
    report: dict[str, Any] = json.loads(json.dumps(found.report.to_json()))
    return report


def _differences(report: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return in which points a report is not as expected."""
    steps = {step["name"]: step for step in report["steps"]}
    wrong = [] if report["outcome"] in expected["outcome"].split("|") else [f"the outcome is {report['outcome']}"]
    named = expected.get("steps", {})
    for names, outcome in named.items():
        if not any(name in steps and steps[name]["outcome"] in outcome.split("|") for name in names.split("|")):
            wrong.append(f"none of {names} is {outcome}")
    for names, kind in expected.get("types", {}).items():
        found = {problem["type"] for name in names.split("|") if name in steps for problem in steps[name]["problems"]}
        if kind not in found:
            wrong.append(f"{names} has problems of the types {sorted(found)}")
    at_fault = {name for names in named for name in names.split("|")}
    at_fault |= FORM if at_fault & FORM else set()
    wrong += [f"{name} is {step['outcome']}" for name, step in steps.items() if name not in at_fault and not _is_fine(step, steps)]
    wrong += [f"{name} is VALID, though the proof is not" for name in _presented_as_true(steps)]
    identity = expected.get("identity", report["issuer"]["identity"])
    return wrong + ([] if report["issuer"]["identity"] == identity else [f"the identity is {report['issuer']['identity']}"])


def _is_fine(step: dict[str, Any], steps: dict[str, Any]) -> bool:
    stopped = any(steps[name]["outcome"] not in PASSED for name in GATES & steps.keys())
    not_reached = step["outcome"] == "INDETERMINATE" and {problem["type"] for problem in step["problems"]} == {NOT_REACHED}
    return step["outcome"] in PASSED or (stopped and not_reached)


def _presented_as_true(steps: dict[str, Any]) -> list[str]:
    if "proof" not in steps or steps["proof"]["outcome"] in PASSED:
        return []
    return [name for name, step in steps.items() if name not in ALWAYS and step["outcome"] == "VALID"]


@pytest.mark.parametrize("path", EXPECTED)
def test_a_case_is_judged_as_the_standards_say(path: str, ask: Ask) -> None:
    assert _differences(ask(path), EXPECTED[path]) == [], EXPECTED[path]["why"]


def test_nothing_false_is_accepted_and_nothing_true_is_refused(ask: Ask) -> None:
    outcomes = {path: ask(path)["outcome"] for path in EXPECTED}
    false_accepts = [path for path in FAULTS if outcomes[path] == "VALID"]
    false_rejects = [path for path in CONTROLS if outcomes[path] != "VALID"]
    print(f"{len(FAULTS)} faults, {len(false_accepts)} accepted; {len(CONTROLS)} controls, {len(false_rejects)} refused")
    print(dict(sorted(Counter(path.partition("/")[0] for path in EXPECTED).items())))
    assert (false_accepts, false_rejects) == ([], [])


@pytest.mark.parametrize("path", [path for path in FAULTS if path.startswith(LEADING_AWAY)])
def test_where_a_case_leads_that_no_verifier_may_go_is_not_asked(path: str, web: dict[str, bytes], policy: verification.Policy) -> None:
    asked: list[str] = []
    _ask(path, web, policy, asked)
    reached = [url for url in asked if address.read_url(url, ports=frozenset({443}), allow_private=False)]
    assert reached == []


IMPORTING = """
import sys
from datetime import datetime
from pathlib import Path
from badgeissuer import verifying
from badgeissuer.vc import verification

def verify(path, profile):
    policy = verification.Policy(profile)
    look = lambda url: verification.Unreachable(url, "nothing stands there")
    found = verifying.verify(Path(path).read_bytes(), look=look, now=datetime.fromisoformat(sys.argv[1]), policy=policy)
    return found.report.outcome.value

verify("cases/json-ld/context-imported-instead-of-named.json", verifying.GENERIC)
print(verify("cases/controls/did-key.json", verifying.BADGE))
"""


def test_what_one_document_imports_changes_nothing_for_the_next() -> None:
    # J12: in a process that has read nothing else yet, the caches of the JSON-LD library are the hostile document's to fill.
    command = [sys.executable, "-c", IMPORTING, kit.NOW]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "VALID\n", done.stderr


def test_the_command_line_says_the_same() -> None:
    """A bare machine can verify the cases that are kept as files; one in three is tried, to keep the suite short."""
    stored = {path: expected for path, expected in EXPECTED.items() if expected.get("stored", True) and "recipient" not in expected}
    stored = dict(itertools.islice(stored.items(), 0, None, 3))
    for moment in sorted({expected.get("at", kit.NOW) for expected in stored.values()}):
        paths = [path for path, expected in stored.items() if expected.get("at", kit.NOW) == moment]
        options = ["--json", "--offline", "--at", moment, "--resources", "resources/resources.json", "--trust", "trust.json"]
        command = [sys.executable, "-m", "badgeissuer.cli", "verify", *options, *(f"cases/{path}" for path in paths)]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(reports) == len(paths), done.stderr
        wrong = {path: _differences(report, stored[path]) for path, report in zip(paths, reports, strict=True)}
        assert {path: differences for path, differences in wrong.items() if differences} == {}
