from __future__ import annotations

import itertools
import random

import pytest

from badgeissuer.vc import permutation

KEY, OTHER = bytes(range(32)), bytes(32)
LENGTH = 131_072


@pytest.mark.parametrize("length", [4, 5, 1000, LENGTH, LENGTH + 8, 200_000])
def test_every_number_has_a_place_of_its_own(length: int) -> None:
    assert sorted(permutation.places(range(length), key=KEY, length=length)) == list(range(length))


def test_places_do_not_change_from_one_version_or_machine_to_the_next() -> None:
    assert permutation.places([0, 1, 2, 104_856], key=KEY, length=LENGTH) == [108762, 103351, 8433, 73017]
    assert permutation.places([0, 1, 2], key=KEY, length=1_048_576) == [121571, 921902, 946608]


def test_another_key_gives_another_order() -> None:
    one, other = (permutation.places(range(1000), key=key, length=LENGTH) for key in (KEY, OTHER))
    assert sum(a == b for a, b in zip(one, other, strict=True)) < 5


def rank_correlation(values: list[int]) -> float:
    """Return Spearman's coefficient between values and the order in which they come."""
    ranks = {value: rank for rank, value in enumerate(sorted(values))}
    count = len(values)
    return 1 - 6 * sum((ranks[value] - place) ** 2 for place, value in enumerate(values)) / (count * (count**2 - 1))


def test_the_order_of_places_tells_nothing() -> None:
    """Each figure would lie within five standard deviations for real randomness, of which the keys are made here."""
    seed = random.Random(4)  # noqa: S311 - repeatable on purpose
    count = 4096
    for _ in range(8):
        placed = permutation.places(range(count), key=seed.randbytes(32), length=LENGTH)
        assert abs(rank_correlation(placed)) < 5 / count**0.5
        rises = sum(one < other for one, other in itertools.pairwise(placed))
        assert abs(rises - count / 2) < 5 * (count / 12) ** 0.5
        steps = [(other - one) % LENGTH for one, other in itertools.pairwise(placed)]
        assert len(set(steps)) > count * 0.97  # no step comes again and again
        for bit in range(17):
            assert abs(sum(place >> bit & 1 for place in placed) - count / 2) < 5 * (count / 4) ** 0.5
        changed = permutation.places([number ^ 1 for number in range(count)], key=seed.randbytes(32), length=LENGTH)
        flips = sum((one ^ other).bit_count() for one, other in zip(placed, changed, strict=True))
        assert abs(flips - count * 17 / 2) < 5 * (count * 17 / 4) ** 0.5


def test_neighbouring_numbers_of_one_key_lie_apart() -> None:
    placed = permutation.places(range(4096), key=KEY, length=LENGTH)
    flips = sum((one ^ other).bit_count() for one, other in zip(placed[::2], placed[1::2], strict=True))
    assert abs(flips - 2048 * 17 / 2) < 5 * (2048 * 17 / 4) ** 0.5
