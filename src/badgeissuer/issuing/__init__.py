"""From a decision to a signed badge.

    award   the decision, with everything that must not differ between two tries: id, place in the status list, dates, salt, recipient
    advance what waits for an address, an approval or a moment goes on as soon as it may
    issue   compose → lint → sign → verify as a stranger would → store, in one transaction; nothing is stored that would not verify

Ed25519 is deterministic, so that a second try makes the same bytes as the first.
"""

from badgeissuer.issuing.awards import (
    ISSUE,
    NO_ADDRESS,
    RELEASE,
    WAITING,
    Known,
    advance,
    award,
    decided,
    find,
    queue_all,
    reissue,
    restate,
    resume,
    retry,
    revive,
    supply,
    unpublished,
    version_of,
)
from badgeissuer.issuing.badges import CREDENTIAL, give_up, issue, issue_all, issued, particulars, said_in, seal
from badgeissuer.issuing.decisions import ONCE, SYSTEM, Decision, Randomness, check_end, claims, offer

__all__ = [
    "CREDENTIAL",
    "ISSUE",
    "NO_ADDRESS",
    "ONCE",
    "RELEASE",
    "SYSTEM",
    "WAITING",
    "Decision",
    "Known",
    "Randomness",
    "advance",
    "award",
    "check_end",
    "claims",
    "decided",
    "find",
    "give_up",
    "issue",
    "issue_all",
    "issued",
    "offer",
    "particulars",
    "queue_all",
    "reissue",
    "restate",
    "resume",
    "retry",
    "revive",
    "said_in",
    "seal",
    "supply",
    "unpublished",
    "version_of",
]
