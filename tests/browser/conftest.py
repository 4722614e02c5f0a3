"""A headless Chromium that watches itself, real badges with their reports, and pages of them served on loopback.

`browser_page` is for any server on loopback: it fails the test where a page logged an error, broke its content security policy, or asked
for anything from elsewhere. Without Chromium the tests are skipped, and fail where CI=true.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import functools
import hashlib
import http.server
import importlib.resources
import json
import os
import shutil
import struct
import subprocess
import threading
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import nacl.signing
import pytest
from playwright.sync_api import sync_playwright
from tests.corpus import kit
from tests.interop import judges
from tests.microcredentials import CHARTS
from tests.web import conftest as web
from tests.web import seen

from badgeissuer import access, claiming, sharing
from badgeissuer.claiming import consents, holders
from badgeissuer.openbadges import credential, definition, drafting, results
from badgeissuer.openbadges import verification as badges
from badgeissuer.store import tables
from badgeissuer.vc import controller, multikey, proof, report, statuslist, verification
from badgeissuer.web import connections, languages, learner_pages, pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from playwright.sync_api import Browser, Page, Request
    from tests.web.conftest import Running

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
INTEROP = Path(judges.__file__).parent
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}
REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) =>
    console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`))
"""

EARNED = datetime(2026, 5, 20, 14, 5, tzinfo=UTC)
SITE = "https://badges.northvalley.example"
ISSUER = "North Valley College"
DID = "did:web:badges.northvalley.example:i:north-valley"
BADGE_URL = f"{SITE}/c/2b1f7c0e-5a57-4b43-8a9a-0d2f0f6f3f11"
LIST_URL = f"{SITE}/status-lists/9f0d2c5a-6a41-4f0e-9a55-7f3a1d6c2b10"
KEY = nacl.signing.SigningKey(hashlib.sha256(b"pages of the tests").digest())


WHOLES = {
    "record": "clr/two-badges-of-two-issuers.json",
    "record-of-a-forgery": "clr/badge-inside-forged-beside-a-good-one.json",
    "presentation": "presentation/of-two-badges.json",
    "endorsement": "endorsement/by-itself.json",
    "endorsements": "endorsement/one-of-two-forged.json",
    "remark": "controls/graded-with-status.json",
    "older": "vcdm-1.1/expired.json",
}
"""Pages → cases of the corpus."""


