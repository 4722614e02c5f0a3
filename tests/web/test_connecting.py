"""The pages that connect a system: the secret once, the steps, the first event, and a rule made of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.web import steps

from badgeissuer.awarding import platform
from badgeissuer.web import guides

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Running, SignIn, Until


EVENT = json.dumps({"type": "done", "data": {"learner": {"email": "asha@example.org"}, "course": {"id": "7"}}}).encode()
MORE = {
    "canvas": {"jwks_url": "https://canvas.example.org/keys"},
    "canvas-unsigned": {"accept_unsigned": "yes"},
    "openedx": {"accept_unsigned": "yes"},
    "generic": {"scheme": "hmac", "header": "X-Signature", "mapping": '{"events": "@", "type": "kind", "learner": {"email": "mail"}}'},
}


def connect(server: Running, client: httpx.Client, system: str, **more: str) -> tuple[str, str]:
    """Connect a system on its page; return the slug of the source and the page that shows the secret."""
    page = client.get(f"/staff/connect/{system}").text
    slug = server.fresh("lms")
    form = {
        "key": steps.key_of(page),
        "unit": server.unit(),
        "name": "Our <LMS>",
        "slug": slug,
        "username": "badges",
        **MORE.get(system, {}),
        **more,
    }
    answer = client.post(f"/staff/connect/{system}", data=form)
    assert answer.status_code == 200, answer.text
    return slug, answer.text


def secret_of(page: str) -> str:
    (found,) = re.findall(r'<code id="secret">([^<]+)</code>', page)
    return html.unescape(found)


def signed(secret: str, body: bytes = EVENT) -> dict[str, str]:
    name, stamp = hashlib.sha256(secret.encode() + body).hexdigest(), str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.digest(key, f"{name}.{stamp}.".encode() + body, "sha256")).decode()
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": f"v1,{mac}", "content-type": "application/json"}


def hook(server: Running, slug: str) -> str:
    return str(server.api.get(f"/api/sources/{slug}").json()["hook_url"])


@pytest.mark.parametrize("system", platform.PLATFORMS)
def test_every_system_is_connected_on_its_page(sqlite_server: Running, sign_in: SignIn, system: str) -> None:
    client = sign_in("admin")
    assert f'href="/staff/connect/{system}"' in client.get("/staff/connect").text
    slug, page = connect(sqlite_server, client, system)
    found, one = sqlite_server.api.get(f"/api/sources/{slug}").json(), platform.PLATFORMS[system]
    assert (found["adapter"], found["signature_scheme"]) == (one.adapter, one.scheme or "hmac")
    assert found["hook_url"] in page
    assert "Our &lt;LMS&gt;" in page
    assert "HOOK_URL" not in page
    assert ">SECRET<" not in page
    assert ("shown this once" in page) == (found["signature_scheme"] not in platform.SECRET_FREE)
    assert ("Not signed" in page) == (not found["signed"])
    shown = client.get(f"/staff/sources/{slug}").text
    assert ("not signed" in shown) == (not found["signed"])
    if found["signature_scheme"] not in platform.SECRET_FREE:
        secret = secret_of(page)
        assert len(secret) >= 32
        assert secret not in shown


@pytest.mark.parametrize("system", platform.PLATFORMS)
def test_the_steps_on_the_page_are_those_of_the_documentation(system: str, pytestconfig: pytest.Config) -> None:
    text = guides.steps(system)
    assert "HOOK_URL" in text
    assert ("SECRET" in text) == (platform.PLATFORMS[system].scheme not in platform.SECRET_FREE)
    assert text in pytestconfig.rootpath.joinpath(f"docs/lms/{system}.md").read_text("utf-8")


def test_a_first_event_arrives_and_a_rule_is_made_of_it(sqlite_server: Running, sign_in: SignIn, until: Until) -> None:
    server, client = sqlite_server, sign_in(issuer=sqlite_server.unit())
    achievement = server.published(name="Rope <work>")
    slug, page = connect(server, client, "native")
    path, secret = f"/staff/sources/{slug}", secret_of(page)
    assert f'href="{path}?wait=true"' in page
    waiting = client.get(f"{path}?wait=true").text
    assert '<meta http-equiv="refresh"' in waiting
    assert "None yet, so nothing earns a badge." in waiting
    assert server.stranger.post(hook(server, slug), content=EVENT).status_code == 401
    until(lambda: "Something came, but could not be taken." in client.get(f"{path}?wait=true").text)
    assert server.stranger.post(hook(server, slug), content=EVENT, headers=signed(secret)).status_code == 200
    until(lambda: "Make a rule of it" in client.get(path).text)
    page = client.get(f"{path}?wait=true").text
    assert "refresh" not in page
    assert "Rope &lt;work&gt;" in page
    number = page.split('name="event" value="')[1].partition('"')[0]
    form = {"key": steps.key_of(page), "event": number, "achievement": achievement}
    assert client.post(f"{path}/rules", data=form).headers["location"] == path
    (rule,) = [item for item in server.api.get("/api/rules?limit=200").json()["items"] if item["source"] == slug]
    assert rule["achievement"] == achievement
    conditions = [{"field": "type", "op": "eq", "value": "done"}, {"field": "course", "op": "eq", "value": "7"}]
    assert [{name: one[name] for name in ("field", "op", "value")} for one in rule["when"]["all"]] == conditions
    page = client.get(path).text
    assert "would award it" in page
    again = re.findall(r'action="(/staff/deliveries/\d+/replay)"', page)[0]
    client.post(again, data={"key": steps.key_of(page)})
    until(lambda: "Awarded because" in client.get(path).text)
    reader = sign_in("auditor").get(path).text
    assert "would award it" not in reader
    assert f'action="{path}' not in reader
    for wrong in ("", "x", "²", "9" * 30, "999999999"):
        assert client.post(f"{path}/rules", data=form | {"event": wrong}).status_code == 404
    assert client.post(f"{path}/rules", data=form | {"achievement": "none"}).status_code == 404
    assert sign_in("reviewer").post(f"{path}/rules", data=form).status_code == 403


def test_a_secret_is_replaced_without_a_gap(sqlite_server: Running, sign_in: SignIn) -> None:
    server, client = sqlite_server, sign_in(issuer=sqlite_server.unit())
    slug, page = connect(server, client, "native")
    path, old, key = f"/staff/sources/{slug}", secret_of(page), steps.key_of(page)
    answer = client.post(f"{path}/secrets", data={"key": key})
    new = secret_of(answer.text)
    assert new != old
    assert "counts beside the new one" in answer.text
    bodies = [json.dumps({"type": str(number), "data": {"learner": {"id": "1"}}}).encode() for number in range(4)]
    answers = [
        server.stranger.post(hook(server, slug), content=body, headers=signed(secret, body)).status_code
        for secret, body in zip((old, new), bodies, strict=False)
    ]
    assert answers == [200, 200]
    assert "Drop the old secret" in client.get(path).text
    assert client.post(f"{path}/secrets/drop", data={"key": key}).status_code == 303
    assert "Drop the old secret" not in client.get(path).text
    answers = [
        server.stranger.post(hook(server, slug), content=body, headers=signed(secret, body)).status_code
        for secret, body in zip((old, new), bodies[2:], strict=True)
    ]
    assert answers == [401, 200]


def test_a_source_is_disabled_and_enabled(sqlite_server: Running, sign_in: SignIn) -> None:
    server, client = sqlite_server, sign_in(issuer=sqlite_server.unit())
    slug, page = connect(server, client, "native")
    path, key = f"/staff/sources/{slug}", steps.key_of(page)
    for state, status in (("disabled", 401), ("active", 200)):
        assert client.post(f"{path}/state/{state}", data={"key": key}).status_code == 303
        shown = client.get(path).text
        assert ("What it delivers is not taken." in shown) == (state == "disabled")
        assert server.stranger.post(hook(server, slug), content=EVENT, headers=signed(secret_of(page))).status_code == status
    for change in ("state/disabled", "secrets", "secrets/drop"):
        assert sign_in("auditor").post(f"{path}/{change}", data={"key": key}).status_code == 403


def test_a_source_without_a_secret_gets_none(sqlite_server: Running, sign_in: SignIn) -> None:
    client = sign_in("admin")
    slug, page = connect(sqlite_server, client, "canvas")
    for change in ("secrets", "secrets/drop"):
        assert client.post(f"/staff/sources/{slug}/{change}", data={"key": steps.key_of(page)}).status_code == 409


def test_only_an_administrator_connects_what_does_not_sign(sqlite_server: Running, sign_in: SignIn) -> None:
    client = sign_in(issuer=sqlite_server.unit())
    page = client.get("/staff/connect").text
    assert 'href="/staff/connect/openedx"' not in page
    assert "Only an administrator can connect it." in page
    assert client.get("/staff/connect/openedx").status_code == 403
    form = {
        "key": steps.key_of(page),
        "unit": sqlite_server.unit(),
        "name": "x",
        "slug": sqlite_server.fresh("lms"),
        "accept_unsigned": "yes",
    }
    assert client.post("/staff/connect/openedx", data=form).status_code == 403
    assert sign_in("auditor").get("/staff/connect").status_code == 403
    admin = sign_in("admin")
    assert "Its deliveries prove nothing." in admin.get("/staff/connect/openedx").text
    answer = admin.post("/staff/connect/openedx", data=form | {"key": steps.key_of(admin.get("/staff").text), "accept_unsigned": "no"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("system", "wrong", "says"),
    [
        ("native", {"name": " "}, "needs a name"),
        ("native", {"slug": "No!"}, "slug"),
        ("xapi", {"username": "a:b"}, "no colon"),
        ("canvas", {"jwks_url": "ftp://x"}, "/signature/jwks_url"),
        ("generic", {"scheme": "none"}, "Choose how the system proves itself"),
        ("generic", {"mapping": "{"}, "JSON"),
        ("generic", {"mapping": '{"events": "@"}'}, "/mapping"),
        ("generic", {"zone": "Nowhere"}, "There is no time zone"),
        ("generic", {"secret": "short"}, "16 to 512 characters"),
        ("generic", {"header": ""}, "header"),
    ],
)
def test_what_is_wrong_in_a_form_is_said_above_it(
    sqlite_server: Running, sign_in: SignIn, system: str, wrong: dict[str, str], says: str
) -> None:
    client: Any = sign_in(issuer=sqlite_server.unit())
    page = client.get(f"/staff/connect/{system}").text
    form = {"key": steps.key_of(page), "unit": sqlite_server.unit(), "name": "<x>", "slug": sqlite_server.fresh("lms"), "username": "u"}
    answer = client.post(f"/staff/connect/{system}", data=form | MORE.get(system, {}) | wrong)
    assert answer.status_code == 422
    assert "It could not be connected yet." in answer.text
    assert says in html.unescape(answer.text)
    assert "name" in wrong or "&lt;x&gt;" in answer.text
    assert "short" not in answer.text.partition('name="secret"')[0]


def test_a_name_that_is_taken_and_a_system_that_is_none_are_said(sqlite_server: Running, sign_in: SignIn) -> None:
    client = sign_in(issuer=sqlite_server.unit())
    slug, page = connect(sqlite_server, client, "native")
    form = {"key": steps.key_of(page), "unit": sqlite_server.unit(), "name": "x", "slug": slug}
    assert "Choose another." in client.post("/staff/connect/native", data=form).text
    assert client.get("/staff/connect/nothing").status_code == 404
    assert client.post("/staff/connect/nothing", data=form).status_code == 404
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    assert client.post("/staff/connect/native", data=form | {"unit": other, "slug": sqlite_server.fresh("lms")}).status_code == 404
