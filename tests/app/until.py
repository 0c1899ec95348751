"""Waiting for something that another process does, without guessing how long it takes."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(what: Callable[[], T], *, seconds: float = 10.0, told: str = "") -> T:
    """What `what` answers once that is true; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {told or what}"
        time.sleep(0.01)
    return found


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie, ended but not yet waited for, does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
