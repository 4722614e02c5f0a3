"""What must not be fetched makes no connection: neither to the canary, a server on loopback, nor to any other address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from badgeissuer.vc import verification

if TYPE_CHECKING:
    from pathlib import Path

    from tests.net.conftest import Fetching, Serving, Site, World

    from badgeissuer.net import fetch

PUBLIC = "93.184.215.14"
HOST = "badges.example.com"


@pytest.fixture
def canary(serve: Serving) -> Site:
    canary = serve()
    canary.says("/")
    return canary


@pytest.fixture
def cautious(fetcher: Fetching, canary: Site) -> fetch.Fetcher:
    """As in production, but that the port of the canary is allowed: only the rule in question stands before it."""
    return fetcher(ports=frozenset({80, 443, canary.port}))


def refused(url: str) -> verification.Unreachable:
    return verification.Unreachable(url, "the address is not one this service fetches from")


def test_the_canary_sings_when_it_is_reached(fetcher: Fetching, world: World, canary: Site) -> None:
    url = f"http://localhost:{canary.port}/"
    world.names["localhost"] = [["127.0.0.1"]]
    assert fetcher(allow_private=True).fetch(url) == verification.Resource(url, b"{}", world.now)
    assert len(canary.connections) == len(world.connected) == 1


@pytest.mark.parametrize(
    "form",
    [
        # another scheme, or none
        "http://badges.example.com:{}/", "ftp://badges.example.com/", "file:///etc/passwd", "gopher://badges.example.com:{}/_x",
        "data:application/json,{{}}", "//badges.example.com/", "badges.example.com", "", "https:badges.example.com",
        "https:/badges.example.com/",
        "https:///badges.example.com/", "https://", "javascript:alert(1)", "did:web:badges.example.com", "unix:///run/x.sock",
        "https+unix://x.example.com",
        # addresses in every notation
        "https://127.0.0.1:{}/", "https://2130706433:{}/", "https://0x7f000001:{}/", "https://0x7f.0x0.0x0.0x1:{}/",
        "https://017700000001:{}/",
        "https://0177.0.0.1:{}/", "https://0177.0.0.0x1:{}/", "https://127.1:{}/", "https://127.0.1:{}/", "https://0:{}/",
        "https://0.0.0.0:{}/",
        "https://127.0.0.1.:{}/", "https://[::1]:{}/", "https://[::]:{}/", "https://[::ffff:127.0.0.1]:{}/",
        "https://[::ffff:7f00:1]:{}/",
        "https://[64:ff9b::7f00:1]:{}/", "https://[fe80::1%25lo]:{}/", "https://[0:0:0:0:0:0:0:1]:{}/", "https://::1:{}/",
        "https://169.254.169.254/",
        "https://93.184.215.14/", "https://127.0.0.256:{}/", "https://\uff11\uff12\uff17.0.0.1:{}/", "https://127。0。0。1:{}/",
        "https://①②⑦.0.0.1:{}/", "https://127\uff0e0\uff0e0\uff0e1:{}/", "https://127\uff610\uff610\uff611:{}/", "https://[fd00:ec2::254]/",
        "https://[2002:7f00:1::]:{}/", "https://[fc00::1]:{}/", "https://[::ffff:0:127.0.0.1]:{}/", "https://[fe80::1%eth0]:{}/",
        "https://[v1.x]/", "https://0x7F.1:{}/", "https://127.0.0.0x1:{}/", "https://0000177.1:{}/", "https://a.0x7f000001:{}/",
        "https://100.100.100.200/", "https://1.1/", "https://4294967297:{}/",
        # names that lead home
        "https://localhost:{}/", "https://LOCALHOST:{}/", "https://localhost.:{}/", "https://a.localhost:{}/", "https://printer.local/",
        "https://db.internal/", "https://metadata.google.internal/", "https://x.onion/", "https://x.test/", "https://nas.home.arpa/",
        "https://wiki.corp/", "https://x.lan/", "https://x.localdomain/", "https://intranet/", "https://com/", "https://x.INTERNAL/",
        "https://localhost.localdomain:{}/", "https://metadata.google.internal./", "https://instance-data/", "https://x.invalid/",
        "https://127.0.0.1.in-addr.arpa/", "https://x.alt/", "https://x.home/", "https://x.private/",
        # user information, backslashes, and what only some readers drop
        "https://badges.example.com@127.0.0.1:{}/", "https://127.0.0.1@badges.example.com/", "https://a:b@badges.example.com/",
        "https://@badges.example.com/",
        "https://badges.example.com\\@127.0.0.1:{}/", "https:\\\\badges.example.com/", "https://badges.example.com/\\..",
        "https://127.0.0.1:{}\\@badges.example.com/",
        " https://badges.example.com/", "https://badges.example.com/ ", "https://badges.example.com/a b",
        "https://badges.example.com/\n", "\thttps://badges.example.com/",
        "ht\ntps://badges.example.com/", "https://badges.example.com\r\nHost: x/", "https://badges.exam\tple.com/",
        "https://badges.example.com/\x00", "https://badges.example.com\x00.x.org/",
        "https://badges.example.com/\x7f", "https://badges.example.com%00/", "https://%31%32%37.0.0.1:{}/",
        "https://badges%2eexample.com/", "https://badges.example.com%2f@127.0.0.1:{}/",
        # hosts that are none
        "https://bädges.example.com/", "https://badges.example.com/ü", "https://b\u212adges.example.com/",
        "https://badges.example.com\u3002evil.org/", "https://-a.example.com/",
        "https://a-.example.com/", "https://a..example.com/", "https://.example.com/", "https://example.com./",
        "https://a_b.example.com/", "https://example.c/", "https://a.example.com*/",
        "https://exa\u00admple.com/", "https://exa\u200bmple.com/", "https://{}.example.com;evil.org/",
        "https://badges.example.com&evil.org/",
        # ports
        "https://badges.example.com:22/", "https://badges.example.com:8443/", "https://badges.example.com:0/",
        "https://badges.example.com:/", "https://badges.example.com:65979/",
        "https://badges.example.com:0443/", "https://badges.example.com:+443/", "https://badges.example.com:-1/",
        "https://badges.example.com:443:{}/", "https://badges.example.com:4x/",
        "https://badges.example.com:٤٤٣/", "https://badges.example.com:443443443443/",
    ],
)  # fmt: skip
def test_a_url_of_this_form_is_refused_before_anything_is_asked(form: str, cautious: fetch.Fetcher, world: World, canary: Site) -> None:
    url = form.format(canary.port)
    assert cautious.fetch(url) == refused(url)
    assert not world.asked
    assert not world.connected
    assert not canary.connections


def test_a_url_that_is_too_long_is_refused(cautious: fetch.Fetcher, world: World) -> None:
    url = f"https://{HOST}/{'x' * 2048}"
    assert cautious.fetch(url) == refused(url)
    assert not world.asked


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"], ["127.8.8.8"], ["::1"], ["::"], ["10.0.0.1"], ["172.16.0.1"], ["172.31.255.255"], ["192.168.0.1"],
        ["0.0.0.0"],  # noqa: S104 - nothing is bound; Linux takes it for loopback
        ["169.254.169.254"], ["168.63.129.16"], ["100.64.0.1"], ["100.100.100.200"], ["192.0.0.192"], ["192.88.99.1"], ["198.18.0.1"],
        ["192.0.2.1"],
        ["198.51.100.1"], ["203.0.113.1"], ["224.0.0.1"], ["239.1.2.3"], ["240.0.0.1"], ["255.255.255.255"],
        ["::ffff:127.0.0.1"], ["::ffff:10.0.0.1"], ["::ffff:93.184.215.14"], ["::127.0.0.1"], ["64:ff9b::7f00:1"], ["64:ff9b:1::1"],
        ["2002:7f00:1::"],
        ["2001:0:7f00:1::"], ["2001:db8::1"], ["fc00::1"], ["fd00:ec2::254"], ["fe80::1"], ["fe80::1%1"], ["fec0::1"], ["ff02::1"],
        ["ff0e::1"], ["3fff::1"],
        ["100::1"], ["5f00::1"],
        [PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC], [PUBLIC, "2606:4700::1111", "::1"], [PUBLIC] * 9 + ["10.0.0.1"],
        [PUBLIC, "not an address"], ["0.1.2.3"], ["100.127.255.254"], ["172.31.0.1", "172.16.0.2"], ["198.19.255.254"], ["192.52.193.1"],
        ["192.31.196.1"], ["192.175.48.1"], ["2001:1::1"], ["2001:20::1"], ["2620:4f:8000::1"], ["fe80::a9fe:a9fe%eth0"],
        ["2606:4700::1111%1"], ["2606:4700::1111", "fd12:3456::1"], ["4000::1"], ["0177.0.0.1"], ["2130706433"], [""],
        ["::ffff:0:127.0.0.1"],
    ],
)  # fmt: skip
def test_a_name_with_this_answer_is_refused(answer: list[str], cautious: fetch.Fetcher, world: World, canary: Site) -> None:
    world.names[HOST] = [answer]
    url = f"https://{HOST}:{canary.port}/"
    assert cautious.fetch(url) == refused(url)
    assert world.asked == [HOST]
    assert not world.connected
    assert not canary.connections


def test_link_local_addresses_are_refused_even_where_private_networks_are_allowed(fetcher: Fetching, world: World) -> None:
    world.names[HOST] = [["169.254.169.254"]]
    assert fetcher(allow_private=True).fetch(f"http://{HOST}/") == refused(f"http://{HOST}/")
    assert not world.connected


def test_a_name_that_turns_private_after_the_check_is_not_asked_again(
    cautious: fetch.Fetcher, site: Site, canary: Site, world: World
) -> None:
    world.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    world.routes[PUBLIC, canary.port] = site.address
    site.says("/", b'"public"')
    found = cautious.fetch(f"https://{HOST}:{canary.port}/")
    assert isinstance(found, verification.Resource)
    assert found.body == b'"public"'
    assert world.asked == [HOST]
    assert world.connected == [(PUBLIC, canary.port)]
    assert not canary.connections


def test_a_name_that_turns_private_between_redirects_is_refused(cautious: fetch.Fetcher, site: Site, canary: Site, world: World) -> None:
    world.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    site.moves("/", f"https://{HOST}:{canary.port}/")
    assert cautious.fetch(f"https://{HOST}/") == refused(f"https://{HOST}/")
    assert world.connected == [(PUBLIC, 443)]
    assert not canary.connections


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{}/", "https://127.0.0.1:{}/", "//127.0.0.1:{}/", "https://[::1]:{}/", "https://2130706433:{}/",
        "https://localhost:{}/",
        "https://inside.example.org:{}/", "//inside.example.org:{}/", "https://169.254.169.254/latest/meta-data/",
        "http://badges.example.com/",
        "https://badges.example.com:22/", "https://user@badges.example.com/", "file:///etc/passwd", "/\\127.0.0.1:{}/",
        "\\\\127.0.0.1:{}/",
        "https://badges.example.com, https://127.0.0.1:{}/", "gopher://127.0.0.1:{}/_x", "//[", "https://ins\tide.example.org:{}/",
        "/\u00fc", "data:application/json,{{}}", "ftp://badges.example.com/", "ldap://127.0.0.1:{}/", "javascript:alert(1)",
        "https://127.0.0.1.:{}/", "https://0x7f000001:{}/", "https://0177.0.0.1:{}/", "https://[::ffff:127.0.0.1]:{}/",
        "https://[64:ff9b::7f00:1]:{}/", "https://[fe80::1%25lo]:{}/", "https://[fd00:ec2::254]/", "https://metadata.google.internal/",
        "https://badges.example.com@127.0.0.1:{}/", "https://127.0.0.1:{}#@badges.example.com/", "https:127.0.0.1:{}/",
        "https://printer.local/", "https://\u00b927.0.0.1:{}/", "http:/x", "https://badges.example.com./",
        "https://badges.example.com:0/", "///127.0.0.1:{}/", "//localhost:{}/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", ["301 Moved Permanently", "303 See Other", "308 Permanent Redirect"])
def test_a_redirect_to_this_place_is_refused(
    location: str, status: str, cautious: fetch.Fetcher, site: Site, world: World, canary: Site
) -> None:
    world.names["inside.example.org"] = [["127.0.0.1"]]
    site.moves("/", location.format(canary.port), status=status)
    assert cautious.fetch(f"https://{HOST}/") == refused(f"https://{HOST}/")
    assert world.connected == [(PUBLIC, 443)]
    assert not canary.connections


def test_a_name_that_turns_private_once_its_document_is_stale_is_refused(
    cautious: fetch.Fetcher, site: Site, canary: Site, world: World
) -> None:
    world.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    world.routes[PUBLIC, canary.port] = site.address
    site.says("/", headers=('ETag: "1"', "Cache-Control: no-cache"))
    url = f"https://{HOST}:{canary.port}/"
    assert isinstance(cautious.fetch(url), verification.Resource)
    assert cautious.fetch(url) == refused(url)
    assert world.connected == [(PUBLIC, canary.port)]
    assert not canary.connections


def test_a_name_that_is_private_and_then_public_again_is_refused_at_first(cautious: fetch.Fetcher, site: Site, world: World) -> None:
    world.names[HOST] = [["127.0.0.1"], [PUBLIC]]
    site.says("/")
    url = f"https://{HOST}/"
    assert cautious.fetch(url) == refused(url)
    assert not world.connected
    assert isinstance(cautious.fetch(url, fresh=True), verification.Resource)


def test_a_later_redirect_is_looked_at_like_the_first(cautious: fetch.Fetcher, site: Site, world: World, canary: Site) -> None:
    world.names["inside.example.org"] = [[PUBLIC, "127.0.0.1"]]
    site.moves("/", "/second")
    site.moves("/second", f"https://inside.example.org:{canary.port}/")
    assert cautious.fetch(f"https://{HOST}/") == refused(f"https://{HOST}/")
    assert not canary.connections


def test_a_name_without_addresses_is_no_host(cautious: fetch.Fetcher, world: World) -> None:
    world.names["empty.example.org"] = [[]]
    for host in ("empty.example.org", "unknown.example.org"):
        url = f"https://{host}/"
        assert cautious.fetch(url) == verification.Unreachable(url, "no such host")
    assert not world.connected


def test_the_environment_cannot_send_a_fetch_elsewhere(
    fetcher: Fetching, site: Site, canary: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login me password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    site.says("/")
    assert isinstance(fetcher().fetch(f"https://{HOST}/"), verification.Resource)
    assert not canary.connections
    assert "authorization" not in site.heads[0].lower()
