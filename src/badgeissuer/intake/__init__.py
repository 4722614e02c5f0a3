"""From an LMS delivery to awards: store at once, decide later, and keep the reason of every decision.

receive   in the request: check the signature over the raw bytes, store, answer; nothing is issued here
process   in a worker: read the events, ask every rule, award
"""

from badgeissuer.intake.deliveries import (
    PROCESS,
    Examined,
    Receipt,
    Rejected,
    give_up,
    is_source,
    judge,
    keep,
    keep_all,
    note_rejected,
    repeat,
    replay,
    require_same,
    retry,
    senders,
    statement_id,
    takes_cloud_events,
)
from badgeissuer.intake.processing import CHUNK, Order, process, process_all

__all__ = [
    "CHUNK",
    "PROCESS",
    "Examined",
    "Order",
    "Receipt",
    "Rejected",
    "give_up",
    "is_source",
    "judge",
    "keep",
    "keep_all",
    "note_rejected",
    "process",
    "process_all",
    "repeat",
    "replay",
    "require_same",
    "retry",
    "senders",
    "statement_id",
    "takes_cloud_events",
]
