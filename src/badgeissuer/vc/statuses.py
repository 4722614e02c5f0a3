"""Whether a credential was revoked or suspended: every entry is looked up, in a list that is itself verified.

Fail closed: what is not known to be good is not said to be.

Source: VC-BITSTRING-STATUS-LIST#validate-algorithm, OB-3.0 "OpenBadgeCredential Verification" step 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.vc import credential, report, shape, statuslist, verifiedlist
from badgeissuer.vc.policy import Kind, Profile
from badgeissuer.vc.report import Outcome, Passed, Undecided

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.examination import Examination
    from badgeissuer.vc.gathering import Resource
    from badgeissuer.vc.verifiedlist import VerifiedList

MAX_ENTRIES = 4
_FOREIGN_COST = 0.07
"""What looking at one item of somebody else's list costs, in the units of `effort`."""
MESSAGE = problem.OURS + "status-message"
_PURPOSES = ("revocation", "suspension", "message")

_LIST = Kind("status list", credential.check_plain_context, shape.list_gate, (credential.rules,), is_list=True)
LIST = Profile("vc", "status list", lambda _source: _LIST, proofs=2)
"""The profile for status lists, which strangers serve and every credential may name four of: strict, since it also bounds the work."""


def look(item: Any, examined: Examination) -> None:  # noqa: ANN401 - any JSON value
    """Ask for the list of a status entry, and for what verifying that list takes."""
    foreign = _foreign(item, examined)
    if foreign:
        examined.sources.resource(foreign.url(item), "")
    elif _is_entry(item):
        found = examined.sources.resource(statuslist.read_entry(item).list_url, "The status list")
        if not verifiedlist.is_known(found, examined):
            examined.beside(found.credential, LIST).look()


def check(examined: Examination) -> Passed | None:
    """Return what all status entries of a document come to; None where it has none.

    Raises:
        problem.Invalid: One says revoked or suspended, or is of no proper form.
        report.Undecided: One cannot be answered.
    """
    entries = credential.as_list(examined.source.get("credentialStatus"))
    if not entries:
        return None
    if len(entries) > MAX_ENTRIES:
        raise problem.Invalid(f"At most {MAX_ENTRIES} status entries are read.", kind=statuslist.VERIFICATION_ERROR)
    return report.each(entries, lambda item: _one(item, examined))


def _one(item: Any, examined: Examination) -> Passed:  # noqa: ANN401 - any JSON value
    if _foreign(item, examined):
        return _one_foreign(item, examined)
    if not _is_entry(item):
        kind = item.get("type") if isinstance(item, dict) else None
        raise Undecided(f"This verifier does not know a status of the type {str(kind)[:80]!r}.", kind=statuslist.VERIFICATION_ERROR)
    entry = statuslist.read_entry(item)
    if entry.purpose not in _PURPOSES:
        raise Undecided(f"This verifier does not know a status for {entry.purpose[:40]!r}.", kind=statuslist.VERIFICATION_ERROR)
    evidence = examined.sources.evidence(entry.list_url, "The status list")
    value = _value(entry, examined)
    if entry.purpose == "message":
        return Passed((evidence,), _messages(entry, value))
    if value:
        if entry.purpose == "revocation":
            raise problem.Invalid("Its issuer has revoked it.", kind=statuslist.REVOKED)
        raise problem.Invalid("Its issuer has suspended it.", kind=statuslist.SUSPENDED)
    return Passed((evidence,))


def _messages(entry: statuslist.Entry, value: int) -> tuple[problem.Finding, ...]:
    said = entry.messages.get(value, "")
    return (problem.Finding(f"Its issuer says of it: {report.quotable(said)}.", type=MESSAGE),) if said else ()


def _is_entry(item: object) -> bool:
    return isinstance(item, dict) and credential.as_list(item.get("type")) == [statuslist.ENTRY_TYPE]


def _foreign(item: Any, examined: Examination) -> Any:  # noqa: ANN401 - any JSON value
    kinds = credential.as_list(item.get("type")) if isinstance(item, dict) else []
    return examined.kind.statuses.get(kinds[0]) if len(kinds) == 1 and isinstance(kinds[0], str) else None


def _one_foreign(item: JsonObject, examined: Examination) -> Passed:
    foreign = _foreign(item, examined)
    url = foreign.url(item)
    name = examined.source.get("id")
    try:
        source, evidence = examined.sources.document(url, "The list of revoked badges", kind=statuslist.VERIFICATION_ERROR)
        examined.sources.effort.spend(_FOREIGN_COST * sum(len(value) for value in source.values() if isinstance(value, list)))
        finding = foreign.find(source, name if isinstance(name, str) else "", url=url, issuer=credential.issuer_id(examined.source))
    except problem.Invalid as error:
        raise Undecided(f"The list of revoked badges cannot be relied on. {error.detail}", kind=error.kind) from None
    if finding:
        raise problem.Invalid.of((finding,))
    return Passed((evidence,))


def _verified_list(found: Resource, examined: Examination) -> VerifiedList:
    """Return a list after verifying it, now or before; one that is not good raises."""
    known = verifiedlist.recall(found, examined)
    if known:
        return known
    of_list, left = examined.beside(found.credential, LIST), examined.sources.effort.left
    steps = of_list.steps()
    if report.verdict(steps) is not Outcome.VALID:
        raise problem.Invalid(report.decisive(steps).findings[0].detail)
    evidence = (item for step in steps for item in step.evidence)
    return verifiedlist.remember(found, of_list, evidence=evidence, cost=left - examined.sources.effort.left)


def _value(entry: statuslist.Entry, examined: Examination) -> int:
    """Return the value at an entry, after verifying the list itself; a list that is not good leaves the question open.

    A list is as large as eight documents, and hundreds of entries may name it: it is verified and unpacked once.
    """
    once, url = examined.sources.once, entry.list_url
    try:
        found = examined.sources.resource(url, "The status list")
        of_list = once(("verified list", url), lambda: _verified_list(found, examined))
        issuer = credential.issuer_id(examined.source)
        if of_list.issuer not in {issuer, *examined.policy.list_issuers.get(issuer, ())}:
            raise problem.Invalid("It is by another issuer than the credential.")
        bits = statuslist.check(of_list.source, entry, unpack=lambda encoded: once(("bits", url), lambda: of_list.unpacked(encoded)))
        return statuslist.value(bits, entry.index, entry.size)
    except problem.Problem as error:
        kind = error.kind if error.kind.startswith(problem.STATUS) else statuslist.VERIFICATION_ERROR
        raise Undecided(f"The status list cannot be relied on. {error.detail}", kind=kind) from None
