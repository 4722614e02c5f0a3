"""The systems that people connect: which adapter reads each, how it proves itself, and what has to be asked for that.

A page offers them in this order, and there is a guide for each (`web/guides`).
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import JsonValue

UNSIGNED = "none"
SECRET_FREE = frozenset({"none", "canvas_jwt"})
"""The schemes for which no secret is shared."""
CHOICES = ("hmac", "standard_webhooks", "bearer", "static_header", "basic", "body_token")
"""How a system can prove itself that is described by a mapping."""


@dataclass(frozen=True, slots=True)
class Platform:
    """One system.

    Attributes:
        name: As people call it.
        about: What to know before choosing it.
        adapter: What reads its deliveries.
        scheme: How it proves itself; empty where that is asked.
        asks: What the form asks besides the name: `jwks_url`, `username`, `zone`, `mapping`, or `scheme` with what belongs to it.
        sends_once: Whether what is lost on the way is lost for good.
    """

    name: str
    about: str
    adapter: str
    scheme: str
    asks: tuple[str, ...] = ()
    sends_once: bool = False


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        "canvas": Platform(
            "Canvas",
            "Live Events, signed by Canvas. The best way for Canvas.",
            "canvas",
            "canvas_jwt",
            ("jwks_url",),
        ),
        "canvas-unsigned": Platform(
            "Canvas, unsigned",
            "Live Events without a signature. Anybody who knows the address can send.",
            "canvas",
            "none",
        ),
        "moodle-webhooks": Platform(
            "Moodle, local_webhooks",
            "The simplest plugin. It sends no e-mail address, and once only.",
            "moodle",
            "body_token",
            sends_once=True,
        ),
        "moodle-tool-trigger": Platform(
            "Moodle, tool_trigger",
            "Sends names and e-mail addresses, and tries again. Takes a little longer to set up.",
            "moodle",
            "bearer",
        ),
        "moodle-logstore-xapi": Platform(
            "Moodle, logstore_xapi",
            "Sends everything as xAPI, and tries again.",
            "xapi",
            "basic",
            ("username",),
        ),
        "openedx": Platform(
            "Open edX",
            "openedx-webhooks, which cannot sign. Anybody who knows the address can send.",
            "openedx",
            "none",
            sends_once=True,
        ),
        "xapi": Platform(
            "xAPI",
            "Any system that sends statements to a Learning Record Store.",
            "xapi",
            "basic",
            ("username",),
        ),
        "cmi5": Platform(
            "cmi5",
            "An LMS that plays cmi5 courses.",
            "cmi5",
            "basic",
            ("username",),
        ),
        "caliper": Platform(
            "Caliper",
            "Any system that sends Caliper 1.1 or 1.2, such as Blackboard.",
            "caliper",
            "bearer",
        ),
        "cloudevents": Platform(
            "CloudEvents",
            "A broker or a program that sends CloudEvents.",
            "cloudevents",
            "bearer",
        ),
        "native": Platform(
            "A system of your own",
            "Standard Webhooks: the way to take if you write the sender.",
            "native",
            "standard_webhooks",
        ),
        "generic": Platform(
            "Any other system",
            "You say where in its deliveries things stand.",
            "generic",
            "",
            ("scheme", "header", "username", "zone", "mapping"),
        ),
    }
)
"""Key → system, in the order in which they are offered."""


def signature(scheme: str, *, secrets: Sequence[str], given: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return how a source signs, as it is configured; what is not possible the configuration says (`signature.parse`).

    Args:
        scheme: How it proves itself.
        secrets: Those that count.
        given: What was asked for besides, by its name.
    """
    configured: dict[str, JsonValue] = {"scheme": scheme}
    if scheme not in SECRET_FREE:
        configured["secrets"] = list(secrets)
    if scheme == "none":
        configured["accept_unsigned"] = True
    if scheme == "canvas_jwt":
        configured["jwks_url"] = given.get("jwks_url", "")
    if scheme == "basic":
        configured["username"] = given.get("username", "")
    if scheme in {"hmac", "static_header"}:
        configured["header"] = given.get("header", "")
    return configured


def of(adapter: str, scheme: str) -> str | None:
    """Return the key of the system that a source most likely is; None where it is connected in a way of its own."""
    exact = [key for key, one in PLATFORMS.items() if one.adapter == adapter and one.scheme == scheme and key != "moodle-logstore-xapi"]
    return exact[0] if exact else "generic" if adapter == "generic" else None


def with_another(configured: Mapping[str, JsonValue], secret: str) -> dict[str, JsonValue]:
    """Return a configuration with one more secret, the newest last; of those before only the newest goes on to count."""
    return {**configured, "secrets": [*_secrets(configured)[-1:], secret]}


def with_the_newest(configured: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a configuration in which the newest secret alone counts."""
    return {**configured, "secrets": _secrets(configured)[-1:]}


def _secrets(configured: Mapping[str, JsonValue]) -> list[JsonValue]:
    found = configured["secrets"]
    return list(found) if isinstance(found, list) else []
