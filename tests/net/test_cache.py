"""What was had is had again without asking for as long as its server allows, and not a second longer."""

from __future__ import annotations

import threading
import time
from concurrent import futures
from typing import TYPE_CHECKING

import pytest

from badgeissuer import problem
from badgeissuer.net import cache, freshness
from badgeissuer.vc import verification

if TYPE_CHECKING:
    import socket

    from tests.net.conftest import Answer, Fetching, Site, World

HOST = "badges.example.com"
URL = f"https://{HOST}/"
OK = b"HTTP/1.1 200 OK\r\n"
MODIFIED = "Sun, 01 Mar 2026 11:00:00 GMT"


def body(found: verification.Resource | verification.Unreachable) -> bytes:
    assert isinstance(found, verification.Resource), found
    return found.body


def reason(found: verification.Resource | verification.Unreachable) -> str:
    assert isinstance(found, verification.Unreachable), found
    return found.reason


def asked_with(site: Site, number: int) -> dict[str, str]:
    """Return the conditions under which a server was asked."""
    lines = (line.partition(": ") for line in site.heads[number].split("\r\n"))
    return {name: value for name, _, value in lines if name.lower().startswith("if-")}


# For how long


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), 300),
        (("Cache-Control: max-age=60",), 60),
        (("Cache-Control: max-age=60", "Age: 20"), 40),
        (("Cache-Control: s-maxage=30", "Cache-Control: max-age=60"), 30),
        (("Cache-Control: max-age=31536000",), 3600),
        (("Expires: Sun, 01 Mar 2026 12:00:50 GMT",), 50),
        (("Vary: Accept-Encoding",), 300),
    ],
)
def test_a_document_is_asked_for_again_when_its_time_is_over(
    headers: tuple[str, ...], seconds: int, fetcher: Fetching, site: Site, world: World
) -> None:
    site.says("/", b"1", headers=headers)
    fetching, began = fetcher(), world.now
    assert fetching.fetch(URL) == verification.Resource(URL, b"1", began)
    site.says("/", b"2", headers=headers)
    world.wait(seconds - 0.1)
    assert fetching.fetch(URL) == verification.Resource(URL, b"1", began)
    world.wait(0.2)
    assert fetching.fetch(URL) == verification.Resource(URL, b"2", world.now)
    assert len(site.heads) == 2


@pytest.mark.parametrize(
    "header",
    [
        "Cache-Control: no-store", "Cache-Control: private, max-age=60", "Cache-Control: max-age=0", "Cache-Control: no-cache",
        "Cache-Control: max-age=60 60", "Vary: *", "Vary: Cookie", "Expires: 0", "Age: 300", "Date: Sun, 01 Mar 2026 11:00:00 GMT",
    ],
)  # fmt: skip
def test_what_may_not_be_used_again_is_asked_for_each_time(header: str, fetcher: Fetching, site: Site) -> None:
    fetching = fetcher()
    for number in (b"1", b"2", b"3"):
        site.says("/", number, headers=(header,))
        assert body(fetching.fetch(URL)) == number
    assert [asked_with(site, number) for number in range(3)] == [{}] * 3


def test_the_time_that_an_answer_takes_is_part_of_its_age(fetcher: Fetching, site: Site, world: World) -> None:
    def slow(connection: socket.socket) -> None:
        world.wait(40)
        connection.sendall(OK + b"Cache-Control: max-age=60\r\nContent-Length: 1\r\n\r\n1")

    site.answers["/"] = slow
    fetching = fetcher()
    fetching.fetch(URL)
    world.wait(19)
    fetching.fetch(URL)
    assert len(site.heads) == 1
    world.wait(2)
    fetching.fetch(URL)
    assert len(site.heads) == 2


