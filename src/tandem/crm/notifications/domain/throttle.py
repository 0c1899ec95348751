"""How many of a stream may be handed over now, so that no 60 seconds ever see more. Pure.

Hand-overs are counted by whole second. Any 60 seconds lie within 61 of these, so those must not
hold more than the limit; and not more than an eighth within any seven, so that they spread out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

WINDOW = 61
SPREAD = 7
SPREAD_SHARE = 8


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """`spent` is what to keep. `next_at`: when one more may go, where not all wanted could."""

    granted: int
    spent: dict[str, int]
    next_at: datetime


def grant(spent: Mapping[str, int], per_minute: int, wanted: int, now: datetime) -> Grant:
    second = int(now.timestamp())
    known = {int(at): count for at, count in spent.items()}
    # A clock that stepped back must not forget what was sent: later seconds count as this one.
    recent: dict[int, int] = {}
    for at, count in known.items():
        if at > second - WINDOW:
            recent[min(at, second)] = recent.get(min(at, second), 0) + count
    burst = -(-per_minute // SPREAD_SHARE)
    room = min(
        per_minute - _within(recent, second, WINDOW), burst - _within(recent, second, SPREAD)
    )
    granted = max(0, min(wanted, room))
    if granted:
        recent[second] = recent.get(second, 0) + granted
    return Grant(
        granted=granted,
        spent={str(at): count for at, count in sorted(recent.items())},
        next_at=_next(recent, per_minute, burst, second),
    )


def _within(spent: Mapping[int, int], second: int, span: int) -> int:
    return sum(count for at, count in spent.items() if at > second - span)


def _next(spent: Mapping[int, int], per_minute: int, burst: int, second: int) -> datetime:
    """The first second in which there is room for one."""
    for later in range(second, second + WINDOW + 1):
        if _within(spent, later, WINDOW) < per_minute and _within(spent, later, SPREAD) < burst:
            return datetime.fromtimestamp(later, UTC)
    return datetime.fromtimestamp(second, UTC) + timedelta(seconds=WINDOW)
