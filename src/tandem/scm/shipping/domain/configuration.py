"""What a company says about its shipping: one document, read whole and written whole."""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE, Address
from tandem.contracts.india import check_address
from tandem.kernel.errors import Invalid
from tandem.kernel.patterns import whole
from tandem.kernel.zones import zone_names
from tandem.scm.shipping.domain.calendars import (
    Calendar,
    Closure,
    Weekday,
    WorkingDays,
    check_calendar,
)
from tandem.scm.shipping.domain.coverage import Coverage
from tandem.scm.shipping.domain.promise import Rules
from tandem.scm.shipping.domain.zones import Zone, ZoneOverride

Days = Annotated[int, msgspec.Meta(ge=0, le=60)]
PlaceName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]
Clock = Annotated[
    str, msgspec.Meta(pattern=whole("([01][0-9]|2[0-3]):[0-5][0-9]"), examples=["14:00"])
]

MONDAY_TO_SATURDAY = [1, 2, 3, 4, 5, 6]
NATIONAL_HOLIDAYS = (
    Closure(on=date(2026, 1, 26), name="Republic Day", is_yearly=True),
    Closure(on=date(2026, 8, 15), name="Independence Day", is_yearly=True),
    Closure(on=date(2026, 10, 2), name="Gandhi Jayanti", is_yearly=True),
)


class SettingsWrong(Invalid):
    code = "shipping_settings_wrong"


def usual_calendar() -> Calendar:
    """Monday to Saturday, closed on India's three national holidays."""
    return Calendar(weekdays=MONDAY_TO_SATURDAY, closures=list(NATIONAL_HOLIDAYS))


class CutOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Orders before this local time leave as of that day; one at this very time is late."""

    weekday: Weekday
    at: Clock


def usual_cut_offs() -> list[CutOff]:
    weekdays = [CutOff(weekday=day, at="14:00") for day in range(1, 6)]
    return [*weekdays, CutOff(weekday=6, at="11:00")]


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place goods leave from. A working day without a cut-off takes orders until midnight."""

    name: PlaceName = "Warehouse"
    location_id: UUID | None = None
    address: Address | None = None
    time_zone: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)] = "Asia/Kolkata"
    calendar: Calendar = msgspec.field(default_factory=usual_calendar)
    cut_offs: Annotated[list[CutOff], msgspec.Meta(max_length=7)] = msgspec.field(
        default_factory=usual_cut_offs
    )
    handling_days: Days = 1


class TransitDays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Carrier's working days on the road per zone."""

    A: Days = 1
    B: Days = 2
    C: Days = 2
    D: Days = 4
    E: Days = 6
    X: Days = 10

    def by_zone(self) -> Mapping[Zone, int]:
        return {zone: getattr(self, zone) for zone in Zone}


class Floor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calendar days after the purchase before which nothing is promised."""

    before_cut_off_days: Days = 2
    after_cut_off_days: Days = 3


class Reattempts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After a delivery tried in vain: whether the next try is asked for by itself, and after how
    many somebody has to decide."""

    is_automatic: bool = True
    attempts_max: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first origin is the one promises are made from."""

    origins: Annotated[list[Origin], msgspec.Meta(min_length=1, max_length=50)] = msgspec.field(
        default_factory=lambda: [Origin()]
    )
    carrier_calendar: Calendar = msgspec.field(default_factory=usual_calendar)
    delivery_calendar: Calendar = msgspec.field(default_factory=usual_calendar)
    transit_days: TransitDays = msgspec.field(default_factory=TransitDays)
    zone_overrides: Annotated[list[ZoneOverride], msgspec.Meta(max_length=5000)] = msgspec.field(
        default_factory=list
    )
    floor: Floor = msgspec.field(default_factory=Floor)
    coverage: Annotated[list[Coverage], msgspec.Meta(max_length=5000)] = msgspec.field(
        default_factory=list
    )
    reattempts: Reattempts = msgspec.field(default_factory=Reattempts)


def check_configuration(configuration: Configuration) -> None:
    """Refuse what would make a promise impossible, unfair or untrue."""
    for place, origin in enumerate(configuration.origins):
        field = f"origins[{place}]"
        if origin.time_zone not in zone_names():
            raise SettingsWrong(
                f"There is no time zone {origin.time_zone!r}.", field=f"{field}.time_zone"
            )
        if len({cut_off.weekday for cut_off in origin.cut_offs}) < len(origin.cut_offs):
            raise SettingsWrong("A weekday has one cut-off.", field=f"{field}.cut_offs")
        if origin.address:
            check_address(origin.address, field=f"{field}.address")
        check_calendar(origin.calendar, field=f"{field}.calendar")
    check_calendar(configuration.carrier_calendar, field="carrier_calendar")
    check_calendar(configuration.delivery_calendar, field="delivery_calendar")
    if len({line.prefix for line in configuration.coverage}) < len(configuration.coverage):
        raise SettingsWrong("A PIN's beginning has one line.", field="coverage")
    floor = configuration.floor
    if floor.after_cut_off_days - floor.before_cut_off_days not in {0, 1}:
        raise SettingsWrong(
            "After the cut-off the floor is the same or one day more: with any other gap somebody "
            "who buys later would be promised an earlier day.",
            field="floor.after_cut_off_days",
        )


def rules_of(configuration: Configuration, origin: Origin) -> Rules:
    return Rules(
        time_zone=ZoneInfo(origin.time_zone),
        origin_days=WorkingDays(origin.calendar),
        carrier_days=WorkingDays(configuration.carrier_calendar),
        delivery_days=WorkingDays(configuration.delivery_calendar),
        cut_offs={cut_off.weekday: time.fromisoformat(cut_off.at) for cut_off in origin.cut_offs},
        handling_days=origin.handling_days,
        transit_days=configuration.transit_days.by_zone(),
        floor_early_days=configuration.floor.before_cut_off_days,
        floor_late_days=configuration.floor.after_cut_off_days,
    )
