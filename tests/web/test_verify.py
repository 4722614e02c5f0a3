from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.corpus import kit, wrapping

from badgeissuer.vc import instant, secured

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Refused, Running, Serve

STEPS = [
    "syntax", "context", "data_model", "issuer", "proof", "validity", "status", "schema", "refresh", "endorsement", "recipient", "trust",
]  # fmt: skip
OUTCOMES = {"VALID", "INVALID", "INDETERMINATE", "NOT_APPLICABLE"}


@pytest.fixture(scope="module")
def url(sqlite_server: Running) -> str:
    """The address of a badge."""
    return str(sqlite_server.award()["credential"]["id"])


@pytest.fixture(scope="module")
def body(sqlite_server: Running, url: str) -> bytes:
    return sqlite_server.stranger.get(url).content


@pytest.fixture(scope="module")
def forged(body: bytes) -> bytes:
    badge = json.loads(body)
    badge["credentialSubject"]["achievement"]["name"] = "Master of Ropes"
    return json.dumps(badge).encode()


def report(answer: httpx.Response, outcome: str) -> dict[str, Any]:
    """Return a report, after checking that it has the form that the contract gives it."""
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert (found["outcome"], found["verified"]) == (outcome, outcome == "VALID")
    assert {step["name"] for step in found["steps"]} <= set(STEPS)
    assert {step["outcome"] for step in found["steps"]} <= OUTCOMES
    assert found["summary"]
    assert found["issuer"]["identity"] in {"known", "unverified", "name_mismatch"}
    return found


def test_a_badge_verifies_by_its_address(server: Running) -> None:
    url = server.award()["credential"]["id"]
    found = report(server.stranger.get("/verify", params={"url": url}), "VALID")
    assert (found["profile"], found["issuer"]["name"], found["issuer"]["identity"]) == ("badge", "Harbour School", "known")
    assert found["document_sha256"] == hashlib.sha256(server.stranger.get(url).content).hexdigest()


@pytest.mark.parametrize(
    "spelling",
    [
        "{base}/c/{uuid}",
        "{base}/c/{uuid}.json",
        "  {base}/c/{uuid}\n",
        "HTTP://LOCALHOST:{port}/c/{uuid}",
        "{base}/c/{uuid}#top",
        "{base}/c/{uuid}?utm_source=mail",
    ],
)
def test_an_address_of_our_own_is_known_in_other_spellings(sqlite_server: Running, url: str, spelling: str) -> None:
    port = sqlite_server.base.rpartition(":")[2]
    pasted = spelling.format(base=sqlite_server.base, port=port, uuid=url.rpartition("/")[2])
    report(sqlite_server.stranger.get("/verify", params={"url": pasted}), "VALID")
    report(sqlite_server.stranger.post("/verify", data={"url": pasted}), "VALID")


@pytest.mark.parametrize(
    "address",
    [
        "{base}/c/00000000-0000-4000-8000-000000000000",
        "{base}/c/nothing",
        "{base}/verify",
        "{base}/api/tokens",
        "{base}",
        "{base}@evil.example/c/x",
        "http://user@{host}/c/x",
        "http://127.0.0.1:1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:application/json,{{}}",
        "gopher://x",
        "http://[",
        "http://x:99999/",
        "\x00",
        "//",
        "nonsense",
        "http://xn--\uffff/",
        "https://" + "a" * 300 + ".example/",
    ],
)
def test_an_address_where_nothing_can_be_had_leaves_the_matter_open(sqlite_server: Running, address: str) -> None:
    pasted = address.format(base=sqlite_server.base, host=sqlite_server.base.removeprefix("http://"))
    report(sqlite_server.stranger.get("/verify", params={"url": pasted}), "INDETERMINATE")
    page = sqlite_server.stranger.get("/verify", params={"url": pasted}, headers={"Accept": "text/html"})
    assert page.status_code == 200


def test_a_badge_verifies_as_a_body_of_any_kind(sqlite_server: Running, body: bytes) -> None:
    for kind in ("application/vc+ld+json", "application/json", "text/plain", "application/octet-stream", "nonsense", ""):
        report(sqlite_server.stranger.post("/verify", content=body, headers={"Content-Type": kind}), "VALID")


