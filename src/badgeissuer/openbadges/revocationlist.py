"""The revocation list of 1EdTech, deprecated since 2025 but named by many badges: a plain list of credentials, not signed by anyone.

Nothing but TLS says who wrote it. Its word is only as good as the connection that it came over, and whoever can write to that server can
revoke a badge or take a revocation back. A list is never made here.

Source: OB-3.0 "1EdTechRevocationList" (1EdTech Verifiable Credential Revocation List 1.0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from badgeissuer import problem
from badgeissuer.vc import credential, report, statuslist

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

TYPE = "1EdTechRevocationList"
_ERROR = statuslist.VERIFICATION_ERROR


def list_url(status: JsonObject) -> str:
    """Return where the list stands that a `credentialStatus` of this type names: its `id`.

    Raises:
        problem.Invalid: It names none.
        report.Undecided: It names one that anybody on the way could have written.
    """
    url = status.get("id")
    if not isinstance(url, str) or not url:
        raise problem.Invalid(f"A credentialStatus of the type {TYPE} must have the URL of the list as its id.", kind=_ERROR)
    if not url.startswith("https://"):
        raise report.Undecided("The revocation list does not stand at an https URL, and nothing else vouches for it.", kind=_ERROR)
    return url


def find(source: JsonObject, credential_id: str, *, url: str, issuer: str) -> problem.Finding | None:
    """Return that a list revokes a credential and why, or None where it does not.

    Args:
        source: What stood at `url`.
        credential_id: The `id` of the credential, by which alone a list can name it.
        url: What `list_url` returned.
        issuer: The issuer of the credential; a list that names its issuer must be by the same.

    Raises:
        problem.Invalid: It is no revocation list, or not this one; or the credential has no `id`.
    """
    if not _plain(credential_id):
        raise problem.Invalid("The credential has no id, so that no revocation list can name it.", kind=_ERROR)
    _check(source, url, issuer)
    for item in [_checked(item) for item in credential.as_list(source.get("revokedCredential"))]:
        if _plain(item["id"]) == _plain(credential_id) and item.get("revoked", True):
            return problem.Finding("Its issuer has revoked it." + _said(item.get("revocationReason")), type=statuslist.REVOKED)
    return None


def _check(source: JsonObject, url: str, issuer: str) -> None:
    if source.get("id") != url:
        raise problem.Invalid("The revocation list is another one than the credential names.", kind=_ERROR)
    if "issuer" in source and credential.issuer_id(source) != issuer:
        raise problem.Invalid("The revocation list is by another issuer than the credential.", kind=_ERROR)


def _checked(item: object) -> JsonObject:
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not isinstance(item.get("revoked", True), bool):
        raise problem.Invalid("Every revokedCredential must have an id, a text, and may have revoked, true or false.", kind=_ERROR)
    return item


def _plain(identifier: str) -> str:
    """Return an identifier as it is compared (OB-3.0 "Equality and Comparison Algorithm")."""
    return unquote(identifier).strip()


def _said(reason: object) -> str:
    shown = report.quotable(reason).strip() if isinstance(reason, str) else ""
    return f" The reason given is “{shown}”." if shown else ""
