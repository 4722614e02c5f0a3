from __future__ import annotations

import pytest

from badgeissuer.awarding import adapter, platform, signature

GIVEN = {"jwks_url": "https://canvas.example/keys", "username": "lms", "header": "X-Signature"}
SECRET = "whsec_" + "b25lLW9mLXRoZS1zZWNyZXRzLW9mLXRoZS10ZXN0cyE="


@pytest.mark.parametrize("scheme", [*platform.CHOICES, *sorted(platform.SECRET_FREE)])
def test_what_a_form_gives_configures_every_scheme(scheme: str) -> None:
    configured = platform.signature(scheme, secrets=[SECRET], given=GIVEN)
    assert signature.parse(configured).scheme == scheme
    assert (configured.get("secrets") == [SECRET]) == (scheme not in platform.SECRET_FREE)


@pytest.mark.parametrize("key", platform.PLATFORMS)
def test_every_system_has_an_adapter_and_is_known_again(key: str) -> None:
    one = platform.PLATFORMS[key]
    assert one.adapter in adapter.ADAPTERS
    assert one.scheme in {*platform.CHOICES, *platform.SECRET_FREE, ""}
    known = platform.of(one.adapter, one.scheme or "hmac")
    assert known == ("xapi" if key == "moodle-logstore-xapi" else key)


def test_a_source_that_is_connected_in_its_own_way_is_no_system() -> None:
    assert platform.of("canvas", "hmac") is None
    assert platform.of("generic", "basic") == "generic"


def test_one_secret_replaces_another_without_a_gap() -> None:
    first = platform.signature("bearer", secrets=["one"], given={})
    both = platform.with_another(first, "two")
    assert both == {"scheme": "bearer", "secrets": ["one", "two"]}
    assert platform.with_another(both, "three")["secrets"] == ["two", "three"]
    assert platform.with_the_newest(both)["secrets"] == ["two"]
    assert platform.with_the_newest({"scheme": "bearer", "secrets": "x"})["secrets"] == []
