"""What the columns of a roster mean, and what its rows say by that.

Names that we know find their meaning by themselves; others are told: `{"Student e-mail": "email"}`. A column that nobody reads is left out
and named. What is wrong with a row is said of the column that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from badgeissuer import problem
from badgeissuer.awarding import cells, sheet
from badgeissuer.vc.credential import as_list

if TYPE_CHECKING:
    from badgeissuer.vc.document import JsonObject

Vocabulary = Mapping[str, tuple[str, ...]]
"""Meanings that columns can have, and the names by which they are known besides their own."""

UNREAD = "-"
"""What a column is told to mean that is to be left out."""
RESULT = "result:"
ALIASES: Vocabulary = {
    "email": ("e mail", "mail", "email address", "e mail address", "learner email", "student email", "student e mail"),
    "name": ("full name", "display name", "learner name", "student name", "learner", "student"),
    "given_name": ("given name", "first name", "firstname"),
    "family_name": ("family name", "last name", "lastname", "surname"),
    "source_id": ("source id", "learner id", "student id", "user id", "student number", "sis user id", "id number"),
    "did": ("learner did", "decentralised identifier", "decentralized identifier"),
    "awarded_at": ("awarded at", "awarded on", "date awarded", "award date", "awarded", "completed at", "completed on", "completion date"),
    "valid_until": ("valid until", "expires", "expires at", "expires on", "expiry date", "expiration date"),
    "scope": ("award scope",),
    "narrative": (),
    "credits_earned": ("credits earned", "credits"),
    "evidence_url": ("evidence url", "evidence", "evidence address", "evidence link"),
    "evidence_name": ("evidence name", "evidence title"),
    "evidence_narrative": ("evidence narrative", "evidence description"),
}
"""Those of a roster."""
_OWN = frozenset({"row", "error", "state", "badge"})
"""Columns that stand in what we give out, and mean nothing here."""
_NUMBERED = re.compile(r"(evidence_(?:url|name|narrative))_([2-9])")
_EVIDENCE = re.compile(r"evidence_(url|name|narrative)(?:_([2-9]))?")
_NOTHING = re.compile(r"[\W_]+")
WHO = ("email", "did", "source_id")


@dataclass(frozen=True, slots=True)
class Scale:
    """A result that an achievement describes.

    Attributes:
        key: Its id, as a fragment where it stands in the achievement itself, so that it outlives the version.
        name: Its name.
        description: The ResultDescription.
    """

    key: str
    name: str
    description: JsonObject


def scales(achievement: JsonObject) -> tuple[Scale, ...]:
    """Return the results that a published Achievement describes."""
    return tuple(
        Scale(
            item["id"].removeprefix(achievement["id"]) if item["id"].startswith(achievement["id"] + "#") else item["id"], item["name"], item
        )
        for item in as_list(achievement.get("resultDescription"))
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a sheet mean, and how its dates are read.

    Attributes:
        header: Their names.
        meanings: What each means: one of `ALIASES`, numbered evidence such as `evidence_url_2`, or `result:` and the key of a scale; None
            for a column that is not read.
        dates: One of `cells.ORDERS`, where dates have figures only.
        zone: The name of the zone of times that name none; UTC where None.
    """

    header: tuple[str, ...]
    meanings: tuple[str | None, ...]
    dates: str | None = None
    zone: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the layout as a JSON object that `from_json` reads back."""
        return {"header": list(self.header), "meanings": list(self.meanings), "dates": self.dates, "zone": self.zone}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Layout:
        """Return the layout that `to_json` wrote."""
        return cls(tuple(value["header"]), tuple(value["meanings"]), value["dates"], value["zone"])

    @property
    def unread(self) -> tuple[str, ...]:
        """The names of the columns that are not read, of those that have one."""
        return tuple(name for name, meaning in zip(self.header, self.meanings, strict=True) if name and meaning is None)

    def column(self, index: int) -> str:
        """Return how a column is called."""
        return self.header[index] or f"number {index + 1}"


def plain(name: str) -> str:
    """Return a name as it is compared: `E-Mail  Address` is `e_mail_address`."""
    return _NOTHING.sub(" ", name.casefold()).strip()


def guess(header: Sequence[str], known: Sequence[Scale], *, vocabulary: Vocabulary = ALIASES) -> tuple[str | None, ...]:
    """Return what columns mean by their names; None for what means nothing.

    Where two would mean the same, the one that has the very name of the meaning does, or neither.
    """
    found = [_meaning(name, known, vocabulary) for name in header]
    return tuple(
        meaning if meaning and (found.count(meaning) == 1 or (name == meaning and header.count(name) == 1)) else None
        for name, meaning in zip(header, found, strict=True)
    )


def _meaning(name: str, known: Sequence[Scale], vocabulary: Vocabulary) -> str | None:
    told = plain(name)
    if not told or told in _OWN:
        return None
    if name in vocabulary or _is_numbered(name, vocabulary):
        return name
    for scale in known:
        if name in {RESULT + scale.key, scale.key} or told == plain(scale.name):
            return RESULT + scale.key
    return next((meaning for meaning, names in vocabulary.items() if told in {*names, plain(meaning)}), None)


def evidence_part(meaning: str) -> tuple[int, str] | None:
    """Return which piece of evidence a column is about, and which part of it: `evidence_url_2` is 2 and `url`; None for other meanings."""
    match = _EVIDENCE.fullmatch(meaning)
    return (int(match[2] or 1), match[1]) if match else None


def _is_numbered(meaning: str, vocabulary: Vocabulary) -> bool:
    match = _NUMBERED.fullmatch(meaning)
    return bool(match and match[1] in vocabulary)


def lay_out(
    header: Sequence[str],
    known: Sequence[Scale],
    *,
    told: Mapping[str, str] | None = None,
    dates: str | None = None,
    zone: str | None = None,
    needed: Sequence[str] = WHO,
    vocabulary: Vocabulary = ALIASES,
) -> Layout:
    """Return what the columns of a sheet mean.

    Args:
        header: Their names.
        known: The results that the achievement describes.
        told: Names and what they mean; `UNREAD` for a column to be left out. The others are guessed.
        dates: One of `cells.ORDERS`, where dates have figures only.
        zone: The name of the zone of times that name none.
        needed: One of these at least must have a column.
        vocabulary: The meanings that there are besides results.

    Raises:
        problem.Invalid: A column is told that is not there or a meaning that there is not, two have one name or one meaning, or none says
            who the learner is. The findings point at the columns, all of them.
    """
    given = {name: _told(meaning, known, vocabulary) for name, meaning in (told or {}).items()}
    findings = [_no_column(name, header) for name in given if name not in header]
    findings += [_no_meaning(name, (told or {})[name], known, vocabulary) for name, meaning in given.items() if meaning == ""]
    taken = set(given.values())
    guessed = zip(header, guess(header, known, vocabulary=vocabulary), strict=True)
    meanings = [given.get(name, None if meaning in taken else meaning) for name, meaning in guessed]
    findings += _twice(header, meanings)
    if not findings and not set(needed) & set(meanings):
        findings.append(problem.Finding(_nobody(header, needed), sheet.pointer(1)))
    if findings:
        raise problem.Invalid.of(tuple(findings[: sheet.MAX_FAULTS]))
    return Layout(tuple(header), tuple(meanings), dates, zone)


def _told(meaning: str, known: Sequence[Scale], vocabulary: Vocabulary) -> str | None:
    """Return what a column is told to mean: None to be left out, an empty text where there is no such meaning."""
    if meaning in {UNREAD, ""}:
        return None
    if meaning in vocabulary or _is_numbered(meaning, vocabulary):
        return meaning
    named = meaning.removeprefix(RESULT)
    return next((RESULT + scale.key for scale in known if named in {scale.key, scale.key.removeprefix("#"), scale.name}), "")


def _no_column(name: str, header: Sequence[str]) -> problem.Finding:
    there = ", ".join(f"“{column}”" for column in header if column)
    return problem.Finding(f"There is no column “{name[:100]}”; there are {there[:1000]}.", sheet.pointer(1, name))


def _no_meaning(name: str, meaning: str, known: Sequence[Scale], vocabulary: Vocabulary) -> problem.Finding:
    there = ", ".join([*vocabulary, *(RESULT + scale.key for scale in known)])
    return problem.Finding(f"The column “{name}” cannot mean {meaning[:100]!r}; it can mean one of {there}.", sheet.pointer(1, name))


def _twice(header: Sequence[str], meanings: Sequence[str | None]) -> list[problem.Finding]:
    found = []
    for index, (name, meaning) in enumerate(zip(header, meanings, strict=True)):
        if not meaning:
            continue
        if name in header[:index] or name in header[index + 1 :]:
            found.append(problem.Finding(f"Two columns are called “{name}”. Rename one of them.", sheet.pointer(1, name)))
        elif meaning in meanings[:index]:
            other = header[meanings.index(meaning)]
            found.append(problem.Finding(f"The columns “{other}” and “{name}” would both mean {meaning}.", sheet.pointer(1, name)))
    return found


def _nobody(header: Sequence[str], needed: Sequence[str]) -> str:
    there = ", ".join(f"“{name}”" for name in header if name)
    return (
        f"No column says who the learner is: one must mean {', '.join(needed[:-1])} or {needed[-1]}. The first row names {there[:1000]}. "
        "Rename a column, or say what one means."
    )


def template(achievement: JsonObject) -> list[str]:
    """Return the names of columns of a roster for a published Achievement: each is understood as it is meant."""
    known = scales(achievement)
    names = ["email", "name", "source_id", "awarded_at", "valid_until", "narrative", "evidence_url", "evidence_name"]
    names += ["credits_earned"] if achievement.get("creditsAvailable") is not None else []
    every = names + [scale.name for scale in known]
    understood = guess(every, known)[len(names) :]
    return names + [
        scale.name if meaning == RESULT + scale.key and cells.bare(scale.name) == scale.name.strip() else RESULT + scale.key
        for scale, meaning in zip(known, understood, strict=True)
    ]