def test_one_document_has_many_spellings_of_its_address(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/x")
    fetching = fetcher()
    for url in (f"{URL}x", f"https://{HOST.upper()}:443/x#part", f"HTTPS://{HOST}/x"):
        assert fetching.fetch(url) == verification.Resource(url, b"{}", world.now)
    assert len(site.heads) == 1


def test_another_path_or_query_is_another_document(fetcher: Fetching, site: Site) -> None:
    fetching = fetcher()
    for path in ("/x", "/X", "/x?", "/x?a", "/x/", "/%78"):
        site.says(path, path.encode())
        assert body(fetching.fetch(URL[:-1] + path)) == path.encode()


def test_what_must_be_fresh_is_asked_for_and_then_kept(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/", b"1")
    fetching = fetcher()
    fetching.fetch(URL)
    site.says("/", b"2")
    world.wait(1)
    assert body(fetching.fetch(URL)) == b"1"
    assert fetching.fetch(URL, fresh=True) == verification.Resource(URL, b"2", world.now)
    assert body(fetching.fetch(URL)) == b"2"
    assert len(site.heads) == 2


def test_a_document_goes_when_its_server_wants_it_kept_no_more(fetcher: Fetching, site: Site) -> None:
    site.says("/", b"1")
    fetching = fetcher()
    fetching.fetch(URL)
    site.says("/", b"2", headers=("Cache-Control: no-store",))
    fetching.fetch(URL, fresh=True)
    site.says("/", b"3")
    assert body(fetching.fetch(URL)) == b"3"


def test_a_refused_address_is_refused_whatever_is_kept(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/")
    fetching = fetcher()
    fetching.fetch(URL)
    world.names[HOST] = [["127.0.0.1"]]
    assert body(fetching.fetch(URL)) == b"{}"  # had from where it was allowed
    world.wait(301)
    assert reason(fetching.fetch(URL)) == "the address is not one this service fetches from"
    assert len(world.connected) == 1


# Asking whether it has changed


@pytest.mark.parametrize(
    ("headers", "conditions"),
    [
        (('ETag: "1"',), {"If-None-Match": '"1"'}),
        (('ETag: W/"1"',), {"If-None-Match": 'W/"1"'}),
        ((f"Last-Modified: {MODIFIED}",), {"If-Modified-Since": MODIFIED}),
        (('ETag: "1"', f"Last-Modified: {MODIFIED}"), {"If-None-Match": '"1"', "If-Modified-Since": MODIFIED}),
    ],
)
@pytest.mark.parametrize("control", ["max-age=60", "no-cache", "max-age=0, must-revalidate"])
def test_a_document_that_has_not_changed_is_not_sent_again(
    headers: tuple[str, ...], conditions: dict[str, str], control: str, fetcher: Fetching, site: Site, world: World
) -> None:
    site.says("/", b"1", headers=(*headers, f"Cache-Control: {control}"))
    fetching = fetcher()
    fetching.fetch(URL)
    world.wait(61)
    site.says("/", b"", status="304 Not Modified", headers=("Cache-Control: max-age=10",))
    confirmed = verification.Resource(URL, b"1", world.now)
    assert fetching.fetch(URL) == confirmed
    assert [asked_with(site, number) for number in range(2)] == [{}, conditions]
    world.wait(9)
    assert fetching.fetch(URL) == confirmed
    world.wait(2)
    assert fetching.fetch(URL) == verification.Resource(URL, b"1", world.now)
    assert [asked_with(site, number) for number in range(3)] == [{}, conditions, conditions]


def test_a_confirmation_that_says_nothing_of_time_leaves_the_old_rule(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/", b"1", headers=('ETag: "1"', "Cache-Control: max-age=60", "Age: 30"))
    fetching = fetcher()
    fetching.fetch(URL)
    site.says("/", b"", status="304 Not Modified", headers=('ETag: W/"1"',))
    world.wait(31)
    fetching.fetch(URL)
    world.wait(59)  # the age was that of the first answer
    fetching.fetch(URL)
    assert len(site.heads) == 2
    world.wait(2)
    fetching.fetch(URL)
    assert asked_with(site, 2) == {"If-None-Match": 'W/"1"'}


def test_a_document_that_has_changed_takes_the_place_of_the_old_one(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/", b"1", headers=('ETag: "1"', "Cache-Control: no-cache"))
    fetching = fetcher()
    fetching.fetch(URL)
    site.says("/", b"2", headers=('ETag: "2"', "Cache-Control: no-cache"))
    assert body(fetching.fetch(URL)) == b"2"
    assert body(fetching.fetch(URL)) == b"2"
    assert [asked_with(site, number).get("If-None-Match") for number in range(3)] == [None, '"1"', '"2"']
    assert fetching.fetch(URL) == verification.Resource(URL, b"2", world.now)


def test_a_confirmation_of_another_document_confirms_nothing(fetcher: Fetching, site: Site) -> None:
    site.says("/", b"1", headers=('ETag: "1"', "Cache-Control: no-cache"))
    fetching = fetcher()
    fetching.fetch(URL)

    def answer(connection: socket.socket) -> None:
        site.says("/", b"2")
        connection.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: "2"\r\n\r\n')

    site.answers["/"] = answer
    assert body(fetching.fetch(URL)) == b"2"
    assert [asked_with(site, number) for number in range(3)] == [{}, {"If-None-Match": '"1"'}, {}]


def test_a_confirmation_that_nobody_asked_for_is_an_error(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/", b"1", headers=("Cache-Control: max-age=9",))
    fetching = fetcher()
    fetching.fetch(URL)
    world.wait(10)
    site.says("/", b"", status="304 Not Modified", headers=('ETag: "1"',))
    assert reason(fetching.fetch(URL)) == "it answered with an error (3xx)"


def test_a_confirmation_may_forbid_to_keep_the_document_any_longer(fetcher: Fetching, site: Site) -> None:
    site.says("/", b"1", headers=('ETag: "1"', "Cache-Control: no-cache"))
    fetching = fetcher()
    fetching.fetch(URL)
    site.says("/", b"", status="304 Not Modified", headers=("Cache-Control: no-store",))
    assert body(fetching.fetch(URL)) == b"1"
    site.says("/", b"2")
    assert body(fetching.fetch(URL)) == b"2"
    assert asked_with(site, 2) == {}


@pytest.mark.parametrize("tag", ["1", '"\u00e4"', '"a b"', '"1", "2"', '"' + "x" * 300 + '"'])
def test_a_mark_that_cannot_go_back_as_it_came_does_not_go_back(tag: str, fetcher: Fetching, site: Site) -> None:
    site.says("/", headers=(f"ETag: {tag}", "Cache-Control: no-cache"))
    fetching = fetcher()
    assert [body(fetching.fetch(URL)) for _ in range(2)] == [b"{}"] * 2
    assert asked_with(site, 1) == {}


# Redirects


@pytest.mark.parametrize(
    ("status", "first", "last", "seconds"),
    [
        ("301 x", "", "", 300),
        ("308 x", "Cache-Control: max-age=20", "Cache-Control: max-age=60", 20),
        ("302 x", "Cache-Control: max-age=60", "Cache-Control: max-age=20", 20),
        ("302 x", "", "Cache-Control: max-age=60", 0),
        ("303 x", "", "", 0),
        ("307 x", "", "", 0),
        ("301 x", "Cache-Control: no-store", "", 0),
        ("301 x", "Cache-Control: private", "", 0),
        ("301 x", "Vary: *", "", 0),
        ("301 x", "Cache-Control: no-cache", 'ETag: "1"', 0),
        ("301 x", "", "Cache-Control: no-store", 0),
    ],
)
def test_what_redirects_lead_to_is_fresh_as_long_as_each_of_them(
    status: str, first: str, last: str, seconds: int, fetcher: Fetching, site: Site, world: World
) -> None:
    site.says("/", b"", status=status, headers=("Location: /there", *filter(None, [first])))
    site.says("/there", b"1", headers=tuple(filter(None, [last])))
    fetching, began = fetcher(), world.now
    fetching.fetch(URL)
    if seconds:
        world.wait(seconds - 1)
        assert fetching.fetch(URL) == verification.Resource(URL, b"1", began)
        assert len(site.heads) == 2
        world.wait(2)
    site.says("/there", b"2", headers=tuple(filter(None, [last])))
    assert fetching.fetch(URL) == verification.Resource(URL, b"2", world.now)
    assert [asked_with(site, number) for number in range(4)] == [{}] * 4


def test_a_redirect_keeps_nothing_for_the_address_it_leads_to(fetcher: Fetching, site: Site) -> None:
    site.moves("/", "/there", status="301 x")
    site.says("/there", b"1")
    fetching = fetcher()
    assert body(fetching.fetch(URL)) == b"1"
    site.says("/there", b"2")
    assert body(fetching.fetch(f"{URL}there")) == b"2"
    assert body(fetching.fetch(URL)) == b"1"


def test_a_document_that_has_moved_since_is_found_where_it_is(fetcher: Fetching, site: Site) -> None:
    site.says("/", b"1", headers=('ETag: "1"', "Cache-Control: no-cache"))
    fetching = fetcher()
    fetching.fetch(URL)
    site.moves("/", "/there")
    site.says("/there", b"2")
    assert body(fetching.fetch(URL)) == b"2"
    assert [asked_with(site, number) for number in range(3)] == [{}, {"If-None-Match": '"1"'}, {}]


# Failures


def test_a_failure_stands_for_half_a_minute(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/", status="500 x")
    fetching = fetcher()
    first = fetching.fetch(URL)
    site.says("/")
    world.wait(29.9)
    assert fetching.fetch(URL) == first == verification.Unreachable(URL, "it answered with an error (5xx)")
    assert len(site.heads) == 1
    world.wait(0.2)
    assert body(fetching.fetch(URL)) == b"{}"


def test_a_failure_is_forgotten_once_the_document_was_had(fetcher: Fetching, site: Site) -> None:
    site.says("/", status="500 x")
    fetching = fetcher()
    fetching.fetch(URL)
    site.says("/", headers=("Cache-Control: no-store",))
    assert body(fetching.fetch(URL, fresh=True)) == b"{}"
    assert body(fetching.fetch(URL)) == b"{}"
    assert len(site.heads) == 3


def test_a_failure_does_not_push_a_fresh_document_aside_but_a_stale_one(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/", b"1", headers=("Cache-Control: max-age=9",))
    fetching = fetcher()
    fetching.fetch(URL)
    site.says("/", status="500 x")
    assert reason(fetching.fetch(URL, fresh=True)) == "it answered with an error (5xx)"
    assert body(fetching.fetch(URL)) == b"1"
    world.wait(10)
    assert reason(fetching.fetch(URL)) == "it answered with an error (5xx)"
    assert len(site.heads) == 2


def test_a_name_that_is_unknown_or_leads_home_is_not_looked_up_again_at_once(fetcher: Fetching, world: World) -> None:
    world.names["inside.example.org"] = [["10.0.0.1"]]
    fetching = fetcher()
    for _ in range(3):
        assert reason(fetching.fetch("https://inside.example.org/")) == "the address is not one this service fetches from"
        assert reason(fetching.fetch("https://unknown.example.org/")) == "no such host"
    assert world.asked == ["inside.example.org", "unknown.example.org"]


def test_that_this_service_had_no_time_left_is_not_said_twice(fetcher: Fetching, site: Site, world: World) -> None:
    fetching = fetcher(fetch_seconds=0)
    reason(fetching.fetch(URL))
    assert fetching._cache.look(f"https://{HOST}:443/", world.ticks) is None
    assert not site.heads


def test_that_this_service_was_full_is_not_said_twice(fetcher: Fetching, site: Site, world: World) -> None:
    go, begun = threading.Event(), threading.Event()
    site.answers["/slow"] = held(go, begun)
    site.says("/")
    fetching = fetcher(at_once=1)
    with futures.ThreadPoolExecutor() as together:
        slow = together.submit(fetching.fetch, f"{URL}slow")
        assert begun.wait(5)
        with pytest.raises(problem.Unavailable):
            fetching.fetch(URL)
        go.set()
        slow.result()
    assert fetching.fetch(URL) == verification.Resource(URL, b"{}", world.now)


# Many at once


def held(go: threading.Event, begun: threading.Event, *headers: bytes) -> Answer:
    """Return an answer that waits until it may go."""

    def answer(connection: socket.socket) -> None:
        begun.set()
        go.wait(5)
        connection.sendall(OK + b"".join(header + b"\r\n" for header in headers) + b"Content-Length: 2\r\n\r\n{}")

    return answer


def silent(connection: socket.socket) -> None:
    """Say nothing until the other side goes."""
    connection.recv(1)


def test_those_who_ask_for_the_same_at_once_ask_once(fetcher: Fetching, site: Site) -> None:
    go, begun = threading.Event(), threading.Event()
    site.answers["/"] = held(go, begun)
    fetching = fetcher()
    with futures.ThreadPoolExecutor(12) as together:
        first = together.submit(fetching.fetch, URL)
        assert begun.wait(5)
        rest = [together.submit(fetching.fetch, URL) for _ in range(11)]
        time.sleep(0.2)
        go.set()
        assert {body(future.result()) for future in (first, *rest)} == {b"{}"}
    assert len(site.heads) == 1


def test_those_who_ask_for_the_same_at_once_fail_once(fetcher: Fetching, site: Site) -> None:
    go, begun = threading.Event(), threading.Event()

    def answer(connection: socket.socket) -> None:
        begun.set()
        go.wait(5)
        connection.sendall(b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n")

    site.answers["/"] = answer
    fetching = fetcher()
    with futures.ThreadPoolExecutor(8) as together:
        asking = [together.submit(fetching.fetch, URL) for _ in range(8)]
        assert begun.wait(5)
        time.sleep(0.2)
        go.set()
        assert {reason(future.result()) for future in asking} == {"it answered with an error (5xx)"}
    assert len(site.heads) == 1


def test_what_must_not_be_kept_is_not_shared_either(fetcher: Fetching, site: Site) -> None:
    go, begun = threading.Event(), threading.Event()
    site.answers["/"] = held(go, begun, b"Cache-Control: no-store")
    fetching = fetcher()
    with futures.ThreadPoolExecutor(4) as together:
        asking = [together.submit(fetching.fetch, URL) for _ in range(4)]
        assert begun.wait(5)
        time.sleep(0.2)
        go.set()
        assert [body(future.result()) for future in asking] == [b"{}"] * 4
    assert len(site.heads) == 4


def test_who_must_have_it_fresh_waits_for_nobody(fetcher: Fetching, site: Site) -> None:
    go, begun = threading.Event(), threading.Event()
    site.answers["/"] = held(go, begun)
    fetching = fetcher()
    with futures.ThreadPoolExecutor() as together:
        slow = together.submit(fetching.fetch, URL)
        assert begun.wait(5)
        site.says("/", b"[]")
        assert body(fetching.fetch(URL, fresh=True)) == b"[]"
        assert not slow.done()
        go.set()
        assert body(slow.result()) == b"{}"


def test_who_waits_for_a_slow_server_waits_no_longer_than_for_its_own(fetcher: Fetching, site: Site) -> None:
    site.answers["/"] = silent
    fetching = fetcher(url_seconds=0.5, fetch_seconds=0.5)
    began = time.monotonic()
    with futures.ThreadPoolExecutor(16) as together:
        found = [future.result() for future in [together.submit(fetching.fetch, URL) for _ in range(16)]]
    assert {reason(item) for item in found} == {"no answer in time"}
    assert time.monotonic() - began < 1.5
    assert len(site.heads) <= 2


def test_who_has_waited_too_long_to_ask_does_not_call_the_url_unreachable(fetcher: Fetching, site: Site, world: World) -> None:
    go, begun = threading.Event(), threading.Event()
    site.answers["/"] = held(go, begun, b"Cache-Control: no-store")
    fetching = fetcher(fetch_seconds=1.5)
    with futures.ThreadPoolExecutor() as together:
        first = together.submit(fetching.fetch, URL)
        assert begun.wait(5)
        second = together.submit(fetching.fetch, URL)
        time.sleep(0.3)
        site.answers["/"] = silent
        go.set()
        assert body(first.result()) == b"{}"
        assert reason(second.result()) == "no answer in time"
    assert len(site.heads) == 2
    assert fetching._cache.look(f"https://{HOST}:443/", world.ticks) is None


def test_who_waits_holds_a_place_so_that_one_slow_url_cannot_hold_every_thread(fetcher: Fetching, site: Site) -> None:
    go, begun = threading.Event(), threading.Event()
    site.answers["/"] = held(go, begun)
    fetching = fetcher(at_once=2)
    with futures.ThreadPoolExecutor() as together:
        asking = [together.submit(fetching.fetch, URL) for _ in range(2)]
        assert begun.wait(5)
        time.sleep(0.1)
        with pytest.raises(problem.Unavailable):
            fetching.fetch(URL)
        go.set()
        assert [body(future.result()) for future in asking] == [b"{}"] * 2


def test_the_next_one_is_the_first_again_however_the_first_has_ended() -> None:
    flights = cache.Flights()

    def fail() -> None:
        with flights.joined("u", 1) as is_first:
            assert is_first
            raise problem.Unavailable("full")

    with pytest.raises(problem.Unavailable):
        fail()
    with flights.joined("u", 1) as is_first:
        assert is_first
        with flights.joined("u", 0.01) as second:
            assert not second
        with flights.joined("v", 1) as other:
            assert other
    assert not flights._under_way


def test_many_threads_and_a_small_cache_mix_nothing_up(fetcher: Fetching, site: Site) -> None:
    for number in range(20):
        control = ("Cache-Control: no-store", "Cache-Control: no-cache", "Cache-Control: max-age=9")[number % 3]
        site.says(f"/{number}", str(number).encode() * 50, headers=(control, f'ETag: "{number}"'))
    fetching = fetcher(kept_documents=4, kept_bytes=4096, per_host=None, per_address=None)
    wanted = [number % 20 for number in range(300)]
    with futures.ThreadPoolExecutor(16) as together:
        found = list(together.map(lambda number: body(fetching.fetch(f"{URL}{number}")), wanted))
    assert found == [str(number).encode() * 50 for number in wanted]


# Bounds


def document(world: World, size: int, *, until: float = 9e9) -> cache.Document:
    return cache.Document(bytes(size), world.now, until)


def test_the_documents_kept_are_bounded_in_number(world: World) -> None:
    kept = cache.Cache(max_documents=4, max_bytes=4000)
    for number in range(4):
        kept.keep(str(number), document(world, 1), now=0)
    assert kept.look("0", 0)  # used last
    kept.keep("4", document(world, 1), now=0)
    assert [url for url in "01234" if kept.known(url)] == ["0", "2", "3", "4"]


def test_the_documents_kept_are_bounded_in_bytes(world: World) -> None:
    kept = cache.Cache(max_documents=100, max_bytes=4000)
    for number in range(50):
        kept.keep(str(number), document(world, 998), now=0)
    assert [number for number in range(50) if kept.known(str(number))] == [46, 47, 48, 49]
    kept.keep("great", document(world, 3995), now=0)
    assert kept.known("great")
    assert not kept.known("49")
    kept.keep("great", document(world, 3996), now=0)
    assert not kept.known("great")


def test_addresses_and_headers_count_among_the_bytes(world: World) -> None:
    kept = cache.Cache(max_documents=100, max_bytes=1000)
    kept.keep("x" * 1000, document(world, 1), now=0)
    kept.keep("y", cache.Document(b"", world.now, 9e9, {"etag": '"' + "x" * 1000 + '"'}), now=0)
    assert not kept.known("x" * 1000)
    assert not kept.known("y")


def test_a_document_of_no_use_is_not_kept(world: World) -> None:
    kept = cache.Cache(max_documents=4, max_bytes=4000)
    kept.keep("stale", document(world, 1, until=5), now=5)
    kept.keep("forbidden", cache.Document(b"", world.now, freshness.NEVER, {"etag": '"1"'}), now=5)
    kept.keep("to ask for", cache.Document(b"", world.now, 5, {"etag": '"1"'}), now=5)
    assert [bool(kept.known(url)) for url in ("stale", "forbidden", "to ask for")] == [False, False, True]
    assert kept.look("to ask for", 5) is None


def test_failures_are_bounded_and_drive_no_document_out(world: World) -> None:
    kept = cache.Cache(max_documents=1, max_bytes=100)
    kept.keep("good", document(world, 1), now=0)
    for number in range(5000):
        kept.fail(str(number), cache.Failure("no such host", 30))
    assert kept.look("good", 0) == document(world, 1)
    assert [bool(kept.look(str(number), 0)) for number in (3975, 3976, 4999)] == [False, True, True]
    assert kept.look("4999", 30) is None
