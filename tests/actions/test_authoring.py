from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from badgeissuer import authoring, problem, signing
from badgeissuer.store import tables

if TYPE_CHECKING:
    from tests.actions.conftest import Campus

PLAIN: dict[str, Any] = {"name": "Knots", "description": "Ties ten knots.", "criteria": {"narrative": "Tie ten knots."}}


def define(campus: Campus, slug: str = "knots", **members: Any) -> tables.Achievement:  # noqa: ANN401 - members of a draft
    with campus.writing() as session:
        owner = authoring.issuer(session, "workshop")
        return authoring.create_achievement(session, owner, slug=slug, draft=PLAIN | members, site=campus.site, now=campus.now)


def publish(campus: Campus, slug: str = "knots") -> tables.AchievementVersion:
    with campus.writing() as session:
        return authoring.publish(session, authoring.achievement(session, slug), site=campus.site, now=campus.now)


def change(campus: Campus, slug: str = "knots", **members: Any) -> tables.Achievement:  # noqa: ANN401 - members of a draft
    with campus.writing() as session:
        row = authoring.achievement(session, slug)
        return authoring.change_achievement(session, row, draft=PLAIN | members, site=campus.site, now=campus.now)


def make_issuer(campus: Campus, **values: object) -> tables.Issuer:
    with campus.writing() as session:
        return authoring.create_issuer(session, {"slug": "new", "name": "New", **values}, site=campus.site, now=campus.now)


def pointers(error: pytest.ExceptionInfo[problem.Problem]) -> list[str]:
    return [finding.pointer for finding in error.value.findings]


@pytest.mark.parametrize("slug", ["", "A", "-a", "a-", "a_b", "a/b", "a" * 65, "é", "a\n", "a.b"])
def test_a_slug_can_stand_in_a_url(slug: str) -> None:
    with pytest.raises(problem.Invalid) as caught:
        authoring.check_slug(slug)
    assert pointers(caught) == ["/slug"]
    for good in ("a", "7", "a-b", "a" * 64):
        authoring.check_slug(good)


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"slug": "No Slug"}, "/slug"),
        ({"did_method": "web"}, "/did_method"),
        ({"url": "example.edu"}, "/url"),
        ({"image": "a b"}, "/image"),
    ],
)
def test_an_issuer_that_could_not_stand_in_a_badge_is_refused(campus: Campus, values: dict[str, str], pointer: str) -> None:
    with pytest.raises(problem.Invalid) as caught:
        make_issuer(campus, **values)
    assert pointers(caught) == [pointer]
    assert campus.only(tables.Issuer).slug == "workshop"


def test_the_slug_of_an_issuer_is_taken_once(campus: Campus) -> None:
    with pytest.raises(problem.Conflict, match="already an issuer"):
        make_issuer(campus, slug="workshop")


def test_the_did_method_follows_the_site_unless_it_is_named(secure_campus: Campus) -> None:
    assert secure_campus.issuer().did_method == "web"
    assert make_issuer(secure_campus, did_method="key").did_method == "key"


def test_an_issuer_has_a_profile_once_it_has_a_key(campus: Campus) -> None:
    row = make_issuer(campus, url="https://new.example", image="https://new.example/i.png", email="a@new.example", description="Newest.")
    with campus.reading() as session, pytest.raises(problem.Conflict, match="badgeissuer keys generate --issuer new"):
        authoring.profile(session, row)
    with campus.writing() as session:
        row = authoring.issuer(session, "new")
        signing.generate(session, row, keyring=campus.keyring, site=campus.site, now=campus.now)
        assert authoring.profile(session, row) == {
            "id": row.did,
            "type": ["Profile"],
            "name": "New",
            "url": "https://new.example",
            "description": "Newest.",
            "email": "a@new.example",
            "image": {"id": "https://new.example/i.png", "type": "Image"},
        }


