"""Lists of completions from the REST interfaces of Canvas and Moodle, with a token that is given for this once and kept nowhere.

Addresses are reached as `net.post` reaches them: public ones only, resolved once, no redirect followed. A page after a page must be on the
same server, or its token would go to another.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import httpcore
import httpx

from badgeissuer import problem
from badgeissuer.awarding import completion
from badgeissuer.net import address, fetch, packing, pinned, post

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from badgeissuer.vc.document import JsonObject

KINDS = ("canvas", "moodle")
MAX_BYTES = 8 * 1024 * 1024
"""Of one page."""
MAX_PAGES = 1000
MAX_SECONDS = 300
"""For all of it."""
MAX_LEARNERS = 20_000
"""Of a course of Moodle, which is asked about one by one."""
_PER_PAGE = 100
_NEXT = re.compile(r'<([^>]*)>\s*;(?:[^,]*;)?\s*rel="?next"?', re.IGNORECASE)
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "badgeissuer"}
_OK, _UNAUTHORISED, _FORBIDDEN, _MISSING, _BUSY = 200, 401, 403, 404, 429


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list is.

    Attributes:
        kind: One of `KINDS`.
        url: The address of the platform: `https://canvas.example.edu`.
        course: The platform's own id of the course.
        token: What opens it.
    """

    kind: str
    url: str
    course: str
    token: str

    def __repr__(self) -> str:
        """Return what may be seen of it."""
        return f"Place({self.kind}, {self.url}, {self.course})"


