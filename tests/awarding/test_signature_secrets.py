from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import incoming, signature

if TYPE_CHECKING:
    from pathlib import Path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = datetime(2026, 5, 20, 14, 1, 40, tzinfo=UTC)
SECRET, OLD_SECRET = "a-secret-of-enough-characters", "the-older-one-of-the-same-kind"
BODY = b'{"type":"done","user":4211}'
FORM = {"content-type": "application/x-www-form-urlencoded"}


def scheme(name: str, **members: Any) -> signature.Scheme:  # noqa: ANN401 - any JSON
    return signature.parse({"scheme": name, "secrets": [SECRET, OLD_SECRET], **members})


MAC = scheme("hmac", header="X-Signature", prefix="sha256=")
HEADER = scheme("static_header", header="X-Token", prefix="v1=")
BODY_TOKEN = scheme("body_token")
BEARER = scheme("bearer")
BASIC = scheme("basic", username="moodle")


def accept(config: signature.Scheme, headers: dict[str, str], body: bytes = BODY) -> signature.Verified:
    return signature.verify(config, headers, body=body, now=NOW)


def refuse(config: signature.Scheme, headers: dict[str, str], body: bytes = BODY) -> None:
    with pytest.raises(problem.Unauthenticated) as caught:
        accept(config, headers, body)
    assert caught.value.detail == signature.DETAIL, "every refusal sounds alike"
    assert caught.value.kind == problem.Unauthenticated.default_kind