def test_publishing_needs_a_key(campus: Campus) -> None:
    owner = make_issuer(campus)
    with campus.writing() as session:
        authoring.create_achievement(session, owner, slug="knots", draft=dict(PLAIN), site=campus.site, now=campus.now)
    with pytest.raises(problem.Conflict, match="has no key yet"):
        publish(campus)


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"id": "https://x.example"}, "/id"),
        ({"version": "1"}, "/version"),
        ({"criteria": {}}, "/criteria"),
        ({"colour": "red"}, ""),
        ({"level": "Doctorate"}, "/level/0"),
        ({"name": "Bell\x07"}, "/name"),
        ({"achievementType": "Medal"}, "/achievementType"),
        (
            {"resultDescription": [{"name": "S", "resultType": "Percent", "valueMin": "9", "valueMax": "1"}]},
            "/resultDescription/0/valueMin",
        ),
    ],
)
def test_a_draft_that_could_not_stand_in_a_badge_is_refused(campus: Campus, members: dict[str, Any], pointer: str) -> None:
    with pytest.raises(problem.Invalid) as caught:
        define(campus, **members)
    assert pointers(caught)[0] == pointer
    assert campus.only(tables.Achievement).slug == "welding"


def test_an_issuer_that_would_spoil_every_badge_is_noticed_with_the_first_draft(campus: Campus) -> None:
    """Only the whole profile, as it stands in badges, shows it."""
    with campus.writing() as session:
        session.execute(text("UPDATE issuer SET description = :said"), {"said": "Bell\x07"})
    with pytest.raises(problem.Invalid) as caught:
        define(campus)
    assert pointers(caught) == ["/issuer/description"]
    with campus.writing() as session:
        authoring.achievement(session, "welding").draft = dict(PLAIN)
    with pytest.raises(problem.Conflict, match="cannot be published") as refused:
        publish(campus, "welding")
    assert pointers(refused) == ["/issuer/description"]


def test_versions_are_numbered_and_stay_as_they_were_published(campus: Campus) -> None:
    define(campus)
    with campus.reading() as session:
        assert authoring.newest_version(session, authoring.achievement(session, "knots")) is None
    first, again = publish(campus), publish(campus)
    assert (first.version, again.id, first.document["id"]) == (1, first.id, "http://localhost:8000/a/knots/1")
    row = change(campus, description="Ties twelve knots.")
    assert not authoring.is_published(row, first)
    second = publish(campus)
    assert (second.version, second.document["version"], second.document["description"]) == (2, "2", "Ties twelve knots.")
    with campus.reading() as session:
        assert authoring.published(session, "knots").version == 2
        assert authoring.published(session, "knots", version=1).document == first.document
        for slug, version in (("knots", 3), ("nothing", None)):
            with pytest.raises(problem.NotFound):
                authoring.published(session, slug, version=version)
        with pytest.raises(problem.NotFound):
            authoring.achievement(session, "nothing")
        with pytest.raises(problem.NotFound):
            authoring.issuer(session, "nothing")


def test_a_draft_cannot_be_changed_for_the_worse(campus: Campus) -> None:
    define(campus)
    with pytest.raises(problem.Invalid):
        change(campus, criteria={})
    with pytest.raises(problem.Conflict, match="already an achievement"):
        define(campus)


def test_a_published_version_can_neither_be_changed_nor_removed(campus: Campus) -> None:
    """So no rule can come to point to an achievement without a version."""
    for statement in ("UPDATE achievement_version SET version = 2", "DELETE FROM achievement_version"):
        with pytest.raises(IntegrityError, match="never changes"), campus.writing() as session:
            session.execute(text(statement))
    with pytest.raises(IntegrityError), campus.writing() as session:
        session.execute(text("DELETE FROM achievement"))


def test_of_two_drafts_that_name_each_other_at_the_same_moment_one_is_refused(campus: Campus) -> None:
    for slug in ("reef", "bowline"):
        define(campus, slug)
    start = threading.Barrier(2)

    def link(slug: str, other: str) -> list[str]:
        start.wait(10)
        try:
            change(campus, slug, prerequisites=[other])
        except problem.Invalid as error:
            return [finding.pointer for finding in error.findings]
        return []

    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            stored = list(pool.map(link, ("reef", "bowline"), ("bowline", "reef")))
            assert sorted(stored) == [[], ["/prerequisites"]]
            for slug in ("reef", "bowline"):
                change(campus, slug)


def test_all_who_publish_at_the_same_moment_get_the_same_version(campus: Campus) -> None:
    define(campus)
    start = threading.Barrier(8)

    def one(_: int) -> int:
        start.wait()
        with campus.writing() as session:
            return authoring.publish(session, authoring.achievement(session, "knots"), site=campus.site, now=campus.now).version

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(8))) == {1}
