"""Build the corpus: hostile and valid documents by name, what stands on the web for them, and what a verifier must say.

    python tests/corpus/build.py

    cases/{group}/{fault}.{json,jwt,png,svg}   one document a file
    resources/resources.json                   URL → file, as `badgeissuer verify --resources` takes it
    trust.json                                 whom the verifier trusts, as `--trust` takes it
    expected.json                              path of a case → outcome, steps that do not pass, problem types, why

What is expected comes from the standards and from our threat model, never from what a verifier said. How cases are written: `kit.py`.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import shutil
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parents[1]))

from tests.corpus import kit, wrapping  # noqa: E402 - a script finds the package only now

GROUPS = (
    *("json_ld", "contexts", "proofs", "signatures", "keys", "key_names", "model", "validity", "status", "status_entries", "trust"),
    *("parsing", "vcdm_1_1", "controls", "controls_of_status"),
)
"""The modules of the groups; `more_*.py` come after them."""


def groups() -> list[kit.Group]:
    """Return all groups; a group that several modules add to is there once."""
    found: list[kit.Group] = []
    for name in (*GROUPS, *sorted(path.stem for path in FOLDER.glob("more_*.py"))):
        module = importlib.import_module(f"tests.corpus.{name}")
        found += [group for group in getattr(module, "GROUPS", None) or [module.GROUP] if group not in found]
    return found


def cases() -> dict[str, kit.Case]:
    """Return path → case, in a fixed order."""
    every = [case for group in groups() for case in group.cases]
    by_path = {case.path: case for case in every}
    if len(by_path) < len(every):
        raise ValueError(f"two cases have one path: {sorted({case.path for case in every if every.count(case) > 1})}")
    return dict(sorted(by_path.items()))


def resources() -> dict[str, kit.Bytes]:
    """Return URL → what stands there, those that are too large to be kept included."""
    found: dict[str, kit.Bytes] = {
        "https://issuer.example/.well-known/did.json": lambda: kit.text(kit.controller_document(kit.COLLEGE.did, kit.method(kit.COLLEGE))),
        kit.STATUS_LIST: lambda: kit.text(kit.sign(wrapping.status_list(kit.STATUS_LIST))),
    }
    for group in groups():
        twice = found.keys() & group.resources.keys()
        if twice:
            raise ValueError(f"two groups serve {sorted(twice)}")
        found |= group.resources
    return found


def trust() -> kit.Json:
    """Return whom the verifier trusts, and what it knows of keys."""
    issuers = {kit.COLLEGE.did: {"name": "Northfield College"}}
    keys: kit.Json = {}
    for group in groups():
        issuers |= group.trusted
        keys |= group.keys
    return {"issuers": issuers, "keys": keys}


def files() -> dict[str, bytes]:
    """Return path → bytes of everything that is kept."""
    every = cases()
    made = {f"cases/{path}": case.body() for path, case in every.items() if case.stored}
    large = {url for group in groups() for url in group.large}
    there = resources()
    named = {url: _file(url) for url in sorted(there) if url not in large}
    if len(set(named.values())) < len(named):
        raise ValueError("two URLs have one file")
    made |= {f"resources/{name}": there[url]() for url, name in named.items()}
    made["resources/resources.json"] = kit.text(named)
    made["trust.json"] = kit.text(trust())
    made["expected.json"] = kit.text({path: case.to_json() for path, case in every.items()})
    return made


def _file(url: str) -> str:
    """Return the name of the file for a URL; a digest where the name alone would not tell it from another."""
    name = url.removeprefix("https://").removesuffix(".json")
    plain = re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:80]
    digest = "" if re.fullmatch(r"[A-Za-z0-9./-]{1,80}", name) else "-" + hashlib.sha256(url.encode()).hexdigest()[:8]
    return f"{plain}{digest}.json"


def main() -> None:
    """Write all of it; what was there before goes."""
    made = files()
    for name in ("cases", "resources"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    for name, body in made.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    print(f"{len(cases())} cases, {sum(map(len, made.values())):,} bytes in {len(made)} files")


if __name__ == "__main__":
    main()
