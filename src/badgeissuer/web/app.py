"""The application: routes, middleware, the answers to what goes wrong, and the OpenAPI document."""

from __future__ import annotations

import importlib.metadata
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.routing import Route

from badgeissuer import sharing
from badgeissuer.net import fetch
from badgeissuer.net import provider as providers
from badgeissuer.settings import Settings, clock
from badgeissuer.store import engine
from badgeissuer.store.keyring import Keyring
from badgeissuer.web import badges, catalogue, downloads, headers, hooks, limits, problems, public, rates, vc_api, vc_api_issuing, verify
from badgeissuer.web.api import (
    accounts,
    achievements,
    approvals,
    awards,
    batches,
    deliveries,
    events,
    frameworks,
    identities,
    issuers,
    messages,
    reconciliations,
    reviews,
    revocations,
    rules,
    sources,
    subscribers,
    tokens,
    versions,
)
from badgeissuer.web.learner import addresses as learner_addresses
from badgeissuer.web.learner import badges as learner_badges
from badgeissuer.web.learner import claims, taking
from badgeissuer.web.learner import door as learner_door
from badgeissuer.web.service import Bell, Service
from badgeissuer.web.staff import achievements as staff_achievements
from badgeissuer.web.staff import approvals as staff_approvals
from badgeissuer.web.staff import connect, door, entrance, mailed, overview, recorder, rosters, units, writing
from badgeissuer.web.staff import deliveries as staff_deliveries
from badgeissuer.web.staff import identities as staff_identities
from badgeissuer.web.staff import reconciling as staff_reconciling

ROUTERS = (
    public.ROUTER,
    downloads.ROUTER,  # before the badges, whose addresses would take in the endings
    badges.ROUTER,
    catalogue.ROUTER,
    verify.ROUTER,
    vc_api.ROUTER,
    vc_api_issuing.ROUTER,
    hooks.ROUTER,
    issuers.ROUTER,
    achievements.ROUTER,
    frameworks.ROUTER,
    versions.ROUTER,
    sources.ROUTER,
    rules.ROUTER,
    awards.ROUTER,
    approvals.ROUTER,
    batches.ROUTER,
    reconciliations.ROUTER,
    revocations.ROUTER,
    reviews.ROUTER,
    messages.ROUTER,
    subscribers.ROUTER,
    events.ROUTER,
    deliveries.ROUTER,
    identities.ROUTER,
    tokens.ROUTER,
    accounts.ROUTER,
)
STAFF = (
    door.ROUTER,
    entrance.ROUTER,
    mailed.ROUTER,
    overview.ROUTER,
    recorder.ROUTER,
    staff_approvals.ROUTER,
    staff_deliveries.ROUTER,
    staff_identities.ROUTER,
    rosters.ROUTER,
    connect.ROUTER,
    staff_reconciling.ROUTER,
    staff_achievements.ROUTER,
    writing.ROUTER,
    units.ROUTER,
)
"""The pages for staff, which are no part of the API."""
LEARNERS = (claims.ROUTER, learner_badges.ROUTER, learner_addresses.ROUTER, taking.ROUTER)
"""The pages for learners, likewise."""
_HANDLERS = {
    door.SignInFirst: door.on_sign_in_first,
    door.SendAgain: door.on_send_again,
    learner_door.SignInFirst: learner_door.on_sign_in_first,
    sharing.Private: badges.on_private,
}
"""What becomes of what some pages raise."""
PATIENCE_SECONDS = 5
"""How long a request waits for the embedded database before it is answered 503: a waiting request holds a thread."""
DESCRIPTION = "Define and approve achievements, issue them as signed Open Badges 3.0 from LMS events, let anyone verify them."
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": {"type": "string"}, "pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}

Tell = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Beside:
    """A worker in the same process.

    Attributes:
        wake: Tells it that there is work.
        keyring: Where it has its keys: what is asked for here can be signed here.
    """

    wake: Callable[[], None] = lambda: None
    keyring: Keyring | None = None


def create(settings: Settings, *, beside: Callable[[Tell], AbstractContextManager[Beside]] | None = None) -> FastAPI:
    """Return the application.

    Args:
        settings: How it is set up.
        beside: Runs a worker while the application runs; it is given what to call when the worker has done something.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = engine.connect(settings.database, patience=PATIENCE_SECONDS)
        problems.hear_alarms()
        try:
            bell = Bell()
            with fetch.Fetcher(settings.limits, clock=clock) as fetcher, beside(bell.ring) if beside else nullcontext(Beside()) as inside:
                service = Service(settings, database, fetcher, settings.trusted(), settings.contexts(), inside.wake, keyring=inside.keyring)
                counter = rates.Counter(settings.rates) if settings.rates else None
                app.state.service = replace(service, bell=bell, provider=_provider(settings), counter=counter)
                yield
        finally:
            if running := getattr(app.state, "service", None):
                running.notes.end()
                if running.provider:
                    running.provider.close()
            database.dispose()

    app = FastAPI(
        title="badgeissuer",
        version=importlib.metadata.version("badgeissuer"),
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would lead wherever the Host header says
        exception_handlers={**problems.HANDLERS, **_HANDLERS},  # type: ignore[dict-item]  # Starlette types handlers by Exception alone
        separate_input_output_schemas=False,
    )
    app.add_middleware(limits.BodyLimit)
    app.add_middleware(headers.CommonHeaders)
    for router in (*ROUTERS, *STAFF, *LEARNERS):
        app.include_router(router)
    static = resources.files("badgeissuer.web").joinpath("static")
    app.mount("/static", StaticFiles(directory=Path(str(static))), name="static")
    routes = [route for router in (*ROUTERS, *STAFF, *LEARNERS) for route in router.routes]
    app.state.methods = [(route.path_regex, route.methods) for route in routes if isinstance(route, Route)]
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI documents this way of extending it
    return app


def from_environment() -> FastAPI:
    """Return the application as the environment sets it up, for server processes that import it by name."""
    return create(Settings())


def _openapi(app: FastAPI) -> dict[str, Any]:
    if not app.openapi_schema:
        schema = FastAPI.openapi(app)
        schema["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
        for path in schema["paths"].values():
            for operation in path.values():
                if "422" in operation["responses"]:
                    operation["responses"]["422"] = {"description": "The request breaks a rule; `errors` says which."} | {
                        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
                    }
        for unused in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(unused, None)
        app.openapi_schema = schema
    return app.openapi_schema


def openapi_yaml(settings: Settings) -> str:
    """Return the OpenAPI document as it stands in `openapi.yaml`."""
    text: str = yaml.safe_dump(create(settings).openapi(), sort_keys=False, allow_unicode=True, width=140)
    return text


def _provider(settings: Settings) -> providers.Provider | None:
    registered = settings.registration
    return providers.Provider(registered, clock=clock) if registered else None
