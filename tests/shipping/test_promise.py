"""The promise engine: the specification's worked dates (AS1), its laws (AS2), its clock (AS3)."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.contracts.shipping import Promise
from tandem.scm.shipping.domain.calendars import Calendar, Closure, NoWorkingDay, WorkingDays
from tandem.scm.shipping.domain.configuration import (
    Configuration,
    CutOff,
    Floor,
    Origin,
    TransitDays,
    rules_of,
    usual_calendar,
)
from tandem.scm.shipping.domain.promise import estimate, next_delivery_day, promise
from tandem.scm.shipping.domain.zones import Zone
from tests.shipping.givens import india


def promised(purchase: str, zone: str, **origin: Any) -> Promise:
    configuration = Configuration(origins=[Origin(**origin)])
    rules = rules_of(configuration, configuration.origins[0])
    return promise(rules, Zone(zone), india(purchase))


@pytest.mark.parametrize(
    ("purchase", "zone", "handling", "accepted", "dispatched", "arrival", "floor", "day"),
    [
        ("2026-11-23 10:00", "A", 1, "11-23", "11-24", "11-25", "11-25", "11-25"),
        ("2026-11-23 14:00", "A", 1, "11-24", "11-25", "11-26", "11-26", "11-26"),
        ("2026-11-28 10:59", "A", 1, "11-28", "11-30", "12-01", "11-30", "12-01"),
        ("2026-11-29 09:00", "D", 1, "11-30", "12-01", "12-05", "12-02", "12-05"),
        ("2026-08-14 20:00", "B", 1, "08-17", "08-18", "08-20", "08-17", "08-20"),
        ("2026-01-24 12:00", "C", 1, "01-27", "01-28", "01-30", "01-27", "01-30"),
        ("2026-11-23 10:00", "A", 0, "11-23", "11-23", "11-24", "11-25", "11-25"),
    ],
)
def test_the_worked_dates_of_the_specification(
    purchase: str,
    zone: str,
    handling: int,
    accepted: str,
    dispatched: str,
    arrival: str,
    floor: str,
    day: str,
) -> None:
    """AS1, spec §3.6."""
    found = promised(purchase, zone, handling_days=handling)
    expected = [
        date.fromisoformat(f"2026-{d}") for d in (accepted, dispatched, arrival, floor, day)
    ]
    assert [
        found.accepted_on,
        found.dispatch_on,
        found.arrival_on,
        found.floor_on,
        found.promised_on,
    ] == expected


def test_a_purchase_a_moment_before_the_cut_off_is_early() -> None:
    early = promised("2026-11-23 13:59:59.999999", "A")
    late = promised("2026-11-23 14:00:00", "A")
    assert (early.accepted_on, late.accepted_on) == (date(2026, 11, 23), date(2026, 11, 24))
    assert early.floor_on + timedelta(days=1) == late.floor_on


def test_a_working_day_without_a_cut_off_takes_orders_until_midnight() -> None:
    found = promised("2026-11-23 23:59:59", "A", cut_offs=[])
    assert found.accepted_on == date(2026, 11, 23)


def test_the_last_second_of_the_day_in_india_is_that_day_wherever_the_server_stands() -> None:
    """AS3: 23:59:59 IST is 18:29:59 UTC; the process's own time zone must not matter."""
    instant = datetime(2026, 11, 23, 18, 29, 59, tzinfo=UTC)
    assert instant == india("2026-11-23 23:59:59")
    script = (
        "import time, datetime;"
        "from tandem.scm.shipping.domain.configuration import Configuration, rules_of;"
        "from tandem.scm.shipping.domain.promise import promise;"
        "from tandem.scm.shipping.domain.zones import Zone;"
        "c = Configuration(); r = rules_of(c, c.origins[0]);"
        f"at = datetime.datetime.fromisoformat('{instant.isoformat()}');"
        "print(time.tzname[0], promise(r, Zone.A, at).promised_on)"
    )
    answers = {}
    for zone in ("UTC0", "PST8PDT,M3.2.0,M11.1.0", "EST5EDT,M3.2.0,M11.1.0", "IST-5:30"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        )
        answers[zone] = done.stdout.split()
    assert {tz for tz, _ in answers.values()} == {"UTC", "PST", "EST", "IST"}
    assert {day for _, day in answers.values()} == {"2026-11-26"}


def test_nothing_is_promised_for_a_day_without_delivery() -> None:
    for purchase in ("2026-11-26 10:00", "2026-11-27 10:00", "2026-08-12 10:00"):
        found = promised(purchase, "A", handling_days=0)
        assert found.promised_on.isoweekday() != 7
        assert found.promised_on != date(2026, 8, 15)


def test_public_holidays_of_a_state_close_the_warehouse() -> None:
    karnataka = Calendar(weekdays=[1, 2, 3, 4, 5, 6], holidays_of="IN", subdivision="KA")
    found = promised("2026-11-23 15:00", "A", calendar=karnataka)
    assert found.accepted_on == date(2026, 11, 25)  # Guru Nanak's birthday is the 24th


def test_an_opening_is_worked_whatever_else_is_said_of_the_day() -> None:
    days = WorkingDays(
        Calendar(
            weekdays=[1],
            closures=[
                Closure(on=date(2026, 11, 29)),
                Closure(on=date(2020, 11, 30), is_yearly=True),
            ],
            openings=[date(2026, 11, 29)],
        )
    )
    assert days.is_open(date(2026, 11, 29))
    assert not days.is_open(date(2026, 11, 30))
    assert days.after(date(2026, 11, 29), 1) == date(2026, 12, 7)


