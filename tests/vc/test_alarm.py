from __future__ import annotations

from badgeissuer.vc import alarm


def test_an_alarm_keeps_its_first_reason_and_tells_it_once() -> None:
    told: list[str] = []
    heard = alarm.Alarm(tell=told.append)
    heard.sound("the first")
    heard.sound("the second")
    assert (heard.reason, told) == ("the first", ["the first"])


def test_an_alarm_that_nobody_hears_is_kept() -> None:
    unheard = alarm.Alarm()
    unheard.sound("quietly")
    assert unheard.reason == "quietly"
