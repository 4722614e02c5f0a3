"""Units on the pages for staff: the tree, what each has of those above it, and the forms, over real HTTP."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from tests.web import steps

from badgeissuer import frameworks

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Running, Serve, SignIn, Until

PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
GATE = next(framework for framework in frameworks.ALL if framework.gates)
GUIDANCE = next(framework for framework in frameworks.ALL if not framework.gates)
SAID = {"country": "NZ", "linkedin_id": "42", "url": "https://college.example", "description": "By the water.\n\nSince 1902."}


@pytest.fixture
def college(sqlite_server: Running) -> dict[str, Any]:
    """An institution with a unit, as the API shows the two."""
    name = sqlite_server.fresh("college")
    body = {"slug": name, "name": "Harbour <College>", "colour": "#14578c", "image": PIXEL, "names": {"mi": "Te Kura"}}
    made: dict[str, Any] = sqlite_server.make("issuers", body | SAID)
    unit = {"slug": sqlite_server.fresh("arts"), "name": "Arts", "parent": name, "accent": "#ffdd00"}
    return {"whole": made, "part": sqlite_server.make("issuers", unit)}


def form(client: httpx.Client, path: str) -> dict[str, str]:
    """Return the form of a page as a browser would send it back, but for the one that signs out."""
    page = client.get(path)
    assert page.status_code == 200, page.text
    main = page.text.partition("<main")[2]
    found = dict(re.findall(r'<input (?!type="radio")[^>]*?name="(\w+)"[^>]*? value="([^"]*)"', main))
    found |= dict(re.findall(r'<input type="radio" name="(\w+)" value="(\w*)" checked>', main))
    found |= {name: value.removeprefix("\n") for name, value in re.findall(r'<textarea [^>]*?name="(\w+)"[^>]*>([^<]*)</textarea>', main)}
    for name, options in re.findall(r'<select [^>]*?name="(\w+)"[^>]*>(.*?)</select>', main, re.DOTALL):
        found[name] = next(iter(re.findall(r'<option value="([^"]*)" selected>', options)), "")
    return {name: unescape(value) for name, value in found.items()}


def shown(server: Running, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = server.api.get(f"/api/issuers/{slug}").json()
    return found


def faults(page: str) -> dict[str, str]:
    """Return what stands at the fields of a page."""
    found = {name: unescape(text) for name, text in re.findall(r'<p class="error" id="(\w+)-error">([^<]*)</p>', page)}
    for name in found:
        assert re.search(rf'id="{name}" name="{name}" aria-describedby="{name}-error[^"]*" aria-invalid="true"', page), name
        assert f'<a href="#{name}">' in page
    return found


def test_the_tree_shows_each_unit_below_whom_it_belongs_to(sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]) -> None:
    whole, part = college["whole"], college["part"]
    page = sign_in("auditor").get("/staff/units").text
    after = page.partition(f'href="/staff/units/{whole["slug"]}"')[2]
    below = after.partition("<ul>")[2].partition("</ul>")[0]
    assert "Harbour &lt;College&gt;" in after[:200]
    assert f'href="/staff/units/{part["slug"]}"' in below
    assert all(text in below for text in ('fill="#14578c"', 'fill="#ffdd00"', "signs", part["did"], PIXEL))
    assert "Make a unit" not in page
    stranger = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    page = sign_in("admin", issuer=part["slug"]).get("/staff/units").text
    assert "belongs to Harbour &lt;College&gt;" in page
    assert (whole["slug"] in page, stranger in page, "Make a unit" in page) == (False, False, False)


def test_a_unit_says_what_is_its_own_and_what_it_has_of_whom(sign_in: SignIn, college: dict[str, Any]) -> None:
    whole, part = college["whole"], college["part"]
    path = f"/staff/units/{part['slug']}"
    page = " ".join(sign_in("auditor").get(path).text.split())
    origin = f'<span class="hint">from <a href="/staff/units/{whole["slug"]}">Harbour &lt;College&gt;</a></span>'
    assert f"<code>#14578c</code></span> {origin}" in page
    assert '<code>#ffdd00</code></span> <span class="hint">its own</span>' in page
    assert "Do not write black on it: the contrast is 2.8 : 1, and text needs 4.5 : 1." in page
    assert "with white on it" in page
    assert f"42 {origin}" in page
    assert '<dt>Region</dt> <dd> <span class="hint">nobody says</span>' in page
    assert part["did"] in page
    assert "<form class=" not in page.partition("<main")[2], "who only reads has nothing to fill in"
    bound = sign_in("issuer", issuer=part["slug"])
    assert '<span class="hint">from Harbour &lt;College&gt;</span>' in " ".join(bound.get(path).text.split())
    assert bound.get(f"/staff/units/{whole['slug']}").status_code == 404


def test_who_defines_achievements_changes_the_looks_and_nothing_else(
    sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]
) -> None:
    slug = college["part"]["slug"]
    path, client = f"/staff/units/{slug}", sign_in("issuer", issuer=slug)
    sent = form(client, path)
    assert set(sent) == {"key", "seen", "names", "colour", "accent", "artwork", "image", "linkedin_id", "notify"}
    answer = client.post(path, data=sent | {"accent": "", "colour": " #B3005E ", "notify": "no", "names": "mi: Toi\r\npt-BR:  Artes \r\n"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?saved=true")
    after = shown(sqlite_server, slug)
    assert (after["accent"], after["colour"], after["notify"]) == (None, "#b3005e", False)
    assert after["names"] == {"mi": "Toi", "pt-BR": "Artes"}
    page = client.get(answer.headers["location"]).text
    assert '<p class="card" role="status">Saved.</p>' in page
    assert '<p class="lead other-name" lang="mi" dir="auto">Toi</p>' in page
    sent = form(client, path)
    for more in ({"name": "Another"}, {"country": "AU"}, {"parent": ""}):
        assert client.post(path, data=sent | more).status_code == 403
    assert client.post(path, data=sent | {"colour": "", "slug": "x", "did": "did:web:x.example"}).status_code == 303
    assert shown(sqlite_server, slug) == after | {"colour": None, "brand": after["brand"] | {"colour": "#14578c"}}


def test_administrators_of_a_unit_change_who_it_is_but_not_whom_it_belongs_to(
    sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]
) -> None:
    slug = college["part"]["slug"]
    path, client = f"/staff/units/{slug}", sign_in("admin", issuer=slug)
    sent = form(client, path)
    assert "parent" not in sent
    assert sent["pauses_overdue"] == "no"
    assert client.post(path, data=sent | {"pauses_overdue": "yes"}).status_code == 303
    assert "<dt>Overdue reviews</dt><dd>stop the awarding</dd>" in client.get(path).text
    assert shown(sqlite_server, slug)["pauses_overdue"] is True
    sent = form(client, path)
    more = {"name": "Fine Arts", "country": "au", "region": "Tasmania", "email": "a@x.example", "url": "https://x.example"}
    assert client.post(path, data=sent | more | {"description": "One.\r\n\r\nTwo."}).status_code == 303
    after = shown(sqlite_server, slug)
    assert {name: after[name] for name in more} == more | {"country": "AU"}
    assert (after["description"], after["parent"]) == ("One.\n\nTwo.", college["whole"]["slug"])
    assert client.post(path, data=form(client, path) | {"parent": ""}).status_code == 403


def test_a_gate_for_publishing_holds_for_the_units_below_too(sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]) -> None:
    whole, part = college["whole"]["slug"], college["part"]["slug"]
    client = sign_in("admin")
    assert "<dd>whatever is a badge</dd>" in client.get(f"/staff/units/{part}").text
    sent = form(client, f"/staff/units/{whole}")
    assert client.post(f"/staff/units/{whole}", data=sent | {"gate": GATE.key}).status_code == 303
    assert shown(sqlite_server, whole)["gate"] == GATE.key
    page = client.get(f"/staff/units/{part}").text
    assert re.search(rf"asked for by {re.escape(GATE.name)} <span class=\"hint\">from <a[^>]+>Harbour &lt;College&gt;</a></span>", page)
    options = page.partition('<select id="gate"')[2].partition("</select>")[0]
    assert (GATE.key in options, GUIDANCE.key in options) == (True, False), "it only describes"
    answer = client.post(f"/staff/units/{part}", data=form(client, f"/staff/units/{part}") | {"gate": "nothing"})
    assert (answer.status_code, "There is no framework by the name" in answer.text) == (422, True)


def test_who_changes_nothing_stores_nothing(sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]) -> None:
    slug = college["whole"]["slug"]
    path, client = f"/staff/units/{slug}", sign_in("admin")
    sent = form(client, path)
    assert {name: sent[name] for name in SAID} == SAID
    assert client.post(path, data=sent).status_code == 303
    assert shown(sqlite_server, slug) == college["whole"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": " "}, {"name": "A unit needs a name"}),
        ({"country": "New Zealand"}, {"country": "two letters"}),
        ({"colour": "red", "accent": "#12345"}, {"colour": "#rrggbb", "accent": "#rrggbb"}),
        ({"linkedin_id": "harbour"}, {"linkedin_id": "digits"}),
        ({"email": "nobody"}, {"email": "no e-mail address"}),
        ({"url": "nowhere"}, {"url": "absolute URL"}),
        ({"image": "logo.png"}, {"image": "absolute URL"}),
        ({"names": "Te Kura"}, {"names": "a colon"}),
        ({"names": "mi: One\nmi: Two"}, {"names": "twice"}),
        ({"names": "Maori!: One"}, {"names": "a language"}),
        ({"description": "Bell \x07"}, {"description": "cannot be shown"}),
        ({"notify": "perhaps"}, {"notify": "Choose"}),
        ({"pauses_overdue": "perhaps"}, {"pauses_overdue": "Choose"}),
        ({"parent": "nowhere"}, {"parent": "no such unit"}),
        ({"gate": GUIDANCE.key}, {"gate": "only describes"}),
        ({"gate": "e" * 41}, {"gate": "Choose"}),
    ],
)
def test_what_cannot_be_said_is_told_at_its_field_and_what_was_typed_is_kept(
    sqlite_server: Running, sign_in: SignIn, college: dict[str, Any], typed: dict[str, str], said: dict[str, str]
) -> None:
    slug = college["whole"]["slug"]
    path, client = f"/staff/units/{slug}", sign_in("admin")
    answer = client.post(path, data=form(client, path) | {"region": "Otago"} | typed)
    assert answer.status_code == 422
    found = faults(answer.text)
    assert found.keys() == said.keys()
    assert all(text in found[name] for name, text in said.items())
    assert 'value="Otago"' in answer.text
    assert shown(sqlite_server, slug) == college["whole"]


def test_a_unit_is_put_below_another_and_never_below_what_belongs_to_it(
    sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]
) -> None:
    whole, part = college["whole"]["slug"], college["part"]["slug"]
    client = sign_in("admin")
    answer = client.post(f"/staff/units/{whole}", data=form(client, f"/staff/units/{whole}") | {"parent": part, "name": "Half"})
    assert (answer.status_code, set(faults(answer.text))) == (422, {"parent"})
    assert shown(sqlite_server, whole)["name"] == "Harbour <College>", "nothing is half-stored"
    options = client.get(f"/staff/units/{whole}").text.partition('<select id="parent"')[2].partition("</select>")[0]
    assert f'value="{part}"' not in options
    assert client.post(f"/staff/units/{part}", data=form(client, f"/staff/units/{part}") | {"parent": ""}).status_code == 303
    assert shown(sqlite_server, part)["parent"] is None
    assert client.post(f"/staff/units/{part}", data=form(client, f"/staff/units/{part}") | {"parent": whole}).status_code == 303
    assert shown(sqlite_server, part)["parent"] == whole


def test_nobody_overwrites_what_they_have_not_seen(sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]) -> None:
    slug = college["whole"]["slug"]
    path, client = f"/staff/units/{slug}", sign_in("admin")
    sent = form(client, path) | {"name": "Mine"}
    assert sqlite_server.api.patch(f"/api/issuers/{slug}", json={"name": "Theirs"}).status_code == 200
    answer = client.post(path, data=sent)
    assert answer.status_code == 412
    assert "Somebody else has changed this unit" in answer.text
    assert ("<h1>Theirs</h1>" in answer.text, 'value="Mine"' in answer.text) == (True, True)
    assert shown(sqlite_server, slug)["name"] == "Theirs"
    (seen,) = re.findall(r'name="seen" value="([^"]+)"', answer.text)
    assert client.post(path, data=sent | {"seen": seen}).status_code == 303
    assert shown(sqlite_server, slug)["name"] == "Mine"


def test_readers_and_strangers_change_nothing(sqlite_server: Running, sign_in: SignIn, college: dict[str, Any]) -> None:
    slug = college["part"]["slug"]
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    sent = {"name": "Another", "slug": sqlite_server.fresh("mine")}
    for role, issuer, status in (("auditor", None, 403), ("reviewer", slug, 403), ("admin", other, 404)):
        client = sign_in(role, issuer=issuer)
        key = steps.key_of(client.get("/staff").text)
        assert client.post(f"/staff/units/{slug}", data=sent | {"key": key}).status_code == status
        assert client.post("/staff/units", data=sent | {"key": key}).status_code == 403
    client = sign_in("admin")
    key = steps.key_of(client.get("/staff").text)
    assert client.post("/staff/units/nowhere", data=sent | {"key": key}).status_code == 404
    assert client.get("/staff/units/nowhere").status_code == 404
    assert shown(sqlite_server, slug) == college["part"]


def test_an_administrator_makes_a_unit_and_a_worker_its_first_key(
    sqlite_server: Running, sign_in: SignIn, college: dict[str, Any], until: Until
) -> None:
    client, whole = sign_in("admin"), college["whole"]["slug"]
    sent = form(client, f"/staff/units?below={whole}")
    assert sent["parent"] == whole
    slug = sqlite_server.fresh("boats")
    answer = client.post("/staff/units", data=sent | {"slug": slug, "name": " Boats "})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/staff/units/{slug}")
    until(lambda: "It cannot issue yet." not in client.get(f"/staff/units/{slug}").text)
    made = shown(sqlite_server, slug)
    assert (made["name"], made["parent"], made["brand"]["colour"]) == ("Boats", whole, "#14578c")
    assert [key["state"] for key in made["keys"]] == ["active"]


@pytest.mark.parametrize(
    ("typed", "status", "name"),
    [
        ({"slug": "College!"}, 422, "slug"),
        ({"slug": ""}, 422, "slug"),
        ({"name": ""}, 422, "name"),
        ({"parent": "nowhere"}, 422, "parent"),
        ({"did_method": "web"}, 422, "did_method"),
        ({"did_method": "btcr"}, 422, "did_method"),
        ({"slug": "TAKEN"}, 409, "slug"),
    ],
)
def test_a_unit_that_cannot_be_made_is_told_at_its_field(
    sqlite_server: Running, sign_in: SignIn, college: dict[str, Any], typed: dict[str, str], status: int, name: str
) -> None:
    client = sign_in("admin")
    before = sqlite_server.rows()["issuer"]
    sent = form(client, "/staff/units") | {"slug": sqlite_server.fresh("boats"), "name": "Boats & <Ropes>"}
    taken = {"slug": college["whole"]["slug"]} if typed.get("slug") == "TAKEN" else {}
    answer = client.post("/staff/units", data=sent | typed | taken)
    assert answer.status_code == status
    assert set(faults(answer.text)) == {name} - {"did_method"}, "of which there is no choice where one kind only can be had"
    assert f'<a href="#{name}">' in answer.text
    assert name == "name" or 'value="Boats &amp; &lt;Ropes&gt;"' in answer.text
    assert '<details class="card" id="new" open>' in answer.text
    assert sqlite_server.rows()["issuer"] == before


def test_where_no_worker_runs_the_page_says_what_a_new_unit_waits_for(serving: Serve) -> None:
    with serving(has_worker=False) as running:
        token = running.token
        running.stranger.post("/staff/sign-in", data={"token": token})
        page = running.stranger.get("/staff/units", headers={"Accept": "text/html"}).text
        assert "There is none yet. Make the institution first" in page
        answer = running.stranger.post("/staff/units", data={"key": steps.key_of(page), "slug": "college", "name": "College"})
        page = running.stranger.get(answer.headers["location"]).text
        assert "It cannot issue yet." in page
        assert '<a href="/staff/units/college">Look again</a>' in page
        assert "<strong>no key yet</strong>" in running.stranger.get("/staff/units").text