class Lister:
    """Gets lists; made for one, and then closed.

    Args:
        reach: What may be reached.
        poster: Resolves names; one of its own where none is given.
    """

    def __init__(self, reach: post.Reach, *, poster: post.Poster | None = None) -> None:
        self._reach = reach
        self._poster = poster or post.Poster(reach)
        self._tls = httpx.create_ssl_context(trust_env=False)
        self._tls.set_alpn_protocols(["http/1.1"])
        self._until = time.monotonic() + MAX_SECONDS

    def close(self) -> None:
        """Let go of the threads."""
        self._poster.close()

    def completions(self, place: Place) -> list[completion.Completion]:
        """Return who completed a course.

        Raises:
            problem.Invalid: The platform does not give it: the address, the course or the token may be wrong. The detail says what it was.
        """
        if not re.fullmatch(r"[A-Za-z0-9_.:~-]{1,100}", place.course):
            raise problem.Invalid("The id of the course is none that such a platform has.")
        if not re.fullmatch(r"[!-~]{1,4096}", place.token):
            raise problem.Invalid("Give a token that opens the platform; there is none, or it holds what no token does.")
        return self._canvas(place) if place.kind == "canvas" else self._moodle(place)

    def _canvas(self, place: Place) -> list[completion.Completion]:
        base = f"{place.url.rstrip('/')}/api/v1/courses/{quote(place.course, safe=':')}"
        asked = [("enrollment_type[]", "student"), ("include[]", "email"), ("include[]", "enrollments"), ("per_page", _PER_PAGE)]
        users = list(self._pages(f"{base}/users?{urlencode(asked)}", place))
        progress = list(self._pages(f"{base}/bulk_user_progress?per_page={_PER_PAGE}", place))
        return completion.of_canvas(users, progress)

    def _pages(self, url: str, place: Place) -> Iterator[JsonObject]:
        """Yield the objects of all pages of a list, as their `Link` headers lead from one to the next."""
        own, following = urlsplit(place.url)[:2], url
        for _ in range(MAX_PAGES):
            page, headers = self._ask("GET", following, {"Authorization": f"Bearer {place.token}"})
            yield from _objects(page)
            match = _NEXT.search(headers.get("link", ""))
            if match is None:
                return
            following = match[1]
            if urlsplit(following)[:2] != own:
                raise problem.Invalid("The platform's list goes on at another server, where its token is not sent.")
        raise problem.Invalid(f"The platform's list has more than {MAX_PAGES} pages.")

    def _moodle(self, place: Place) -> list[completion.Completion]:
        users = _objects(self._call(place, "core_enrol_get_enrolled_users", {"courseid": place.course}))[:MAX_LEARNERS]
        found = []
        for number, user in enumerate(users, 1):
            about = {"courseid": place.course, "userid": str(user.get("id"))}
            status = self._call(
                place, "core_completion_get_course_completion_status", about, lets_pass=("cannotviewreport", "usernotenroled")
            )
            item = completion.of_moodle(number, user, status if isinstance(status, dict) else {})
            if item is not None:
                found.append(item)
        return found

    def _call(self, place: Place, function: str, values: Mapping[str, str], *, lets_pass: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - JSON
        """Return what a function of Moodle's web service answers; its errors come with the status 200."""
        body = urlencode({"wstoken": place.token, "wsfunction": function, "moodlewsrestformat": "json", **values}).encode()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        found, _ = self._ask("POST", f"{place.url.rstrip('/')}/webservice/rest/server.php", form, body)
        if isinstance(found, dict) and "exception" in found:
            if found.get("errorcode") in lets_pass:
                return {}
            raise problem.Invalid(_refused(str(found.get("errorcode")), function))
        return found

    def _ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None) -> tuple[Any, Mapping[str, str]]:
        target = address.read_url(url, ports=self._reach.ports, allow_private=self._reach.allow_private)
        if target is None:
            raise problem.Invalid(f"The platform was not reached: {fetch.NOT_FETCHED}.")
        until = min(self._until, time.monotonic() + self._reach.seconds)
        request = httpx.Request(method, target.url, headers={**_HEADERS, **headers}, content=content)
        try:
            budget = pinned.Budget(until, MAX_BYTES)
            backend = pinned.Backend(
                self._poster.addresses(target, until), self._tls, budget=budget, connect_seconds=self._reach.connect_seconds
            )
            with pinned.Transport(backend) as transport, closing(transport.handle_request(request)) as response:
                if response.status_code != _OK:
                    raise problem.Invalid(_status(response.status_code))
                body = packing.unpack(b"".join(response.iter_raw()), response.headers.get("content-encoding", ""), max_bytes=MAX_BYTES)
                return json.loads(body), {name.lower(): value for name, value in response.headers.items()}
        except (ValueError, RecursionError):
            raise problem.Invalid("The platform's answer is no JSON. Is the address that of the platform itself?") from None
        except post.NotReachedError as error:
            raise problem.Invalid(f"The platform was not reached: {error.reason}.") from None
        except TimeoutError:
            raise problem.Invalid(f"The platform was not reached: {fetch.NO_ANSWER}.") from None
        except (pinned.TooMuchError, packing.SwollenError, packing.UnknownError):
            raise problem.Invalid(f"The platform was not understood: {fetch.TOO_MUCH}.") from None
        except (OSError, httpcore.ProtocolError):
            raise problem.Invalid(f"The platform was not reached: {fetch.NO_CONNECTION}.") from None


def _objects(found: object) -> list[JsonObject]:
    if not isinstance(found, list):
        raise problem.Invalid("The platform's answer is no list. Is the address that of the platform itself?")
    return [item for item in found if isinstance(item, dict)]


def _status(status: int) -> str:
    match status:
        case 401 | 403:
            return f"The platform does not let that token see the course ({status})."
        case 404:
            return "The platform knows no such course, or not at that address (404)."
        case 429:
            return "The platform was asked too often; try again in some minutes (429)."
        case _:
            return f"The platform answered with {status}."


def _refused(code: str, function: str) -> str:
    told = {
        "invalidtoken": "Moodle does not know that token.",
        "accessexception": f"The token may not call {function}. Add it to the external service.",
        "nocriteriaset": "The course has no completion criteria, so that nobody can have completed it.",
        "invalidrecord": "Moodle knows no such course.",
    }
    name = code if re.fullmatch(r"[A-Za-z0-9_/]{1,60}", code) else "an error"
    return told.get(code, f"Moodle refuses {function}: {name}.")
