"""When a provider rests: after repeated trouble, refused keys, or a word to slow down.

Closed, messages flow. Open, nobody asks it. Half-open, one message tries it out. Pure.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

FAILURES_MAX = 3
"""Troubles in a row, without one message taken, after which it rests."""
FIRST_REST = timedelta(seconds=30)
REST_MAX = timedelta(minutes=10)
KEYS_REST = timedelta(minutes=30)
"""Refused keys are tried again now and then: an account may have been locked for a while."""
BUSY_REST = timedelta(seconds=10)
BUSY_REST_MAX = timedelta(hours=1)
PROBE = timedelta(minutes=2)
"""How long one message may try a resting provider out before another one may."""


class Reason(StrEnum):
    """Why it rests; empty: it does not."""

    NONE = ""
    TROUBLE = "trouble"
    KEYS = "keys"
    BUSY = "busy"


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """`openings` counts rests in a row, which grow."""

    failures: int = 0
    openings: int = 0
    reason: Reason = Reason.NONE
    until: datetime | None = None

    def may_send(self, now: datetime) -> bool:
        return self.until is None or self.until <= now

    def is_half_open(self, now: datetime) -> bool:
        """One at a time may try it. Who was only busy is simply back."""
        is_over = self.until is not None and self.until <= now
        return is_over and self.reason in {Reason.TROUBLE, Reason.KEYS}


def after_trouble(breaker: Breaker, now: datetime) -> Breaker:
    """No connection, no answer, or an answer that makes no sense."""
    failures = breaker.failures + 1
    if failures < FAILURES_MAX and not breaker.is_half_open(now):
        return msgspec.structs.replace(breaker, failures=failures)
    rest = min(FIRST_REST * 2 ** min(breaker.openings, 10), REST_MAX)
    return Breaker(
        failures=failures, openings=breaker.openings + 1, reason=Reason.TROUBLE, until=now + rest
    )


def after_keys_refused(breaker: Breaker, now: datetime) -> Breaker:
    return Breaker(
        failures=breaker.failures + 1,
        openings=breaker.openings + 1,
        reason=Reason.KEYS,
        until=now + KEYS_REST,
    )


def after_busy(breaker: Breaker, now: datetime, retry_after: timedelta | None) -> Breaker:
    """It asked for a pause (429, 421): no trouble, and no second opinion."""
    rest = min(max(retry_after or BUSY_REST, timedelta(seconds=1)), BUSY_REST_MAX)
    return Breaker(
        failures=breaker.failures, openings=breaker.openings, reason=Reason.BUSY, until=now + rest
    )
