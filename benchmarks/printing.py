"""How the service makes badges, for the badge of the benchmarks: with a press (`badgeissuer.openbadges.press`).

The service makes its presses from what it composes and finds without fault. `badge.json` has members that it does not compose, and breaks
two rules of the data model, so its press is made here, from the same parts; everything that happens for each badge is the service's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from badgeissuer.openbadges import credential, press
from badgeissuer.vc import proof, shape, skeleton, statuslist
from benchmarks import measuring, sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from badgeissuer.vc.document import JsonObject

_STUB = {"name": "-"}


def printer(blank: JsonObject, signer: sample.Signer, example: sample.Learner) -> Callable[[sample.Learner], bytes]:
    """Return what makes the signed badge of a learner, as `pressing.sign_all` makes it, but does not verify it.

    Args:
        blank: The badge, to be filled; its status list says to whom the badges belong.
        signer: The issuer's key.
        example: A learner whose badge the press is made from.
    """
    made = _press(sample.fill(blank, example), particulars(blank, example))

    def sign(learner: sample.Learner) -> bytes:
        item = particulars(blank, learner)
        printed = made.print(press.take_apart(item).leaves)
        if printed is None:
            raise measuring.Failed("The press cannot print a badge.")
        return printed.secured(proof.prove(printed.canonical, signer, context=blank["@context"], created=item.dates.valid_from))

    return sign


def particulars(blank: JsonObject, learner: sample.Learner) -> credential.Particulars:
    """Return what differs between the badges of one achievement."""
    place = blank["credentialStatus"]
    return credential.Particulars(
        url=f"urn:uuid:{learner.uuid}",
        recipient=credential.Recipient(learner.email, learner.did, learner.salt),
        claims=credential.Claims(sample.results(learner), sample.evidence(learner)),
        dates=credential.Dates(learner.awarded, learner.valid_from, learner.valid_until),
        status=statuslist.Entry(place["statusListCredential"], learner.position, place["statusPurpose"]),
    )


def _press(badge: JsonObject, own: credential.Particulars) -> press.Press:
    places = {path: number for number, path in enumerate(skeleton.paths(own.badge(_STUB, {}))) if path not in _ALIKE}
    made = press.cast(proof.lint(badge, shape.gate), places)
    if made is None or len(made.values) < len(places):
        raise measuring.Failed("The badge cannot be printed.")
    return made


_ALIKE = {("name",), ("credentialSubject", "achievement", "name")}
"""What the particulars have only because a badge without it cannot be composed."""
