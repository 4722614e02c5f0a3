from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import standardwebhooks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk, jws

from badgeissuer import problem
from badgeissuer.awarding import signature

if TYPE_CHECKING:
    from pathlib import Path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 5, 20, 14, 1, 40, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"an older one of the same length.").decode()
KEY = jwk.RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
OTHER_KEY = jwk.RSAKey.generate_key(2048, {"kid": "k2"}, private=True)


def public(key: jwk.RSAKey) -> dict[str, Any]:
    return {**key.as_dict(private=False)}


CANVAS = signature.parse({"scheme": "canvas_jwt", "jwks": {"keys": [public(KEY)]}})
WEBHOOKS = signature.parse({"scheme": "standard_webhooks", "secrets": [SECRET, OLD_SECRET]})
UNSIGNED = signature.parse({"scheme": "none", "accept_unsigned": True})


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(payload: bytes = b"{}", *, key: jwk.RSAKey = KEY, **header: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Sign whatever header a forger may write; the signature is RS256 whatever `alg` says."""
    protected = {"typ": "JWT", "alg": "RS256", "kid": "k1"} | header
    return signed(json.dumps({name: value for name, value in protected.items() if value is not None}).encode(), payload, key=key)


def signed(header: bytes, payload: bytes, *, key: jwk.RSAKey = KEY) -> bytes:
    signing_input = f"{b64(header)}.{b64(payload)}".encode()
    raw = jws.JWSRegistry.algorithms["RS256"].sign(signing_input, key)
    return signing_input + b"." + b64(raw).encode()


def webhook(body: bytes = b"{}", *, secret: str = SECRET, delivery: str = "msg_1", at: datetime = NOW) -> dict[str, str]:
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": standardwebhooks.Webhook(secret).sign(delivery, at, body.decode()),
    }


def refuse(config: Any, headers: dict[str, str], *, body: bytes, now: datetime = NOW) -> problem.Unauthenticated:  # noqa: ANN401 - any of the schemes
    with pytest.raises(problem.Unauthenticated) as caught:
        signature.verify(config, headers, body=body, now=now)
    assert caught.value.detail == signature.DETAIL, "every refusal sounds alike"
    assert caught.value.kind == problem.Unauthenticated.default_kind
    return caught.value


@pytest.fixture(scope="module")
def config(shared_data: Path) -> Any:  # noqa: ANN401 - any of the schemes
    jwks = json.loads((shared_data / "lms" / "canvas" / "jwks.json").read_bytes())
    return signature.parse({"scheme": "canvas_jwt", "jwks": jwks, "jwks_url": None})


@pytest.fixture(scope="module")
def secrets(shared_data: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((shared_data / "lms" / "SECRETS.json").read_bytes())
    return found


class TestCanvas:
    @pytest.mark.parametrize("name", ["course_completed", "course_grade_change", "learning_outcome_result_created"])
    def test_a_signed_event_proves_its_payload(self, shared_data: Path, config: Any, name: str) -> None:  # noqa: ANN401
        folder = shared_data / "lms" / "canvas"
        body = (folder / f"{name}.signed.jwt").read_bytes()
        for content_type in ("text/plain", "application/json", "application/jwt"):
            verified = signature.verify(config, {"content-type": content_type}, body=body, now=NOW)
            assert json.loads(verified.payload) == json.loads((folder / f"{name}.json").read_bytes())
            assert verified.key is None

    def test_the_forged_token_under_the_same_kid_is_refused(self, shared_data: Path, config: Any) -> None:  # noqa: ANN401
        problem_ = refuse(config, {}, body=(shared_data / "lms" / "canvas" / "course_completed.forged_same_kid.jwt").read_bytes())
        assert not isinstance(problem_, signature.UnknownKey)

    def test_every_raw_body_is_refused_where_a_signature_is_asked_for(self, shared_data: Path, config: Any) -> None:  # noqa: ANN401
        bodies = sorted((shared_data / "lms" / "canvas").glob("*.json"))
        assert len(bodies) > 10
        for path in bodies:
            refuse(config, {"content-type": "application/json"}, body=path.read_bytes())

    def test_changing_any_byte_of_a_signed_event_is_refused(self, shared_data: Path, config: Any) -> None:  # noqa: ANN401
        body = (shared_data / "lms" / "canvas" / "learning_outcome_result_created.signed.jwt").read_bytes()
        for place in range(len(body)):
            for flip in (0x01, 0x02, 0x20):
                refuse(config, {}, body=body[:place] + bytes([body[place] ^ flip]) + body[place + 1 :])

    def test_nothing_may_stand_around_the_token(self) -> None:
        good = token()
        assert signature.verify(CANVAS, {}, body=good, now=NOW).payload == b"{}"
        for body in (b"", b" " + good, good + b"\n", good + b"=", good + b".x", good.rpartition(b".")[0], b"..", b"e", "é".encode()):
            refuse(CANVAS, {}, body=body)

    def test_the_algorithm_is_ours_and_not_the_header_s(self) -> None:
        for alg in ("none", "nOnE", "HS256", "RS512", "PS256", "ES256", "", 256, None):
            refuse(CANVAS, {}, body=token(alg=alg))
        unsigned = f"{b64(json.dumps({'alg': 'none', 'kid': 'k1'}).encode())}.{b64(b'{}')}."
        refuse(CANVAS, {}, body=unsigned.encode())

    def test_the_public_key_is_no_hmac_secret(self) -> None:
        header = json.dumps({"alg": "HS256", "kid": "k1"}).encode()
        signing_input = f"{b64(header)}.{b64(b'{}')}".encode()
        for secret in (KEY.as_pem(private=False), KEY.as_der(private=False), json.dumps(public(KEY)).encode()):
            mac = hmac.new(secret, signing_input, hashlib.sha256).digest()
            refuse(CANVAS, {}, body=signing_input + b"." + b64(mac).encode())

    def test_another_signature_algorithm_under_an_rs256_header_is_refused(self) -> None:
        signing_input = f"{b64(json.dumps({'alg': 'RS256', 'kid': 'k1'}).encode())}.{b64(b'{}')}".encode()
        for name in ("PS256", "RS512"):
            raw = jws.JWSRegistry.algorithms[name].sign(signing_input, KEY)
            refuse(CANVAS, {}, body=signing_input + b"." + b64(raw).encode())

    @pytest.mark.parametrize(
        "header",
        [
            {"jku": "https://evil.example/jwks.json"},
            {"jwk": public(OTHER_KEY)},
            {"x5u": "https://evil.example/"},
            {"x5c": ["AA"]},
            {"crit": ["exp"]},
            {"b64": False},
            {"zip": "DEF"},
            {"typ": "vc+jwt"},
            {"typ": {}},
            {"kid": 5},
            {"kid": None},
        ],
    )
    def test_a_header_that_wants_more_is_refused(self, header: dict[str, Any]) -> None:
        for key in (KEY, OTHER_KEY):
            refuse(CANVAS, {}, body=token(key=key, **header))

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"5",
            b"[]",
            b'"alg"',
            b"\xff",
            b"{",
            b'{"alg":"RS256","alg":"RS256","kid":"k1"}',
            b'{"alg":"RS256","kid":"k1","x":NaN}',
            b"[" * 400,
        ],
    )
    def test_a_header_that_is_no_plain_object_is_refused(self, header: bytes) -> None:
        refuse(CANVAS, {}, body=signed(header, b"{}"))

    def test_a_segment_that_is_not_canonical_base64url_is_refused(self) -> None:
        header, payload, raw = token().decode().split(".")
        refuse(CANVAS, {}, body=f"{header}A.{payload}.{raw}".encode())
        refuse(CANVAS, {}, body=f"{header[:-1]}.{payload}.{raw}".encode())
        refuse(CANVAS, {}, body=f"{header}.{payload}A.{raw}".encode())
        twin = chr(ord(raw[-1]) + 1)
        assert base64.urlsafe_b64decode(raw[:-1] + twin + "==") == base64.urlsafe_b64decode(raw + "=="), (
            "a lenient decoder sees no difference"
        )
        refuse(CANVAS, {}, body=f"{header}.{payload}.{raw[:-1]}{twin}".encode())

    @pytest.mark.parametrize("payload", [b"5", b"[]", b"null", b"\xff\xfe{}", b'{"a":NaN}', b'{"a":1,"a":2}', b"[" * 100_000, b"not json"])
    def test_a_payload_that_is_no_object_is_refused_although_signed(self, payload: bytes) -> None:
        refuse(CANVAS, {}, body=token(payload))

    def test_an_unknown_key_is_told_apart_inside_only(self) -> None:
        assert isinstance(refuse(CANVAS, {}, body=token(kid="k2", key=OTHER_KEY)), signature.UnknownKey)
        only_url = signature.parse({"scheme": "canvas_jwt", "jwks_url": "https://lms.example/jwks"})
        assert isinstance(refuse(only_url, {}, body=token()), signature.UnknownKey)

    def test_keys_that_were_fetched_are_added_and_cannot_replace_a_configured_one(self) -> None:
        assert isinstance(CANVAS, signature.CanvasJwt)
        impostor = public(OTHER_KEY) | {"kid": "k1"}
        unusable: list[Any] = [{"kty": "EC"}, {**public(OTHER_KEY), "use": "enc"}, {**public(OTHER_KEY), "alg": "RS512"}, 5]
        extended = signature.with_keys(CANVAS, {"keys": [*unusable, impostor]})
        refuse(extended, {}, body=token(key=OTHER_KEY))
        extended = signature.with_keys(CANVAS, {"keys": [public(OTHER_KEY)], "expires": 5})
        for body in (token(), token(kid="k2", key=OTHER_KEY)):
            assert signature.verify(extended, {}, body=body, now=NOW).payload == b"{}"
        only_url = signature.CanvasJwt(scheme="canvas_jwt", jwks_url="https://lms.example/jwks")
        assert signature.verify(signature.with_keys(only_url, {"keys": [public(KEY)]}), {}, body=token(), now=NOW).payload == b"{}"

    @pytest.mark.parametrize("keys", [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": [5]}, {"keys": [{"kty": "RSA", "kid": "x"}]}])
    def test_what_is_no_key_set_is_invalid(self, keys: Any) -> None:  # noqa: ANN401 - any JSON
        assert isinstance(CANVAS, signature.CanvasJwt)
        with pytest.raises(problem.Invalid):
            signature.with_keys(CANVAS, keys)

    @pytest.mark.parametrize(
        ("claims", "good"),
        [
            ({"exp": 0}, False),
            ({"exp": int(NOW.timestamp()) - 299}, True),
            ({"exp": int(NOW.timestamp()) - 300}, False),
            ({"nbf": NOW.timestamp() + 300}, True),
            ({"nbf": NOW.timestamp() + 301}, False),
            ({"exp": 10**400, "nbf": -(10**400)}, True),
            ({"exp": True}, False),
            ({"exp": "2030"}, False),
            ({"nbf": None}, False),
        ],
    )
    def test_times_are_checked_where_there_are_any(self, claims: dict[str, object], good: bool) -> None:  # noqa: FBT001 - a parameter
        body = token(json.dumps(claims).encode())
        if good:
            assert signature.verify(CANVAS, {}, body=body, now=NOW).key is None
        else:
            refuse(CANVAS, {}, body=body)

    def test_a_body_as_large_as_the_edge_lets_through_is_verified(self) -> None:
        payload = json.dumps({"x": "y" * 1_000_000}).encode()
        assert signature.verify(CANVAS, {}, body=token(payload), now=NOW).payload == payload


class TestStandardWebhooks:
    @staticmethod
    def load(shared_data: Path, headers: str, *, body: str = "course_completed") -> tuple[dict[str, str], bytes]:
        folder = shared_data / "lms" / "standard_webhooks"
        given_headers = json.loads((folder / f"{headers}.headers.json").read_bytes())
        return {name.lower(): value for name, value in given_headers.items()}, (folder / f"{body}.json").read_bytes()

    @pytest.mark.parametrize("name", ["course_completed", "course_completed_no_campus_id"])
    def test_a_signed_event_proves_its_body(self, shared_data: Path, secrets: dict[str, str], name: str) -> None:
        config = signature.parse({"scheme": "standard_webhooks", "secrets": [secrets["standard_webhooks"]]})
        headers, body = self.load(shared_data, name, body=name)
        assert signature.verify(config, headers, body=body, now=NOW) == signature.Verified(body, headers["webhook-id"])

    def test_while_secrets_rotate_either_signature_and_either_secret_is_enough(self, shared_data: Path, secrets: dict[str, str]) -> None:
        headers, body = self.load(shared_data, "course_completed.rotating")
        new, old = secrets["standard_webhooks"], secrets["standard_webhooks_previous"]
        several: list[list[Any]] = [[new], [old], [old, new]]
        for given_secrets in several:
            config = signature.parse({"scheme": "standard_webhooks", "secrets": given_secrets})
            assert signature.verify(config, headers, body=body, now=NOW).key == "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"

    def test_a_signature_by_a_secret_that_is_gone_is_refused(self, shared_data: Path, secrets: dict[str, str]) -> None:
        config = signature.parse({"scheme": "standard_webhooks", "secrets": [secrets["standard_webhooks_previous"]]})
        headers, body = self.load(shared_data, "course_completed")
        refuse(config, headers, body=body)

    @pytest.mark.parametrize("fault", ["bad_base64", "empty", "malformed", "unknown_version"])
    def test_each_bad_header_file_is_refused(self, shared_data: Path, secrets: dict[str, str], fault: str) -> None:
        config = signature.parse({"scheme": "standard_webhooks", "secrets": [secrets["standard_webhooks"]]})
        headers, body = self.load(shared_data, f"course_completed.bad_{fault}")
        refuse(config, headers, body=body)

    def test_changing_any_byte_of_the_body_is_refused(self, shared_data: Path, secrets: dict[str, str]) -> None:
        config = signature.parse({"scheme": "standard_webhooks", "secrets": [secrets["standard_webhooks"]]})
        headers, body = self.load(shared_data, "course_completed")
        for place in range(len(body)):
            refuse(config, headers, body=body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
        refuse(config, headers, body=body.rstrip())

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_changing_or_leaving_out_any_signed_header_is_refused(self, name: str) -> None:
        headers = webhook()
        refuse(WEBHOOKS, {key: value for key, value in headers.items() if key != name}, body=b"{}")
        for place, letter in enumerate(headers[name]):
            changed = headers[name][:place] + ("1" if letter != "1" else "2") + headers[name][place + 1 :]
            refuse(WEBHOOKS, headers | {name: changed}, body=b"{}")

    def test_the_window_is_five_minutes_either_way(self) -> None:
        headers = webhook()
        for seconds in (-300, 0, 300):
            assert signature.verify(WEBHOOKS, headers, body=b"{}", now=NOW + timedelta(seconds=seconds)).key == "msg_1"
        for seconds in (-301, 301, 10**8):
            refuse(WEBHOOKS, headers, body=b"{}", now=NOW + timedelta(seconds=seconds))

    @pytest.mark.parametrize(
        "timestamp", ["", "-1", "+1779285700", " 1779285700", "01779285700", "1779285700.0", "1e9", "nan", "٣", "9" * 400]
    )
    def test_a_timestamp_that_is_no_plain_number_is_refused(self, timestamp: str) -> None:
        refuse(WEBHOOKS, webhook() | {"webhook-timestamp": timestamp}, body=b"{}")

    @pytest.mark.parametrize("delivery", ["", "a.b", "a b", "a\x00", "é", "\ud800", "x" * 257])
    def test_an_id_that_could_be_read_in_two_ways_is_refused(self, delivery: str) -> None:
        raw = base64.b64decode(SECRET.removeprefix("whsec_"))
        text = f"{delivery}.{int(NOW.timestamp())}.{{}}".encode(errors="surrogatepass")
        mac = "v1," + base64.b64encode(hmac.new(raw, text, hashlib.sha256).digest()).decode()
        refuse(WEBHOOKS, webhook() | {"webhook-id": delivery, "webhook-signature": mac}, body=b"{}")

    def test_an_id_of_the_greatest_length_is_taken(self) -> None:
        assert signature.verify(WEBHOOKS, webhook(delivery="x" * 256), body=b"{}", now=NOW).key == "x" * 256

    def test_a_downgraded_or_asymmetric_signature_is_refused(self) -> None:
        headers = webhook()
        mac = headers["webhook-signature"].removeprefix("v1,")
        for given_signature in (mac, f"v0,{mac}", f"v1a,{mac}", f"V1,{mac}", f"v1,{mac.rstrip('=')}", f"v1,{mac}\ud800", f"v1, {mac}"):
            refuse(WEBHOOKS, headers | {"webhook-signature": given_signature}, body=b"{}")

    def test_the_number_of_signatures_is_limited(self) -> None:
        headers = webhook()
        good = headers["webhook-signature"]
        assert signature.verify(WEBHOOKS, headers | {"webhook-signature": "v1,x " * 15 + good}, body=b"{}", now=NOW).key == "msg_1"
        refuse(WEBHOOKS, headers | {"webhook-signature": "v1,x " * 16 + good}, body=b"{}")

    def test_a_body_that_is_no_utf_8_is_refused(self) -> None:
        refuse(WEBHOOKS, webhook(), body=b"\xff")


def test_an_unsigned_source_proves_nothing_and_gives_the_body() -> None:
    assert signature.verify(UNSIGNED, {}, body=b"\xff", now=NOW) == signature.Verified(b"\xff", None)


_headers = st.dictionaries(
    st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text() | st.just(str(int(NOW.timestamp())))
)
_segments = st.binary(max_size=60).map(b64) | st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit"]), st.sampled_from(["RS256", "k1", "JWT", 5, None])
).map(
    lambda header: b64(json.dumps(header).encode()),
)


@unhurried
@given(_headers, st.binary() | st.tuples(_segments, _segments, _segments).map(lambda parts: ".".join(parts).encode()))
def test_whatever_is_sent_the_answer_is_unauthenticated(headers: dict[str, str], body: bytes) -> None:
    for config in (CANVAS, WEBHOOKS):
        refuse(config, headers, body=body)


@unhurried
@given(st.binary(max_size=400), st.text(st.sampled_from("abcXYZ019_-"), min_size=1))
def test_what_a_secret_signs_its_source_proves(raw: bytes, delivery: str) -> None:
    body = raw.decode("utf-8", "replace").encode()
    for secret in (SECRET, OLD_SECRET):
        headers = webhook(body, secret=secret, delivery=delivery)
        assert signature.verify(WEBHOOKS, headers, body=body, now=NOW) == signature.Verified(body, delivery)


class TestConfiguration:
    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"d": "AQ"}, ""),
            ({"p": "AQ"}, ""),
            ({"k": "AQ"}, ""),
            ({"kty": "EC"}, "/kty"),
            ({"kty": "oct"}, "/kty"),
            ({"use": "enc"}, "/use"),
            ({"alg": "RS512"}, "/alg"),
            ({"kid": ""}, "/kid"),
            ({"kid": 5}, "/kid"),
            ({"n": "é"}, ""),
            ({"n": "AQ="}, ""),
            ({"n": b64((2**1023 + 1).to_bytes(128))}, ""),
            ({"n": b64((2**2047).to_bytes(256))}, ""),
            ({"n": b64((2**8192 + 1).to_bytes(1025))}, ""),
            ({"e": "AQ"}, ""),
            ({"e": "Aw"}, ""),
            ({"e": b64((65538).to_bytes(3))}, ""),
            ({"e": b64((2**33 + 1).to_bytes(5))}, ""),
        ],
    )
    def test_a_key_that_is_private_or_unsound_is_invalid(self, change: dict[str, object], pointer: str) -> None:
        with pytest.raises(problem.Invalid) as caught:
            signature.parse({"scheme": "canvas_jwt", "jwks": {"keys": [public(KEY) | change]}}, pointer="/signature")
        assert [finding.pointer for finding in caught.value.findings] == [f"/signature/jwks/keys/0{pointer}"]

    def test_members_of_a_key_that_we_do_not_use_are_dropped(self) -> None:
        config = signature.parse({"scheme": "canvas_jwt", "jwks": {"keys": [public(KEY) | {"x5t": "AA"}]}})
        assert signature.parse(config.model_dump(mode="json")) == config == CANVAS

    @pytest.mark.parametrize(
        ("config", "pointer"),
        [
            (None, ""),
            ({}, "/scheme"),
            ({"scheme": "rsa"}, "/scheme"),
            ({"scheme": "canvas_jwt"}, ""),
            ({"scheme": "canvas_jwt", "jwks": {"keys": []}}, "/jwks/keys"),
            ({"scheme": "canvas_jwt", "jwks": {"keys": [5]}}, "/jwks/keys/0"),
            ({"scheme": "canvas_jwt", "jwks": {"keys": [public(KEY), public(KEY)]}}, "/jwks/keys"),
            ({"scheme": "canvas_jwt", "jwks_url": "file:///etc/passwd"}, "/jwks_url"),
            ({"scheme": "canvas_jwt", "jwks_url": "https://x.example/ y"}, "/jwks_url"),
            ({"scheme": "canvas_jwt", "jwks_url": "https://x.example/", "a/b~c": 1}, "/a~1b~0c"),
            ({"scheme": "standard_webhooks"}, "/secrets"),
            ({"scheme": "standard_webhooks", "secrets": []}, "/secrets"),
            ({"scheme": "standard_webhooks", "secrets": [SECRET] * 9}, "/secrets"),
            ({"scheme": "standard_webhooks", "secrets": [SECRET.removeprefix("whsec_")]}, "/secrets"),
            ({"scheme": "standard_webhooks", "secrets": ["whsec_" + base64.b64encode(b"x" * 23).decode()]}, "/secrets"),
            ({"scheme": "standard_webhooks", "secrets": ["whsec_" + base64.b64encode(b"x" * 65).decode()]}, "/secrets"),
            ({"scheme": "standard_webhooks", "secrets": ["whsec_" + "é" * 40]}, "/secrets"),
            ({"scheme": "standard_webhooks", "secrets": [SECRET + "*"]}, "/secrets"),
            ({"scheme": "none"}, "/accept_unsigned"),
            ({"scheme": "none", "accept_unsigned": False}, "/accept_unsigned"),
            ({"scheme": "none", "accept_unsigned": 1}, "/accept_unsigned"),
        ],
    )
    def test_a_faulty_configuration_is_invalid_and_the_place_is_named(self, config: Any, pointer: str) -> None:  # noqa: ANN401 - any JSON
        with pytest.raises(problem.Invalid) as caught:
            signature.parse(config)
        assert [finding.pointer for finding in caught.value.findings] == [pointer]

    @pytest.mark.parametrize("length", [24, 64])
    def test_secrets_of_the_shortest_and_longest_kind_are_taken_padded_or_not(self, length: int) -> None:
        secret = "whsec_" + base64.b64encode(b"x" * length).decode()
        for written in (secret, secret.rstrip("=")):
            config = signature.parse({"scheme": "standard_webhooks", "secrets": [written]})
            assert signature.verify(config, webhook(secret=secret), body=b"{}", now=NOW).key == "msg_1"

    def test_no_secret_stands_in_a_refusal_or_a_representation(self) -> None:
        with pytest.raises(problem.Invalid) as caught:
            signature.parse({"scheme": "standard_webhooks", "secrets": [SECRET, "whsec_short-and-secret"], "more": SECRET})
        told = json.dumps(caught.value.to_json())
        assert "short-and-secret" not in told
        assert SECRET not in told
        assert SECRET not in repr(WEBHOOKS)
        private: dict[str, Any] = {**KEY.as_dict(private=True)}
        with pytest.raises(problem.Invalid) as caught:
            signature.parse({"scheme": "canvas_jwt", "jwks": {"keys": [private]}})
        assert private["d"] not in json.dumps(caught.value.to_json())
