"""One delivery before the rules: grounds, awards, and what does not hold any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from badgeissuer import authoring, issuing, problem, recognising, retiring, reviewing, standing, status
from badgeissuer.awarding import condition, event, grade, rule, trigger
from badgeissuer.deciding.rules import Heard, Listening, Raws
from badgeissuer.store import engine, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from badgeissuer.vc.document import JsonObject

_NOBODY = "Not awarded because the event names no learner."
_OVERTAKEN = "Not awarded because the sender has taken it back, or has said something newer of the same."
_NOTHING = "Not awarded because nothing of it stands any more."
_LOST = {
    "voided": "The sender has taken back what earned it.",
    "withdrawn": "The sender says that what earned it counts no more.",
    "changed": "The sender has said something newer, and what earned it does not hold any more.",
}


@dataclass(frozen=True, slots=True)
class _Basis:
    """What an award is to rest upon.

    Attributes:
        heard: The event that completes it.
        number: Which part of the rule that is.
        scope: Which of several awards of the same achievement it is for.
        reason: Why it counts.
    """

    heard: Heard
    number: int
    scope: str
    reason: str


@dataclass(slots=True)
class Case:
    """What the decisions on the events of a delivery have in common."""

    session: Session
    source: tables.Source
    rules: Sequence[Listening]
    randomness: issuing.Randomness
    now: datetime
    addresses: dict[int, tuple[str | None, str | None]] = field(default_factory=dict)
    _achievements: dict[int, tuple[tables.Achievement, tables.AchievementVersion | None]] = field(default_factory=dict)
    _decided: set[tuple[int, int, int]] = field(default_factory=set)
    _said_of: dict[int, standing.Said] = field(default_factory=dict)
    _decisions: list[tables.Decision] = field(default_factory=list)
    _grounds: list[tables.Ground] = field(default_factory=list)
    _due: list[tables.Award] = field(default_factory=list)
    _touches: bool = False
    _raws: Raws = field(init=False)

    def __post_init__(self) -> None:
        """Read what was sent in the same session."""
        self._raws = Raws(self.session)

    def prepare(self, heard: Sequence[Heard]) -> None:
        """Look up for many events what `decide` has to know of each; no event is stored after that."""
        table, before = tables.Decision, [one.stored.id for one in heard if not one.is_new]
        if before:
            query = select(table.learning_event_id, table.rule_id, table.revision).where(table.learning_event_id.in_(before))
            self._decided = {(event_id, rule_id, revision) for event_id, rule_id, revision in self.session.execute(query)}
        known = [one.stored for one in heard if one.stored.learner_id is not None]
        self._said_of = standing.of_each(self.session, known) if known else {}

    def decide(self, one: Heard, target: tables.LearningEvent | None, learner: tables.Learner | None) -> None:
        """Put one event before the rules, and look at what rested on what it overtakes or takes back."""
        stands: Sequence[tables.LearningEvent] = ()
        if learner is not None:
            stands = self._said_of[one.stored.id].counting if target is None else self._remaining(target, learner)
        self._touches = not one.is_new
        for active in self.rules:
            if (one.stored.id, active.row.id, active.row.revision) not in self._decided:
                self._decisions.append(self._decision(active, one, target, learner, stands))
        if learner is not None and (self._touches or target is not None or not self._said_of[one.stored.id].is_first):
            self._write()
            self._look_back(one, target, learner)

    def _remaining(self, target: tables.LearningEvent, learner: tables.Learner) -> Sequence[tables.LearningEvent]:
        """Return what stands besides an event that is taken back; nothing of it earns anybody else anything."""
        return standing.of(self.session, target) if target.learner_id == learner.id else ()

    def finish(self) -> None:
        """Store what was decided, and queue the badges that can be issued."""
        self._write()
        issuing.queue_all(self.session, self._due, randomness=self.randomness, now=self.now)
        self._due.clear()

    def _write(self) -> None:
        """Store the grounds and decisions so far, which are looked for now."""
        engine.add_all_new(self.session, self._grounds)
        self.session.add_all(self._decisions)
        self.session.flush()
        self._grounds.clear()
        self._decisions.clear()

    def _decision(
        self,
        active: Listening,
        one: Heard,
        target: tables.LearningEvent | None,
        learner: tables.Learner | None,
        stands: Sequence[tables.LearningEvent],
    ) -> tables.Decision:
        if learner is None:
            return self._said(active, one, _NOBODY)
        if target is None and one.stored.id not in {row.id for row in stands}:
            return self._said(active, one, _OVERTAKEN)
        again = [self._heard(row) for row in stands if row.created_at >= active.row.changed_at] if target is not None else [one]
        found = [self._bases(active, heard, learner) for heard in again]
        bases = [basis for some in found for basis in some if isinstance(basis, _Basis)]
        reasons = [reason for some in found for reason in some if isinstance(reason, str)]
        if not bases:
            return self._said(active, one, reasons[0] if reasons else _NOTHING)
        for basis in bases:
            self._ground(active, basis)
        decisions = [self._weigh(active, one, basis, learner) for basis in {basis.scope: basis for basis in bases}.values()]
        return next((decision for decision in decisions if decision.award_id is not None), decisions[0])

    def _heard(self, row: tables.LearningEvent) -> Heard:
        needs_raw = any(active.said.reads_raw for active in self.rules)
        return Heard(event.LearningEvent.from_json(row.document), row, self._raws.of(row) if needs_raw else None)

    def _bases(self, active: Listening, heard: Heard, learner: tables.Learner) -> list[_Basis | str]:
        """Return what an event is a part of, or why it is none."""
        found: list[_Basis | str] = []
        for number in active.pieces:
            verdict = active.judge(number, heard)
            scope = self._scope(active, heard, learner) if isinstance(verdict, trigger.Awarded) else None
            if scope is not None:
                found.append(_Basis(heard, number, scope, verdict.reason))
            elif isinstance(verdict, trigger.Awarded):
                found.append(f"Not awarded because the event names no {active.said.policy.scope}, and the badge is given once in each.")
            else:
                found.append(verdict.reason)
        return found

    def _scope(self, active: Listening, heard: Heard, learner: tables.Learner) -> str | None:
        """Return which award of the achievement an event counts for; None where it does not say."""
        kind = active.said.policy.scope
        if kind == "once":
            return issuing.ONCE
        if kind == "run":
            return heard.happened.run and f"run:{heard.happened.run}"
        if kind == "term":
            term = self._grade(active, heard).term
            return term and f"term:{term}"
        return self._renewal(active, heard, learner)

    def _renewal(self, active: Listening, heard: Heard, learner: tables.Learner) -> str:
        """Return the period that an event falls into: that of the badge before, or a new one where that is long enough ago."""
        moment, _ = standing.when(heard.stored)
        table, apart = tables.Award, timedelta(days=active.said.policy.renew_after_days or 0)
        same = (table.achievement_id == active.row.achievement_id, table.learner_id == learner.id, table.scope.startswith("since:"))
        near = (table.awarded_at > moment - apart, table.awarded_at < moment + apart)  # on either side: what comes late is no other badge
        nearest = self.session.scalar(select(table.scope).where(*same, *near).order_by(table.awarded_at).limit(1))
        return f"since:{moment:%Y-%m-%d}" if nearest is None else nearest.partition("~")[0]

    def _ground(self, active: Listening, basis: _Basis) -> None:
        stored = basis.heard.stored
        self._grounds.append(tables.Ground(rule_id=active.row.id, part=basis.number, learning_event_id=stored.id, scope=basis.scope))

    def _weigh(self, active: Listening, one: Heard, basis: _Basis, learner: tables.Learner) -> tables.Decision:
        """Return the decision on an event that is a part of what a rule needs, after awarding where that is enough."""
        reason, rests, touched = basis.reason, [basis.heard.stored], self._touches
        self._touches = True
        if active.said.parts is not None:
            self._write()
            rests, proven = self._proven(active.row.id, basis.scope, learner.id)
            verdict = rule.progress(active.said.parts, proven, now=self.now)
            reason = verdict.reason
            if isinstance(verdict, trigger.NotAwarded):
                return self._said(active, one, reason)
        decision = self._earned(active, basis, rests)
        try:
            award, is_new = self._award(active, learner, decision)
            if not is_new:
                self._write()
                self._again(award, decision, one, basis)
        except problem.Invalid as error:
            return self._said(active, one, f"Not awarded because of this: {error.detail}")
        except problem.Conflict as error:
            if self._closed(active) is None:
                raise
            return self._said(active, one, f"Not awarded because of this: {error.detail}")
        self._touches = touched or not is_new
        waits = award.state if award.state in issuing.WAITING else "awarded"
        return self._said(active, one, reason, outcome=waits if is_new else "already_awarded", award_id=award.id)

    def _award(self, active: Listening, learner: tables.Learner, decision: issuing.Decision) -> tuple[tables.Award, bool]:
        """Award what a rule gives; return the award, and whether it is new."""
        achievement, version = self._achievement(active.row.achievement_id)
        known = None
        if version is not None:
            if learner.id not in self.addresses:
                self.addresses[learner.id] = recognising.address(self.session, learner)
            known = issuing.Known(version, *self.addresses[learner.id], self._due)
        return issuing.award(
            self.session, achievement, learner=learner, decision=decision, randomness=self.randomness, now=self.now, known=known
        )

    def _closed(self, active: Listening) -> str | None:
        """Return why the achievement of a rule is awarded to nobody new; None where it is."""
        achievement, version = self._achievement(active.row.achievement_id)
        issuer = self.session.get_one(tables.Issuer, achievement.issuer_id)
        return None if version is None else retiring.closed(achievement, version, issuer=issuer, now=self.now)

    def weigh_again(self, active: Listening, learner: tables.Learner) -> None:
        """Award what a rule with parts gives for what a learner has reached, where that is enough now and was not before."""
        ground, table = tables.Ground, tables.LearningEvent
        query = select(ground.part, ground.scope, table).join(table, table.id == ground.learning_event_id)
        rows = self.session.execute(query.where(ground.rule_id == active.row.id, table.learner_id == learner.id)).all()
        stand = standing.among(self.session, [row.LearningEvent for row in rows])
        newest: dict[str, _Basis] = {}
        for row in sorted(rows, key=lambda row: standing.when(row.LearningEvent)):
            if row.LearningEvent.id in stand:
                newest[row.scope] = _Basis(self._heard(row.LearningEvent), row.part, row.scope, "")
        for basis in newest.values():
            self._weigh(active, basis.heard, basis, learner)

    def _proven(self, rule_id: int, scope: str, learner_id: int) -> tuple[list[tables.LearningEvent], list[rule.Proven]]:
        """Return the events that are parts of what a rule needs and stand now, the newest first, and what each proves."""
        ground, table = tables.Ground, tables.LearningEvent
        query = select(ground.part, table).join(table, table.id == ground.learning_event_id)
        rows = self.session.execute(query.where(ground.rule_id == rule_id, ground.scope == scope, table.learner_id == learner_id)).all()
        stand = standing.among(self.session, [row for _, row in rows])
        counting = sorted(((part, row) for part, row in rows if row.id in stand), key=lambda item: standing.when(item[1]), reverse=True)
        proven = [rule.Proven(part, row.id, float(row.document.get("credits") or 0), standing.when(row)[0]) for part, row in counting]
        return list({row.id: row for _, row in counting}.values()), proven

    def _earned(self, active: Listening, basis: _Basis, rests: Sequence[tables.LearningEvent]) -> issuing.Decision:
        """Return what is said of the learner, out of the event that completes it and the evidence of all."""
        said, policy, mapping = self._grade(active, basis.heard), active.said.policy, active.said.mapping
        happened = basis.heard.happened
        moment = min(happened.occurred_at or self.now, self.now)  # a sender's clock may run ahead; nothing is earned in the future
        if len(rests) > 1:
            moment = max(standing.when(row)[0] for row in rests)
        held = [policy.hold_until, self.now + timedelta(days=policy.hold_days) if policy.hold_days else None]
        evidence = [event.EvidenceClaim(**item) for row in rests for item in row.document["evidence"]] if mapping.evidence else []
        return issuing.Decision(
            awarded_at=moment,
            email=happened.learner.email,
            did=happened.learner.did,
            scope=basis.scope,
            results=said.results,
            evidence=grade.evidence(evidence),
            credits_earned=None if active.said.parts is not None and mapping.credits is None else said.credits,
            valid_until=moment + timedelta(days=policy.valid_days) if policy.valid_days else None,
            source_id=self.source.id,
            rule_id=active.row.id,
            learning_event_id=basis.heard.stored.id,
            term=said.term,
            license_number=said.license_number,
            license_prefix=mapping.license_prefix,
            activity_start=said.activity_start,
            activity_end=said.activity_end,
            approvals=policy.approvals,
            held_until=max((at for at in held if at is not None), default=None),
            doubts=said.faults,
        )

    def _grade(self, active: Listening, heard: Heard) -> grade.Said:
        _, version = self._achievement(active.row.achievement_id)
        return grade.read(active.said.mapping, condition.Seen(heard.happened, heard.raw), {} if version is None else version.document)

    def _achievement(self, achievement_id: int) -> tuple[tables.Achievement, tables.AchievementVersion | None]:
        """Return an achievement with its published version."""
        if achievement_id not in self._achievements:
            row = self.session.get_one(tables.Achievement, achievement_id)
            self._achievements[achievement_id] = (row, authoring.newest_version(self.session, row))
        return self._achievements[achievement_id]

    def _again(self, award: tables.Award, decision: issuing.Decision, one: Heard, basis: _Basis) -> None:
        """Have an award that is there say what was said since; where its badge is issued, offer another one."""
        if award.rule_id is None or award.learning_event_id is None or award.state in {"pending", "failed"}:
            return
        if award.state == "cancelled":
            if reviewing.is_taken_away(self.session, award):
                issuing.revive(self.session, award, decision, randomness=self.randomness, now=self.now)
            return
        stored, revoked = basis.heard.stored, status.revocation(self.session, award.credential_uuid)
        is_due = self._takes_the_place(stored, self.session.get_one(tables.LearningEvent, award.learning_event_id))
        if award.state in issuing.WAITING:
            if is_due:
                issuing.restate(self.session, award, decision, randomness=self.randomness, now=self.now)
            return
        if revoked is not None:
            was_later = revoked.changed_at is not None and standing.when(stored)[0] > revoked.changed_at
            if was_later or reviewing.is_taken_away(self.session, award):
                reason = "The badge was revoked, and what is said now earns it again."
                self._offer(award, one, "earned", reason, decision)
        elif is_due and decision.results and list(decision.results) != award.claims["results"]:
            reason = f"The result is another one now: {_results(award.claims['results'])} in the badge, {_results(decision.results)} now."
            self._offer(award, one, "result", reason, decision)

    def _takes_the_place(self, stored: tables.LearningEvent, before: tables.LearningEvent) -> bool:
        """Return whether an award says from now on what an event says, not the one before: it is of the same thing, and stands."""
        if (stored.source_id, stored.item) != (before.source_id, before.item):
            return False
        return standing.when(stored) > standing.when(before) or before.id not in {row.id for row in standing.of(self.session, before)}

    def _offer(self, award: tables.Award, one: Heard, kind: str, reason: str, decision: issuing.Decision) -> None:
        offer = issuing.offer(decision)
        reviewing.open_case(self.session, award, one.stored, kind=kind, reason=reason, now=self.now, offer=offer)

    def _look_back(self, one: Heard, target: tables.LearningEvent | None, learner: tables.Learner) -> None:
        """Ask of each award that rests on what an event overtakes, withdraws or takes back, whether it is earned still."""
        table, ground, rules, award = tables.LearningEvent, tables.Ground, tables.Rule, tables.Award
        about = target or one.stored
        is_it = and_(table.source_id == about.source_id, table.item == about.item) if about.item is not None else table.id == about.id
        grounds = select(rules.achievement_id, ground.scope).join(rules, rules.id == ground.rule_id)
        grounds = grounds.join(table, table.id == ground.learning_event_id).where(table.learner_id == learner.id, is_it).distinct()
        places = self.session.execute(grounds).all()
        if not places:
            return
        theirs = or_(*(and_(award.achievement_id == achievement, award.scope == scope) for achievement, scope in places))
        query = select(award).where(award.learner_id == learner.id, award.rule_id.is_not(None), theirs).order_by(award.id)
        kind = "voided" if target is not None else "withdrawn" if one.happened.withdraws else "changed"
        for row in self.session.scalars(query).all():
            reviewing.withdraw_offers(self.session, row, now=self.now)
            if self._holds(row):
                reviewing.settle(self.session, row, now=self.now)
                issuing.advance(self.session, row, randomness=self.randomness, now=self.now)
            elif row.state != "cancelled" and status.revocation(self.session, row.credential_uuid) is None:
                self._lost(row, one, kind)

    def _holds(self, award: tables.Award) -> bool:
        """Return whether any rule for the achievement has grounds that stand; a rule that rests now counts for what it earned before."""
        ground, table = tables.Ground, tables.LearningEvent
        grounds = select(ground.rule_id).join(table, table.id == ground.learning_event_id)
        grounds = grounds.where(table.learner_id == award.learner_id, ground.scope == award.scope)
        query = select(tables.Rule).where(tables.Rule.achievement_id == award.achievement_id, tables.Rule.id.in_(grounds))
        return any(self._suffices(row, award) for row in self.session.scalars(query).all())

    def _suffices(self, row: tables.Rule, award: tables.Award) -> bool:
        """Return whether the grounds of one rule are enough for an award; of a rule that needs one event, whether one stands."""
        said = rule.parse(row.document)
        if said.parts is not None:
            _, proven = self._proven(row.id, award.scope, award.learner_id)
            return bool(proven) and isinstance(rule.progress(said.parts, proven, now=None), trigger.Awarded)
        ground, table = tables.Ground, tables.LearningEvent
        query = select(table).join(ground, ground.learning_event_id == table.id).order_by(table.id.desc())
        same = (ground.rule_id == row.id, ground.scope == award.scope, table.learner_id == award.learner_id)
        places: dict[object, list[tables.LearningEvent]] = {}
        for happened in self.session.scalars(query.where(*same)).all():
            places.setdefault(happened.id if happened.item is None else (happened.source_id, happened.item), []).append(happened)
        return any(  # the newest first, and no further than needed
            {one.id for one in some} & {one.id for one in standing.of(self.session, some[0])} for some in places.values()
        )

    def _lost(self, award: tables.Award, one: Heard, kind: str) -> None:
        row, table = self.session.get_one(tables.Rule, award.rule_id), tables.Decision
        takes = rule.parse(row.document).policy.on_loss == "revoke"
        said = select(table.reason).where(table.learning_event_id == one.stored.id, table.rule_id == row.id).order_by(table.id.desc())
        detail = self.session.scalar(said.limit(1)) if kind == "changed" else None
        lose = reviewing.take_away if takes else reviewing.open_case
        lose(self.session, award, one.stored, kind=kind, reason=_LOST[kind] + (f" {detail}" if detail else ""), now=self.now)

    def _said(
        self, active: Listening, one: Heard, reason: str, *, outcome: str = "not_awarded", award_id: int | None = None
    ) -> tables.Decision:
        """Return a decision, which is not stored by that."""
        return tables.Decision(
            learning_event_id=one.stored.id,
            rule_id=active.row.id,
            revision=active.row.revision,
            outcome=outcome,
            reason=reason,
            decided_at=self.now,
            award_id=award_id,
        )


def _results(items: Iterable[JsonObject]) -> str:
    said = [str(item.get("value") or item.get("status") or item.get("achievedLevel", "").rpartition("#")[2]) for item in items]
    return ", ".join(said) or "none"