def test_a_calendar_that_never_opens_is_refused_instead_of_searched_for_ever() -> None:
    closures = [
        Closure(on=date(2024, 1, 1) + timedelta(days=n), is_yearly=True) for n in range(366)
    ]
    with pytest.raises(NoWorkingDay):
        WorkingDays(Calendar(weekdays=[1], closures=closures)).on_or_after(date(2026, 1, 1))


def test_the_estimate_has_no_floor_and_the_next_attempt_is_a_delivery_day() -> None:
    rules = rules_of(Configuration(), Origin(handling_days=0))
    assert estimate(rules, Zone.A, india("2026-11-23 10:00")) == date(2026, 11, 24)
    assert next_delivery_day(rules, india("2026-11-28 19:00")) == date(2026, 11, 30)


# AS2. A few thousand examples here; `--hypothesis-seed` and a larger profile try more.

instants = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001  the strategy adds the zone
    max_value=datetime(2030, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
weekdays = st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True).map(sorted)
days = st.dates(min_value=date(2024, 1, 1), max_value=date(2031, 1, 1))
calendars = st.builds(
    Calendar,
    weekdays=weekdays,
    closures=st.lists(
        st.builds(Closure, on=days, name=st.just(""), is_yearly=st.booleans()), max_size=12
    ),
    openings=st.lists(days, max_size=4),
)
cut_offs = st.lists(
    st.builds(
        CutOff,
        weekday=st.integers(1, 7),
        at=st.times().map(lambda at: time(at.hour, at.minute).strftime("%H:%M")),
    ),
    max_size=7,
    unique_by=lambda cut_off: cut_off.weekday,
)
origins = st.builds(
    Origin,
    name=st.just("Warehouse"),
    time_zone=st.sampled_from(["Asia/Kolkata", "America/New_York", "Pacific/Auckland", "UTC"]),
    calendar=calendars,
    cut_offs=cut_offs,
    handling_days=st.integers(0, 5),
)
floors = st.builds(
    lambda early, gap: Floor(before_cut_off_days=early, after_cut_off_days=early + gap),
    st.integers(0, 5),
    st.integers(0, 1),
)
configurations = st.builds(
    lambda origin, carrier, delivery, transit, floor: Configuration(
        origins=[origin],
        carrier_calendar=carrier,
        delivery_calendar=delivery,
        transit_days=TransitDays(A=1, B=1, C=1, D=transit, E=9, X=9),
        floor=floor,
    ),
    origins,
    calendars,
    calendars,
    st.integers(0, 10),
    floors,
)


def closed_on(calendar: Calendar, day: date) -> Calendar:
    openings = [opening for opening in calendar.openings if opening != day]
    closures = [*calendar.closures, Closure(on=day)]
    return Calendar(weekdays=calendar.weekdays, closures=closures, openings=openings)


@settings(max_examples=1000, deadline=None)
@given(configurations, instants)
def test_the_promise_is_a_delivery_day_not_before_the_floor(
    configuration: Configuration, purchased_at: datetime
) -> None:
    """AS2."""
    origin = configuration.origins[0]
    rules = rules_of(configuration, origin)
    found = promise(rules, Zone.D, purchased_at)
    local = purchased_at.astimezone(ZoneInfo(origin.time_zone)).date()
    floor = configuration.floor
    assert found.floor_on - local in {
        timedelta(days=floor.before_cut_off_days),
        timedelta(days=floor.after_cut_off_days),
    }
    assert found.promised_on >= max(found.floor_on, found.arrival_on)
    assert rules.delivery_days.is_open(found.promised_on)
    assert rules.origin_days.is_open(found.accepted_on)
    assert local <= found.accepted_on <= found.dispatch_on <= found.arrival_on


@settings(max_examples=1000, deadline=None)
@given(configurations, instants, st.timedeltas(timedelta(0), timedelta(days=10)))
def test_whoever_buys_later_is_never_promised_an_earlier_day(
    configuration: Configuration, purchased_at: datetime, later: timedelta
) -> None:
    """AS2."""
    rules = rules_of(configuration, configuration.origins[0])
    first = promise(rules, Zone.D, purchased_at)
    second = promise(rules, Zone.D, purchased_at + later)
    assert second.promised_on >= first.promised_on


@settings(max_examples=1000, deadline=None)
@given(
    configurations,
    instants,
    st.integers(0, 30),
    st.sampled_from(["origin", "carrier_calendar", "delivery_calendar"]),
)
def test_one_holiday_more_never_makes_the_promise_earlier(
    configuration: Configuration, purchased_at: datetime, offset: int, where: str
) -> None:
    """AS2."""
    origin = configuration.origins[0]
    day = purchased_at.date() + timedelta(days=offset)
    if where == "origin":
        closed = msgspec.structs.replace(origin, calendar=closed_on(origin.calendar, day))
        tighter = msgspec.structs.replace(configuration, origins=[closed])
    else:
        calendar = closed_on(getattr(configuration, where), day)
        tighter = msgspec.structs.replace(configuration, **{where: calendar})
    before = promise(rules_of(configuration, origin), Zone.D, purchased_at)
    after = promise(rules_of(tighter, tighter.origins[0]), Zone.D, purchased_at)
    assert after.promised_on >= before.promised_on


def test_a_farther_zone_is_never_promised_sooner() -> None:
    found = [promised("2026-11-23 10:00", zone).promised_on for zone in "ABCDEX"]
    assert found == sorted(found)
    assert usual_calendar().weekdays == [1, 2, 3, 4, 5, 6]
