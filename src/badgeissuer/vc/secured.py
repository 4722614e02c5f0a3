"""Read a credential in whichever form it is secured: a JSON document with proofs, a token, or a token in an envelope.

Source: VC-DATA-MODEL-2.0#securing-mechanisms, VC-DATA-MODEL-2.0#enveloped-verifiable-credentials, VC-JOSE-COSE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.vc import contexts, document, jose
from badgeissuer.vc.credential import as_list
from badgeissuer.vc.report import Undecided

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject
    from badgeissuer.vc.imprint import Found

ENVELOPE = "EnvelopedVerifiableCredential"
_OTHER_ENVELOPE = "EnvelopedVerifiablePresentation"
_TOKEN = b"eyJ"
"""How a token begins, a damaged one too: with the brace and the quotation mark of its header."""
_MEDIA_TYPES = ("data:application/vc+jwt,", "data:application/vc+ld+jwt,")


@dataclass(frozen=True, slots=True)
class Secured:
    """A credential or presentation, and what secures it besides proofs of its own.

    Attributes:
        content: The document.
        token: The token that it came in; its signature covers all of `content`.
        imprint: What it was read by, where its text was known.
    """

    content: JsonObject
    token: jose.Token | None = None
    imprint: Found | None = None


def read(body: bytes, *, max_bytes: int = document.MAX_BYTES) -> Secured:
    """Return what the bytes of a JSON document or of a compact JWS hold.

    Raises:
        problem.Problem: They are neither, or break a rule of the form that they are in.
        report.Undecided: They are enveloped in a form that is not read here.
    """
    if len(body) > max_bytes:
        raise problem.TooLarge(f"The document has {len(body):,} bytes; at most {max_bytes:,} are read.")
    text = body.strip()
    if text.startswith(_TOKEN) or (text.isascii() and jose.looks_like_token(text.decode("ascii"))):
        return read_value(text.decode("ascii", "replace"))
    return read_value(document.parse(body, max_bytes=max_bytes))


def read_value(value: object) -> Secured:
    """Return what a credential inside another document is: an object, an envelope, or the text of a token; see `read`."""
    if isinstance(value, str):
        token = jose.read(value.strip())
        return Secured(jose.credential(token), token)
    if not isinstance(value, dict):
        raise problem.Malformed("A credential must be a JSON object, or the text of a token.")
    kinds = as_list(value.get("type"))
    if _OTHER_ENVELOPE in kinds:
        raise Undecided("Presentations in an envelope are not read here.")
    if is_envelope(value):
        if contexts.CREDENTIALS_V2 not in as_list(value.get("@context")):
            raise problem.Malformed(f"The @context of an {ENVELOPE} must be {contexts.CREDENTIALS_V2}, which says what it is.")
        return read_value(_enveloped(value.get("id")))
    return Secured(value)


def is_envelope(value: object) -> bool:
    """Return whether a value says that it is an `EnvelopedVerifiableCredential`."""
    return isinstance(value, dict) and ENVELOPE in as_list(value.get("type"))


def envelope(token: str) -> JsonObject:
    """Return a token as an `EnvelopedVerifiableCredential`."""
    return {"@context": contexts.CREDENTIALS_V2, "id": _MEDIA_TYPES[0] + token, "type": ENVELOPE}


def _enveloped(url: object) -> str:
    if not isinstance(url, str) or not url.startswith("data:"):
        raise problem.Malformed(f"The id of an {ENVELOPE} must be a data: URL.")
    kind = next((kind for kind in _MEDIA_TYPES if url.startswith(kind)), None)
    if kind is None:
        raise Undecided("The credential is enveloped in a form that is not read here; application/vc+jwt is.")
    return url.removeprefix(kind)
