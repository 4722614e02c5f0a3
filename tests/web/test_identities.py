"""Who is who: said by the API, by a table, and on the pages for staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.web import steps

if TYPE_CHECKING:
    from tests.web.conftest import Refused, Running, SignIn, Until


def queued(server: Running, source: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api.get("/api/identities", params={"source": source["slug"], "state": "needed"}).json()["items"]
    return found


def questions(server: Running, *learners: int) -> list[dict[str, Any]]:
    found = server.api.get("/api/identities/questions?limit=200").json()["items"]
    return [item for item in found if {one["id"] for one in item["learners"]} & set(learners)]


def issued(server: Running, source: dict[str, Any]) -> list[str]:
    return [
        item["learner"]["email"] for item in server.api.get(f"/api/awards?source={source['slug']}").json()["items"] if item["credential"]
    ]


def test_who_waits_is_listed_and_named(server: Running, until: Until) -> None:
    source, name = steps.ruled(server), server.fresh("id")
    steps.said(server, source, until, id=name)
    (waiting,) = queued(server, source)
    assert waiting["known_by"] == [{"kind": "source_id", "source": source["slug"], "value": name}]
    assert [award["state"] for award in waiting["awards"]] == ["needs_identity"]
    email = f"{server.fresh('learner')}@example.org"
    body = {"source": source["slug"], "source_id": name, "email": email, "reason": "They showed their card."}
    assert server.make("identities", body, expect=200) == {"outcome": "named", "learner": waiting["id"], "issuing": 1}
    until(lambda: issued(server, source) == [email])
    assert queued(server, source) == []
    shown = server.api.get(f"/api/identities/{waiting['id']}").json()
    assert [(item["kind"], item["reason"]) for item in shown["history"]] == [("named", "They showed their card.")]
    assert shown["history"][0] in server.api.get("/api/identities/changes?limit=200").json()["items"]


def test_many_are_named_by_a_table_or_none(server: Running, until: Until, refused: Refused) -> None:
    source, names = steps.ruled(server), [server.fresh("id") for _ in range(2)]
    for name in names:
        steps.said(server, source, until, id=name)
    good = [f"{source['slug']},{name},{name}@example.org" for name in names]
    fault = refused(server.api.post("/api/identities/table", content="\n".join(("source,source_id,email", good[0], "none,1,x"))), 422)
    assert [item["pointer"] for item in fault["errors"]] == ["/rows/3/email"]
    assert len(queued(server, source)) == 2
    answer = server.api.post("/api/identities/table?reason=x", content="\n".join(("source,source_id,email", *good)))
    assert answer.json() == {"named": 2, "known": 0, "question": 0, "issuing": 2}
    until(lambda: sorted(issued(server, source)) == sorted(f"{name}@example.org" for name in names))


def test_two_names_of_one_person_are_asked_about_merged_and_split(server: Running, until: Until, refused: Refused) -> None:
    source, name = steps.ruled(server), server.fresh("id")
    email = f"{server.fresh('learner')}@example.org"
    steps.said(server, source, until, id=name, course="8")
    server.award(learner={"email": email})
    steps.said(server, source, until, id=name, email=email, course="8")
    one = server.api.get("/api/explain", params={"learner": name}).json()
    assert len(one["events"]) == 2
    (question,) = [item for item in questions(server, *range(1, 10**6)) if name in str(item)]
    assert question["event"] == one["events"][1]["id"]
    gone, kept = (item["id"] for item in question["learners"])
    body = {"resolution": "merged", "into": kept, "reason": "They said so."}
    answered = server.make(f"identities/questions/{question['id']}/resolve", body, expect=200)
    assert (answered["state"], answered["closed_by"], answered["note"]) == ("merged", "administrator", "They said so.")
    refused(server.api.post(f"/api/identities/questions/{question['id']}/resolve", json=body), 409)
    found = server.api.get("/api/explain", params={"learner": name}).json()
    assert (len(found["events"]), len(found["awards"])) == (2, 1)
    names = [{"kind": "source_id", "source": source["slug"], "value": name}]
    new = server.make(f"identities/{kept}/split", {"names": names, "reason": "They did not."}, expect=200)
    assert (new["kind"], new["other"]) == ("split", kept)
    found = server.api.get("/api/explain", params={"learner": name}).json()
    assert (len(found["events"]), len(found["awards"])) == (2, 0)
    again = server.make(f"identities/{new['learner']}/merge", {"into": kept, "reason": "They did."}, expect=200)
    assert (again["kind"], again["learner"], again["other"]) == ("merged", kept, new["learner"])
    assert gone != kept
    assert [row["kind"] for row in server.api.get(f"/api/identities/{kept}").json()["history"]] == ["merged", "split", "merged"]


def test_a_name_of_somebody_else_is_asked_about(server: Running, until: Until) -> None:
    source, name, email = steps.ruled(server), server.fresh("id"), f"{server.fresh('learner')}@example.org"
    steps.said(server, source, until, id=name)
    server.award(learner={"email": email})
    (waiting,) = queued(server, source)
    told = server.make(f"identities/{waiting['id']}/names", {"email": email}, expect=200)
    assert (told["outcome"], told["issuing"]) == ("question", 0)
    (question,) = questions(server, waiting["id"])
    server.make(f"identities/questions/{question['id']}/resolve", {"resolution": "apart", "reason": "x"}, expect=200)
    assert questions(server, waiting["id"])[0]["state"] == "apart"
    found = server.api.get("/api/identities/questions?state=open&limit=200").json()["items"]
    assert question["id"] not in {item["id"] for item in found}


# --- the pages


def test_who_waits_is_named_on_the_page(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    server, client, name = sqlite_server, sign_in(issuer=sqlite_server.unit()), sqlite_server.fresh("id")
    source = steps.ruled(server)
    steps.said(server, source, until, id=name)
    (waiting,) = queued(server, source)
    page = client.get("/staff/identities").text
    assert name in page
    key, path = steps.key_of(page), f"/staff/identities/{waiting['id']}"
    assert f'action="{path}/names"' in page
    reader = sign_in("auditor").get("/staff/identities").text
    assert name in reader
    assert f'action="{path}/names"' not in reader
    other = server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    assert name not in sign_in(issuer=other).get("/staff/identities").text
    assert "say who they are" in client.get("/staff").text
    for wrong in ({"email": "no address"}, {"did": "no did"}, {"sis_id": "\x01"}, {}):
        assert client.post(f"{path}/names", data={"key": key, **wrong}).status_code == 422
    email = f"{server.fresh('learner')}@example.org"
    answer = client.post(f"{path}/names", data={"key": key, "email": email})
    assert "The badge is being issued." in client.get(answer.headers["location"]).text
    until(lambda: issued(server, source) == [email])
    assert "Known by more" in client.get(path).text
    answer = client.post(f"{path}/names", data={"key": key, "sis_id": server.fresh("sis")})
    assert "Noted." in client.get(answer.headers["location"]).text
    server.award(learner={"email": f"other-{email}"})
    answer = client.post(f"{path}/names", data={"key": key, "email": f"other-{email}"})
    assert "Say below whether they are one person" in client.get(answer.headers["location"]).text


def test_a_table_is_pasted_into_the_page(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    server, client, name = sqlite_server, sign_in(issuer=sqlite_server.unit()), sqlite_server.fresh("id")
    source = steps.ruled(server)
    steps.said(server, source, until, id=name)
    key = steps.key_of(client.get("/staff/identities").text)
    answer = client.post("/staff/identities/table", data={"key": key, "table": f"source,source_id,email\n{source['slug']},<{name}>,x"})
    assert answer.status_code == 422
    assert "Row 2, column email: this is no e-mail address." in answer.text
    assert f"&lt;{name}&gt;,x</textarea>" in answer.text
    assert "not in UTF-8" not in answer.text
    table = f"source\tsource_id\temail\r\n{source['slug']}\t{name}\t{name}@example.org\r\n"
    answer = client.post("/staff/identities/table", data={"key": key, "table": table})
    assert "1 rows taken: 1 said something new, 1 badges are being issued." in client.get(answer.headers["location"]).text
    until(lambda: issued(server, source) == [f"{name}@example.org"])


@pytest.mark.parametrize("resolution", ["merged", "apart"])
def test_two_who_may_be_one_are_judged_on_the_page(sqlite_server: Running, sign_in: SignIn, until: Until, resolution: str) -> None:
    server, client, name = sqlite_server, sign_in(issuer=sqlite_server.unit()), sqlite_server.fresh("id")
    source, email = steps.ruled(server), f"{sqlite_server.fresh('learner')}@example.org"
    steps.said(server, source, until, id=name, course="8")
    server.award(learner={"email": email})
    steps.said(server, source, until, id=name, email=email, course="8")
    (question,) = [item for item in questions(server, *range(1, 10**6)) if name in str(item)]
    page = client.get("/staff/identities").text
    path, key = f"/staff/identities/questions/{question['id']}/{resolution}", steps.key_of(page)
    assert f"/staff/identities/questions/{question['id']}/apart" in page
    assert "pair" in client.get("/staff").text
    assert client.post(path, data={"key": key, "reason": " "}).status_code == 422
    assert sign_in("auditor").post(path, data={"key": key, "reason": "x"}).status_code == 403
    answer = client.post(path, data={"key": key, "reason": "They said so."})
    assert answer.status_code == 303
    assert questions(server, question["learners"][0]["id"])[0]["state"] == resolution


def test_a_learner_is_split_and_merged_on_their_page(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    server, client, name = sqlite_server, sign_in(issuer=sqlite_server.unit()), sqlite_server.fresh("id")
    source, email = steps.ruled(server), f"{sqlite_server.fresh('learner')}@example.org"
    steps.said(server, source, until, id=name, email=email)
    until(lambda: issued(server, source) == [email])
    body = {"source": source["slug"], "source_id": name, "email": email}
    learner = server.make("identities", body, expect=200)["learner"]
    path = f"/staff/identities/{learner}"
    page = client.get(path).text
    assert "see the badge" in page
    key = steps.key_of(page)
    box = page.split(email)[0].rpartition('name="name-')[2].partition('"')[0]
    answer = client.post(f"{path}/split", data={"key": key, f"name-{box}": "1", "reason": "Two people."})
    new = answer.headers["location"]
    page = client.get(new).text
    assert email in page
    assert "was split off" in page
    assert "Two people." in page
    assert client.post(f"{path}/split", data={"key": key, "reason": "x"}).status_code == 409
    for wrong in ("", "x", "²", "0", "9" * 25):
        assert client.post(f"{new}/merge", data={"key": key, "into": wrong, "reason": "x"}).status_code == 422
    assert client.post(f"{new}/merge", data={"key": key, "into": "999999999", "reason": "x"}).status_code == 404
    answer = client.post(f"{new}/merge", data={"key": key, "into": str(learner), "reason": "One after all."})
    assert answer.headers["location"] == path
    assert "became" in client.get(path).text
    assert "they were found to be somebody else" in client.get(new).text
    other = server.make("issuers", {"slug": server.fresh("other"), "name": "Other"})["slug"]
    stranger = sign_in(issuer=other)
    assert stranger.get(path).status_code == 404
    said = {"key": steps.key_of(stranger.get("/staff").text), "email": "x@example.org"}
    assert stranger.post(f"{path}/names", data=said).status_code == 404
