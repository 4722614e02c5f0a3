"""What we sign as Standard Webhooks is what others take for signed."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from badgeissuer import problem
from badgeissuer.awarding import signature
from badgeissuer.awarding.signature import webhook

if TYPE_CHECKING:
    from pathlib import Path


def test_signatures_are_those_of_deliveries_that_others_signed(shared_data: Path) -> None:
    folder = shared_data / "lms" / "standard_webhooks"
    known = json.loads((shared_data / "lms" / "SECRETS.json").read_bytes())
    body = (folder / "course_completed.json").read_bytes()
    theirs = json.loads((folder / "course_completed.rotating.headers.json").read_bytes())
    at = datetime.fromtimestamp(int(theirs["webhook-timestamp"]), UTC)
    secrets = [known["standard_webhooks"], known["standard_webhooks_previous"]]
    ours = webhook.sign(secrets, body, delivery=theirs["webhook-id"], now=at)
    assert ours["webhook-id"] == theirs["webhook-id"]
    assert ours["webhook-timestamp"] == theirs["webhook-timestamp"]
    assert sorted(ours["webhook-signature"].split()) == sorted(theirs["webhook-signature"].split())


@given(st.binary(min_size=24, max_size=64), st.text(), st.integers(0, 10**6))
def test_the_library_of_the_standard_takes_what_we_sign(random: bytes, text: str, micro: int) -> None:
    secret, body = webhook.new_secret(random), json.dumps({"text": text}).encode()
    headers = webhook.sign([secret], body, delivery="msg_1", now=datetime.now(UTC).replace(microsecond=micro % 10**6))
    assert standardwebhooks.Webhook(secret).verify(body.decode(), headers) == {"text": text}


def test_each_of_two_secrets_is_enough_and_no_other_is() -> None:
    one, two, other = (webhook.new_secret(bytes([number]) * 32) for number in range(3))
    now = datetime(2026, 5, 20, tzinfo=UTC)
    headers = webhook.sign([one, two], b"{}", delivery="msg_1", now=now)
    for secret in (one, two):
        config = signature.parse({"scheme": "standard_webhooks", "secrets": [secret]})
        assert signature.verify(config, headers, body=b"{}", now=now).key == "msg_1"
    with pytest.raises(problem.Unauthenticated):
        signature.verify(signature.parse({"scheme": "standard_webhooks", "secrets": [other]}), headers, body=b"{}", now=now)


def test_a_secret_is_one_that_a_source_of_ours_would_take() -> None:
    secret = webhook.new_secret(bytes(32))
    assert base64.b64decode(secret.removeprefix("whsec_")) == bytes(32)
    signature.parse({"scheme": "standard_webhooks", "secrets": [secret]})
