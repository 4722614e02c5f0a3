"""What a reader may do about a finding, and what its problem type is called: in plain words, for people who are no specialists.

Source: RFC 9457 section 3.1 (`title`); the sentences are this project's own.
"""

from __future__ import annotations

import functools

from badgeissuer.problem import CRYPTOGRAPHIC_SECURITY_ERROR, OURS, SECURITY, STATUS, VC

_ASK_ISSUER = "Ask the issuer, by an address that you know and not by one in this document."
_ASK_AGAIN = "Try again later. Until then do not rely on it."
_GET_ORIGINAL = "Ask the person who gave it to you for the file or the address that the issuer gave them."
_TELL_ISSUER = "Tell the issuer; they can issue it anew in the right form."
_PRESENT_ANEW = "Ask the holder to present it anew, for you and for what you asked."
_CANNOT_HERE = "Nothing is known to be wrong. Ask the issuer how it can be checked, or for one of a common kind."

_NEXT = {
    VC + "PARSING_ERROR": _GET_ORIGINAL,
    VC + "RANGE_ERROR": "Look at the date. Ask the holder whether there is a newer one.",
    CRYPTOGRAPHIC_SECURITY_ERROR: _GET_ORIGINAL,
    SECURITY + "PROOF_VERIFICATION_ERROR": _GET_ORIGINAL + " If that one does not pass either, somebody changed it.",
    SECURITY + "PROOF_TRANSFORMATION_ERROR": _GET_ORIGINAL,
    SECURITY + "INVALID_VERIFICATION_METHOD": "Do not rely on it: it may be a forgery. " + _ASK_ISSUER,
    SECURITY + "INVALID_VERIFICATION_METHOD_URL": _ASK_ISSUER,
    SECURITY + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT": _ASK_ISSUER,
    SECURITY + "INVALID_CONTROLLED_IDENTIFIER_DOCUMENT_ID": _ASK_ISSUER,
    SECURITY + "INVALID_PROOF_PURPOSE_FOR_VERIFICATION_METHOD": "Do not rely on it: it may be a forgery. " + _ASK_ISSUER,
    SECURITY + "INVALID_CHALLENGE_ERROR": _PRESENT_ANEW,
    SECURITY + "INVALID_DOMAIN_ERROR": _PRESENT_ANEW,
    STATUS + "STATUS_RETRIEVAL_ERROR": _ASK_AGAIN,
    STATUS + "STATUS_VERIFICATION_ERROR": "Whether it was revoked is not known. " + _ASK_ISSUER,
    STATUS + "STATUS_LIST_LENGTH_ERROR": "Whether it was revoked is not known. " + _ASK_ISSUER,
    STATUS + "RANGE_ERROR": "Whether it was revoked is not known. " + _ASK_ISSUER,
    OURS + "revoked": "It does not count any more. Ask the issuer for the reason if it matters.",
    OURS + "suspended": "It does not count at present. Ask the issuer, or check again later.",
    OURS + "unreachable": "Look whether the address is right, or hand in the file instead.",
    OURS + "unknown-cryptosuite": _CANNOT_HERE,
    OURS + "unknown-context": _CANNOT_HERE,
    OURS + "too-large": "It is larger or more intricate than badges are. " + _ASK_ISSUER,
    OURS + "recipient": "Ask the person under which name or address it was issued to them.",
    OURS + "not-reached": "See to the finding that comes first.",
    OURS + "schema-undecided": _CANNOT_HERE,
    OURS + "claim-mismatch": _TELL_ISSUER,
    OURS + "claim-missing": "Nothing needs to be done. Other verifiers may object; the issuer may want to know.",
    OURS + "status-message": "Read what the issuer says, and decide what it means for you.",
    **dict.fromkeys(
        (OURS + name for name in ("requirement-not-met", "requirement-unclear", "not-completed", "more-credits")),
        "Nothing is wrong with the badge itself. Ask the issuer what the result means, if it matters to you.",
    ),
    OURS + "refresh": "Nothing needs to be done; the report is about the document that was handed in.",
}
_OTHERWISE = {
    "trust": "Do not rely on it. " + _ASK_ISSUER,
    "data_model": _TELL_ISSUER,
    "schema": _TELL_ISSUER,
    "context": _TELL_ISSUER,
}


def next_step(kind: str, step: str) -> str:
    """Return what to do about a finding of the problem type `kind` in a step of the report."""
    return _NEXT.get(kind) or _OTHERWISE.get(step, _ASK_ISSUER)


@functools.lru_cache(maxsize=256)
def _capitalized(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").capitalize()


def title(kind: str) -> str:
    """Return a title in the problem type's own words: PROOF_VERIFICATION_ERROR → Proof verification error."""
    return _capitalized(kind.rpartition("#")[2].rpartition(":")[2])
