"""When something that ended is started again."""

import time

import pytest

from tandem.app.supervisor.pauses import SECONDS, STEADY_SECONDS, Pauses


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    at = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    return at


def deaths(waits: Pauses, clock: list[float], lived: float, count: int) -> list[float | None]:
    """The pause after each of so many lives."""
    found = []
    for _ in range(count):
        waits.started()
        clock[0] += lived
        found.append(waits.begin())
        clock[0] += SECONDS[-1]
    return found


def test_what_dies_at_once_every_time_is_given_longer_rests(clock: list[float]) -> None:
    assert deaths(Pauses(), clock, 0.2, 8) == [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0]


def test_what_worked_for_a_while_comes_back_at_once_however_often_it_is_killed(
    clock: list[float],
) -> None:
    assert deaths(Pauses(), clock, STEADY_SECONDS + 0.1, 20) == [SECONDS[0]] * 20


def test_a_rest_is_begun_once_and_ends(clock: list[float]) -> None:
    waits = Pauses()
    assert waits.begin() == 0.1
    assert waits.begin() is None
    assert not waits.is_over
    clock[0] += 0.1
    assert waits.is_over