def test_a_badge_verifies_as_a_field_or_as_a_file(sqlite_server: Running, url: str, body: bytes) -> None:
    post = sqlite_server.stranger.post
    report(post("/verify", data={"text": body.decode()}), "VALID")
    report(post("/verify", data={"text": f"\n {body.decode()} \n"}), "VALID")
    report(post("/verify", data={"url": "", "text": body.decode()}), "VALID")
    report(post("/verify", files={"file": ("badge.json", body, "application/json")}), "VALID")
    report(post("/verify", files={"file": ("../../é\u202e.exe", body, "image/png")}, data={"url": "", "text": ""}), "VALID")
    report(post("/verify", files={"url": (None, url)}), "VALID")


@pytest.mark.parametrize("form", ["body", "text", "file"])
def test_a_badge_that_was_changed_is_refused_in_every_form(sqlite_server: Running, forged: bytes, form: str) -> None:
    post = sqlite_server.stranger.post
    answers = {
        "body": lambda: post("/verify", content=forged),
        "text": lambda: post("/verify", data={"text": forged.decode()}),
        "file": lambda: post("/verify", files={"file": ("x.json", forged)}),
    }
    found = report(answers[form](), "INVALID")
    assert [step["name"] for step in found["steps"] if step["outcome"] == "INVALID"] == ["proof"]


