"""What is issued, by whom, and with which keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Id, Ref, one_of

KEY_STATES = ("pending", "active", "verify_only", "retired", "compromised")


class Issuer(Base):
    """An issuing unit: who stands in the badge as its issuer; an institution is one that belongs to no other.

    `names` are its names in other languages, by BCP 47 tag. What it does not say of its brand is that of `parent_id` (`branding`).
    `artwork` is the template by which pictures are drawn of its achievements. `gate` is the key of a framework (`appraising`);
    `pauses_overdue` says whether what should have been
    reviewed is awarded no more; `notify` says whether learners are written to.
    """

    __tablename__ = "issuer"
    __table_args__ = (CheckConstraint(one_of("did_method", "key", "web"), name="did_method"),)

    id: Mapped[Id] = mapped_column(init=False)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    did_method: Mapped[str]
    created_at: Mapped[datetime]
    did: Mapped[str | None] = mapped_column(unique=True, default=None)
    url: Mapped[str | None] = mapped_column(default=None)
    description: Mapped[str | None] = mapped_column(default=None)
    image: Mapped[str | None] = mapped_column(default=None)
    email: Mapped[str | None] = mapped_column(default=None)
    colour: Mapped[str | None] = mapped_column(default=None)
    notify: Mapped[bool] = mapped_column(default=True, server_default=true())
    parent_id: Mapped[int | None] = mapped_column(Ref, ForeignKey("issuer.id", name="parent"), default=None, index=True)
    names: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    accent: Mapped[str | None] = mapped_column(default=None)
    linkedin_id: Mapped[str | None] = mapped_column(default=None)
    country: Mapped[str | None] = mapped_column(default=None)
    region: Mapped[str | None] = mapped_column(default=None)
    gate: Mapped[str | None] = mapped_column(default=None)
    pauses_overdue: Mapped[bool] = mapped_column(default=False, server_default=false())
    artwork: Mapped[str | None] = mapped_column(default=None)


class SigningKey(Base):
    """The public half of a signing key and its state; the private half is wrapped in a file of the keys folder."""

    __tablename__ = "signing_key"
    __table_args__ = (
        CheckConstraint(one_of("state", *KEY_STATES), name="state"),
        Index(
            "uq_signing_key_one_active",
            "issuer_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
    )

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    public_key_multibase: Mapped[str] = mapped_column(unique=True)
    verification_method: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None] = mapped_column(default=None)
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    compromised_since: Mapped[datetime | None] = mapped_column(default=None)


class Achievement(Base):
    """A definition in the making: the draft, in Open Badges spelling, and the name under which it is published."""

    __tablename__ = "achievement"

    id: Mapped[Id] = mapped_column(init=False)
    issuer_id: Mapped[int] = mapped_column(Ref, ForeignKey("issuer.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    draft: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    retired_at: Mapped[datetime | None] = mapped_column(default=None)
    retired_reason: Mapped[str | None] = mapped_column(default=None)


class KeptForm(Base):
    """What somebody has written in the form of an achievement and not stored yet; `draft` is what they began with, and `seen` its tag."""

    __tablename__ = "kept_form"
    __table_args__ = (UniqueConstraint("achievement_id", "keeper"),)

    id: Mapped[Id] = mapped_column(init=False)
    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"))
    keeper: Mapped[str]
    form: Mapped[dict[str, Any]]
    draft: Mapped[dict[str, Any]]
    seen: Mapped[str]
    kept_at: Mapped[datetime]


class AchievementVersion(Base):
    """A published definition, exactly as it stands in the badges that assert it. Never changed, never deleted.

    `drawing` is the SVG at its `image`, where that was drawn; it is loaded only when it is asked for.
    """

    __tablename__ = "achievement_version"
    __table_args__ = (UniqueConstraint("achievement_id", "version"),)

    id: Mapped[Id] = mapped_column(init=False)
    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"))
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    draft_sha256: Mapped[str]
    published_at: Mapped[datetime]
    drawing: Mapped[str | None] = mapped_column(default=None, deferred=True)


class Press(Base):
    """A template that badges of a version are printed with (`openbadges.press`). Never changed; a badge never depends on it being kept.

    `members` names the press: which members its badges have, and who issues them. `contexts` are those it was made under: URL → SHA-256.
    """

    __tablename__ = "press"
    __table_args__ = (UniqueConstraint("achievement_version_id", "members"),)

    id: Mapped[Id] = mapped_column(init=False)
    achievement_version_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement_version.id"))
    members: Mapped[str]
    contexts: Mapped[dict[str, Any]]
    plan: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str]
    created_at: Mapped[datetime]
