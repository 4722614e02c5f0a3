"""The flight recorder: explain, replay."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from badgeissuer import authoring, connecting
from badgeissuer.cli.telling import APP, say, writing
from badgeissuer.settings import Settings, clock, opened
from badgeissuer.store import engine, tables


@APP.command("explain")
def explain(
    learner: Annotated[str, typer.Argument(help="An e-mail address, a DID, or an id of a source.")],
    achievement: Annotated[str | None, typer.Option(help="Only what concerns this achievement.")] = None,
    source: Annotated[str | None, typer.Option(help="Whom this source calls so, where several people are called so.")] = None,
    person: Annotated[int | None, typer.Option(min=1, help="Which of several it is, by the number that is told.")] = None,
) -> None:
    """Say why a learner did, or did not, get a badge, and which events and decisions that rests upon."""
    from badgeissuer import explaining  # noqa: PLC0415 - as the package says

    with opened(Settings()) as database, engine.reading(database) as session:
        wanted = authoring.achievement(session, achievement) if achievement else None
        calls = connecting.source(session, source) if source else None
        found = explaining.explain(session, learner, achievement=wanted, source=calls, person=person)
        lines = [found.summary]
        for event, decisions in found.events:
            source = session.get_one(tables.Source, event.source_id).slug
            lines.append(f"{event.occurred_at or event.created_at:%Y-%m-%d %H:%M}  {source}  {event.type}  (delivery {event.delivery_id})")
            lines += [f"    rule {decision.rule_id}: {decision.outcome}. {decision.reason}" for decision in decisions]
        for award, reviews in found.awards:
            slug = session.get_one(tables.Achievement, award.achievement_id).slug
            lines.append(f"award {award.uuid}  {slug}  {award.state}")
            lines += [f"    review {review.id}: {review.state}. {review.reason}" for review in reviews]
    for line in lines:  # what senders write is not to move the cursor
        sys.stdout.write("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line) + "\n")


@APP.command("replay")
def replay(delivery: Annotated[int, typer.Argument(min=1, help="The number of a delivery.")]) -> None:
    """Put the events of a delivery before rules that have come since; a worker does it, and nothing is decided twice."""
    from badgeissuer import intake  # noqa: PLC0415 - as the package says

    with writing() as (_, session):
        intake.replay(session, delivery, now=clock())
    say(f"Delivery {delivery} is queued.")
