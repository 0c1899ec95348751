"""CPU seconds of processes, as the kernel counts them."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def seconds_of(pid: int) -> float:
    """User and system time of one process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[place]) for place in (11, 12, 13, 14)) / TICKS


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def family_seconds(pid: int) -> float:
    """A process and its living children: PostgreSQL's postmaster and all its backends."""
    total = seconds_of(pid)
    for child in children_of(pid):
        try:
            total += seconds_of(child)
        except FileNotFoundError:
            continue  # it ended between the two looks; its time is in its parent's
    return total