def mac(body: bytes = BODY, *, secret: str = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.digest(secret.encode(), body, algorithm)


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture(scope="module")
def secrets(shared_data: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((shared_data / "lms" / "SECRETS.json").read_bytes())
    return found


def load(shared_data: Path, name: str) -> tuple[dict[str, str], bytes]:
    path = shared_data / "lms" / name
    headers = json.loads(path.with_suffix(".headers.json").read_bytes())
    return {header.lower(): value for header, value in headers.items()}, path.read_bytes()


class TestSamples:
    def test_an_hmac_proves_its_body(self, shared_data: Path, secrets: dict[str, str]) -> None:
        headers, body = load(shared_data, "generic_hmac/course_completed.json")
        config = scheme(
            "hmac", header="X-Signature", prefix="sha256=", secrets=["a secret from before", secrets["generic_hmac_hex_secret"]]
        )
        assert accept(config, headers, body) == signature.Verified(body, None)
        for place in range(len(body)):
            refuse(config, headers, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
        refuse(config, headers, body.rstrip())

    def test_moodle_s_token_proves_its_body_and_is_taken_out(self, shared_data: Path, secrets: dict[str, str]) -> None:
        config = scheme("body_token", secrets=[secrets["moodle_local_webhooks_token"]])
        names = sorted((shared_data / "lms" / "moodle_local_webhooks").glob("*[!s].json"))
        assert len(names) > 4
        for path in names:
            headers, body = load(shared_data, f"moodle_local_webhooks/{path.name}")
            found = accept(config, headers, body)
            assert secrets["moodle_local_webhooks_token"].encode() not in found.payload
            assert json.loads(found.payload) == {name: value for name, value in json.loads(body).items() if name != "token"}

    @pytest.mark.parametrize("folder", ["xapi", "xapi_moodle_logstore"])
    def test_the_password_of_a_record_store_proves_every_statement(self, shared_data: Path, secrets: dict[str, str], folder: str) -> None:
        config = scheme("basic", username=secrets["lrs_basic_username"], secrets=[secrets["lrs_basic_password"]])
        names = sorted((shared_data / "lms" / folder).glob("*[!s].json"))
        assert len(names) > 2
        for path in names:
            headers, body = load(shared_data, f"{folder}/{path.name}")
            assert accept(config, headers, body) == signature.Verified(body, None)

    def test_the_bearer_tokens_of_the_samples_are_known(self, shared_data: Path, secrets: dict[str, str]) -> None:
        for name, secret in {
            "moodle_tool_trigger/course_completed.json": "moodle_tool_trigger_bearer",
            "cloudevents/batch.json": "cloudevents_bearer",
            "caliper/grade_event_v1p1.json": "caliper_bearer",
        }.items():
            headers, body = load(shared_data, name)
            assert accept(scheme("bearer", secrets=[secrets[secret]]), headers, body).payload == body
            refuse(BEARER, headers, body)

    @pytest.mark.parametrize("name", ["certificate_created.json", "certificate_created.form.txt"])
    def test_a_sender_that_proves_nothing_is_refused_by_every_scheme_but_none(self, shared_data: Path, name: str) -> None:
        headers, body = load(shared_data, f"openedx/{name}")
        for config in (MAC, HEADER, BODY_TOKEN, BEARER, BASIC):
            refuse(config, headers, body)
        assert accept(signature.parse({"scheme": "none", "accept_unsigned": True}), headers, body).payload == body


class TestHmac:
    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    @pytest.mark.parametrize("encoding", ["hex", "base64"])
    @pytest.mark.parametrize("prefix", ["", "v1=", "HMAC "])
    @pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
    def test_every_way_of_writing_it_is_read(self, algorithm: str, encoding: str, prefix: str, secret: str) -> None:
        config = scheme("hmac", header="X-Acme-Hmac", algorithm=algorithm, encoding=encoding, prefix=prefix)
        raw = mac(secret=secret, algorithm=algorithm)
        written = prefix + (raw.hex() if encoding == "hex" else base64.b64encode(raw).decode())
        assert accept(config, {"x-acme-hmac": written}) == signature.Verified(BODY, None)

    def test_the_case_of_hexadecimal_digits_does_not_count_but_that_of_the_prefix_does(self) -> None:
        assert accept(MAC, {"x-signature": "sha256=" + mac().hex().upper()}).payload == BODY
        refuse(MAC, {"x-signature": "SHA256=" + mac().hex()})

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "sha256=",
            mac().hex(),
            "sha1=" + mac(algorithm="sha1").hex(),
            "sha256=" + mac(algorithm="sha1").hex(),
            "sha256=" + mac(algorithm="sha512").hex(),
            "sha256=" + mac(secret="another secret").hex(),
            "sha256=" + mac(BODY + b"\n").hex(),
            "sha256=" + mac().hex()[:-2],
            "sha256=" + mac().hex()[:-1],
            "sha256=" + mac().hex() + "00",
            "sha256= " + mac().hex(),
            "sha256=" + mac().hex() + " ",
            "sha256=" + mac().hex(" "),
            "sha256=" + base64.b64encode(mac()).decode(),
            "sha256=" + mac().hex() + ",sha256=" + mac().hex(),
            "sha256=é" + mac().hex(),
            "sha256=" + mac().hex().translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),
            "sha256=\ud800",
            "sha256=" + "00" * 1_000_000,
        ],
    )
    def test_what_is_not_this_hmac_is_refused(self, written: str) -> None:
        refuse(MAC, {"x-signature": written})

    def test_base64_counts_in_one_form_only(self) -> None:
        config = scheme("hmac", header="X-Signature", encoding="base64")
        good = base64.b64encode(mac()).decode()
        assert accept(config, {"x-signature": good}).payload == BODY
        twin = good[:-2] + chr(ord(good[-2]) + 1) + "="
        assert base64.b64decode(twin) == mac(), "a lenient decoder sees no difference"
        url = base64.urlsafe_b64encode(hashlib.sha256(b"?").digest()).decode()
        for written in (twin, good.rstrip("="), good + "=", good + "\n", good[:-4], good.lower(), mac().hex(), url, "é", ""):
            refuse(config, {"x-signature": written})

    def test_a_secret_is_used_as_it_is_written(self) -> None:
        config = scheme("hmac", header="X-Signature", secrets=["ein Schlüssel mit Umlaut"])
        assert accept(config, {"x-signature": mac(secret="ein Schlüssel mit Umlaut").hex()}).payload == BODY

    @unhurried
    @given(st.binary(max_size=300), st.integers(min_value=0), st.integers(0, 7))
    def test_whatever_is_signed_is_proven_and_nothing_else(self, body: bytes, place: int, bit: int) -> None:
        headers = {"x-signature": "sha256=" + mac(body).hex()}
        assert accept(MAC, headers, body).payload == body
        refuse(MAC, headers, body + b"\x00")
        if body:
            changed = bytearray(body)
            changed[place % len(body)] ^= 1 << bit
            refuse(MAC, headers, bytes(changed))


