from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from badgeissuer.net import address

if TYPE_CHECKING:
    import ipaddress

PORTS = frozenset({443})


@pytest.mark.parametrize(
    ("text", "url", "host", "port"),
    [
        ("https://badges.example.com", "https://badges.example.com:443/", "badges.example.com", 443),
        ("HTTPS://Badges.Example.COM/A/b?c=D", "https://badges.example.com:443/A/b?c=D", "badges.example.com", 443),
        ("https://badges.example.com:443/x", "https://badges.example.com:443/x", "badges.example.com", 443),
        ("https://badges.example.com?q", "https://badges.example.com:443/?q", "badges.example.com", 443),
        ("https://badges.example.com/x#key-1", "https://badges.example.com:443/x", "badges.example.com", 443),
        ("https://badges.example.com/a@b:80/http://c", "https://badges.example.com:443/a@b:80/http://c", "badges.example.com", 443),
        ("https://xn--mnchen-3ya.example.org/", "https://xn--mnchen-3ya.example.org:443/", "xn--mnchen-3ya.example.org", 443),
        ("https://a.xn--p1ai/", "https://a.xn--p1ai:443/", "a.xn--p1ai", 443),
        ("https://1.2.3.example.com/", "https://1.2.3.example.com:443/", "1.2.3.example.com", 443),
        ("https://local.example.com/", "https://local.example.com:443/", "local.example.com", 443),
    ],
)
def test_a_public_url_is_read_in_one_form(text: str, url: str, host: str, port: int) -> None:
    assert address.read_url(text, ports=PORTS, allow_private=False) == address.Target(url, host, port)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("http://localhost", 80),
        ("http://localhost:8000/c/1.json", 8000),
        ("https://localhost:8443/", 8443),
        ("http://127.0.0.1:8000/", 8000),
        ("http://10.1.2.3/", 80),
        ("http://moodle.campus.internal:65535/", 65535),
        ("https://badges.example.com/", 443),
    ],
)
def test_private_networks_may_be_allowed(text: str, port: int) -> None:
    target = address.read_url(text, ports=PORTS, allow_private=True)
    assert target is not None
    assert target.port == port
    if port != 443:
        assert address.read_url(text, ports=PORTS, allow_private=False) is None


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:65536/",
        "http://localhost:0/",
        "http://LOCALHOST\\@badges.example.com/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://database/",
        "http://user@localhost/",
        "ftp://localhost/",
    ],
)
def test_one_strict_reading_stays_where_private_networks_are_allowed(text: str) -> None:
    assert address.read_url(text, ports=PORTS, allow_private=True) is None


def test_a_url_may_be_2048_characters_long_and_no_more() -> None:
    text = "https://badges.example.com/".ljust(2048, "x")
    assert address.read_url(text, ports=PORTS, allow_private=False) is not None
    assert address.read_url(text + "x", ports=PORTS, allow_private=False) is None


def test_a_host_has_at_most_253_characters_in_labels_of_63() -> None:
    longest = ".".join(["a" * 63] * 3) + "." + "b" * 57 + ".org"
    assert len(longest) == 253
    assert address.read_url(f"https://{longest}/", ports=PORTS, allow_private=False) is not None
    assert address.read_url(f"https://{longest.replace('.org', 'b.org')}/", ports=PORTS, allow_private=False) is None
    assert address.read_url(f"https://{'a' * 63}.org/", ports=PORTS, allow_private=False) is not None
    assert address.read_url(f"https://{'a' * 64}.org/", ports=PORTS, allow_private=False) is None


@settings(deadline=None)
@given(st.from_regex(r"\Ahttps?://[ -~]{0,40}\Z") | st.builds("https://{}.{}{}".format, *[st.text(max_size=8)] * 3), st.booleans())
def test_whoever_reads_an_accepted_url_reads_the_same_host_and_port(text: str, allow_private: bool) -> None:  # noqa: FBT001
    target = address.read_url(text, ports=PORTS, allow_private=allow_private)
    if target:
        url = httpx.URL(target.url)
        assert (url.host, url.port or {"http": 80, "https": 443}[url.scheme]) == (target.host, target.port)
        assert not url.userinfo


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "https://badges.example.com:443/b"),
        ("b?c#d", "https://badges.example.com:443/a/b?c#d"),
        ("//evil.example.org/", "https://evil.example.org/"),
        ("https://evil.example.org/", "https://evil.example.org/"),
        ("/b//c:d", "https://badges.example.com:443/b//c:d"),
        ("?x=https:y", "https://badges.example.com:443/a/x?x=https:y"),
        ("https://[::1", ""),
        ("//[", ""),
        ("///evil.example.org/", ""),
        ("////evil.example.org/", ""),
        ("https:evil.example.org/", ""),
        ("https:/evil.example.org/", ""),
        ("HTTPS:/b", ""),
        ("ht\ttps://evil.example.org/", ""),
        (" /b", ""),
        ("/\\evil.example.org", ""),
        ("/ü", ""),
        ("", ""),
    ],
)
def test_a_location_is_followed_only_where_it_can_be_read_in_one_way(location: str, url: str) -> None:
    assert address.follow("https://badges.example.com:443/a/x", location) == url


@pytest.mark.parametrize(
    "ip", ["93.184.215.14", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.128.0.0", "168.63.129.15", "2606:4700::1111", "2a00:1450::1"]
)
def test_a_public_address_is_allowed(ip: str) -> None:
    assert address.is_allowed(ip, allow_private=False)
    assert address.is_allowed(ip, allow_private=True)


@pytest.mark.parametrize("ip", ["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1"])
def test_an_address_of_a_private_network_is_allowed_only_on_request(ip: str) -> None:
    assert not address.is_allowed(ip, allow_private=False)
    assert address.is_allowed(ip, allow_private=True)


@pytest.mark.parametrize(
    "ip",
    [
        "169.254.169.254", "168.63.129.16", "0.0.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.2.1",
        "192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1", "2001:4:112::1",
        "fe80::1", "fe80::1%eth0", "2606:4700::1111%1", "fec0::1", "ff02::1", "::", "::ffff:127.0.0.1", "::ffff:93.184.215.14",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "3fff::1", "100::1",
        "", "localhost", "127.1", "2130706433", "127.0.0.1 ", "93.184.215.14:80",
    ],
)  # fmt: skip
def test_some_addresses_are_never_allowed(ip: str) -> None:
    assert not address.is_allowed(ip, allow_private=False)
    assert not address.is_allowed(ip, allow_private=True)


@settings(deadline=None)
@given(st.ip_addresses())
def test_no_address_is_allowed_that_python_calls_other_than_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    special = ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified
    if special or not ip.is_global:
        assert not address.is_allowed(str(ip), allow_private=False)


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        ("93.184.215.14", "93.184.215.14"),
        ("2606:4700::1111", "2606:4700::/64"),
        ("2606:4700:0:0:ffff::1", "2606:4700::/64"),
        ("2606:4700:0:1::1", "2606:4700:0:1::/64"),
    ],
)
def test_addresses_that_one_customer_may_hold_together_are_one_place(ip: str, place: str) -> None:
    assert address.neighbourhood(ip) == place
