"""What the public catalogue is searched by."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from badgeissuer.store.base import Base, Ref


class CatalogueEntry(Base):
    """The newest published version of an achievement, as it is searched for (`indexing`).

    `place` orders entries by name and slug alike in every database: it is hexadecimal. `words` is all text in small letters. `marks` has a
    line for each level (`level:eqf:5`), language (`language:en`), skill (`skill:https://…`) and prerequisite (`after:https://…`), in small
    letters too.
    """

    __tablename__ = "catalogue_entry"

    achievement_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement.id"), primary_key=True)
    achievement_version_id: Mapped[int] = mapped_column(Ref, ForeignKey("achievement_version.id"))
    place: Mapped[str] = mapped_column(index=True)
    words: Mapped[str]
    marks: Mapped[str]