@pytest.mark.parametrize(
    "document",
    [
        b"{",
        b"[]",
        b"null",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":1e400}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b"\xff\xfe{\x00}\x00",
        b"\x89PNG\r\n\x1a\n",
        b"\x00" * 100,
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"x" * (1024 * 1024 + 1),
        b"eyJhbGciOiJub25lIn0.e30.",
        "{“a”:1}".encode(),
    ],
    ids=lambda document: repr(document[:20]),
)
def test_what_cannot_be_read_is_invalid_and_no_error(sqlite_server: Running, document: bytes) -> None:
    found = report(sqlite_server.stranger.post("/verify", content=document), "INVALID")
    assert found["steps"][0]["name"] == "syntax"
    assert found["steps"][0]["outcome"] == "INVALID"
    page = sqlite_server.stranger.post("/verify", content=document, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.parametrize("context", ["https://evil.example/context", 7, None, {"name": "https://evil.example/name"}, [], [[]]], ids=str)
def test_an_unknown_context_is_never_valid(sqlite_server: Running, body: bytes, context: object) -> None:
    badge = json.loads(body)
    badge["@context"] = [*badge["@context"], context]
    answer = sqlite_server.stranger.post("/verify", json=badge)
    assert answer.status_code == 200
    assert answer.json()["outcome"] in {"INVALID", "INDETERMINATE"}


def test_nothing_handed_in_is_a_problem(sqlite_server: Running, refused: Refused) -> None:
    refused(sqlite_server.stranger.get("/verify?url=", headers={"Accept": "application/json"}), 422)
    refused(sqlite_server.stranger.post("/verify"), 422)
    refused(sqlite_server.stranger.post("/verify", data={"url": " ", "text": " "}), 422)
    refused(sqlite_server.stranger.post("/verify", data={"other": "x"}), 422)
    refused(sqlite_server.stranger.post("/verify", files={"file": ("x", b"")}), 422)
    page = sqlite_server.stranger.post("/verify", data={"text": ""}, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (422, "text/html; charset=utf-8")


def test_a_long_address_is_refused_and_not_cut(sqlite_server: Running, url: str, refused: Refused) -> None:
    long = url + "?" + "x" * 2048
    refused(sqlite_server.stranger.get("/verify", params={"url": long}), 422)
    refused(sqlite_server.stranger.post("/verify", data={"url": long}), 422)


def test_a_person_gets_a_page(sqlite_server: Running, url: str, body: bytes, forged: bytes) -> None:
    html = {"Accept": "text/html"}
    pages = [
        sqlite_server.stranger.get("/verify", headers=html),
        sqlite_server.stranger.get("/verify", params={"url": url}, headers=html),
        sqlite_server.stranger.post("/verify", data={"text": body.decode()}, headers=html),
        sqlite_server.stranger.post("/verify", content=forged, headers=html),
    ]
    for page in pages:
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert page.headers["content-security-policy"]
    assert "Rope Work" in pages[1].text
    assert "Master of Ropes" not in pages[3].text, "what nobody signed is not shown"


def test_a_verdict_is_kept_by_nobody(sqlite_server: Running, url: str, body: bytes) -> None:
    post, get = sqlite_server.stranger.post, sqlite_server.stranger.get
    for answer in (
        get("/verify", params={"url": url}),
        get("/verify", params={"url": url}, headers={"Accept": "text/html"}),
        get(url, headers={"Accept": "text/html"}),
        post("/verify", content=body),
        post("/credentials/verify", json={"verifiableCredential": json.loads(body)}),
        post("/credentials/verify", json={}),
    ):
        assert answer.headers["cache-control"] == "private, no-store"
    assert get("/verify", params={"url": url}).headers["vary"] == "Accept"


def test_verifying_keeps_nothing(sqlite_server: Running, url: str, body: bytes, forged: bytes) -> None:
    before = sqlite_server.rows()
    sqlite_server.stranger.get("/verify", params={"url": url})
    sqlite_server.stranger.post("/verify", content=body)
    sqlite_server.stranger.post("/verify", content=forged)
    assert sqlite_server.rows() == before


# --- every form of a badge


def fresh(**members: object) -> kit.Json:
    """Return an unsigned badge by a did:key that begins now, whenever that is."""
    now = datetime.now(UTC)
    dates = {"validFrom": instant.write(now - timedelta(days=1)), "validUntil": instant.write(now + timedelta(days=365))}
    return kit.badge(kit.SCHOOL) | dates | members


@pytest.fixture(scope="module")
def token() -> bytes:
    return wrapping.sign_jwt(fresh(), kit.SCHOOL)


@pytest.fixture(scope="module")
def forms(body: bytes, token: bytes) -> dict[str, bytes]:
    """One badge as JSON, one as a token, and both in pictures."""
    made = {"json": body, "jwt": token, "jwt with a line feed": token + b"\n", "enveloped": kit.text(secured.envelope(token.decode()))}
    for name in ("json", "jwt"):
        made |= {f"{name} in png": wrapping.bake_png(made[name]), f"{name} in svg": wrapping.bake_svg(made[name])}
    return made


FORMS = ("json", "jwt", "jwt with a line feed", "enveloped", "json in png", "json in svg", "jwt in png", "jwt in svg")


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "text/plain", "application/vc+jwt", "application/json", "nonsense", ""])
def test_every_form_is_read_as_a_body_whatever_it_is_called(sqlite_server: Running, forms: dict[str, bytes], kind: str) -> None:
    for content in forms.values():
        report(sqlite_server.stranger.post("/verify", content=content, headers={"Content-Type": kind}), "VALID")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_as_a_file(sqlite_server: Running, forms: dict[str, bytes], form: str) -> None:
    for name, kind in (("badge.png", "image/png"), ("badge", "application/octet-stream"), ("badge.html", "text/html")):
        answer = sqlite_server.stranger.post("/verify", files={"file": (name, forms[form], kind)})
        found = report(answer, "VALID")
        assert found["document_sha256"] == hashlib.sha256(forms[form]).hexdigest()
    page = sqlite_server.stranger.post("/verify", files={"file": ("x", forms[form])}, headers={"Accept": "text/html"})
    assert ("Rope Work" if form.startswith("json") else "Teamwork") in page.text


@pytest.mark.parametrize("form", [form for form in FORMS if "png" not in form])
def test_every_form_that_is_text_is_read_as_text(sqlite_server: Running, forms: dict[str, bytes], form: str) -> None:
    report(sqlite_server.stranger.post("/verify", data={"text": forms[form].decode()}), "VALID")
    report(sqlite_server.stranger.post("/verify", data={"text": f" \r\n{forms[form].decode()}\r\n"}), "VALID")


