"""How often one place is asked, whoever asks and by whatever name."""

from __future__ import annotations

from concurrent import futures
from typing import TYPE_CHECKING

import pytest

from badgeissuer.net import bucket, fetch
from badgeissuer.vc import verification

if TYPE_CHECKING:
    from tests.net.conftest import Fetching, Site, World

HOST = "badges.example.com"
TOO_OFTEN = "that host was asked too often just now"


def reason(found: verification.Resource | verification.Unreachable) -> str:
    return found.reason if isinstance(found, verification.Unreachable) else ""


# The buckets


def test_a_place_is_asked_so_often_in_a_row_and_then_at_its_rate(world: World) -> None:
    buckets = bucket.Buckets(bucket.Rate(burst=3, per_second=0.5), monotonic=lambda: world.ticks)
    assert [buckets.take("a") for _ in range(5)] == [True, True, True, False, False]
    world.wait(1.9)
    assert not buckets.take("a")
    world.wait(0.2)
    assert [buckets.take("a") for _ in range(2)] == [True, False]
    world.wait(3600)
    assert [buckets.take("a") for _ in range(4)] == [True, True, True, False]


def test_each_place_has_a_bucket_of_its_own(world: World) -> None:
    buckets = bucket.Buckets(bucket.Rate(burst=1, per_second=1), monotonic=lambda: world.ticks)
    assert [buckets.take(place) for place in ("a", "b", "a", "b")] == [True, True, False, False]


def test_without_a_rate_there_is_no_limit(world: World) -> None:
    buckets = bucket.Buckets(None, monotonic=lambda: world.ticks)
    assert all(buckets.take("a") for _ in range(10_000))


def test_the_places_remembered_are_bounded_and_the_one_in_use_stays(world: World) -> None:
    buckets = bucket.Buckets(bucket.Rate(burst=1, per_second=0), monotonic=lambda: world.ticks)
    assert buckets.take("first")
    assert buckets.take("used")
    for number in range(10_000):
        assert buckets.take(str(number))
        assert not buckets.take("used")
    assert len(buckets._levels) == 4096
    assert buckets.take("first")


def test_threads_together_take_no_more_than_there_is(world: World) -> None:
    buckets = bucket.Buckets(bucket.Rate(burst=100, per_second=0), monotonic=lambda: world.ticks)
    with futures.ThreadPoolExecutor(8) as together:
        assert sum(together.map(lambda _: buckets.take("a"), range(2000))) == 100


# The fetcher


def test_as_delivered_thirty_in_a_row_are_asked_of_a_host_and_then_five_a_second(fetcher: Fetching, site: Site, world: World) -> None:
    for number in range(40):
        site.says(f"/{number}")
    fetching = fetcher()
    found = [reason(fetching.fetch(f"https://{HOST}/{number}")) for number in range(35)]
    assert found == [""] * 30 + [TOO_OFTEN] * 5
    assert len(site.connections) == len(world.asked) == 30  # not even the name server was asked
    world.wait(1.01)
    found = [reason(fetching.fetch(f"https://{HOST}/{number}")) for number in range(30, 37)]
    assert found == [""] * 5 + [TOO_OFTEN] * 2


def test_being_asked_too_often_says_nothing_of_the_url_and_is_forgotten_at_once(fetcher: Fetching, site: Site, world: World) -> None:
    site.says("/1")
    site.says("/2")
    fetching = fetcher(per_host=bucket.Rate(burst=1, per_second=1))
    found = [reason(fetching.fetch(f"https://{HOST}/{path}")) for path in (1, 2)]
    world.wait(1)
    assert [*found, reason(fetching.fetch(f"https://{HOST}/2"))] == ["", TOO_OFTEN, ""]


def test_a_document_that_is_still_fresh_is_had_however_often(fetcher: Fetching, site: Site) -> None:
    site.says("/")
    fetching = fetcher(per_host=bucket.Rate(burst=1, per_second=0))
    assert {reason(fetching.fetch(f"https://{HOST}/")) for _ in range(100)} == {""}
    assert len(site.connections) == 1


def test_redirects_count_for_the_host_they_lead_to(fetcher: Fetching, site: Site, world: World) -> None:
    world.names["other.example.org"] = world.names[HOST]
    for number in range(3):
        site.moves(f"/{number}", "https://other.example.org/there")
    site.says("/there")
    fetching = fetcher(per_host=bucket.Rate(burst=2, per_second=0))
    assert [reason(fetching.fetch(f"https://{HOST}/{number}")) for number in range(2)] == ["", ""]
    assert reason(fetching.fetch("https://other.example.org/there")) == TOO_OFTEN


def test_a_host_in_other_letters_and_on_another_port_is_the_same_host(fetcher: Fetching, world: World) -> None:
    fetching = fetcher(per_host=bucket.Rate(burst=1, per_second=0), ports=frozenset({443, 8443}))
    found = [reason(fetching.fetch(url)) for url in (f"https://{HOST}/", f"https://{HOST.upper()}/2", f"https://{HOST}:8443/")]
    assert found == ["the connection failed", TOO_OFTEN, TOO_OFTEN]
    assert len(world.connected) == 1


def test_many_names_for_one_address_do_not_aim_the_service_at_it(fetcher: Fetching, world: World) -> None:
    fetching = fetcher()
    for number in range(130):
        world.names[f"x{number}.example.org"] = [["93.184.215.77"]]
    found = [reason(fetching.fetch(f"https://x{number}.example.org/")) for number in range(130)]
    assert found == ["the connection failed"] * 120 + [TOO_OFTEN] * 10
    assert world.connected == [("93.184.215.77", 443)] * 120


def test_many_addresses_of_one_network_are_one_place(fetcher: Fetching, world: World) -> None:
    world.names["a.example.org"] = [["2606:4700::1:1"]]
    world.names["b.example.org"] = [["2606:4700::2:2"]]
    world.names["c.example.org"] = [["2606:4700:0:1::1"]]
    fetching = fetcher(per_address=bucket.Rate(burst=1, per_second=0))
    assert [reason(fetching.fetch(f"https://{name}.example.org/")) for name in "abc"] == [
        "the connection failed",
        TOO_OFTEN,
        "the connection failed",
    ]


def test_an_address_that_was_asked_too_often_is_passed_over_for_the_next(fetcher: Fetching, site: Site, world: World) -> None:
    world.names["busy.example.org"] = [["93.184.215.77"]]
    world.names[HOST] = [["93.184.215.77", "93.184.215.14"]]
    site.says("/")
    fetching = fetcher(per_address=bucket.Rate(burst=1, per_second=0))
    assert reason(fetching.fetch("https://busy.example.org/")) == "the connection failed"
    assert reason(fetching.fetch(f"https://{HOST}/")) == ""
    assert world.connected == [("93.184.215.77", 443), ("93.184.215.14", 443)]


@pytest.mark.parametrize("limit", ["per_host", "per_address"])
def test_a_limit_can_be_lifted(limit: str) -> None:
    assert getattr(fetch.Limits(**{limit: None}), limit) is None  # type: ignore[arg-type]
    assert getattr(fetch.Limits(), limit).burst > 1
