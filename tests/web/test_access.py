"""Every route of the API, put to every kind of asker: the table below must name each route that the application has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select

from badgeissuer.settings import Settings
from badgeissuer.store import tables
from badgeissuer.web import app as web

if TYPE_CHECKING:
    import httpx
    from tests.web.conftest import Refused, Running

Request = tuple[str, object]
"""The path with its names filled in, and the body."""
Prepare = Callable[["Running", dict[str, str]], Request]


def _of(path: str, body: object = None) -> Prepare:
    return lambda _server, names: (path.format(**names), body)


def _with(path: str, make: Callable[[Running, dict[str, str]], dict[str, Any]]) -> Prepare:
    return lambda server, names: (path.format(**names), make(server, names))


def _waiting(server: Running, names: dict[str, str]) -> Request:
    body = {"achievement": names["achievement"], "learner": {"source_id": server.fresh("sis")}}
    return f"/api/awards/{server.make('awards', body)['id']}/retry", None


def _failed(server: Running, _names: dict[str, str]) -> Request:
    source = server.source()
    with server.service.writing() as session:
        owner = session.query(tables.Source).filter(tables.Source.slug == source["slug"]).one()
        row = tables.Delivery(
            source_id=owner.id,
            key="k",
            payload=b'{"type":"x","data":{"learner":{"id":"1"}}}',
            payload_sha256="0" * 64,
            headers={},
            received_at=server.service.now(),
            state="failed",
        )
        session.add(row)
        session.flush()
        return f"/api/deliveries/{row.id}/retry", None


def _reviewed(server: Running, names: dict[str, str]) -> Request:
    award = server.award(achievement=names["achievement"])
    with server.service.writing() as session:
        row = session.scalars(select(tables.Award).where(tables.Award.uuid == UUID(award["id"]))).one()
        source = session.scalars(select(tables.Source).where(tables.Source.slug == names["source"])).one()
        now, key = server.service.now(), server.fresh("key")
        delivery = tables.Delivery(
            source_id=source.id, key=key, payload=b"{}", payload_sha256="0" * 64, headers={}, received_at=now, state="processed"
        )
        session.add(delivery)
        session.flush()
        event = tables.LearningEvent(source_id=source.id, key=key, delivery_id=delivery.id, type="x", document={}, created_at=now)
        session.add(event)
        session.flush()
        review = tables.Review(
            issuer_id=row.issuer_id, award_id=row.id, learning_event_id=event.id, kind="changed", reason="x", created_at=now
        )
        session.add(review)
        session.flush()
        return f"/api/reviews/{review.id}/resolve", {"resolution": "kept", "note": "x"}


def _replayed(server: Running, names: dict[str, str]) -> Request:
    return _failed(server, names)[0].replace("/retry", "/replay"), None


def _delivered(server: Running, names: dict[str, str]) -> Request:
    return _failed(server, names)[0].removesuffix("/retry"), None


def _known(server: Running, names: dict[str, str]) -> str:
    email = f"{server.fresh('learner')}@example.org"
    server.award(achievement=names["achievement"], learner={"email": email})
    return email


def _learner(server: Running, names: dict[str, str]) -> int:
    email = _known(server, names)
    with server.service.reading() as session:
        return session.scalars(select(tables.LearnerIdentity.learner_id).where(tables.LearnerIdentity.value == email)).one()


def _asked(server: Running, names: dict[str, str]) -> Request:
    pair = _learner(server, names), _learner(server, names)
    with server.service.writing() as session:
        owner = session.scalars(select(tables.LearnerIdentity.issuer_id).where(tables.LearnerIdentity.learner_id == pair[0])).one()
        now = server.service.now()
        row = tables.IdentityQuestion(issuer_id=owner, learner_id=pair[0], other_learner_id=pair[1], reason="x", created_at=now)
        session.add(row)
        session.flush()
        return f"/api/identities/questions/{row.id}/resolve", {"resolution": "apart", "reason": "x"}


def _split(server: Running, names: dict[str, str]) -> Request:
    name = {"kind": "email", "value": "nobody@example.org"}
    return f"/api/identities/{_learner(server, names)}/split", {"names": [name], "reason": "x"}


def _credential(server: Running, names: dict[str, str]) -> str:
    return str(server.award(achievement=names["achievement"])["credential"]["id"])


def _revocation(server: Running, names: dict[str, str]) -> Request:
    return f"/api/credentials/{_credential(server, names).rpartition('/')[2]}/revoke", {"reason": "x"}


def _status(server: Running, names: dict[str, str]) -> Request:
    entry = {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}
    return "/credentials/status", {"credentialId": _credential(server, names), "credentialStatus": entry, "status": True}


def _issuing(path: str) -> Prepare:
    def prepare(server: Running, names: dict[str, str]) -> Request:
        did = server.api.get(f"/api/issuers/{names['unit']}").json()["did"]
        source = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"], "issuer": did}
        return path, {"credential": source | {"credentialSubject": {"id": "did:example:asha"}}}

    return prepare


def _batch(change: str) -> Prepare:
    def prepare(server: Running, names: dict[str, str]) -> Request:
        rows = [{"learner": {"email": "no address"}}]
        made = server.make("batches", {"achievement": names["achievement"], "rows": rows}, expect=202)
        return f"/api/batches/{made['id']}{change}", None

    return prepare


def _message(change: str) -> Prepare:
    def prepare(server: Running, names: dict[str, str]) -> Request:
        award = server.award(achievement=names["achievement"])
        with server.service.writing() as session:
            row = session.scalars(select(tables.Award).where(tables.Award.uuid == UUID(award["id"]))).one()
            message = tables.Message(issuer_id=row.issuer_id, award_id=row.id, created_at=server.service.now(), state="sent")
            session.add(message)
            session.flush()
            return f"/api/messages/{message.uuid}{change}", {"reason": "x"} if change == "/bounced" else None

    return prepare


def _new_subscriber(server: Running, names: dict[str, str]) -> dict[str, Any]:
    events = ["credential.issued"]
    return {"slug": server.fresh("lms"), "issuer": names["unit"], "url": "https://lms.example.edu/badges", "events": events}


def _subscriber(change: str, body: object = None, *, twice: bool = False) -> Prepare:
    def prepare(server: Running, names: dict[str, str]) -> Request:
        slug = server.make("subscribers", _new_subscriber(server, names))["slug"]
        if twice:
            server.make(f"subscribers/{slug}/secrets", None)
        return f"/api/subscribers/{slug}{change}", body

    return prepare


def _noticed(server: Running, names: dict[str, str]) -> Request:
    made = server.make("subscribers", _new_subscriber(server, names))
    with server.service.writing() as session:
        row = session.scalars(select(tables.Subscriber).where(tables.Subscriber.slug == made["slug"])).one()
        notice = tables.Notice(subscriber_id=row.id, type="subscriber.test", created_at=server.service.now(), state="dead")
        session.add(notice)
        session.flush()
        return f"/api/notices/{notice.uuid}/resend", None


def _revoked(server: Running, names: dict[str, str]) -> Request:
    body = {"learner": "nobody@example.org", "reason": "x"}
    return f"/api/revocations/{server.make('revocations', body | {'achievement': names['achievement']}, expect=202)['id']}", None


def _to_retire(change: str) -> Prepare:
    def prepare(server: Running, names: dict[str, str]) -> Request:
        slug = server.published(issuer=names["unit"])
        if change == "reopen":
            server.make(f"achievements/{slug}/retire", {"reason": "x"}, expect=200)
        return f"/api/achievements/{slug}/{change}", {"reason": "x"} if change == "retire" else None

    return prepare


def _definition(server: Running) -> dict[str, Any]:
    return {name: value for name, value in server.draft().items() if name not in {"issuer", "slug"}}


def _new_rule(names: dict[str, str]) -> dict[str, Any]:
    return {"achievement": names["achievement"], "source": names["source"], "when": {"all": [RULE]}}


def _rule(change: str = "", body: object = None) -> Prepare:
    def prepare(server: Running, names: dict[str, str]) -> Request:
        return f"/api/rules/{server.make('rules', _new_rule(names))['id']}{change}", body

    return prepare


def _to_approve(answer: str, body: object = None) -> Prepare:
    def prepare(server: Running, names: dict[str, str]) -> Request:
        award = server.award(achievement=names["achievement"])
        with server.service.writing() as session:
            row = session.scalars(select(tables.Award).where(tables.Award.uuid == UUID(award["id"]))).one()
            row.state, row.approvals = "needs_approval", 5
        return f"/api/awards/{award['id']}/{answer}", body

    return prepare


def _new_account(server: Running) -> dict[str, Any]:
    return {"email": f"{server.fresh('staff')}@example.org", "name": "x", "role": "auditor"}


def _account(change: str = "", body: object = None) -> Prepare:
    return lambda server, _: (f"/api/accounts/{server.make('accounts', _new_account(server))['id']}{change}", body)


def _new_source(server: Running, names: dict[str, str]) -> dict[str, Any]:
    signature = {"scheme": "standard_webhooks", "secrets": ["whsec_c2VjcmV0LW9mLXRoZS1oYXJib3VyLXNjaG9vbC0x"]}
    return {"slug": server.fresh("sis"), "name": "x", "adapter": "native", "issuer": names["unit"], "signature": signature}


LIST = {"admin": 200, "issuer": 200, "reviewer": 200, "auditor": 200, "stranger": 200, "bound admin": 200}
FOR_ALL = dict(LIST)
"""Not of any issuer."""
READ = LIST | {"stranger": 404, "bound admin": 404}
WRITE = {"admin": 200, "issuer": 200, "reviewer": 403, "auditor": 403, "stranger": 404, "bound admin": 404}
APPROVE = WRITE | {"reviewer": 200}
MAKE = WRITE | {"admin": 201, "issuer": 201}
MANAGE = {"admin": 200, "issuer": 403, "reviewer": 403, "auditor": 403, "stranger": 403, "bound admin": 403}
ACCEPT = WRITE | {"admin": 202, "issuer": 202}
EMPTY = {"admin": 422, "issuer": 422, "reviewer": 403, "auditor": 403, "stranger": 422, "bound admin": 422}
NOT_REACHED = WRITE | {"admin": 422, "issuer": 422}
PULL = {"kind": "canvas", "url": "https://localhost", "token": "x"}
RULE = {"field": "type", "op": "eq", "value": "x"}
RULES: dict[tuple[str, str], tuple[dict[str, int], Prepare]] = {
    ("GET", "/api/issuers"): (LIST, _of("/api/issuers")),
    ("POST", "/api/issuers"): (MANAGE | {"admin": 201}, _with("/api/issuers", lambda server, _: {"slug": server.fresh("i"), "name": "x"})),
    ("GET", "/api/issuers/{slug}"): (READ, _of("/api/issuers/{unit}")),
    ("PATCH", "/api/issuers/{slug}"): (WRITE, _of("/api/issuers/{unit}", {"colour": "#14578c"})),
    ("GET", "/api/achievements"): (LIST, _of("/api/achievements")),
    ("POST", "/api/achievements"): (MAKE, _with("/api/achievements", lambda server, _: server.draft())),
    ("GET", "/api/achievements/{slug}"): (READ, _of("/api/achievements/{achievement}")),
    ("GET", "/api/achievements/{slug}/roster.csv"): (READ, _of("/api/achievements/{achievement}/roster.csv")),
    ("GET", "/api/achievements/{slug}/completeness"): (READ, _of("/api/achievements/{achievement}/completeness")),
    ("GET", "/api/achievements/{slug}/versions"): (READ, _of("/api/achievements/{achievement}/versions")),
    ("GET", "/api/achievements/{slug}/changes"): (READ, _of("/api/achievements/{achievement}/changes")),
    ("GET", "/api/achievements/{slug}/impact"): (READ, _of("/api/achievements/{achievement}/impact")),
    ("GET", "/api/achievements/{slug}/standing"): (READ, _of("/api/achievements/{achievement}/standing")),
    ("POST", "/api/achievements/{slug}/retire"): (WRITE, _to_retire("retire")),
    ("POST", "/api/achievements/{slug}/reopen"): (WRITE, _to_retire("reopen")),
    ("GET", "/api/frameworks"): (FOR_ALL, _of("/api/frameworks")),
    ("PUT", "/api/achievements/{slug}"): (WRITE, _with("/api/achievements/{achievement}", lambda server, _: _definition(server))),
    ("POST", "/api/achievements/{slug}/publish"): (WRITE, _of("/api/achievements/{achievement}/publish", {})),
    ("GET", "/api/sources"): (LIST, _of("/api/sources")),
    ("POST", "/api/sources"): (MAKE, _with("/api/sources", _new_source)),
    ("GET", "/api/sources/{slug}"): (READ, _of("/api/sources/{source}")),
    ("PATCH", "/api/sources/{slug}"): (WRITE, _of("/api/sources/{source}", {"name": "y"})),
    ("GET", "/api/rules/{rule_id}"): (READ, _rule()),
    ("PATCH", "/api/rules/{rule_id}"): (WRITE, _rule("", {"state": "disabled"})),
    ("POST", "/api/rules/{rule_id}/backfill"): (WRITE, _rule("/backfill", {"dry_run": False})),
    ("POST", "/api/rules/preview"): (WRITE, _with("/api/rules/preview", lambda _, names: _new_rule(names))),
    ("GET", "/api/awards/{uuid}/approvals"): (READ, _to_approve("approvals")),
    ("POST", "/api/awards/{uuid}/approve"): (APPROVE, _to_approve("approve", {"note": "x"})),
    ("POST", "/api/awards/{uuid}/refuse"): (APPROVE, _to_approve("refuse", {"note": "x"})),
    ("GET", "/api/rules"): (LIST, _of("/api/rules")),
    ("POST", "/api/rules"): (MAKE, _with("/api/rules", lambda _, names: _new_rule(names))),
    ("GET", "/api/awards"): (LIST, _of("/api/awards")),
    ("POST", "/api/awards"): (
        MAKE,
        _with(
            "/api/awards",
            lambda server, names: {"achievement": names["achievement"], "learner": {"email": f"{server.fresh('learner')}@example.org"}},
        ),
    ),
    ("GET", "/api/awards/{uuid}"): (READ, _of("/api/awards/{award}")),
    ("POST", "/api/awards/{uuid}/retry"): (WRITE | {"admin": 409, "issuer": 409}, _waiting),
    ("POST", "/api/credentials/{uuid}/revoke"): (WRITE, _revocation),
    ("POST", "/api/batches"): (
        ACCEPT,
        _with("/api/batches", lambda _, names: {"achievement": names["achievement"], "rows": [{"learner": {"email": "no address"}}]}),
    ),
    ("POST", "/api/reconciliations"): (
        NOT_REACHED,
        _with(
            "/api/reconciliations",
            lambda _, names: {"course": "1", "pull": PULL} | {name: names[name] for name in ("source", "achievement")},
        ),
    ),
    ("GET", "/api/batches"): (LIST, _of("/api/batches")),
    ("GET", "/api/batches/{uuid}"): (READ, _batch("")),
    ("GET", "/api/batches/{uuid}/rows"): (READ, _batch("/rows")),
    ("GET", "/api/batches/{uuid}/rows.jsonl"): (READ, _batch("/rows.jsonl")),
    ("GET", "/api/batches/{uuid}/failed.csv"): (READ, _batch("/failed.csv")),
    ("GET", "/api/batches/{uuid}/results.csv"): (READ, _batch("/results.csv")),
    ("POST", "/api/batches/{uuid}/{change}"): (WRITE, _batch("/pause")),
    ("GET", "/api/reviews"): (LIST, _of("/api/reviews")),
    ("POST", "/api/reviews/{review_id}/resolve"): (WRITE, _reviewed),
    ("GET", "/api/messages"): (LIST, _of("/api/messages")),
    ("POST", "/api/messages"): (
        {role: 409 if status < 400 else status for role, status in MAKE.items()} | {"stranger": 409, "bound admin": 409},
        _with("/api/messages", lambda server, names: {"award": server.award(achievement=names["achievement"])["id"]}),
    ),
    ("GET", "/api/messages/{uuid}"): (READ, _message("")),
    ("POST", "/api/messages/{uuid}/resend"): (WRITE, _message("/resend")),
    ("POST", "/api/messages/{uuid}/bounced"): (WRITE, _message("/bounced")),
    ("GET", "/api/subscribers"): (LIST, _of("/api/subscribers")),
    ("POST", "/api/subscribers"): (MAKE, _with("/api/subscribers", _new_subscriber)),
    ("GET", "/api/subscribers/{slug}"): (READ, _subscriber("")),
    ("PATCH", "/api/subscribers/{slug}"): (WRITE, _subscriber("", {"state": "disabled"})),
    ("POST", "/api/subscribers/{slug}/secrets"): (MAKE, _subscriber("/secrets")),
    ("DELETE", "/api/subscribers/{slug}/secrets"): (WRITE, _subscriber("/secrets", twice=True)),
    ("POST", "/api/subscribers/{slug}/test"): (ACCEPT, _subscriber("/test")),
    ("GET", "/api/notices"): (LIST, _of("/api/notices")),
    ("POST", "/api/notices/{uuid}/resend"): (WRITE, _noticed),
    ("GET", "/api/identities"): (LIST, _of("/api/identities")),
    ("POST", "/api/identities"): (
        WRITE,
        _with("/api/identities", lambda server, names: {"source": names["source"], "source_id": server.fresh("id"), "sis_id": "x"}),
    ),
    ("POST", "/api/identities/table"): (
        WRITE | {"admin": 422, "issuer": 422, "stranger": 422, "bound admin": 422},
        _of("/api/identities/table"),
    ),
    ("GET", "/api/identities/questions"): (LIST, _of("/api/identities/questions")),
    ("POST", "/api/identities/questions/{question_id}/resolve"): (WRITE, _asked),
    ("GET", "/api/identities/changes"): (LIST, _of("/api/identities/changes")),
    ("GET", "/api/identities/{learner_id}"): (READ, lambda server, names: (f"/api/identities/{_learner(server, names)}", None)),
    ("POST", "/api/identities/{learner_id}/names"): (
        WRITE,
        lambda server, names: (f"/api/identities/{_learner(server, names)}/names", {"sis_id": server.fresh("sis")}),
    ),
    ("POST", "/api/identities/{learner_id}/merge"): (
        WRITE,
        lambda server, names: (f"/api/identities/{_learner(server, names)}/merge", {"into": _learner(server, names), "reason": "x"}),
    ),
    ("POST", "/api/identities/{learner_id}/split"): (WRITE | {"admin": 409, "issuer": 409}, _split),
    ("GET", "/api/revocations"): (LIST, _of("/api/revocations")),
    ("POST", "/api/revocations"): (
        ACCEPT,
        _with("/api/revocations", lambda _, names: {"achievement": names["achievement"], "learner": "nobody", "reason": "x"}),
    ),
    ("GET", "/api/revocations/{uuid}"): (READ, _revoked),
    ("GET", "/api/events"): (LIST, _of("/api/events")),
    ("GET", "/api/rejections"): (LIST, _of("/api/rejections")),
    ("GET", "/api/explain"): (
        READ,
        lambda server, names: (f"/api/explain?learner={_known(server, names)}&achievement={names['achievement']}", None),
    ),
    ("POST", "/api/deliveries/{delivery_id}/replay"): (WRITE, _replayed),
    ("GET", "/api/deliveries"): (LIST, _of("/api/deliveries")),
    ("GET", "/api/deliveries/{delivery_id}"): (READ, _delivered),
    ("POST", "/api/deliveries/{delivery_id}/retry"): (WRITE, _failed),
    ("GET", "/api/tokens"): (MANAGE, _of("/api/tokens")),
    ("POST", "/api/tokens"): (MANAGE | {"admin": 201}, _of("/api/tokens", {"name": "x", "role": "auditor"})),
    ("DELETE", "/api/tokens/{public_id}"): (
        MANAGE,
        lambda server, _: (f"/api/tokens/{server.make('tokens', {'name': 'x', 'role': 'auditor'})['id']}", None),
    ),
    ("GET", "/api/accounts"): (MANAGE, _of("/api/accounts")),
    ("POST", "/api/accounts"): (MANAGE | {"admin": 201}, _with("/api/accounts", lambda server, _: _new_account(server))),
    ("GET", "/api/accounts/{public_id}"): (MANAGE, _account()),
    ("PATCH", "/api/accounts/{public_id}"): (MANAGE, _account("", {"state": "disabled"})),
    ("DELETE", "/api/accounts/{public_id}/identities"): (MANAGE, _account("/identities")),
    ("POST", "/credentials/status"): (WRITE, _status),
    ("POST", "/credentials/issue"): (MAKE, _issuing("/credentials/issue")),
    ("POST", "/vc-api/{way}/credentials/issue"): (MAKE, _issuing("/vc-api/status-list/credentials/issue")),
}
"""Who may do what with something of the issuer `unit`. 409 is past the question of access."""
OPEN = {
    ("GET", "/"), ("GET", "/c/{uuid}"), ("GET", "/c/{uuid}.json"), ("GET", "/c/{uuid}/embed"), ("GET", "/c/{uuid}/code.svg"),
    ("GET", "/oembed"), ("GET", "/i/{issuer}/brand.css"), ("GET", "/status-lists/{uuid}"), ("GET", "/i/{issuer}"),
    ("GET", "/c/{uuid}.png"), ("GET", "/c/{uuid}.svg"), ("GET", "/c/{uuid}.pdf"), ("GET", "/c/{uuid}/card.png"),
    ("GET", "/a/{slug}/{version}/card.png"),
    ("GET", "/i/{issuer}/did.json"), ("GET", "/a/{slug}"), ("GET", "/a/{slug}/{version}"),
    ("GET", "/a/{slug}/{version}/image.svg"), ("GET", "/healthz"), ("GET", "/readyz"),
    ("GET", "/docs"), ("GET", "/verify"), ("POST", "/verify"), ("OPTIONS", "/verify"), ("POST", "/verify/code"),
    ("POST", "/credentials/verify"), ("POST", "/presentations/verify"),
    ("POST", "/hooks/{source}"), ("OPTIONS", "/hooks/{source}"), ("POST", "/hooks/{source}/statements"),
    ("PUT", "/hooks/{source}/statements"), ("GET", "/ns/microcredential/v1"), ("GET", "/ns/microcredential/v1/schema.json"),
    ("GET", "/catalogue"),
}  # fmt: skip
"""What anybody may ask for."""


def _routes() -> Iterator[tuple[str, str]]:
    """Yield method and path of everything that the application routes, in the description or not."""
    for router in web.ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute), "a route of another kind needs a rule of its own"
            yield from ((method, route.path) for method in route.methods or ())


def test_every_route_says_who_may_use_it() -> None:
    assert set(_routes()) == set(RULES) | OPEN


def test_the_description_names_the_routes_that_there_are() -> None:
    described = web.create(Settings()).openapi()["paths"]
    assert {(method.upper(), path) for path, methods in described.items() for method in methods} == set(_routes())


def test_every_route_of_the_api_is_described_as_needing_a_token() -> None:
    described = web.create(Settings()).openapi()["paths"]
    for method, path in RULES:
        operation = described[path][method.lower()]
        assert operation["security"] == [{"HTTPBearer": []}]
        assert {"401", "403", "404"} <= set(operation["responses"])
    assert not any("security" in described[path][method.lower()] for method, path in OPEN)


@pytest.fixture(scope="module")
def names(sqlite_server: Running) -> dict[str, str]:
    """Things of one issuer, by the names that the table uses."""
    unit, achievement = sqlite_server.unit(), sqlite_server.published()
    source = sqlite_server.source()["slug"]
    award = sqlite_server.award(achievement=achievement)
    return {"unit": unit, "achievement": achievement, "source": source, "award": award["id"]}


@pytest.fixture(scope="module")
def bearers(sqlite_server: Running, names: dict[str, str]) -> dict[str, dict[str, str]]:
    """Who asks → their header."""
    now, unit = sqlite_server.service.now(), names["unit"]
    other = sqlite_server.make("issuers", {"slug": sqlite_server.fresh("other"), "name": "Other"})["slug"]
    return {
        "admin": sqlite_server.bearer("admin"),
        "issuer": sqlite_server.bearer("issuer", issuer=unit),
        "reviewer": sqlite_server.bearer("reviewer"),
        "auditor": sqlite_server.bearer("auditor", issuer=unit),
        "stranger": sqlite_server.bearer("issuer", issuer=other),
        "bound admin": sqlite_server.bearer("admin", issuer=other),
        "nobody": {},
        "garbage": {"Authorization": "Bearer bi_aaaaaaaa_" + "a" * 43},
        "nonsense": {"Authorization": "Bearer é\x7f".encode("latin-1").decode("latin-1")},
        "revoked": sqlite_server.bearer("admin", revoked=True),
        "expired": sqlite_server.bearer("admin", expires_at=now - timedelta(seconds=1)),
    }


def ask(server: Running, route: tuple[str, str], request: Request, bearer: dict[str, str]) -> httpx.Response:
    path, body = request
    headers = {name.encode(): value.encode("latin-1") for name, value in bearer.items()}
    return server.stranger.request(route[0], path, json=body, headers=headers)


@pytest.mark.parametrize("route", RULES, ids=" ".join)
def test_who_is_nobody_gets_nothing(
    sqlite_server: Running, names: dict[str, str], bearers: dict[str, dict[str, str]], refused: Refused, route: tuple[str, str]
) -> None:
    request = RULES[route][1](sqlite_server, names)
    before = sqlite_server.rows()
    answers = [ask(sqlite_server, route, request, bearers[who]) for who in ("nobody", "garbage", "nonsense", "revoked", "expired")]
    found = [refused(answer, 401) for answer in answers]
    assert all(item == found[0] for item in found), "the answer does not say what is wrong with a token"
    assert sqlite_server.rows() == before


@pytest.mark.parametrize("who", ["stranger", "bound admin", "auditor", "reviewer", "issuer", "admin"])
@pytest.mark.parametrize("route", RULES, ids=" ".join)
def test_who_is_somebody_gets_what_their_role_and_issuer_allow(
    sqlite_server: Running, names: dict[str, str], bearers: dict[str, dict[str, str]], refused: Refused, route: tuple[str, str], who: str
) -> None:
    rule, prepare = RULES[route]
    request, before = prepare(sqlite_server, names), sqlite_server.rows()
    answer = ask(sqlite_server, route, request, bearers[who])
    assert answer.status_code == rule[who], answer.text
    if answer.status_code in {403, 404}:
        refused(answer, 403, 404)
        assert sqlite_server.rows() == before


@pytest.mark.parametrize("path", [path for (method, path), (rule, _) in RULES.items() if rule is LIST and method == "GET"])
def test_a_list_shows_nothing_of_another_issuer(
    sqlite_server: Running, names: dict[str, str], bearers: dict[str, dict[str, str]], path: str
) -> None:
    sqlite_server.make("rules", {"achievement": names["achievement"], "source": names["source"], "when": {"all": [RULE]}})
    for who in ("stranger", "bound admin"):
        found = sqlite_server.stranger.get(path, params={"limit": 200}, headers=bearers[who]).json()["items"]
        assert [item["slug"].partition("-")[0] for item in found] == (["other"] if path == "/api/issuers" else [])


@pytest.mark.parametrize("path", ["/api/awards", "/api/events"])
def test_a_source_of_another_issuer_cannot_be_asked_for(
    sqlite_server: Running, names: dict[str, str], bearers: dict[str, dict[str, str]], refused: Refused, path: str
) -> None:
    refused(sqlite_server.stranger.get(path, params={"source": names["source"]}, headers=bearers["stranger"]), 404)


def test_the_state_of_what_belongs_to_others_is_not_told(
    sqlite_server: Running, names: dict[str, str], bearers: dict[str, dict[str, str]], refused: Refused
) -> None:
    address, _ = _failed(sqlite_server, names)
    with sqlite_server.service.writing() as session:
        session.get_one(tables.Delivery, int(address.split("/")[3])).state = "processed"
    there = refused(sqlite_server.stranger.post(address, headers=bearers["stranger"]), 404)
    nowhere = refused(sqlite_server.stranger.post("/api/deliveries/999999999/retry", headers=bearers["stranger"]), 404)
    assert there["type"] == nowhere["type"]


def test_another_issuer_cannot_be_awarded_or_written_for(
    sqlite_server: Running, names: dict[str, str], bearers: dict[str, dict[str, str]], refused: Refused
) -> None:
    post, before = sqlite_server.stranger.post, sqlite_server.rows()
    refused(post("/api/achievements", json=sqlite_server.draft(issuer=names["unit"]), headers=bearers["stranger"]), 404)
    refused(post("/api/sources", json=_new_source(sqlite_server, names), headers=bearers["stranger"]), 404)
    assert sqlite_server.rows() == before
