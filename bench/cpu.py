"""CPU seconds of processes, as the kernel counts them."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(pid: int) -> float:
    """User and system time of one process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (11, 12, 13, 14)) / TICKS


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def wait_until(pid: int, children: int, *, seconds_max: float = 10.0) -> None:
    """Wait for backends to be gone again: only then their time is in their parent's."""
    deadline = time.monotonic() + seconds_max
    while len(children_of(pid)) > children and time.monotonic() < deadline:
        time.sleep(0.02)


def family_seconds(pid: int) -> float:
    """A process and its living children: PostgreSQL's postmaster and all its backends."""
    total = seconds_of(pid)
    for child in children_of(pid):
        try:
            total += seconds_of(child)
        except FileNotFoundError:
            continue  # it ended between the two looks; its time is in its parent's
    return total