class Signer:
    """The issuer's key."""

    public_key = multikey.PublicKey(bytes(KEY.verify_key))
    verification_method = f"{DID}#key-1"

    def sign(self, message: bytes) -> bytes:
        return bytes(KEY.sign(message).signature)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A running Chromium with a fresh profile."""
    program = shutil.which("chromium")
    if program is None:
        reason = "chromium is not installed"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    folder = tmp_path_factory.mktemp("chromium")
    with sync_playwright() as playwright:
        environment: dict[str, str | float | bool] = {**os.environ, "TMPDIR": str(folder)}
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, env=environment)
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[str, str]]:
    """The address of a service with nothing in it, and a token for it; in this process, for a new one takes long to start."""
    copy = shutil.copy(sqlite_template, tmp_path / "badgeissuer.db")
    with web.serve(f"sqlite:///{copy}", tmp_path) as running:
        with running.service.writing() as session:
            _, token = access.create(session, "Registrar", role="admin", now=running.service.now())
        yield running.base, token


@pytest.fixture
def provided(sqlite_template: Path, tmp_path: Path) -> Iterator[Running]:
    """A service whose staff sign in at a provider that runs for this test, at another host than the service: for browsers, another site."""
    if shutil.which("node") is None or not (INTEROP / "node_modules" / "oidc-provider").is_dir():
        judges.missing("node, or oidc-provider, is not installed")
    secret = "s3cret/+ with=signs"
    with connections.listen("127.0.0.1", 0) as listener:  # the provider must know where browsers come back to
        port = listener.getsockname()[1]
    given = json.dumps({"back": f"http://localhost:{port}/staff/sign-in/oidc/back", "client": "badgeissuer", "secret": secret})
    command = ["node", "provider.mjs", given]
    with subprocess.Popen(
        command, cwd=INTEROP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as node:
        assert node.stdout is not None
        options = {"oidc_issuer": node.stdout.readline().strip(), "oidc_client_id": "badgeissuer", "oidc_client_secret": secret}
        copy = shutil.copy(sqlite_template, tmp_path / "badgeissuer.db")
        more = {"oidc_name": "Campus", "oidc_allow_private_networks": True, "port": port}
        with web.serve(f"sqlite:///{copy}", tmp_path, **options | more) as running:
            yield running
        assert node.stdin is not None
        node.stdin.close()


@pytest.fixture
def page_faults() -> list[str]:
    """What the pages of this test did wrong so far; a test that expects something of it takes it out."""
    return []


@pytest.fixture
def browser_page(chromium: Browser, page_faults: list[str]) -> Iterator[Page]:
    """An empty page in a context of its own, watched until the end of the test."""
    context = chromium.new_context(locale="en-GB", timezone_id="UTC")
    context.add_init_script(REPORT_VIOLATIONS)
    page = context.new_page()

    def see(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "about"} and parts.netloc.rpartition(":")[0] not in LOOPBACK:
            page_faults.append(f"{page.url}: asked for {request.url}")

    context.on("request", see)
    page.on("console", lambda message: page_faults.append(f"{page.url}: {message.text}") if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: page_faults.append(f"{page.url}: {error}"))
    yield page
    page.wait_for_timeout(50)  # what a page does wrong is told a moment later
    context.close()
    assert page_faults == []


@pytest.fixture(scope="session")
def samples() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Badges with their reports, by what is the matter with them."""
    good = signed(ISSUER)
    later = EARNED + timedelta(days=30)
    tampered = copy.deepcopy(good)
    tampered["credentialSubject"]["creditsEarned"] = 60
    return {
        "known": (good, judged(good, now=later, trusted=ISSUER)),
        "unverified": (good, judged(good, now=later)),
        "name_mismatch": (good, judged(good, now=later, trusted="Southfield Institute")),
        "revoked": (good, judged(good, now=later, trusted=ISSUER, revoked=True)),
        "expired": (good, judged(good, now=EARNED + timedelta(days=2000), trusted=ISSUER)),
        "undecided": (good, judged(good, now=later, trusted=ISSUER, reachable=False)),
        "tampered": (tampered, judged(tampered, now=later, trusted=ISSUER)),
    }


def learners() -> dict[str, str]:
    """Return the pages of learners."""
    moment, asked = datetime(2026, 5, 20, 14, 5, tzinfo=UTC), claiming.Waiting("asha.rao@example.org", 1, "Welding Safety", "Northvalley")
    some: dict[str, Any] = {"award_id": 1, "secret_sha256": "x", "created_at": moment, "expires_at": moment}
    links = [tables.ShareLink(note=note, **some) for note in ("The bakery", "W" * 100)]
    links[0].id, links[1].id = 1, 2
    whose: dict[str, Any] = dict.fromkeys(("issuer_id", "achievement_id", "achievement_version_id", "learner_id"), 1)
    times: dict[str, Any] = dict.fromkeys(("awarded_at", "created_at", "valid_from"), moment)
    owned = []
    for number, (state, how) in enumerate(zip(("in force", "revoked", "expired"), tables.VISIBILITIES, strict=True)):
        award = tables.Award(scope="", state="issued", claims={}, **whose, **times)
        award.id = number
        name = ("Welding Safety", "شهادة إتمام التدريب على السلامة في اللحام", "W" * 300)[number]
        given = links if number == 0 else ()
        owned.append(holders.Owned(award, name, "Northvalley Technical College", state, sharing.How(how, number == 0), given))
    said = tables.Consent(holder_id=1, award_id=0, kind="results", given=True, text_version=1, at=moment)
    addresses = [tables.HolderAddress(holder_id=1, email=f"{name}@example.org", confirmed_at=moment) for name in ("asha.rao", "w" * 60)]
    addresses[0].id, addresses[1].id, addresses[1].is_preferred = 1, 2, False
    kept = [tables.HolderEvent(holder_id=1, kind=kind, email="asha.rao@example.org", at=moment) for kind in tables.EVENT_KINDS]
    reached = learner_pages.Reached(addresses, kept)
    new = consents.Choice(sharing.UNLISTED, shows_results=False, may_be_listed=False)
    shared = f"{BADGE_URL}?share={'x' * 43}"
    done = learner_pages.Done(owned[0].award.credential_uuid, "Here is a link.", shared, learner_pages.Undo("/me", {}))
    return {
        "claim": learner_pages.claim_page(asked, new, secret="x"),
        "claim-revoked": learner_pages.claim_page(dataclasses.replace(asked, is_revoked=True, name="W" * 300), new, secret="x"),
        "claim-sign-in": learner_pages.claim_page(claiming.Waiting("asha.rao@example.org"), None, secret="x"),
        "me": learner_pages.badges_page(owned, {0: [said]}, reached, key="x", done=done),
        "me-empty": learner_pages.badges_page([], {}, reached, key="x"),
        "me-sign-in": learner_pages.sign_in_page(sends=True, stopped=claiming.OVER, email="x", no_address=True),
        "me-mailed": learner_pages.mailed_page(minutes=30, most=3),
    }


