"""What the tests of xAPI and cmi5 share: the learner's home, and what is read of a statement that something was passed."""

from __future__ import annotations

from datetime import UTC, datetime

from badgeissuer.awarding import event

ADL = "http://adlnet.gov/expapi/verbs/"
HOME = "https://learn.northvalley.example"


def passed(key: str, *, item: str, run: str | None = None) -> event.LearningEvent:
    """Return the event that is read of such a statement."""
    return event.LearningEvent(
        key=key,
        type=f"{ADL}passed",
        occurred_at=datetime(2026, 5, 20, 14, 1, 31, 250000, tzinfo=UTC),
        course=None,
        courses=(),
        run=run,
        learner=event.LearnerClaim(f"{HOME}|u-4211", None, None, "Asha Rao"),
        result=event.ResultClaim(35, 40, 0.875, None, "passed", passed=True),
        credits=None,
        evidence=(),
        item=item,
        series=f"outcome|{run or ''}",
    )
