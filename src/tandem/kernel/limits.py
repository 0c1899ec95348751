"""Rate limits: a token bucket per caller and purpose, in this process's memory.

Several web processes each grant the limit, so the installation's limit is theirs together.
"""

import time
from collections import OrderedDict

import msgspec

KEPT = 50_000


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """`count` requests at once, refilled evenly over `seconds`."""

    name: str
    count: int
    seconds: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    is_allowed: bool
    limit: Limit
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """IETF draft-ietf-httpapi-ratelimit-headers (the three-field form)."""
        fields = {
            "ratelimit-limit": str(self.limit.count),
            "ratelimit-remaining": str(self.remaining),
            "ratelimit-reset": str(self.reset_seconds),
        }
        return fields if self.is_allowed else {**fields, "retry-after": str(self.reset_seconds)}


class Limiter:
    def __init__(self) -> None:
        self._levels: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def peek(self, limit: Limit, who: str) -> Verdict:
        """Would one more be allowed? Takes nothing."""
        return self._measure(limit, who, cost=0)

    def take(self, limit: Limit, who: str) -> Verdict:
        return self._measure(limit, who, cost=1)

    def _measure(self, limit: Limit, who: str, cost: int) -> Verdict:
        at = time.monotonic()
        rate = limit.count / limit.seconds
        level, seen = self._levels.pop((limit.name, who), (float(limit.count), at))
        level = min(float(limit.count), level + (at - seen) * rate)
        is_allowed = level >= 1
        level -= cost if is_allowed else 0
        self._levels[limit.name, who] = (level, at)
        if len(self._levels) > KEPT:
            self._levels.popitem(last=False)
        wait = 0 if level >= 1 else int((1 - level) / rate) + 1
        return Verdict(is_allowed=is_allowed, limit=limit, remaining=int(level), reset_seconds=wait)