class TestStaticHeader:
    def test_either_secret_is_enough(self) -> None:
        for secret in (SECRET, OLD_SECRET):
            assert accept(HEADER, {"x-token": "v1=" + secret}) == signature.Verified(BODY, None)
        assert accept(scheme("static_header", header="X-Token"), {"x-token": SECRET}, b"\xff").payload == b"\xff"

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "v1=",
            SECRET,
            "V1=" + SECRET,
            "v1=" + SECRET[:-1],
            f"v1={SECRET} ",
            f"v1= {SECRET}",
            "v1=" + SECRET.upper(),
            "v1=é",
            "v1=\ud800",
        ],
    )
    def test_anything_else_is_refused(self, value: str) -> None:
        refuse(HEADER, {"x-token": value})

    def test_a_header_that_is_missing_repeated_or_huge_is_refused(self) -> None:
        refuse(HEADER, {})
        refuse(HEADER, {"X-Token": f"v1={SECRET}"})
        refuse(HEADER, {"x-token": f"v1={SECRET},v1={SECRET}"})
        refuse(HEADER, {"x-token": f"v1={SECRET}" + " " * 10_000})


class TestBearer:
    @pytest.mark.parametrize("name", ["Bearer ", "bearer ", "BEARER   "])
    def test_the_name_of_the_scheme_counts_in_any_case(self, name: str) -> None:
        assert accept(BEARER, {"authorization": name + SECRET}) == signature.Verified(BODY, None)
        assert accept(BEARER, {"authorization": name + OLD_SECRET}) == signature.Verified(BODY, None)

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "Bearer",
            "Bearer ",
            SECRET,
            f"Basic {SECRET}",
            f"Bearer{SECRET}",
            f"Bearer\t{SECRET}",
            f"Bearer {SECRET}x",
            f"Bearer {SECRET[:-1]}",
            f"Bearer {SECRET} {SECRET}",
            f"Bearer {SECRET}, Bearer {SECRET}",
            f"Bearer {SECRET.upper()}",
            "Bearer é",
            f"ﬀearer {SECRET}",
        ],
    )
    def test_anything_else_is_refused(self, value: str) -> None:
        refuse(BEARER, {"authorization": value})


class TestBasic:
    def test_name_and_password_are_proven_together(self) -> None:
        for secret in (SECRET, OLD_SECRET):
            assert accept(BASIC, basic("moodle", secret)) == signature.Verified(BODY, None)
            assert accept(BASIC, {"authorization": basic("moodle", secret)["authorization"].replace("Basic", "bAsIc")}).payload == BODY
        for user, secret in (
            ("moodle", "wrong"),
            ("Moodle", SECRET),
            ("", SECRET),
            ("moodle:", SECRET),
            (f"moodle:{SECRET}", ""),
            ("moodle", ""),
        ):
            refuse(BASIC, basic(user, secret))

    def test_a_password_may_hold_a_colon_and_any_letter(self) -> None:
        config = scheme("basic", username="Jürgen", secrets=["päss:wörd, ganz lang"])
        assert accept(config, basic("Jürgen", "päss:wörd, ganz lang")).payload == BODY
        latin = base64.b64encode("Jürgen:päss:wörd, ganz lang".encode("latin-1")).decode()
        refuse(config, {"authorization": f"Basic {latin}"})

    def test_what_is_no_strict_base64_is_refused(self) -> None:
        config = scheme("basic", username="u", secrets=[SECRET + "123"])
        good = basic("u", SECRET + "123")["authorization"]
        assert good.endswith("==")
        assert accept(config, {"authorization": good}).payload == BODY
        twin = good[:-3] + chr(ord(good[-3]) + 1) + "=="
        assert base64.b64decode(twin[6:]) == base64.b64decode(good[6:]), "a lenient decoder sees no difference"
        for value in (
            twin,
            good[:-1],
            good + "=",
            good[:-6] + "*" + good[-5:],
            "Basic é",
            "Basic",
            "Basic \ud800",
            good.replace("Basic", "Bearer"),
        ):
            refuse(config, {"authorization": value})


