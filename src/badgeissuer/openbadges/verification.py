"""How badges are read when they are verified: the strict profile.

Source: OB-3.0 "OpenBadgeCredential Verification"; contract of this project: the `badge` profile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer import problem
from badgeissuer.openbadges import model
from badgeissuer.vc import contexts, credential, shape, verification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from badgeissuer.vc.document import JsonObject

ACCEPTED_CONTEXTS = tuple(
    [contexts.CREDENTIALS_V2, badges, *extension]
    for badges in (contexts.OPEN_BADGES, contexts.OPEN_BADGES_3_0_2)
    for extension in ([], [contexts.OPEN_BADGES_EXTENSIONS])
)
"""The `@context` arrays under which a badge is interpreted; any other could give its words other meanings."""


def check_context(source: JsonObject, known: Mapping[str, contexts.Context]) -> None:
    """Refuse a `@context` that is not exactly one of those accepted.

    Raises:
        report.Undecided: It names a vocabulary of which no pinned copy is held.
        problem.Invalid: It is of another form or order.

    Source: VC-DATA-INTEGRITY#context-validation.
    """
    value = source.get("@context")
    if value in ACCEPTED_CONTEXTS:
        return
    if not isinstance(value, list):
        raise problem.Invalid("@context must be an array.")
    if any(isinstance(item, dict) for item in value):
        raise problem.Invalid("@context holds definitions of its own; a badge's words could then mean anything.")
    credential.refuse_unknown_contexts(value, known)
    raise problem.Invalid(
        "@context must be that of W3C credentials 2.0, then that of Open Badges 3.0.2 or 3.0.3, then its extensions if any."
    )


SCHEMAS = ("https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential",)
"""1EdTech's JSON Schemas of a badge: `model.check` asks for more than they do."""

BADGE = verification.Profile("badge", "badge", check_context, shape.gate, (model.check,), SCHEMAS)
"""The profile for Open Badges, as pages, `/verify` and the command line use it."""