@pytest.fixture(scope="session")
def rendered(samples: dict[str, tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, str]:
    """Every page, by the name of its file."""
    downloads = [("Download the signed badge", "/c/1.json")]
    fault = {"title": "The document cannot be read", "detail": "Nothing to verify could be had from https://x.example: it does not answer."}
    made = {
        "home": pages.home_page(),
        "verify": pages.verify_page(),
        "verify-fault": pages.verify_page(asked="https://x.example/c/1", fault=fault),
        "problem": pages.problem_page({"title": "Not found", "detail": "There is no badge at this address."}, status=404),
        "private": pages.private_page(sharing.ASK),
        **learners(),
    }
    document, found = samples["unverified"]
    for name, words in (("endless", "W" * 300), ("right-to-left", "شهادة إتمام التدريب على السلامة في اللحام")):
        said = copy.deepcopy(document)
        achievement = said["credentialSubject"]["achievement"]
        achievement |= {
            "name": words,
            "description": words,
            "criteria": {"narrative": f"{words}\n\n    {words}\n\n* {words}"},
            "tag": [words] * 3,
        }
        achievement["alignment"][0]["targetName"] = words
        issuer = {"id": f"did:web:{'w' * 60}.example", "name": words, "identity": "unverified"}
        made[f"badge-{name}"] = pages.badge_page(said, found | {"issuer": issuer, "summary": words}, downloads=downloads)
    whole = microcredential(document)
    made["badge-microcredential"] = pages.badge_page(whole, found, downloads=downloads)
    made["verify-microcredential"] = pages.verify_page(asked=BADGE_URL, report=found, document=whole)
    made |= {f"verify-{name}": seen.page(case) for name, case in WHOLES.items()}
    for name in ("known", "tampered"):
        document, found = samples[name]
        made[f"verify-arabic-{name}"] = pages.verify_page(report=found, document=document, language=languages.ALL["ar"])
    made["verify-somebody-else"] = seen.page("recipient/another-address-plain.json", recipient="eve@example.org")
    made["verify-endless-record"] = endless_record(found)
    for name, (document, found) in samples.items():
        made[f"verify-{name}"] = pages.verify_page(asked=BADGE_URL, report=found, document=document)
        made[f"badge-{name}"] = pages.badge_page(document, found, downloads=downloads)
    return made


@pytest.fixture(scope="session")
def page_site(rendered: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server on loopback with every page under its name, and what pages load from their own server."""
    folder = tmp_path_factory.mktemp("site")
    for name, text in rendered.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    with importlib.resources.as_file(importlib.resources.files("badgeissuer.web") / "static") as static:
        shutil.copytree(static, folder / "static")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files with the header that the service sends with every page, and with those of the verifier for its script."""

    def end_headers(self) -> None:
        script = pages.OWN_SCRIPT if self.path.startswith("/verify") else ""
        self.send_header("Content-Security-Policy", pages.CONTENT_SECURITY_POLICY + script)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def endless_record(found: dict[str, Any]) -> str:
    """Return the page of a record in a record, in which all names have no end and no place to break them."""
    name = "W" * 300
    issuer = {"id": f"did:web:{'w' * 60}.example", "name": name, "identity": "unverified"}
    told = {**found, "issuer": issuer, "summary": name, "parts": []}
    badge = kit.changed(kit.graded(), {"/credentialSubject/achievement/name": name, "/credentialSubject/achievement/description": name})
    praise = seen.endorsement(f"did:web:{name}", name)
    inner = seen.record(badge | {"endorsement": [praise]}, name=name)
    below = [{"pointer": "/endorsement/0", "role": "endorsement", "report": told}]
    place, role = "/credentialSubject/verifiableCredential/0", "credential"
    middle = [{"pointer": place, "role": role, "report": {**told, "parts": below}}]
    outer = [{"pointer": place, "role": role, "report": {**told, "parts": middle}}]
    return pages.verify_page(recipient=name, report={**told, "parts": outer}, document=seen.record(inner, name=name))


def signed(name: str) -> dict[str, Any]:
    """Return a signed badge that uses every part of a page."""
    url = f"{SITE}/a/welding-safety/2"
    issuer = {"id": DID, "type": ["Profile"], "name": name, "url": "https://northvalley.example"}
    achievement = definition.complete(draft(), url=url, version="2", creator={key: issuer[key] for key in ("id", "type", "name")})
    scored = [
        {"resultDescription": "#result-1", "value": "87.5"},
        {"resultDescription": "#practice", "achievedLevel": "#practice-2"},
        {"resultDescription": "#result-3", "status": "Completed"},
    ]
    shown = {"id": "https://portfolio.example/asha/welds", "type": ["Evidence"], "name": "Five test welds", "genre": "Photographs"}
    badge = credential.compose(
        BADGE_URL,
        achievement,
        issuer=issuer,
        recipient=credential.Recipient("asha@example.org", None, "f3b6b0d1c2a94c1e"),
        claims=credential.Claims(
            results=results.complete(scored, achievement),
            evidence=[shown | {"narrative": "Fillet and butt welds, *cut and etched* for inspection."}],
            credits_earned=4,
            activity_start=EARNED - timedelta(days=90),
            activity_end=EARNED,
        ),
        dates=credential.Dates(EARNED, EARNED, EARNED + timedelta(days=3 * 365)),
        status=statuslist.Entry(LIST_URL, 77, "revocation"),
    )
    return proof.add_proof(credential.lint(badge), Signer(), created=EARNED)


def microcredential(document: dict[str, Any]) -> dict[str, Any]:
    """Return a badge that says all that a microcredential can, instead of what `document` says."""
    url = f"{SITE}/a/charts/1"
    links = {"knots": ("Knots under Load", f"{SITE}/a/knots"), "skipper": ("Coastal Skipper", f"{SITE}/a/skipper")}
    draft = drafting.expand(CHARTS | {"prerequisites": ["knots"], "stacksInto": ["skipper"]}, links)
    achievement = definition.complete(draft, url=url, version="1", creator={"id": DID, "name": ISSUER})
    parts = achievement["resultDescription"]
    scored = [{"resultDescription": parts[0]["id"], "value": "82"}, {"resultDescription": parts[1]["id"], "achievedLevel": f"{url}#sound"}]
    subject = document["credentialSubject"] | {"achievement": achievement, "result": scored, "creditsEarned": 2}
    return document | {"credentialSubject": subject}


def draft() -> dict[str, Any]:
    """Return an achievement as its author writes it."""
    return {
        "name": "Welding Safety and Practice",
        "description": "Sets up, carries out and inspects manual metal arc welds safely, alone, to ISO 5817 level C.",
        "achievementType": "MicroCredential",
        "criteria": {
            "id": "https://northvalley.example/welding/criteria",
            "narrative": "To earn this badge the learner must:\n\n1. attend **eight of ten** workshop days;\n2. pass the theory test with "
            "at least 60 %;\n3. make five test welds, which [two assessors](https://northvalley.example/assessors) inspect.",
        },
        "alignment": [
            {
                "targetName": "use welding equipment",
                "targetUrl": "https://data.europa.example/esco/skill/1f2e",
                "targetFramework": "ESCO",
                "targetCode": "S8.5.1",
                "targetDescription": "Use welding equipment to melt and join pieces of metal, wearing protective equipment.",
            },
            {"targetName": "inspect quality of products", "targetUrl": "https://data.europa.example/esco/skill/77aa"},
        ],
        "resultDescription": [
            {"name": "Theory test", "resultType": "Percent", "valueMin": "0", "valueMax": "100", "requiredValue": "60"},
            {
                "name": "Practical assessment",
                "resultType": "RubricCriterionLevel",
                "id": "#practice",
                "requiredLevel": "#practice-1",
                "rubricCriterionLevel": [
                    {"id": "#practice-1", "name": "Competent", "description": "Sound welds under guidance.", "points": "1"},
                    {"id": "#practice-2", "name": "Proficient", "description": "Sound welds alone, first time.", "points": "2"},
                    {"id": "#practice-3", "name": "Expert", "description": "Sound welds in every position.", "points": "3"},
                ],
            },
            {"name": "Workshop days", "resultType": "Status"},
        ],
        "creditsAvailable": 4,
        "inLanguage": "en",
        "tag": ["welding", "workplace safety", "metalwork"],
        "fieldOfStudy": "Mechanics and metal trades",
        "image": drawn(),
    }


def judged(
    badge: dict[str, Any], *, now: datetime, trusted: str | None = None, revoked: bool = False, reachable: bool = True
) -> dict[str, Any]:
    """Return the report on a badge as JSON; `trusted` is the name under which the verifier knows the issuer."""
    method = controller.VerificationMethod(Signer.verification_method, DID, Signer.public_key)
    holder = controller.compose(DID, [method], asserting=[method.id])
    listed = statuslist.compose(
        LIST_URL,
        DID,
        purpose="revocation",
        encoded=statuslist.encode(131_072, [77] if revoked else []),
        valid_from=EARNED,
        valid_until=now + timedelta(days=1),
    )
    found: Mapping[str, Any] = {controller.web_url(DID): holder, LIST_URL: proof.add_proof(proof.lint(listed), Signer(), created=EARNED)}
    gathered: dict[str, verification.Resource | verification.Unreachable] = {
        url: verification.Resource(url, json.dumps(body).encode(), now) for url, body in found.items()
    }
    if not reachable:
        gathered[LIST_URL] = verification.Unreachable(LIST_URL, "no answer within 3 seconds.")
    policy = verification.Policy(badges.BADGE, trusted={DID: trusted} if trusted else {})
    judge: Callable[..., report.Report] = verification.verify
    return judge(badge, gathered, now=now, policy=policy, sha256=hashlib.sha256(json.dumps(badge).encode()).hexdigest()).to_json()


def drawn() -> str:
    """Return a small PNG as a data URI: a disc."""
    side = 64
    disc = [(x - 31.5) ** 2 + (y - 31.5) ** 2 for y in range(side) for x in range(side)]
    pixels = [b"\x14\x57\x8c\xff" if 700 < far < 1000 else b"\xf0\xc2\x62\xff" if far <= 700 else b"\0\0\0\0" for far in disc]
    rows = b"".join(b"\0" + b"".join(pixels[y * side : (y + 1) * side]) for y in range(side))
    parts = (b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0), b"IDAT" + zlib.compress(rows), b"IEND")
    chunks = b"".join(struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunks).decode()
