"""The URLs of what this service publishes. They stand in signed documents and so never change their form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from uuid import UUID

DRAWN = "/image.svg"
"""Where the picture of an achievement stands, below its id, that was drawn when it was published."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Site:
    """The service as the world sees it.

    Attributes:
        base: The base URL, without a final slash; https in production.
        tells_learners: Whether it writes to learners of their badges.
    """

    base: str
    tells_learners: bool = False

    def credential(self, uuid: UUID) -> str:
        """Return the id of a credential, which is where it is shown."""
        return f"{self.base}/c/{uuid}"

    def status_list(self, uuid: UUID) -> str:
        """Return the id of a status list credential."""
        return f"{self.base}/status-lists/{uuid}"

    def issuer(self, slug: str) -> str:
        """Return where an issuer's profile stands; `/did.json` below it is the controller document."""
        return f"{self.base}/i/{slug}"

    def achievement(self, slug: str, version: int) -> str:
        """Return the id of a published achievement."""
        return f"{self.base}/a/{slug}/{version}"

    def picture(self, slug: str, version: int) -> str:
        """Return where the picture stands that was drawn of a published achievement."""
        return self.achievement(slug, version) + DRAWN

    def newest_achievement(self, slug: str) -> str:
        """Return where the newest version of an achievement is found."""
        return f"{self.base}/a/{slug}"

    def hook(self, key: str) -> str:
        """Return where a source delivers to."""
        return f"{self.base}/hooks/{key}"

    @property
    def is_secure(self) -> bool:
        """Whether the service is reached by https, so that did:web can name it."""
        return self.base.startswith("https://")

    def path_of(self, url: str) -> str | None:
        """Return the path of a URL of this service; None for one of anywhere else.

        Scheme and host compare without case, a dot may end the host, and the scheme's own port may be said or left out.
        """
        try:
            ours, theirs = urlsplit(self.base), urlsplit(url)
            same = _origin(ours.scheme, ours.hostname, ours.port) == _origin(theirs.scheme, theirs.hostname, theirs.port)
        except ValueError:
            return None
        if not same or theirs.username is not None or not f"{theirs.path}/".startswith(f"{ours.path}/"):
            return None
        return theirs.path.removeprefix(ours.path) or "/"


def resolve(reference: Any, url: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the URL that a fragment means within the achievement at `url`; anything else as it is."""
    return url + reference if isinstance(reference, str) and reference.startswith("#") else reference


def _origin(scheme: str, host: str | None, port: int | None) -> tuple[str, str | None, int | None]:
    return scheme, host.removesuffix(".") if host else host, _DEFAULT_PORTS.get(scheme) if port is None else port
