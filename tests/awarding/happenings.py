"""What happened, as several tests speak of it."""

from __future__ import annotations

from datetime import UTC, datetime

from badgeissuer.awarding import event

WELDING = event.LearningEvent(
    key="k1",
    type="course_completed",
    occurred_at=datetime(2026, 5, 20, 14, 1, 31, tzinfo=UTC),
    course="565",
    courses=("565", "21070000000000565", "WELD-1"),
    run="2026T1",
    learner=event.LearnerClaim("123", "S-9", "asha@example.org", "Asha Rao"),
    result=event.ResultClaim(35, 40, 0.875, "87", "passed"),
    credits=2,
    evidence=(),
)