def test_a_picture_without_a_badge_is_told_to_be_one(sqlite_server: Running) -> None:
    for image in (wrapping.png(), wrapping.svg(), wrapping.bake_png(b"{}")[:-20], wrapping.png(wrapping.itxt(b"{}"), wrapping.itxt(b"{}"))):
        found = report(sqlite_server.stranger.post("/verify", content=image), "INVALID")
        assert [step["name"] for step in found["steps"]] == ["syntax"]


def test_what_is_too_large_is_refused(sqlite_server: Running, refused: Refused) -> None:
    large = b"x" * (2 * 1024 * 1024 + 1)
    refused(sqlite_server.stranger.post("/verify", content=large), 413)
    refused(sqlite_server.stranger.post("/verify", files={"file": ("x", 6 * large)}), 413)  # photographs of codes are larger than badges
    refused(sqlite_server.stranger.post("/verify", data={"text": large.decode()}), 400, 413)  # the form reader ends it earlier
    page = sqlite_server.stranger.post("/verify", content=large, headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["content-type"]) == (413, "text/html; charset=utf-8")
    at_the_limit = wrapping.png(wrapping.chunk(b"teXt", bytes(2 * 1024 * 1024 - len(wrapping.png()) - 12)))
    assert len(at_the_limit) == 2 * 1024 * 1024
    report(sqlite_server.stranger.post("/verify", content=at_the_limit), "INVALID")


# --- whose it is


@pytest.fixture(scope="module")
def owned(sqlite_server: Running) -> str:
    """The address of a badge for asha@example.org."""
    made = sqlite_server.award(learner={"email": "asha@example.org", "name": "Asha Rao"})
    return str(made["credential"]["id"])


def of_recipient(found: dict[str, Any]) -> str:
    return str(next(step["outcome"] for step in found["steps"] if step["name"] == "recipient"))


@pytest.mark.parametrize(
    ("recipient", "outcome"),
    [
        ("asha@example.org", "VALID"),
        (" Asha@Example.org ", "VALID"),
        ("eve@example.org", "INVALID"),
        ("did:example:eve", "INDETERMINATE"),
    ],
)
def test_a_badge_is_compared_with_whom_the_reader_names(sqlite_server: Running, owned: str, recipient: str, outcome: str) -> None:
    stranger = sqlite_server.stranger
    content = stranger.get(owned).content
    asked = {"recipient": recipient}
    answers = [
        stranger.get("/verify", params={"url": owned} | asked),
        stranger.post("/verify", params=asked, content=content),
        stranger.post("/verify", data={"url": owned} | asked),
        stranger.post("/verify", data={"text": content.decode()} | asked),
        stranger.post("/verify", data=asked, files={"file": ("x", content)}),
        stranger.post("/verify", params=asked, data={"url": owned}),
        stranger.post("/verify", params={"recipient": "eve@example.org"}, data={"url": owned} | asked),
        stranger.post("/verify", params=asked, data={"url": owned, "recipient": " "}),
    ]
    assert {of_recipient(report(answer, outcome)) for answer in answers} == {outcome}


def test_nobody_named_is_nobody_asked_for(sqlite_server: Running, owned: str) -> None:
    stranger = sqlite_server.stranger
    for answer in (
        stranger.get("/verify", params={"url": owned, "recipient": " "}),
        stranger.post("/verify", data={"url": owned, "recipient": ""}),
    ):
        assert of_recipient(report(answer, "VALID")) == "NOT_APPLICABLE"


