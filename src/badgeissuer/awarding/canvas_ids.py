"""The ids of Canvas: local ("565") in one event, global ("21070000000000565", shard times 10^13 plus local) in another."""

from __future__ import annotations

import re

_SHARD = 10**13
_DIGITS = re.compile("[0-9]{1,20}")


def forms(identifier: str, root: str | None) -> tuple[str, ...]:
    """Return every form of an id, each once, the one that the root account's own pages show first.

    Args:
        identifier: The id as an event has it.
        root: The global id of anything in the shard of the root account, such as the root account itself.
    """
    found = (local(identifier, root), identifier, _global(identifier, root))
    return tuple(dict.fromkeys(form for form in found if form))


def local(identifier: str, root: str | None) -> str:
    """Return the id as the root account's own pages show it; an id of another shard stays global, for its local form means someone else."""
    number, shard = _number_of(identifier), shard_of(identifier)
    return str(number % _SHARD) if number is not None and shard in {None, shard_of(root) or shard} else identifier


def shard_of(identifier: str | None) -> int | None:
    """Return the shard of a global id; None for a local id and for what is no number."""
    number = _number_of(identifier or "")
    return None if number is None else number // _SHARD or None


def in_shard(identifier: str) -> int | str:
    """Return what a local and a global id of the same thing have in common."""
    number = _number_of(identifier)
    return identifier if number is None else number % _SHARD


def _global(identifier: str, root: str | None) -> str | None:
    number, shard = _number_of(identifier), shard_of(root)
    return str(shard * _SHARD + number) if number is not None and shard and shard_of(identifier) is None else None


def _number_of(identifier: str) -> int | None:
    return int(identifier) if _DIGITS.fullmatch(identifier) else None
