"""The people who work leads: their hours, their days off, how many leads they can carry."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import LINE
from tandem.kernel.calendars import BusinessTime, Calendar
from tandem.kernel.errors import Invalid

CAP_MAX = 10_000
ABSENCES_MAX = 200
ABSENCE_MAX = timedelta(days=400)
YEARS = range(2000, 2201)

Cap = Annotated[int, msgspec.Meta(ge=0, le=CAP_MAX)]
AbsenceNote = Annotated[str, msgspec.Meta(max_length=200, pattern=LINE)]


class Availability(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When somebody works and how many open leads they carry at most.

    Without `hours` they work whenever leads come; without `lead_cap` there is no limit.
    """

    hours: Calendar | None = None
    lead_cap: Cap | None = None


class NewAbsence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Out of office from an instant up to another one."""

    from_at: datetime
    until_at: datetime
    note: AbsenceNote = ""


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    user_id: UUID
    from_at: datetime
    until_at: datetime
    note: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the company as identity knows them."""

    id: UUID
    name: str
    may_sell: bool = True


class Rep(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at the moment a lead is given away; `load` is the open leads they have."""

    id: UUID
    name: str
    may_sell: bool = True
    away_until: datetime | None = None
    is_working: bool = True
    load: int = 0
    lead_cap: int | None = None


def check_absence(new: NewAbsence) -> None:
    if new.from_at.tzinfo is None or new.until_at.tzinfo is None:
        raise Invalid("Say the time zone of both times.", field="from_at")
    for field, at in (("from_at", new.from_at), ("until_at", new.until_at)):
        if at.year not in YEARS:
            raise Invalid("Give a year from 2000 to 2200.", field=field)
    if new.until_at <= new.from_at:
        raise Invalid("It ends before it begins.", field="until_at")
    if new.until_at - new.from_at > ABSENCE_MAX:
        raise Invalid("It may last 400 days at most.", field="until_at")


def away_until(absences: list[Absence], now: datetime) -> datetime | None:
    """The end of the absence that `now` is in, and of those that follow without a gap."""
    end: datetime | None = None
    for absence in sorted(absences, key=lambda one: one.from_at):
        if absence.from_at <= (end or now) < absence.until_at:
            end = absence.until_at
    return end


def is_working(availability: Availability, now: datetime) -> bool:
    return availability.hours is None or BusinessTime(availability.hours).is_open(now)
