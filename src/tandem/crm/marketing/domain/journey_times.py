"""When a wait is over, by the clock of where the person lives."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tandem.crm.marketing.domain.journeys import Wait, WaitFor

GRACE = timedelta(seconds=10)
"""What happened just in time may be told this much later."""


def due(step: Wait, now: datetime, zone: ZoneInfo) -> datetime:
    """The first instant that fulfils the wait, in UTC.

    Days are 24 hours of `minutes`; `at` is the clock on the wall, in summer and winter. An hour
    that a night lacks is the one after it, one that it has twice is the first.
    """
    earliest = now + timedelta(minutes=step.minutes)
    if step.at is None:
        return earliest
    hour, minute = (int(part) for part in step.at.split(":"))
    day = earliest.astimezone(zone).date()
    for offset in range(9):
        on = day + timedelta(days=offset)
        at = _instant(datetime.combine(on, time(hour, minute), zone))
        if at >= earliest and (not step.weekdays or on.isoweekday() in step.weekdays):
            return at
    raise AssertionError("every weekday comes within eight days")


def deadline(step: WaitFor, now: datetime) -> datetime:
    return now + timedelta(minutes=step.minutes)


def _instant(local: datetime) -> datetime:
    """`local` as an instant; what a change of clocks leaves out is moved past it."""
    return local.astimezone(UTC)
