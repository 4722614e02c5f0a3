"""Whoever runs the service hears of it when templates turn out to be wrong."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from badgeissuer.vc import alarm
from badgeissuer.web import problems, public

if TYPE_CHECKING:
    from tests.actions.conftest import Campus


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm, "ALARM", alarm.Alarm())


def test_the_web_process_logs_the_alarm_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    problems.hear_alarms()
    problems.hear_alarms()
    alarm.ALARM.sound("a test")
    assert [(record.levelname, record.name) for record in caplog.records] == [("ERROR", "badgeissuer.web")]
    assert "used no more: a test" in caplog.text


def test_the_worker_logs_the_alarm_as_an_error_and_again_with_every_pulse(campus: Campus, caplog: pytest.LogCaptureFixture) -> None:
    hand = campus.worker()
    hand.stop()
    hand.run()
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        alarm.ALARM.sound("a test")
        hand._pulse()
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "issues the slow way: a test" in caplog.text


def test_readiness_warns_of_the_alarm(campus: Campus) -> None:
    using: Any = SimpleNamespace(reading=campus.reading, now=lambda: campus.now)
    campus.worker()._pulse()
    assert public.readyz(using) == {"status": "ready"}
    alarm.ALARM.sound("a test")
    assert public.readyz(using) == {"status": "ready", "warning": "a test"}
