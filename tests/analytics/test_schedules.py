"""When a report is due: month ends, fiscal years, clocks that are set, slots that were missed."""

from datetime import UTC, datetime, timedelta

import pytest

from tandem.crm.analytics.domain.schedules import Schedule, due_slot, next_slot

KOLKATA, BERLIN, NEW_YORK = "Asia/Kolkata", "Europe/Berlin", "America/New_York"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def slots(schedule: Schedule, zone: str, after: str, count: int) -> list[str]:
    found, moment = [], at(after)
    for _ in range(count):
        moment = next_slot(schedule, zone, moment)
        found.append(f"{moment:%Y-%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("schedule", "zone", "after", "found"),
    [
        (Schedule(), KOLKATA, "2026-11-22T02:29", ["2026-11-22 02:30", "2026-11-23 02:30"]),
        (Schedule(), KOLKATA, "2026-11-22T02:30", ["2026-11-23 02:30"]),
        (
            Schedule(every="week", weekday=4), "UTC", "2026-11-22T00:00",
            ["2026-11-27 08:00", "2026-12-04 08:00"],
        ),
        (
            Schedule(every="month", day=31), "UTC", "2026-11-22T00:00",
            ["2026-11-30 08:00", "2026-12-31 08:00", "2027-01-31 08:00", "2027-02-28 08:00"],
        ),
        (Schedule(every="month", day=30), "UTC", "2028-02-01T00:00", ["2028-02-29 08:00"]),
        (
            Schedule(every="quarter", day=1), "UTC", "2026-11-22T00:00",
            ["2027-01-01 08:00", "2027-04-01 08:00"],
        ),
        (
            Schedule(every="fiscal_year", day=1, at="00:00"), KOLKATA, "2026-11-22T00:00",
            ["2027-03-31 18:30", "2028-03-31 18:30"],
        ),
        # Clocks go forward: 02:30 is not there on that day, and the report comes at 03:30.
        (
            Schedule(at="02:30"), BERLIN, "2026-03-27T23:00",
            ["2026-03-28 01:30", "2026-03-29 01:30", "2026-03-30 00:30"],
        ),
        # Clocks go back: 01:30 is there twice, and the report comes once.
        (
            Schedule(at="01:30"), NEW_YORK, "2026-10-31T12:00",
            ["2026-11-01 05:30", "2026-11-02 06:30"],
        ),
    ],
)  # fmt: skip
def test_a_slot_is_one_days_time_on_the_clock_of_its_zone(
    schedule: Schedule, zone: str, after: str, found: list[str]
) -> None:
    """A-ANA-8: DST both ways, the 31st, fiscal years."""
    assert slots(schedule, zone, after, len(found)) == found


def test_of_missed_slots_the_latest_is_caught_up_with_once() -> None:
    """A-ANA-8: six missed, one run; the clock set forward and back again repeats none."""
    daily, since = Schedule(), at("2026-11-16T08:00")
    due = due_slot(daily, "UTC", since, at("2026-11-22T09:00"))
    assert due is not None
    assert (due.slot, due.missed) == (at("2026-11-22T08:00"), 6)
    assert due.next_at == at("2026-11-23T08:00")
    assert due_slot(daily, "UTC", due.next_at, at("2026-11-22T10:00")) is None
    ahead = due_slot(daily, "UTC", due.next_at, at("2026-11-23T08:00") + timedelta(hours=2))
    assert ahead is not None and (ahead.slot, ahead.missed) == (at("2026-11-23T08:00"), 0)
    assert due_slot(daily, "UTC", ahead.next_at, at("2026-11-23T08:01")) is None