class TestBodyToken:
    def test_either_secret_is_enough_and_the_rest_is_kept(self) -> None:
        for secret in (SECRET, OLD_SECRET):
            body = json.dumps({"a": [1, 2.50, "é"], "token": secret, "b": None}).encode()
            assert accept(BODY_TOKEN, {}, body) == signature.Verified('{"a":[1,2.5,"é"],"b":null}'.encode(), None)

    def test_a_form_is_kept_as_a_form_without_it(self) -> None:
        config = scheme("body_token", field="wstoken")
        for headers in (FORM, {}):
            found = accept(config, headers, f"a=1+2&wstoken={SECRET}&b=%C3%A9%26&c=".encode())
            assert parse_qsl(found.payload.decode(), keep_blank_values=True) == [("a", "1 2"), ("b", "é&"), ("c", "")]
            assert incoming.read(found.payload, headers).value == {"a": "1 2", "b": "é&", "c": ""}

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff",
            b"[]",
            b"{}",
            f'"{SECRET}"'.encode(),
            f'[{{"token":"{SECRET}"}}]'.encode(),
            f'{{"data":{{"token":"{SECRET}"}}}}'.encode(),
            f'{{"Token":"{SECRET}"}}'.encode(),
            f'{{"token":["{SECRET}"]}}'.encode(),
            f'{{"token":"{SECRET}","token":"{SECRET}"}}'.encode(),
            f'{{"token":"wrong","token":"{SECRET}"}}'.encode(),
            f'{{"token":"{SECRET[:-1]}"}}'.encode(),
            f'{{"token":"{SECRET} "}}'.encode(),
            b'{"token":""}',
            b'{"token":null}',
            b'{"token":true}',
            b'{"token":0}',
            b'{"token":"\\ud800"}',
            f"token={SECRET}&token={SECRET}".encode(),
            f"TOKEN={SECRET}".encode(),
            b"token=",
            b"token=%FF",
            b"token=x&y",
            b"[" * 100_000,
        ],
    )
    def test_a_body_without_exactly_one_token_at_the_top_is_refused(self, body: bytes) -> None:
        refuse(BODY_TOKEN, {}, body)

    @pytest.mark.parametrize("also", [SECRET, OLD_SECRET, f"https://lms.example/?token={SECRET}", [{"deep": SECRET}], {SECRET: 1}])
    def test_a_secret_in_a_second_place_would_be_kept_so_it_is_refused(self, also: Any) -> None:  # noqa: ANN401 - any JSON
        refuse(BODY_TOKEN, {}, json.dumps({"token": SECRET, "also": also}).encode())

    def test_a_secret_that_json_escapes_is_found_in_a_second_place_too(self) -> None:
        config = scheme("body_token", secrets=['a "quoted" \\ señal'])
        body = {"token": 'a "quoted" \\ señal', "other": 1}
        assert accept(config, {}, json.dumps(body).encode()).payload == b'{"other":1}'
        refuse(config, {}, json.dumps(body | {"also": ['a "quoted" \\ señal']}, ensure_ascii=False).encode())

    @unhurried
    @given(
        st.dictionaries(
            st.text(max_size=8), st.none() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
        )
    )
    def test_all_but_the_token_survives(self, members: dict[str, Any]) -> None:
        members.pop("token", None)
        try:
            found = accept(BODY_TOKEN, {}, json.dumps(members | {"token": SECRET}).encode())
        except problem.Unauthenticated:
            assert any(char in name for name in members for char in "\x00"), "only what no database can store is refused"
            return
        assert json.loads(found.payload) == members


_values = st.text(max_size=60) | st.sampled_from(["Bearer ", "Basic ", "sha256=", "v1=", f"Bearer {SECRET[:-1]}", "Basic Og=="])


@unhurried
@given(st.dictionaries(st.sampled_from(["authorization", "x-token", "x-signature", "content-type"]), _values), st.binary(max_size=60))
def test_whatever_is_sent_without_a_secret_the_answer_is_unauthenticated(headers: dict[str, str], body: bytes) -> None:
    for config in (MAC, HEADER, BODY_TOKEN, BEARER, BASIC):
        refuse(config, headers, body)


