from __future__ import annotations

from uuid import UUID

import pytest

from badgeissuer.openbadges.addresses import Site

SITE = Site("https://badges.example")
BELOW = Site("https://college.example:8443/badges")
UUID_4 = UUID("7d4f3f0e-8f3c-4d5e-9a55-0c6f3c1a2b3d")


def test_the_addresses_never_change_their_form() -> None:
    assert SITE.credential(UUID_4) == "https://badges.example/c/7d4f3f0e-8f3c-4d5e-9a55-0c6f3c1a2b3d"
    assert SITE.status_list(UUID_4) == "https://badges.example/status-lists/7d4f3f0e-8f3c-4d5e-9a55-0c6f3c1a2b3d"
    assert SITE.issuer("history") == "https://badges.example/i/history"
    assert SITE.achievement("welding", 3) == "https://badges.example/a/welding/3"
    assert SITE.hook("canvas") == "https://badges.example/hooks/canvas"
    assert BELOW.issuer("history") == "https://college.example:8443/badges/i/history"


def test_only_https_is_secure() -> None:
    assert SITE.is_secure
    assert not Site("http://localhost:8000").is_secure


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://badges.example/c/1", "/c/1"),
        ("https://BADGES.example/c/1", "/c/1"),
        ("HTTPS://badges.example:443/c/1", "/c/1"),
        ("https://badges.example/c/1?page=2#top", "/c/1"),
        ("https://badges.example/", "/"),
        ("https://badges.example", "/"),
        ("http://badges.example/c/1", None),
        ("https://badges.example:8443/c/1", None),
        ("https://badges.example:0/c/1", None),
        ("https://badges.example.evil.example/c/1", None),
        ("https://user@badges.example/c/1", None),
        ("https://@badges.example/c/1", None),
        ("https://badges.example@evil.example/c/1", None),
        ("//badges.example/c/1", None),
        ("/c/1", None),
        ("", None),
        ("did:web:badges.example", None),
        ("https://[::1/c/1", None),
        ("https://badges.example:port/c/1", None),
        ("https://badges.example:99999/c/1", None),
    ],
)
def test_our_own_urls_are_known(url: str, path: str | None) -> None:
    assert SITE.path_of(url) == path


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://college.example:8443/badges/c/1", "/c/1"),
        ("https://college.example:8443/badges", "/"),
        ("https://college.example:8443/badges-of-others/c/1", None),
        ("https://college.example:8443/c/1", None),
        ("https://college.example/badges/c/1", None),
    ],
)
def test_a_service_below_a_path_has_only_what_is_below_it(url: str, path: str | None) -> None:
    assert BELOW.path_of(url) == path


def test_the_port_of_the_scheme_may_be_said_on_either_side() -> None:
    assert Site("http://localhost:80").path_of("http://localhost/c/1") == "/c/1"
    assert Site("http://localhost").path_of("http://localhost:80/c/1") == "/c/1"
