"""How much of a recipients' domain may be handed over now. Pure.

Hand-overs are counted by tenth of a second. Any second lies within eleven of these, so those must
not hold more than the limit.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from tandem.kernel.errors import Invalid
from tandem.kernel.patterns import whole

DOMAINS_MAX = 50
TICKS = 10
WINDOW = TICKS + 1
FULL_REST = timedelta(seconds=1)
"""When to look again at a domain that as many are writing to as may."""
Domain = Annotated[
    str,
    msgspec.Meta(
        max_length=253, pattern=whole(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]+")
    ),
]
Limit = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class DomainLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """E-mail to addresses of this domain: at most `per_second` in any second, and at most `at_once`
    handed over without an answer yet. In ASCII, lower case."""

    domain: Domain
    per_second: Limit | None = None
    at_once: Limit | None = None

    def says(self) -> str:
        rate = f"{self.per_second} a second" if self.per_second else ""
        return ", ".join(
            part for part in (rate, self.at_once and f"{self.at_once} at once") if part
        )


class DomainWait(DomainLimit, frozen=True, kw_only=True):
    """`waiting`: how many messages of a stream wait for this domain's turn."""

    waiting: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """`spent` is what to keep. `next_at`: when one more may go, where not all wanted could."""

    granted: int
    spent: dict[str, int]
    next_at: datetime


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """A limit, what was handed over lately, and how many are under way."""

    domain: str
    per_second: int | None
    at_once: int | None
    spent: dict[str, int]
    in_hand: int


def check(limits: list[DomainLimit]) -> None:
    for place, one in enumerate(limits):
        if one.per_second is None and one.at_once is None:
            raise Invalid(f"Say how fast, or how many at once: {one.domain}.", field="domains")
        if any(other.domain == one.domain for other in limits[:place]):
            raise Invalid(f"Name each domain once: {one.domain}.", field="domains")


def grant(limit: Spending, wanted: int, now: datetime) -> Grant:
    """As many of `wanted` as the rate and the places let through."""
    tick = int(now.timestamp() * TICKS)
    recent: dict[int, int] = {}
    for at, count in limit.spent.items():
        # A clock that stepped back must not forget what was sent: later ticks count as this one.
        if int(at) > tick - WINDOW:
            recent[min(int(at), tick)] = recent.get(min(int(at), tick), 0) + count
    room = wanted
    if limit.per_second is not None:
        room = min(room, limit.per_second - sum(recent.values()))
    if limit.at_once is not None:
        room = min(room, limit.at_once - limit.in_hand)
    granted = max(0, room)
    if granted:
        recent[tick] = recent.get(tick, 0) + granted
    return Grant(
        granted=granted,
        spent={str(at): count for at, count in sorted(recent.items())},
        next_at=_next(limit, recent, tick, now),
    )


def _next(limit: Spending, recent: Mapping[int, int], tick: int, now: datetime) -> datetime:
    if limit.at_once is not None and limit.in_hand >= limit.at_once:
        return now + FULL_REST
    if limit.per_second is None:
        return now
    for later in range(tick, tick + WINDOW + 1):
        if sum(n for at, n in recent.items() if at > later - WINDOW) < limit.per_second:
            return max(now, datetime.fromtimestamp(later / TICKS, UTC))
    return now + FULL_REST
