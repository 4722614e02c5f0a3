"""Verify a credential without touching anything: what is needed from outside comes in as values.

    needs(document, gathered) → the URLs still missing         verify(document, gathered, now, policy) → Report

The caller fetches what `needs` names, adds it to `gathered` (what could not be fetched as `Unreachable`), and asks again until nothing is
missing. The steps themselves: `examination`.

Source: VC-DATA-MODEL-2.0#verification, VC-DATA-INTEGRITY#verify-proof, OB-3.0 "Verification and Validation".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.vc import credential, presentation, report, shape
from badgeissuer.vc.effort import Effort
from badgeissuer.vc.examination import Examination, unreadable
from badgeissuer.vc.gathering import Gathered, Resource, Sources, Unreachable
from badgeissuer.vc.policy import SKEW, ForeignStatus, Kind, Policy, Profile
from badgeissuer.vc.report import Outcome, Step
from badgeissuer.vc.secured import Secured
from badgeissuer.vc.statuses import LIST

if TYPE_CHECKING:
    from badgeissuer.vc import jose
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.imprint import Found

__all__ = [
    "GENERIC", "LIST", "SKEW", "Effort", "ForeignStatus", "Gathered", "Kind", "Policy", "Profile", "Resource", "Unreachable",
    "needs", "refresh_url", "refreshed", "unreachable", "unreadable", "verify",
]  # fmt: skip

MAX_CREDENTIALS = 48
"""Credentials inside others that one verification reads, at all depths together."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def needs(
    source: JsonObject, gathered: Gathered, *, policy: Policy, token: jose.Token | None = None, imprint: Found | None = None
) -> frozenset[str]:
    """Return the URLs that a verification of `source` would look at and that `gathered` does not answer yet."""
    sources = Sources(gathered, MAX_CREDENTIALS)
    # The moment is not asked for: nothing that depends on it decides what is looked at.
    Examination(Secured(source, token, imprint), sources, now=_NEVER, policy=policy).look()
    return frozenset(sources.missing)


def verify(
    source: JsonObject,
    gathered: Gathered,
    *,
    now: datetime,
    policy: Policy,
    sha256: str,
    token: jose.Token | None = None,
    imprint: Found | None = None,
    effort: Effort | None = None,
) -> report.Report:
    """Return the report on a credential at the moment `now`.

    Args:
        source: The document, as `secured.read` found it.
        gathered: What stood at the URLs that `needs` named.
        now: The moment to judge at.
        policy: The profile, whom the verifier trusts, and what the reader asks.
        sha256: Of the bytes that `source` was read from.
        token: The token that it came in, where it came in one.
        imprint: What it was read by, where its text was known.
        effort: What this may cost, where it is not the only verification that somebody asked for at once.
    """
    sources = Sources(gathered, MAX_CREDENTIALS, effort=effort or Effort())
    return Examination(Secured(source, token, imprint), sources, now=now, policy=policy).result(sha256=sha256)


def unreachable(found: Unreachable, *, now: datetime, policy: Policy) -> report.Report:
    """Return the report where there is nothing to look at: the document itself could not be had."""
    profile, detail = policy.profile, f"Nothing could be had from {found.url[:200]}: {found.reason}."
    steps = (Step("syntax", Outcome.INDETERMINATE, (problem.Finding(detail, type=problem.OURS + "unreachable"),)),)
    return report.Report(profile.name, report.Issuer(), steps, f"There is no {profile.noun} to look at. {detail}", now, "")


def refresh_url(source: JsonObject, found: report.Report, *, policy: Policy) -> str | None:
    """Return the URL at which a newer version of a document may stand; None where it names none, or nobody is known to have signed it.

    Source: OB-3.0 "OpenBadgeCredential Verification" step 3: after the proof, and once.
    """
    if "refreshService" not in source:
        return None
    kinds = policy.profile.kind(source).refreshes
    services = [item for item in credential.as_list(source.get("refreshService")) if isinstance(item, dict)]
    urls = [item.get("id") for item in services if kinds & {kind for kind in credential.as_list(item.get("type")) if isinstance(kind, str)}]
    url = urls[0] if found.is_signed and urls else None
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None


def refreshed(source: JsonObject, newer: report.Report, newer_source: JsonObject) -> report.Report | None:
    """Return the report on the newer version that a refresh service gave; None where it is no newer version of the same document.

    Source: OB-3.0 "Equality and Comparison": the same issuer and id, and a later validFrom.
    """
    proven = all(step.outcome is Outcome.VALID for step in newer.steps if step.name in {"context", "data_model", "proof", "issuer"})
    names = [(credential.issuer_id(item), item.get("id")) for item in (source, newer_source)]
    if not proven or names[0] != names[1] or not names[0][1]:
        return None
    try:
        before, after = (credential.period(item)[0] for item in (source, newer_source))
    except problem.Invalid:  # a date of the older one is none, and so it cannot be said to be older
        return None
    if not before or not after or after <= before:
        return None
    remark = problem.Finding("Its issuer has a newer version of it; this report is about that one.", type=problem.OURS + "refresh")
    return newer.with_step(Step("refresh", Outcome.VALID, (remark,)))


_GENERIC = Kind("credential", credential.check_context, shape.generic_gate, (credential.rules,))
_PRESENTATION = Kind(
    "presentation",
    credential.check_context,
    shape.generic_gate,
    (presentation.rules,),
    parts=presentation.credentials,
    role="presentation",
    is_presentation=True,
)
GENERIC = Profile("vc", "credential", lambda source: _PRESENTATION if presentation.is_presentation(source) else _GENERIC)
"""The profile for any W3C credential, as VC-API asks for it."""