def test_the_page_answers_whose_it_is_and_keeps_the_question(sqlite_server: Running, owned: str) -> None:
    page = sqlite_server.stranger.post("/verify", data={"url": owned, "recipient": "<eve>"}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Issued to whom you named?" in page.text
    assert page.text.count("&lt;eve&gt;") == 2
    assert "<eve>" not in page.text
    empty = sqlite_server.stranger.post("/verify", data={"recipient": "<eve>"}, headers={"Accept": "text/html"})
    assert (empty.status_code, empty.text.count("&lt;eve&gt;")) == (422, 1)
    assert empty.headers["cache-control"] == "private, no-store"


def test_a_name_without_end_is_refused(sqlite_server: Running, owned: str, refused: Refused) -> None:
    refused(sqlite_server.stranger.get("/verify", params={"url": owned, "recipient": "x" * 321}), 422)
    refused(sqlite_server.stranger.post("/verify", data={"url": owned, "recipient": "x" * 321}), 422)
    report(sqlite_server.stranger.post("/verify", data={"url": owned, "recipient": "x" * 320}), "INDETERMINATE")


# --- what stands elsewhere


@pytest.fixture
def elsewhere(forms: dict[str, bytes]) -> Iterator[Callable[[str, str], str]]:
    """Serve a form of a badge under a content type at a URL of another site."""
    served: dict[str, tuple[str, bytes]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content = served[self.path]
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def serve(form: str, kind: str) -> str:
            path = f"/c/{len(served)}"
            served[path] = (kind, forms[form])
            return f"http://127.0.0.1:{server.server_port}{path}"

        yield serve
        server.shutdown()


def test_a_url_is_read_whatever_it_says_that_it_gives(serving: Serve, elsewhere: Callable[[str, str], str]) -> None:
    """The JSON form has its status list on a server that this one may not believe anything about: it is asked for, and is there."""
    with serving(verify_allow_private_networks=True) as running:
        for form in FORMS:
            for kind in ("text/html; charset=utf-8", "image/png", "application/pdf"):
                url = elsewhere(form, kind)
                found = report(running.stranger.get("/verify", params={"url": url}), "VALID")
                assert found["issuer"]["identity"] == "unverified"
                report(running.stranger.post("/verify", data={"url": url}), "VALID")


def test_private_networks_are_not_asked_for_strangers(sqlite_server: Running, elsewhere: Callable[[str, str], str]) -> None:
    found = report(sqlite_server.stranger.get("/verify", params={"url": elsewhere("jwt", "text/plain")}), "INDETERMINATE")
    assert found["steps"][0]["problems"][0]["type"] == "urn:badgeissuer:problem:unreachable"


def test_every_finding_says_what_to_do_next(sqlite_server: Running, forged: bytes) -> None:
    found = report(sqlite_server.stranger.post("/verify", content=forged), "INVALID")
    problems = [item for step in found["steps"] for item in step["problems"]]
    assert problems
    assert all(item["next"] and item["detail"] and item["title"] for item in problems)


def test_credentials_inside_have_reports_of_their_own(sqlite_server: Running) -> None:
    praise = {
        "@context": [kit.V2, kit.OB],
        "id": "https://notary.example/endorsements/1",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Endorsement",
        "issuer": {"id": kit.NOTARY.did, "type": ["Profile"], "name": "The Notary"},
        "validFrom": fresh()["validFrom"],
        "credentialSubject": {"id": fresh()["id"], "type": ["EndorsementSubject"], "endorsementComment": "Well deserved."},
    }
    inner = wrapping.sign_jwt(praise, kit.NOTARY).decode()
    answer = sqlite_server.stranger.post("/verify", content=wrapping.sign_jwt(fresh(endorsementJwt=[inner]), kit.SCHOOL))
    found = report(answer, "VALID")
    (part,) = found["parts"]
    assert (part["pointer"], part["role"], part["report"]["outcome"]) == ("/endorsementJwt/0", "endorsement", "VALID")
    assert part["report"]["issuer"]["id"] == kit.NOTARY.did


def test_whom_the_reader_names_is_neither_stored_nor_logged_nor_put_into_an_address(
    sqlite_server: Running, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    named = "nobody-stores-me@example.org"
    for accept in ("text/html", "application/json"):
        answer = sqlite_server.stranger.post("/verify", data={"url": url, "recipient": named}, headers={"Accept": accept})
        assert answer.status_code == 200
        assert named not in str(answer.url)
        assert not [value for value in answer.headers.values() if named in value]
        assert answer.headers["cache-control"] == "private, no-store"
    page = sqlite_server.stranger.post("/verify", data={"url": url, "recipient": named}, headers={"Accept": "text/html"}).text
    assert not re.search(rf'(?:href|action|src)="[^"]*{named.partition("@")[0]}', page), "no link carries it on"
    assert 'method="post"' in page
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [line for line in ours if named in line]
    folder = Path(str(sqlite_server.service.settings.data_dir))
    assert not [file for file in folder.rglob("*") if file.is_file() and named.encode() in file.read_bytes()]
