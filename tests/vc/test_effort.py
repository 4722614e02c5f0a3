from __future__ import annotations

import pytest
from tests.vc import kit

from badgeissuer import problem
from badgeissuer.vc import canonical, cryptosuites, effort, jsonld, templates
from badgeissuer.vc.report import Outcome, Undecided


def test_what_is_spent_is_gone_and_no_more_is_to_be_had() -> None:
    purse = effort.Effort(10)
    purse.spend(4)
    purse.spend(6)
    with pytest.raises(Undecided, match="more work to check than is done") as refused:
        purse.spend(0.1)
    assert refused.value.kind == problem.OURS + "too-large"


def test_whoever_has_spent_too_much_gets_nothing_more() -> None:
    purse = effort.Effort(1)
    for _ in range(2):
        with pytest.raises(Undecided):
            purse.spend(2)


def test_what_we_made_ourselves_costs_nothing() -> None:
    effort.free(10**9)


def test_an_ordinary_badge_costs_a_hundredth_of_what_there_is() -> None:
    purse = effort.Effort()
    for suite in (cryptosuites.EDDSA_RDFC_2022, cryptosuites.EDDSA_JCS_2022):
        before = purse.left
        suite.canonicalize(kit.badge(), kit.POLICY.known, purse.spend)
        assert 0 < before - purse.left < effort.MOST / 50


def test_every_part_of_the_work_is_paid_for() -> None:
    spent: list[float] = []
    jsonld.to_quads(kit.badge(), spend=spent.append)
    assert len(spent) > 1
    alike = [canonical.Quad(f"_:{subject}", "<urn:x:p>", f"_:{value}") for subject in "abc" for value in "abc" if subject != value]
    before = len(spent)
    canonical.canonicalize(alike, spend=spent.append)
    assert len(spent) > before
    assert min(spent) > 0


def test_many_credentials_that_cost_much_are_not_all_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is within its own limits; together they would keep a verifier busy for minutes. No two are of one skeleton."""
    wide = kit.badge(status=False, evidence=[{"id": f"urn:x:{number}", "type": "Evidence", "name": "x"} for number in range(200)])
    many = []
    for number in range(10):
        wide["credentialSubject"]["achievement"]["tag"] = [str(tag) for tag in range(200 - number)]
        many.append(kit.sign(wide))
    monkeypatch.setattr(templates, "TEMPLATES", templates.Templates())  # signing them has filled the memory
    assert kit.verify(many[0]).outcome is Outcome.VALID
    monkeypatch.setattr(effort.Effort.__init__, "__defaults__", (effort.MOST / 6,))  # and so that ten are enough
    source = {"@context": kit.badge()["@context"], "type": ["VerifiablePresentation"], "verifiableCredential": [*map(kit.token, many)]}
    found = kit.verify(source, policy=kit.GENERIC)
    assert {part.report.outcome for part in found.parts} == {Outcome.VALID, Outcome.INDETERMINATE}
