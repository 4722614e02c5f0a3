"""The description of the API: it stands in the repository, says what every route can answer, and is true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as conformance
from sqlalchemy import select

from badgeissuer.settings import Settings
from badgeissuer.store import tables
from badgeissuer.web import app as web

if TYPE_CHECKING:
    from tests.web.conftest import Running

DESCRIPTION: dict[str, Any] = web.create(Settings(base_url="http://localhost:8000")).openapi()
OPERATIONS = [(method, path) for path, methods in DESCRIPTION["paths"].items() for method in methods]
CHECKS = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_headers_conformance,
    conformance.response_schema_conformance,
    conformance.allow_header_conformance,
]
EXAMPLES = 6
PATIENT = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
    phases=[hypothesis.Phase.generate],
)


def test_the_description_in_the_repository_is_the_one_of_the_program() -> None:
    assert web.openapi_yaml(Settings(base_url="http://localhost:8000")) == (Path(__file__).parents[2] / "openapi.yaml").read_text("utf-8")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_says_what_it_is_and_what_goes_wrong(method: str, path: str) -> None:
    operation = DESCRIPTION["paths"][path][method]
    assert operation["summary"]
    assert operation["tags"]
    problems = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
    if path in {"/credentials/verify", "/presentations/verify"}:
        del problems["400"]  # a verdict, as VC-API has it
    for answer in problems.values():
        assert answer["description"]
        assert answer["content"] == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    expected = {"422"} if operation.get("parameters") else set()
    if path.startswith("/api/"):
        expected |= {"400", "401", "403", "404", "503"}
    if "requestBody" in operation:
        expected |= {"408", "413"}
    assert expected <= set(problems)


OF_ACHIEVEMENTS = ("completeness", "versions", "changes", "impact", "standing", "retire", "reopen")


def described(server: Running) -> Any:  # noqa: ANN401 - schemathesis says no more of it either
    return schemathesis.openapi.from_dict(server.app.openapi())


@pytest.fixture(scope="module")
def real(sqlite_server: Running) -> dict[str, dict[str, object]]:
    """Names of things that are there, by the names that paths give to them."""
    award, source, unit = sqlite_server.award(), sqlite_server.source(), sqlite_server.unit()
    badge = sqlite_server.stranger.get(award["credential"]["id"]).json()
    credential, status_list = (url.rpartition("/")[2] for url in (badge["id"], badge["credentialStatus"]["statusListCredential"]))
    token = sqlite_server.make("tokens", {"name": "x", "role": "auditor"})["id"]
    account = sqlite_server.make("accounts", {"email": "schema@example.org", "name": "x", "role": "auditor"})["id"]
    batch = sqlite_server.make("batches", {"achievement": award["achievement"], "rows": [{"learner": {}}]}, expect=202)["id"]
    revocation = sqlite_server.make("revocations", {"learner": "nobody", "reason": "x"}, expect=202)["id"]
    lms = {"slug": "lms", "issuer": unit, "url": "https://lms.example.edu/badges", "events": ["credential.issued"]}
    sqlite_server.make("subscribers", lms)
    notice = sqlite_server.make("subscribers/lms/test", None, expect=202)["id"]
    with sqlite_server.service.writing() as session:
        row = session.scalars(select(tables.Award).where(tables.Award.uuid == UUID(award["id"]))).one()
        message = tables.Message(issuer_id=row.issuer_id, award_id=row.id, created_at=sqlite_server.service.now(), state="sent")
        session.add(message)
    slugs = {"achievements": award["achievement"], "sources": source["slug"], "issuers": unit, "subscribers": "lms"}
    return {
        "/c/{uuid}": {"uuid": credential},
        **{f"/c/{{uuid}}{form}": {"uuid": credential} for form in (".json", ".png", ".svg", ".pdf", "/card.png", "/code.svg", "/embed")},
        "/status-lists/{uuid}": {"uuid": status_list},
        "/i/{issuer}": {"issuer": unit},
        "/i/{issuer}/did.json": {"issuer": unit},
        "/i/{issuer}/brand.css": {"issuer": unit},
        "/a/{slug}/{version}": {"slug": award["achievement"], "version": 1},
        **{f"/a/{{slug}}/{{version}}/{file}": {"slug": award["achievement"], "version": 1} for file in ("image.svg", "card.png")},
        "/a/{slug}": {"slug": award["achievement"]},
        "/hooks/{source}": {"source": source["hook_url"].rpartition("/")[2]},
        "/hooks/{source}/statements": {"source": source["hook_url"].rpartition("/")[2]},
        "/vc-api/{way}/credentials/issue": {"way": "vc-jwt"},
        "/api/achievements/{slug}/publish": {"slug": award["achievement"]},
        **{f"/api/achievements/{{slug}}/{what}": {"slug": award["achievement"]} for what in OF_ACHIEVEMENTS},
        "/api/achievements/{slug}/roster.csv": {"slug": award["achievement"]},
        "/api/awards/{uuid}": {"uuid": award["id"]},
        "/api/awards/{uuid}/retry": {"uuid": award["id"]},
        "/api/accounts/{public_id}": {"public_id": account},
        "/api/accounts/{public_id}/identities": {"public_id": account},
        "/api/batches/{uuid}": {"uuid": batch},
        "/api/batches/{uuid}/rows": {"uuid": batch},
        "/api/batches/{uuid}/rows.jsonl": {"uuid": batch},
        "/api/batches/{uuid}/failed.csv": {"uuid": batch},
        "/api/batches/{uuid}/results.csv": {"uuid": batch},
        "/api/batches/{uuid}/{change}": {"uuid": batch, "change": "pause"},
        "/api/messages/{uuid}": {"uuid": message.uuid},
        "/api/messages/{uuid}/resend": {"uuid": message.uuid},
        "/api/messages/{uuid}/bounced": {"uuid": message.uuid},
        "/api/subscribers/{slug}/secrets": {"slug": "lms"},
        "/api/subscribers/{slug}/test": {"slug": "lms"},
        "/api/notices/{uuid}/resend": {"uuid": notice},
        "/api/identities/questions/{question_id}/resolve": {"question_id": 1},
        **{f"/api/identities/{{learner_id}}{change}": {"learner_id": 1} for change in ("", "/names", "/merge", "/split")},
        "/api/reviews/{review_id}/resolve": {"review_id": 1},
        "/api/revocations/{uuid}": {"uuid": revocation},
        "/api/credentials/{uuid}/revoke": {"uuid": credential},
        "/api/deliveries/{delivery_id}": {"delivery_id": 1},
        "/api/deliveries/{delivery_id}/retry": {"delivery_id": 1},
        "/api/deliveries/{delivery_id}/replay": {"delivery_id": 1},
        "/api/tokens/{public_id}": {"public_id": token},
        "/api/rules/{rule_id}": {"rule_id": 1},
        "/api/rules/{rule_id}/backfill": {"rule_id": 1},
        **{f"/api/awards/{{uuid}}/{what}": {"uuid": award["id"]} for what in ("approvals", "approve", "refuse")},
        **{f"/api/{kind}/{{slug}}": {"slug": slug} for kind, slug in slugs.items()},
    }


def test_every_path_with_a_name_in_it_is_asked_for_something_real(real: dict[str, dict[str, object]]) -> None:
    assert set(real) == {path for _, path in OPERATIONS if "{" in path}


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_service_answers_as_described_whatever_it_is_asked(
    sqlite_server: Running, real: dict[str, dict[str, object]], method: str, path: str
) -> None:
    operation = described(sqlite_server)[path][method.upper()]
    has_input = "requestBody" in DESCRIPTION["paths"][path][method] or DESCRIPTION["paths"][path][method].get("parameters")
    modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE] if has_input else [GenerationMode.POSITIVE]
    cases = [operation.as_strategy(generation_mode=mode) for mode in modes]
    if path in real:
        cases.append(operation.as_strategy(path_parameters=real[path]))

    @PATIENT
    @hypothesis.given(case=strategies.one_of(cases))
    def ask(case: Any) -> None:  # noqa: ANN401 - as above
        case.call_and_validate(
            base_url=sqlite_server.base,
            headers={"Authorization": f"Bearer {sqlite_server.token}"},
            checks=CHECKS[path == "/readyz" :],
            timeout=30,
        )

    ask()
