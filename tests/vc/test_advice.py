from __future__ import annotations

import re
from pathlib import Path

import pytest

from badgeissuer import problem
from badgeissuer.vc import advice

SOURCE = Path(advice.__file__).parents[1]
STEPS = (
    "syntax", "context", "data_model", "proof", "issuer", "validity", "status", "schema", "refresh", "endorsement", "credentials",
    "recipient", "trust",
)  # fmt: skip
BY_STEP = {problem.MALFORMED_VALUE_ERROR}
"""What to do about a value of the wrong form depends on the step that found it."""
NOT_IN_REPORTS = {problem.SECURITY + "PROOF_GENERATION_ERROR"}


def _types() -> list[str]:
    """Return every problem type that the verifier's modules name."""
    files = [*SOURCE.glob("vc/*.py"), *SOURCE.glob("openbadges/*.py"), SOURCE / "problem.py"]
    named = {match for file in files for match in re.findall(r'\b(VC|SECURITY|STATUS|OURS) \+ f?"([^"{]+)"', file.read_text("utf-8"))}
    ours = {name for name in problem.__dict__ if name.isupper()}
    assert {name for name, _ in named} <= ours
    of_requests = ("not-found", "conflict", "outdated", "unauthenticated", "forbidden", "unavailable", "too-many", "fault")
    types = {getattr(problem, base) + name for base, name in named if name not in of_requests}
    return sorted(types | {problem.SECURITY + f"INVALID_{name}_ERROR" for name in ("CHALLENGE", "DOMAIN")})


TYPES = _types()


def test_the_types_of_the_code_are_found() -> None:
    assert {problem.OURS + "revoked", problem.OURS + "status-message", problem.STATUS + "RANGE_ERROR", problem.PARSING_ERROR} < set(TYPES)
    assert problem.SECURITY + "INVALID_" not in TYPES


@pytest.mark.parametrize("kind", TYPES)
def test_every_problem_type_has_a_title_and_advice_of_its_own(kind: str) -> None:
    assert re.fullmatch(r"[A-Z][a-z ]+", advice.title(kind))
    said = {advice.next_step(kind, step) for step in STEPS}
    assert all(re.fullmatch(r"[A-Z].*\.", text) for text in said)
    of_nobody = {advice.next_step("urn:x:nothing", step) for step in STEPS}
    if kind in BY_STEP | NOT_IN_REPORTS:
        assert said == of_nobody
    else:
        assert len(said) == 1
        assert kind in advice._NEXT


def test_nothing_is_advised_for_types_that_nothing_has() -> None:
    assert set(advice._NEXT) <= set(TYPES)


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (problem.SECURITY + "PROOF_VERIFICATION_ERROR", "Proof verification error"),
        (problem.OURS + "unknown-cryptosuite", "Unknown cryptosuite"),
        ("urn:x#SOME_ERROR", "Some error"),
        ("", ""),
    ],
)
def test_a_title_is_the_type_in_words(kind: str, title: str) -> None:
    assert advice.title(kind) == title


def test_what_to_do_about_an_unknown_key_in_wrong_hands_is_to_ask_by_another_way() -> None:
    assert (
        advice.next_step("urn:x", "trust")
        == "Do not rely on it. Ask the issuer, by an address that you know and not by one in this document."
    )
