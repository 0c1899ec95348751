"""When to look again: soon at first, then rarely, and for as long as something may still come."""

from datetime import datetime, timedelta

WATCH_FOR = timedelta(days=5)
"""Late authorisations are polled for three days, one page of Razorpay's says five."""

ALARM_AFTER = timedelta(hours=24)
"""Authorised and not captured for this long: two days remain before the gateway gives it back."""

CHECK_GAPS = tuple(timedelta(seconds=gap) for gap in (20, 20, 40, 60, 120, 300, 900, 3600))
CHECK_GAP_MAX = timedelta(hours=6)

LEASE = timedelta(seconds=30)
CALL_SECONDS_MAX = 25.0
"""Whoever claims a row has it for the lease, and gives up a call before the lease ends: two workers
never call for one row at a time, and a dead worker's row is free again soon."""

TRY_GAP_FIRST = timedelta(seconds=5)
TRY_GAP_MAX = timedelta(hours=6)


def next_check(*, checks: int, since: datetime, now: datetime) -> datetime | None:
    """When to ask the gateway again about a request; None once nothing more can come.

    `since` is when the request last mattered: it was opened, or its order ended.
    """
    if now - since > WATCH_FOR:
        return None
    return now + (CHECK_GAPS[checks] if checks < len(CHECK_GAPS) else CHECK_GAP_MAX)


def next_try(*, tries: int, now: datetime) -> datetime:
    """When a call that brought no decision is taken up again."""
    return now + min(TRY_GAP_FIRST * (1 << min(tries, 12)), TRY_GAP_MAX)
