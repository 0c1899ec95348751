"""A member's own hours: when mail must not come, and when what was gathered does. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.notifications.domain.categories import Pace
from tandem.crm.notifications.domain.rules import QuietHours, quiet_until
from tandem.kernel.errors import Invalid
from tandem.kernel.patterns import whole
from tandem.kernel.zones import zone_names

GATHERED_FOR = timedelta(hours=1)
Clock = Annotated[str, msgspec.Meta(pattern=whole(r"([01]\d|2[0-3]):[0-5]\d"))]
ClockOrNone = Annotated[str, msgspec.Meta(pattern=whole(r"(([01]\d|2[0-3]):[0-5]\d)?"))]


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`quiet_from` and `quiet_until` on the wall clock of `zone`, both empty for never quiet.
    A digest comes at `digest_at`; a weekly one on `digest_day`, Monday is 0."""

    zone: Annotated[str, msgspec.Meta(max_length=64)]
    quiet_from: ClockOrNone = ""
    quiet_until: ClockOrNone = ""
    digest_at: Clock = "09:00"
    digest_day: Annotated[int, msgspec.Meta(ge=0, le=6)] = 0


class MemberHours(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UUID
    hours: Hours


def check_hours(hours: Hours) -> None:
    if hours.zone not in zone_names():
        raise Invalid(f"There is no time zone {hours.zone!r}.", field="zone")
    if bool(hours.quiet_from) != bool(hours.quiet_until):
        raise Invalid("Quiet hours have a beginning and an end.", field="quiet_until")
    if hours.quiet_from and hours.quiet_from == hours.quiet_until:
        raise Invalid("Quiet hours that never end would keep everything back.", field="quiet_until")


class Mailed(msgspec.Struct, frozen=True, kw_only=True):
    """When mail to somebody last left, and when the next one does that waits already."""

    last_at: datetime | None = None
    next_at: datetime | None = None


def due_at(pace: Pace, hours: Hours, now: datetime, mailed: Mailed = Mailed()) -> datetime:
    """When mail about something that happened now is due. A digest's own moment belongs to the next
    one, so that what comes late is in no message that has left. What is gathered goes with what
    waits already: the hour begins with the first of it."""
    if pace in ("daily", "weekly"):
        return _next_digest(pace, hours, now)
    at = now if pace == "now" else _gathered(pace, now, mailed)
    if not hours.quiet_from:
        return at
    quiet = QuietHours(starts=hours.quiet_from, ends=hours.quiet_until, covers="all")
    return quiet_until(quiet, ZoneInfo(hours.zone), at) or at


def _gathered(pace: Pace, now: datetime, mailed: Mailed) -> datetime:
    if mailed.next_at is not None and now < mailed.next_at <= now + GATHERED_FOR:
        return mailed.next_at
    if pace == "hourly":
        return now + GATHERED_FOR
    return now if mailed.last_at is None else max(now, mailed.last_at + GATHERED_FOR)


def _next_digest(pace: Pace, hours: Hours, now: datetime) -> datetime:
    zone = ZoneInfo(hours.zone)
    today = now.astimezone(zone).date()
    for ahead in range(9):
        day = today + timedelta(days=ahead)
        at = _moment(day, time.fromisoformat(hours.digest_at), zone)
        if at > now and (pace == "daily" or day.weekday() == hours.digest_day):
            return at
    raise AssertionError("a week has every day")


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
