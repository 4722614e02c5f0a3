"""Where staff can go: pages in groups, each page with those that are reached from it."""

from __future__ import annotations

from dataclasses import dataclass

from badgeissuer import access


@dataclass(frozen=True, slots=True)
class Place:
    """A page to go to.

    Attributes:
        href: Its path.
        label: What it is called.
        templates: Those of the page itself, the first, and of the pages that are reached from it.
        needs: What somebody must be allowed to do for it to be of use.
    """

    href: str
    label: str
    templates: tuple[str, ...]
    needs: str = access.READ

    def current(self, template: str) -> str | None:
        """Return what tells a page that this is where it is (`aria-current`), or that it is reached from here; None where neither."""
        if template not in self.templates:
            return None
        return "page" if template == self.templates[0] else "true"


OVERVIEW = Place("/staff", "Overview", ("overview", "source"))
GROUPS = {
    "Define": (
        Place("/staff/achievements", "Achievements", ("achievements", "achievement", "write", "write_new")),
        Place("/staff/units", "Units", ("units", "unit")),
    ),
    "Issue": (
        Place("/staff/rosters", "Rosters", ("rosters", "roster_columns", "roster_check", "batch")),
        Place("/staff/approvals", "Approvals", ("approvals",)),
        Place("/staff/reviews", "Reviews", ("reviews",)),
    ),
    "Platforms": (
        Place("/staff/events", "Events", ("event_search",)),
        Place("/staff/deliveries", "Deliveries", ("deliveries", "delivery")),
        Place("/staff/reconciling", "Reconcile", ("reconciling", "reconciled")),
        Place("/staff/connect", "Connect a platform", ("connect", "connect_form", "connected"), access.CONNECT),
    ),
    "Learners": (
        Place("/staff/explain", "Explain", ("explain",)),
        Place("/staff/identities", "Who is who", ("identities", "learner")),
    ),
}
"""Headings → places."""


def groups(actor: access.Actor) -> dict[str, list[Place]]:
    """Return where somebody can go, by heading."""
    found = {heading: [place for place in places if access.may(actor, place.needs)] for heading, places in GROUPS.items()}
    return {heading: places for heading, places in found.items() if places}
