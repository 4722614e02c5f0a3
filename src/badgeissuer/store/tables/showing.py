"""To whom the badges are shown: what their learners decided, and the links that they gave away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of

VISIBILITIES = ("private", "unlisted", "public")


class Sharing(Base):
    """What a learner decided of one badge. Without a row it is unlisted, and its results stand on no page."""

    __tablename__ = "sharing"
    __table_args__ = (CheckConstraint(one_of("visibility", *VISIBILITIES), name="visibility"),)

    id: Mapped[Id] = mapped_column(init=False)
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"), unique=True)
    changed_at: Mapped[datetime]
    visibility: Mapped[str] = mapped_column(default="unlisted")
    shows_results: Mapped[bool] = mapped_column(default=False)


class ShareLink(Base):
    """A link that opens one badge, also a private one, until it expires or is taken back: the SHA-256 of the secret in it."""

    __tablename__ = "share_link"

    id: Mapped[Id] = mapped_column(init=False)
    award_id: Mapped[int] = mapped_column(Ref, ForeignKey("award.id"), index=True)
    secret_sha256: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="")
    revoked_at: Mapped[datetime | None] = mapped_column(default=None)
