"""The promised day: an honest date, computed from calendars, never guessed.

Accepted on the day of purchase, or on the next working day when it came at or after the cut-off;
dispatched after the handling days; carried the zone's transit days; never before the floor (two
calendar days after a purchase before the cut-off, three otherwise); delivered on a delivery day.
All days are the origin's.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.shipping import Promise
from tandem.scm.shipping.domain.calendars import WorkingDays
from tandem.scm.shipping.domain.zones import Zone


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one origin that decides a date.

    `floor_late_days` is `floor_early_days` or one more: with a wider gap somebody who buys later
    could be promised an earlier day.
    """

    time_zone: ZoneInfo
    origin_days: WorkingDays
    carrier_days: WorkingDays
    delivery_days: WorkingDays
    cut_offs: Mapping[int, time]
    handling_days: int
    transit_days: Mapping[Zone, int]
    floor_early_days: int
    floor_late_days: int

    def __post_init__(self) -> None:
        gap = self.floor_late_days - self.floor_early_days
        assert gap in {0, 1}, "checked where settings come in"

    def today(self, at: datetime) -> date:
        return at.astimezone(self.time_zone).date()

    def is_early(self, at: datetime) -> bool:
        """On a working day and before its cut-off. Instants are compared, so that a clock set
        back in autumn makes nobody early twice. A purchase at the cut-off is late."""
        day = self.today(at)
        if not self.origin_days.is_open(day):
            return False
        cut_off = self.cut_offs.get(day.isoweekday())
        return cut_off is None or at < datetime.combine(day, cut_off, self.time_zone)


def promise(rules: Rules, zone: Zone, purchased_at: datetime) -> Promise:
    """The first day on which the goods will be there for certain; later purchases never sooner."""
    day = rules.today(purchased_at)
    is_early = rules.is_early(purchased_at)
    accepted = day if is_early else rules.origin_days.after(day, 1)
    dispatch = rules.origin_days.after(accepted, rules.handling_days)
    arrival = rules.carrier_days.after(dispatch, rules.transit_days[zone])
    floor_days = rules.floor_early_days if is_early else rules.floor_late_days
    floor = day + timedelta(days=floor_days)
    return Promise(
        zone=zone,
        accepted_on=accepted,
        dispatch_on=dispatch,
        arrival_on=arrival,
        floor_on=floor,
        promised_on=rules.delivery_days.on_or_after(max(arrival, floor)),
    )


def estimate(rules: Rules, zone: Zone, at: datetime) -> date:
    """When goods released now would be there: the promise without its floor."""
    return rules.delivery_days.on_or_after(promise(rules, zone, at).arrival_on)


def next_delivery_day(rules: Rules, at: datetime) -> date:
    """The first delivery day after today."""
    return rules.delivery_days.after(rules.today(at), 1)
