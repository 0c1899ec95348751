"""Waiting for what another process or thread does, without guessing how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 20.0
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.005, 0.1


def until(what: Callable[[], T | None], told: str = "", *, seconds: float = PATIENCE_SECONDS) -> T:
    """What `what` answers once that is something true; fails after `seconds`.

    Looks often at first and then less, so that waiting does not hold up what is waited for.
    """
    deadline = time.monotonic() + seconds
    pause = PAUSE_SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {told or what}"
        time.sleep(pause)
        pause = min(pause * 1.3, PAUSE_SECONDS_MAX)
    return found
