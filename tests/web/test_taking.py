"""All badges of a learner in one file."""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select
from tests.web.conftest import PAGE

from badgeissuer import claiming
from badgeissuer.openbadges import pdf
from badgeissuer.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.web.conftest import Running


@pytest.fixture
def learner(server: Running) -> Iterator[tuple[httpx.Client, list[str]]]:
    """A learner's browser, signed in, and the numbers of three badges, the newest first: one is private, one was earned long ago."""
    email, slug = f"{server.fresh('lin')}@example.org", server.published()
    learner = {"email": email, "name": "Lin"}
    made = [server.award(learner=learner, achievement=one) for one in (slug, server.published())]
    made.append(server.award(learner=learner, awarded_at="1971-05-20T14:05:00Z"))
    uuids = [str(award["credential"]["id"]).rpartition("/")[2] for award in made]
    server.award()  # somebody else's
    with server.service.writing() as session:
        row = session.scalars(select(tables.Award).where(tables.Award.credential_uuid == UUID(uuids[0]))).one()
        invited = claiming.invite(session, row, site=server.service.site, now=server.service.now())
        assert invited is not None
    with httpx.Client(base_url=server.base, headers=PAGE, trust_env=False) as client:
        assert client.post(urlsplit(str(invited.link)).path, data={"visibility": "private"}).status_code == 303
        yield client, uuids[::-1]


def test_it_holds_each_badge_as_it_was_signed_and_as_a_certificate(server: Running, learner: tuple[httpx.Client, list[str]]) -> None:
    client, uuids = learner
    page = client.get("/me").text
    assert re.findall(r'href="(/me/badges\.zip)"', page) == ["/me/badges.zip"]
    answer = client.get("/me/badges.zip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="badges.zip"'
    assert answer.headers["cache-control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = [one.filename for one in archive.infolist()]
        assert names[0] == "README.txt"
        assert f"{server.base}/verify" in archive.read("README.txt").decode()
        assert [name.rpartition("-")[2] for name in names[1:]] == [f"{uuid[:8]}.{form}" for uuid in uuids for form in ("json", "pdf")]
        for name, uuid in zip(names[1::2], uuids, strict=True):
            signed = client.get(f"/c/{uuid}.json").content
            assert archive.read(name) == signed
            assert pdf.unbake(archive.read(name.replace(".json", ".pdf"))).encode() == signed
    assert client.get("/me/badges.zip").content == answer.content


def test_strangers_are_led_to_the_door(server: Running) -> None:
    answer = server.stranger.get("/me/badges.zip")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
