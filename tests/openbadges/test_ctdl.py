from __future__ import annotations

from badgeissuer.openbadges import ctdl, drafting

URL = "https://badges.example/a/charts"
UNIT = ("Harbour School", "https://badges.example/i/harbour")
PLAIN = {"name": "Charts", "description": "Reads charts."}


def test_a_microcredential_says_what_is_learnt_what_comes_before_and_what_it_is_part_of() -> None:
    aligned = [
        {"targetName": "Knots", "targetUrl": "https://badges.example/a/knots", "targetType": drafting.PREREQUISITE},
        {"targetName": "Pilot", "targetUrl": "https://badges.example/a/pilot", "targetType": drafting.STACKS_INTO},
        {"targetName": "plan", "targetUrl": "https://skills.example/plan"},
    ]
    more = {"achievementType": "MicroCredential", "inLanguage": "en", "alignment": aligned, "learningOutcome": [{"statement": "Plots."}]}
    found = ctdl.describe({**PLAIN, **more}, url=URL, unit=UNIT, is_retired=False)
    assert (found["@id"], found["@type"], found["ceterms:name"]) == (URL, "ceterms:MicroCredential", {"en": "Charts"})
    assert found["ceterms:isPartOf"] == ["https://badges.example/a/pilot"]
    outcome = {"@type": "ceterms:CredentialAlignmentObject", "ceterms:targetNodeName": {"en": "Plots."}}
    assert found["ceterms:requires"] == [
        {"@type": "ceterms:ConditionProfile", "ceterms:targetCompetency": [outcome]},
        {"@type": "ceterms:ConditionProfile", "ceterms:targetCredential": ["https://badges.example/a/knots"]},
    ]
    assert found["ceterms:credentialStatusType"]["ceterms:targetNode"] == "credentialStat:Active"


def test_a_plain_badge_leaves_out_what_it_does_not_say_and_keeps_its_number() -> None:
    found = ctdl.describe(PLAIN, url=URL, unit=UNIT, is_retired=True)
    assert (found["@type"], found["ceterms:description"]) == ("ceterms:DigitalBadge", {"und": "Reads charts."})
    assert found["ceterms:credentialStatusType"]["ceterms:targetNode"] == "credentialStat:Deprecated"
    assert not {"ceterms:isPartOf", "ceterms:requires", "ceterms:inLanguage"} & set(found)
    assert found["ceterms:ctid"] == ctdl.describe(PLAIN, url=URL, unit=UNIT, is_retired=False)["ceterms:ctid"]
    assert found["ceterms:ctid"] != ctdl.describe(PLAIN, url=f"{URL}-2", unit=UNIT, is_retired=True)["ceterms:ctid"]
    assert ctdl.feed([found]) == {"@context": ctdl.CONTEXT, "@graph": [found]}
