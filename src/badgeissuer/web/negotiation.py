"""Which form of a thing a client asks for: a page only where HTML is named, JSON for everybody else, scanners and curl included."""

from __future__ import annotations

CREDENTIAL_TYPES = ("application/vc+ld+json", "application/vc", "application/ld+json", "application/json")
"""Media types that a credential is served as, the default first (OB-3.0 "Web Resource")."""


def accepted(accept: str) -> list[str]:
    """Return the media types of an Accept header, the most wanted first; those with q=0 are left out."""
    ranked = []
    for position, item in enumerate(accept.split(",")):
        name, *parameters = (part.strip() for part in item.split(";"))
        quality = next((parameter[2:] for parameter in parameters if parameter[:2].lower() == "q="), "1")
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        if name and weight > 0:
            ranked.append((-weight, position, name.lower()))
    return [name for _, _, name in sorted(ranked)]


def wants_page(accept: str) -> bool:
    """Return whether HTML is named, and before any JSON."""
    wanted = [name for name in accepted(accept) if name == "text/html" or name in CREDENTIAL_TYPES]
    return wanted[:1] == ["text/html"]


def credential_type(accept: str) -> str:
    """Return the media type to serve a credential as."""
    return next((name for name in accepted(accept) if name in CREDENTIAL_TYPES), CREDENTIAL_TYPES[0])
