"""Requests that are served together: nobody waits for others to come, gets another's answer, or suffers from another's fault."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from badgeissuer.web import together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECONDS = 60


class Desk:
    """Doubles numbers, and notes which it was asked together; whoever asks 0 holds it up until it is let go."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.held = threading.Event()
        self.released = threading.Event()
        self.together: together.Together[int, int] = together.Together(self.serve)

    def serve(self, asked: Sequence[int]) -> list[int | Exception]:
        self.groups.append(list(asked))
        if 0 in asked:
            self.held.set()
            assert self.released.wait(SECONDS)
        if any(number > 1000 for number in asked):
            raise ValueError(f"{asked} is too much")
        return [KeyError(number) if number < 0 else 2 * number for number in asked]

    def ask_during(self, numbers: Sequence[int]) -> list[int | Exception]:
        """Ask while the desk is held up, one after the other; return what each got."""

        def ask(number: int) -> int | Exception:
            try:
                return self.together.ask(number)
            except (KeyError, ValueError) as error:
                return error

        with ThreadPoolExecutor(len(numbers) + 1) as pool:
            first = pool.submit(self.together.ask, 0)
            assert self.held.wait(SECONDS)
            answers = []
            for place, number in enumerate(numbers, 1):
                answers.append(pool.submit(ask, number))
                _until(lambda place=place: len(self.together._waiting) == place)  # type: ignore[misc]  # mypy sees no default in a lambda
            self.released.set()
            assert first.result(SECONDS) == 0
            return [answer.result(SECONDS) for answer in answers]


def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < ends, "this took too long"
        time.sleep(0.001)


@pytest.fixture
def desk() -> Desk:
    """A desk at which nobody stands."""
    return Desk()


def test_who_comes_alone_is_served_at_once_and_alone(desk: Desk) -> None:
    assert [desk.together.ask(number) for number in (3, 4)] == [6, 8]
    assert desk.groups == [[3], [4]]


def test_who_comes_meanwhile_is_served_together_and_gets_their_own(desk: Desk) -> None:
    assert desk.ask_during([1, 2, 3]) == [2, 4, 6]
    assert desk.groups == [[0], [1, 2, 3]]


def test_no_more_than_so_many_are_served_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST", 3)
    assert desk.ask_during([1, 2, 3, 4, 5, 6, 7]) == [2, 4, 6, 8, 10, 12, 14]
    assert desk.groups == [[0], [1, 2, 3], [4, 5, 6], [7]]


def test_an_error_is_only_theirs_whose_it_is(desk: Desk) -> None:
    first, second, third = desk.ask_during([1, -2, 3])
    assert (first, third) == (2, 6)
    assert isinstance(second, KeyError)
    assert desk.groups == [[0], [1, -2, 3]]


def test_where_serving_them_together_fails_each_is_served_alone(desk: Desk) -> None:
    first, second, third = desk.ask_during([1, 2000, 3])
    assert (first, third) == (2, 6)
    assert isinstance(second, ValueError)
    assert desk.groups == [[0], [1, 2000, 3], [1], [2000], [3]]
    assert desk.together.ask(5) == 10


def test_an_answer_too_few_is_noticed_and_the_desk_stays_open() -> None:
    answers: list[list[int | Exception]] = [[], [7]]
    desk: together.Together[str, int] = together.Together(lambda _: answers.pop(0))
    with pytest.raises(ValueError, match="shorter"):
        desk.ask("a")
    assert desk.ask("b") == 7


def test_many_threads_get_what_they_asked_for() -> None:
    desk: together.Together[int, int] = together.Together(lambda asked: [number + 1 for number in asked])
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(desk.ask, range(2000))) == list(range(1, 2001))