class TestConfiguration:
    SOUND: dict[str, dict[str, Any]] = {  # noqa: RUF012 - read only
        "hmac": {"header": "X-Sig"},
        "static_header": {"header": "X-Sig"},
        "body_token": {},
        "bearer": {},
        "basic": {"username": "u"},
    }

    @pytest.mark.parametrize("name", SOUND)
    def test_a_configuration_survives_storage(self, name: str) -> None:
        config = scheme(name, **self.SOUND[name])
        assert signature.parse(config.model_dump(mode="json")) == config

    @pytest.mark.parametrize("name", SOUND)
    @pytest.mark.parametrize(
        "secrets",
        [
            None,
            [],
            "a-text-of-enough-characters",
            [SECRET] * 9,
            [SECRET, "too short"],
            ["x" * 513],
            [SECRET + "\n"],
            [SECRET + "\x00"],
            [SECRET, 5],
        ],
    )
    def test_secrets_that_are_too_few_too_many_or_too_weak_are_invalid(self, name: str, secrets: Any) -> None:  # noqa: ANN401 - any JSON
        with pytest.raises(problem.Invalid) as caught:
            scheme(name, **self.SOUND[name], secrets=secrets)
        assert all(finding.pointer.startswith("/secrets") for finding in caught.value.findings)

    @pytest.mark.parametrize("name", ["static_header", "bearer"])
    @pytest.mark.parametrize("secret", ["a secret with a space", "a,secret,with,commas", "ein-Schlüssel-mit-Umlaut"])
    def test_a_secret_that_cannot_stand_in_a_header_is_invalid(self, name: str, secret: str) -> None:
        with pytest.raises(problem.Invalid, match="visible ASCII"):
            scheme(name, **self.SOUND[name], secrets=[secret])

    @pytest.mark.parametrize(
        ("name", "members", "pointer"),
        [
            ("hmac", {}, "/header"),
            ("hmac", {"header": ""}, "/header"),
            ("hmac", {"header": "X Sig"}, "/header"),
            ("hmac", {"header": "X-Sig:"}, "/header"),
            ("hmac", {"header": "X-Sig\n"}, "/header"),
            ("hmac", {"header": "X-Sïg"}, "/header"),
            ("hmac", {"header": "x" * 65}, "/header"),
            ("static_header", {"header": "User-Agent"}, "/header"),
            ("static_header", {"header": "CE-Token"}, "/header"),
            ("hmac", {"header": "X", "algorithm": "sha1"}, "/algorithm"),
            ("hmac", {"header": "X", "algorithm": "md5"}, "/algorithm"),
            ("hmac", {"header": "X", "encoding": "base64url"}, "/encoding"),
            ("hmac", {"header": "X", "prefix": "a,b"}, "/prefix"),
            ("hmac", {"header": "X", "prefix": "é"}, "/prefix"),
            ("hmac", {"header": "X", "prefix": "v1=\n"}, "/prefix"),
            ("hmac", {"header": "X", "window_seconds": 5}, "/window_seconds"),
            ("body_token", {"field": ""}, "/field"),
            ("body_token", {"field": 5}, "/field"),
            ("basic", {}, "/username"),
            ("basic", {"username": ""}, "/username"),
            ("basic", {"username": "a:b"}, "/username"),
            ("basic", {"username": "a\n"}, "/username"),
            ("bearer", {"scheme_name": "x"}, "/scheme_name"),
        ],
    )
    def test_a_faulty_configuration_is_invalid_and_the_place_is_named(self, name: str, members: dict[str, Any], pointer: str) -> None:
        with pytest.raises(problem.Invalid) as caught:
            signature.parse({"scheme": name, "secrets": [SECRET], **members}, pointer="/signature")
        assert [finding.pointer for finding in caught.value.findings] == ["/signature" + pointer]

    @pytest.mark.parametrize("name", SOUND)
    def test_no_secret_stands_in_a_refusal_or_a_representation(self, name: str) -> None:
        config = scheme(name, **self.SOUND[name])
        assert SECRET not in repr(config)
        for faulty in ([SECRET, "short-secret"], [SECRET] * 9, SECRET, [{"a": SECRET}]):
            with pytest.raises(problem.Invalid) as caught:
                scheme(name, **self.SOUND[name], secrets=faulty, more=SECRET)
            told = json.dumps(caught.value.to_json())
            assert SECRET not in told
            assert "short-secret" not in told
