"""The one place that gives problems their HTTP status, and answers with them (RFC 9457)."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from badgeissuer import problem
from badgeissuer.vc import alarm
from badgeissuer.web import negotiation, pages

LOG = logging.getLogger("badgeissuer.web")
MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[problem.Problem], int] = {
    problem.Malformed: 400,
    problem.Unauthenticated: 401,
    problem.Forbidden: 403,
    problem.NotFound: 404,
    problem.Conflict: 409,
    problem.Outdated: 412,
    problem.TooLarge: 413,
    problem.Invalid: 422,
    problem.TooMany: 429,
    problem.Fault: 500,
    problem.Unavailable: 503,
}


_NOT_ALLOWED = 405
_TITLES = {
    400: "The request cannot be read",
    404: "Not found",
    405: "This method is not allowed here",
    408: "Too slow",
    415: "This media type is not taken here",
}
_DETAILS = {404: "There is nothing at this address.", 405: "The header Allow says which methods are."}
"""Instead of the bare words of Starlette."""


def hear_alarms() -> None:
    """Have the alarm of this process logged as an error, where nobody hears it yet."""
    if alarm.ALARM.tell is None:
        alarm.ALARM.tell = lambda reason: LOG.error("remembered templates and rule outcomes are used no more: %s", reason)


class HttpProblem(HTTPException):
    """A problem on its way through code that lets only HTTP exceptions pass."""

    def __init__(self, fault: problem.Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(status_of(fault), fault.detail, headers)
        self.problem = fault


def status_of(fault: problem.Problem) -> int:
    """Return the HTTP status of a problem: that of the nearest class in the table."""
    return next(STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS)


def response(request: Request, content: dict[str, Any], status: int, *, headers: dict[str, str] | None = None) -> Response:
    """Return a problem document, as a page where a person asks."""
    sent = {"Cache-Control": "no-store", "Vary": "Accept", "X-Content-Type-Options": "nosniff", **(headers or {})}
    if negotiation.wants_page(request.headers.get("accept", "")):
        page = pages.problem_page({"status": status} | content, status=status)
        return HTMLResponse(page, status, headers={"Content-Security-Policy": pages.CONTENT_SECURITY_POLICY, **sent})
    return JSONResponse({"status": status} | content, status, media_type=MEDIA_TYPE, headers=sent)


async def on_problem(request: Request, fault: Exception) -> Response:
    """Answer with a problem of ours."""
    found = fault.problem if isinstance(fault, HttpProblem) else fault
    if not isinstance(found, problem.Problem):
        raise TypeError("not a problem") from fault
    status, headers = status_of(found), dict(getattr(fault, "headers", None) or {})
    if isinstance(found, problem.Unavailable | problem.TooMany):
        headers["Retry-After"] = str(found.retry_after)
    if isinstance(found, problem.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(found, problem.Fault):
        LOG.error("fault: %s", found.detail)
    return response(request, found.to_json(), status, headers=headers)


async def on_http_exception(request: Request, fault: Exception) -> Response:
    """Answer with what Starlette or FastAPI found, such as a path that is not there."""
    if isinstance(fault, HttpProblem):
        return await on_problem(request, fault)
    if not isinstance(fault, StarletteHTTPException):
        raise TypeError("not an HTTP exception") from fault
    title = _TITLES.get(fault.status_code, "The request cannot be answered")
    detail = _DETAILS.get(fault.status_code, str(fault.detail))
    content = {"type": "about:blank", "title": title, "detail": detail}
    headers = dict(fault.headers or {}) | ({"Allow": _allowed(request)} if fault.status_code == _NOT_ALLOWED else {})
    return response(request, content, fault.status_code, headers=headers)


def _allowed(request: Request) -> str:
    """Return the methods of all routes at this address (RFC 9110 section 10.2.1): the framework knows those of the first one only."""
    found = {method for regex, methods in request.app.state.methods if regex.match(request.scope["path"]) for method in methods}
    return ", ".join(sorted((found or {"GET"}) | ({"HEAD"} if not found or "GET" in found else set())))


async def on_departure(_request: Request, _fault: Exception) -> Response:
    """Answer to a client that went away before its body was complete: nobody hears it."""
    return Response(status_code=400)


async def on_invalid_request(request: Request, fault: Exception) -> Response:
    """Answer with what of a request does not fit its description; the values themselves, which may be secrets, are not repeated."""
    if not isinstance(fault, RequestValidationError):
        raise TypeError("not a validation error") from fault
    if isinstance(fault.body, bytes):  # so FastAPI hands on a body that Content-Type does not call JSON
        return await on_http_exception(request, StarletteHTTPException(415, "Send the body as application/json."))
    findings = tuple(_finding(error) for error in fault.errors())
    return response(request, problem.Invalid.of(findings).to_json(), STATUS[problem.Invalid])


def _finding(error: dict[str, Any]) -> problem.Finding:
    where, *path = error["loc"]
    reason = error["msg"].removeprefix("Value error, ")
    name = ".".join(str(part) for part in path) or str(where)
    detail = f"{name} is missing." if error["type"] == "missing" else f"{name}: {reason[:1].lower()}{reason[1:]}."
    return problem.Finding(detail.replace("..", "."), "/" + "/".join(str(part) for part in path) if where == "body" and path else "")


async def on_database_failure(request: Request, fault: Exception) -> Response:
    """Answer that the database does not, without showing what was asked of it."""
    LOG.error("the database failed: %s", type(getattr(fault, "orig", fault)).__name__)
    return await on_problem(request, problem.Unavailable("The database does not answer. Try again in a moment."))


async def on_unstorable(request: Request, _fault: Exception) -> Response:
    """Answer to a value that the database has no room for."""
    return await on_problem(request, problem.Malformed("The request holds a text or a number that cannot be stored."))


async def on_crash(request: Request, fault: Exception) -> Response:
    """Answer to what nobody expected; the log says what it was."""
    LOG.error("unexpected %s", type(fault).__name__, exc_info=fault)
    return response(request, problem.Fault("Something went wrong here. The log of the service says more.").to_json(), 500)


HANDLERS = {
    problem.Problem: on_problem,
    StarletteHTTPException: on_http_exception,
    RequestValidationError: on_invalid_request,
    ClientDisconnect: on_departure,
    DataError: on_unstorable,
    OperationalError: on_database_failure,
    InterfaceError: on_database_failure,
    PoolTimeoutError: on_database_failure,
    Exception: on_crash,
}
"""Exception → handler, for the application."""
