"""A Canvas and a Moodle on loopback that answer as their public documentation says that they do; of our own values."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "7~made-up-for-the-tests"
DONE = {"requirement_count": 2, "requirement_completed_count": 2, "next_requirement_url": None, "completed_at": "2026-05-20T12:00:00Z"}
OPEN = DONE | {"requirement_completed_count": 1, "completed_at": None}
USERS = [
    {"id": number, "name": f"Learner {number}", "sis_user_id": f"00{number}", "login_id": f"l{number}", "email": f"l{number}@example.org",
     "enrollments": [{"type": "StudentEnrollment", "grades": {"final_score": 80.5 + number, "final_grade": "B"}}]}
    for number in range(1, 6)
]  # fmt: skip
PROGRESS = [{"id": user["id"], "display_name": user["name"], "progress": OPEN if user["id"] == 3 else DONE} for user in USERS]
ENROLLED = [{"id": number, "idnumber": "", "fullname": f"Learner {number}", "email": f"m{number}@example.org"} for number in range(11, 14)]


@dataclass(slots=True)
class Platform:
    """A platform that runs.

    Attributes:
        url: Where it is.
        asked: Method and path of every request.
        instead: Path → status, headers and body that are answered instead of what is right.
    """

    url: str = ""
    asked: list[str] = field(default_factory=list)
    instead: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)

    def canvas(self, path: str, query: dict[str, list[str]], headers: Any) -> tuple[int, dict[str, str], bytes]:  # noqa: ANN401 - of http.server
        """Answer as Canvas does: pages of two, led on by `Link`."""
        if headers["Authorization"] != f"Bearer {TOKEN}":
            return 401, {}, b'{"errors":[{"message":"Invalid access token."}]}'
        rows = {"/api/v1/courses/565/users": USERS, "/api/v1/courses/565/bulk_user_progress": PROGRESS}.get(path)
        if rows is None:
            return 404, {}, b'{"errors":[{"message":"The specified resource does not exist."}]}'
        page = int(query.get("page", ["1"])[0])
        links = [f'<{self.url}{path}?page={page}&per_page=2>; rel="current"', f'<{self.url}{path}?page=1&per_page=2>; rel="first"']
        if page * 2 < len(rows):
            links.insert(1, f'<{self.url}{path}?page={page + 1}&per_page=2>; rel="next"')
        return 200, {"Link": ",".join(links)}, json.dumps(rows[page * 2 - 2 : page * 2]).encode()

    def moodle(self, form: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        """Answer as Moodle does: errors come with the status 200."""

        def wrong(code: str) -> tuple[int, dict[str, str], bytes]:
            return 200, {}, json.dumps({"exception": "moodle_exception", "errorcode": code, "message": "…"}).encode()

        values = {name: value[0] for name, value in form.items()}
        if values.get("wstoken") != TOKEN:
            return wrong("invalidtoken")
        if values.get("courseid") != "77":
            return wrong("invalidrecord")
        if values["wsfunction"] == "core_enrol_get_enrolled_users":
            return 200, {}, json.dumps(ENROLLED).encode()
        user = int(values["userid"])
        if user == 13:
            return wrong("cannotviewreport")
        criteria = [{"type": 4, "title": "Activity completion", "status": "Yes", "complete": user == 11, "timecompleted": 1779278400}]
        return (
            200,
            {},
            json.dumps({"completionstatus": {"completed": user == 11, "aggregation": 1, "completions": criteria}, "warnings": []}).encode(),
        )


@contextlib.contextmanager
def platform() -> Iterator[Platform]:
    """Run a platform."""
    here = Platform()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._say(parts.path, here.canvas(parts.path, parse_qs(parts.query), self.headers))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._say(self.path, here.moodle(parse_qs(body)))

        def _say(self, path: str, answer: tuple[int, dict[str, str], bytes]) -> None:
            here.asked.append(f"{self.command} {self.path}")
            status, headers, body = here.instead.get(path, answer)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here.url = f"http://127.0.0.1:{server.server_port}"
        yield here
        server.shutdown()
