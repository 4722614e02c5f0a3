from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from badgeissuer import problem
from badgeissuer.openbadges import revocationlist
from badgeissuer.vc import report, statuslist
from badgeissuer.vc.document import JsonObject

URL = "https://college.example/revoked"
ISSUER = "did:web:college.example"
BADGE = "https://college.example/badges/7"


def _list(*revoked: object, **members: object) -> JsonObject:
    return {"@context": ["https://college.example/context"], "id": URL, "issuer": ISSUER, "revokedCredential": list(revoked)} | members


def _find(source: JsonObject, name: str = BADGE) -> problem.Finding | None:
    return revocationlist.find(source, name, url=URL, issuer=ISSUER)


def test_the_list_of_a_published_badge_stands_at_the_id_of_its_status(read_json: Callable[[str], Any]) -> None:
    status = read_json("ob3/samples/validator-ob30/credential-status-revoked.json")["credentialStatus"]
    assert status["type"] == revocationlist.TYPE
    assert revocationlist.list_url(status).startswith("https://dc.1edtech.org/wellspring2022/wellspring-portal/api/revocations/")


@pytest.mark.parametrize("status", [{}, {"id": None}, {"id": ""}, {"id": {"id": URL}}, {"id": [URL]}], ids=str)
def test_a_status_that_names_no_list_is_refused(status: JsonObject) -> None:
    with pytest.raises(problem.Invalid, match="URL of the list as its id") as refused:
        revocationlist.list_url(status)
    assert refused.value.kind == statuslist.VERIFICATION_ERROR


@pytest.mark.parametrize("url", ["http://college.example/revoked", "did:web:college.example", "/revoked", "https:/x"])
def test_a_list_that_anybody_on_the_way_could_write_is_not_asked(url: str) -> None:
    with pytest.raises(report.Undecided, match="https") as refused:
        revocationlist.list_url({"id": url})
    assert refused.value.kind == statuslist.VERIFICATION_ERROR


@pytest.mark.parametrize(
    "entry", [{"id": BADGE}, {"id": BADGE, "revoked": True}, {"id": f" {BADGE}\n"}, {"id": BADGE.replace("7", "%37")}], ids=str
)
def test_a_listed_badge_is_revoked(entry: JsonObject) -> None:
    assert _find(_list({"id": "https://college.example/badges/8"}, entry)) == problem.Finding(
        "Its issuer has revoked it.", type=statuslist.REVOKED
    )


@pytest.mark.parametrize(
    "source",
    [
        _list(),
        _list({"id": BADGE + "0"}, {"id": BADGE.upper()}),
        _list({"id": BADGE, "revoked": False, "revocationReason": "A mistake"}),
        {"id": URL},
        _list(revokedCredential={"id": BADGE + "1"}),
    ],
    ids=str,
)
def test_a_badge_that_is_not_listed_or_listed_as_not_revoked_is_not_revoked(source: JsonObject) -> None:
    assert _find(source) is None


def test_a_badge_that_is_listed_twice_is_revoked_if_one_entry_says_so() -> None:
    assert _find(_list({"id": BADGE, "revoked": False}, {"id": BADGE}))


def test_a_single_entry_need_not_be_an_array() -> None:
    assert _find(_list(revokedCredential={"id": BADGE}))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Issued by mistake", " The reason given is “Issued by mistake”."),
        ("He said: “fine”. \x07Trust\u202eit", " The reason given is “He said: 'fine'. Trustit”."),
        ("\x00\u200b \n", ""),
        ("", ""),
        (None, ""),
        (5, ""),
        (["Issued by mistake"], ""),
    ],
)
def test_the_reason_is_repeated_in_quotes_that_it_cannot_leave(reason: object, said: str) -> None:
    found = _find(_list({"id": BADGE, "revocationReason": reason}))
    assert found
    assert found.detail == "Its issuer has revoked it." + said


def test_a_long_reason_is_cut() -> None:
    found = _find(_list({"id": BADGE, "revocationReason": "long " * 10_000}))
    assert found
    assert len(found.detail) < 160
    assert found.detail.endswith("…”.")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({}, "another one than the credential names"),
        (_list(id=URL + "/"), "another one than the credential names"),
        (_list(id=None), "another one than the credential names"),
        (_list({"id": BADGE}, issuer="did:web:other.example"), "by another issuer"),
        (_list({"id": BADGE}, issuer=None), "by another issuer"),
        (_list({"id": BADGE}, issuer={"id": "did:web:other.example"}), "by another issuer"),
        (_list(BADGE), "must have an id"),
        (_list({"id": BADGE}, {"revoked": True}), "must have an id"),
        (_list({"id": BADGE}, {"id": None}), "must have an id"),
        (_list({"id": BADGE, "revoked": "false"}), "must have an id"),
        (_list({"id": BADGE, "revoked": None}), "must have an id"),
        (_list(revokedCredential="none"), "must have an id"),
    ],
    ids=str,
)
def test_what_is_no_list_for_the_badge_is_not_believed(source: JsonObject, said: str) -> None:
    with pytest.raises(problem.Invalid, match=said) as refused:
        _find(source)
    assert refused.value.kind == statuslist.VERIFICATION_ERROR


def test_a_list_by_the_issuer_as_an_object_or_by_nobody_is_believed() -> None:
    assert _find(_list({"id": BADGE}, issuer={"id": ISSUER, "type": ["Profile"]}))
    assert _find({"id": URL, "revokedCredential": [{"id": BADGE}]})


@pytest.mark.parametrize("name", ["", " ", "%20"])
def test_a_badge_without_an_id_cannot_be_looked_up(name: str) -> None:
    with pytest.raises(problem.Invalid, match="no id") as refused:
        _find(_list({"id": ""}), name)
    assert refused.value.kind == statuslist.VERIFICATION_ERROR
