"""Two clocks in business time: exact due times over nights, weekends, holidays and pauses."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.kernel.actor import Actor
from tandem.kernel.calendars import (
    BusinessTime,
    Calendar,
    CalendarWrong,
    Closure,
    Hours,
    check_calendar,
)
from tandem.kernel.db import Database
from tandem.scm.support import service
from tandem.scm.support.domain.clocks import Light, light_of
from tandem.scm.support.domain.complaints import Complaint, ComplaintChange
from tandem.scm.support.domain.statuses import Origin, Severity, Status
from tests.support.givens import draft, told

INDIA = ZoneInfo("Asia/Kolkata")
USUAL = Calendar()
AROUND_THE_CLOCK = Calendar(
    hours=[Hours(weekday=day, opens="00:00", closes="24:00") for day in range(1, 8)], closures=[]
)
LUNCH = Calendar(
    hours=[
        Hours(weekday=day, opens=opens, closes=closes)
        for day in range(1, 6)
        for opens, closes in (("09:00", "13:00"), ("14:00", "18:00"))
    ],
    closures=[Closure(on=date(2026, 11, 24), name="Moved house")],
)
BERLIN = Calendar(
    time_zone="Europe/Berlin",
    hours=[Hours(weekday=day, opens="00:00", closes="24:00") for day in range(1, 8)],
    closures=[],
)


def at(text: str, zone: ZoneInfo = INDIA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# 20 Nov 2026 is a Friday. The usual desk: Monday to Saturday, 9 to 19, closed on 26 January,
# 15 August, 2 October.
VECTORS = [
    ("within the day", USUAL, "2026-11-20T10:00", 60, "2026-11-20T11:00"),
    ("to the very end of the day", USUAL, "2026-11-20T18:00", 60, "2026-11-20T19:00"),
    ("a minute into the next day", USUAL, "2026-11-20T18:00", 61, "2026-11-21T09:01"),
    ("before it opens", USUAL, "2026-11-20T07:30", 30, "2026-11-20T09:30"),
    ("after it closes", USUAL, "2026-11-20T21:00", 30, "2026-11-21T09:30"),
    ("over Sunday", USUAL, "2026-11-21T18:30", 60, "2026-11-23T09:30"),
    ("opened on Sunday", USUAL, "2026-11-22T15:30", 60, "2026-11-23T10:00"),
    ("over Gandhi Jayanti, a Friday", USUAL, "2026-10-01T18:00", 120, "2026-10-03T10:00"),
    ("over Republic Day, a Tuesday", USUAL, "2027-01-25T18:30", 60, "2027-01-27T09:30"),
    ("over a holiday and a Sunday", USUAL, "2026-08-14T18:00", 90, "2026-08-17T09:30"),
    ("twenty hours are two days", USUAL, "2026-11-20T09:00", 1_200, "2026-11-21T19:00"),
    ("over lunch", LUNCH, "2026-11-20T12:30", 60, "2026-11-20T14:30"),
    ("over lunch, a weekend, and a closed day", LUNCH, "2026-11-20T17:00", 600, "2026-11-25T10:00"),
    ("round the clock", AROUND_THE_CLOCK, "2026-11-21T23:30", 2_880, "2026-11-23T23:30"),
]


@pytest.mark.parametrize(
    ("calendar", "start", "minutes", "due"), [v[1:] for v in VECTORS], ids=[v[0] for v in VECTORS]
)
def test_a_clock_runs_out_at_the_exact_minute(
    calendar: Calendar, start: str, minutes: int, due: str
) -> None:
    time = BusinessTime(calendar)
    assert time.after(at(start), minutes * 60) == at(due)
    assert time.between(at(start), at(due)) == minutes * 60


def test_the_hour_that_summer_time_takes_or_gives_is_not_counted_twice() -> None:
    """Berlin, 29 March 2026: 2:00 is 3:00; 25 October 2026: 3:00 is 2:00 once more."""
    time, berlin = BusinessTime(BERLIN), ZoneInfo("Europe/Berlin")
    assert time.after(at("2026-03-29T00:00", berlin), 4 * 3600) == at("2026-03-29T05:00", berlin)
    assert time.after(at("2026-10-25T00:00", berlin), 4 * 3600) == at("2026-10-25T03:00", berlin)
    assert time.between(at("2026-03-29T00:00", berlin), at("2026-03-30T00:00", berlin)) == 82_800


INSTANTS = st.integers(0, 2 * 365 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@settings(max_examples=100, deadline=None)
@given(start=INSTANTS, first=st.integers(0, 200_000), second=st.integers(0, 200_000))
def test_waiting_twice_is_waiting_for_both_together(
    start: datetime, first: int, second: int
) -> None:
    """So a pause anywhere leaves the whole as it was."""
    time = BusinessTime(LUNCH)
    there = time.after(start, first)
    assert time.between(start, there) == first
    assert time.between(there, start) == -first
    if second:
        assert time.after(there, second) == time.after(start, first + second)


@pytest.mark.parametrize(
    "calendar",
    [
        Calendar(time_zone="Asia/Atlantis"),
        Calendar(hours=[Hours(weekday=1, opens="10:00", closes="10:00")]),
        Calendar(
            hours=[
                Hours(weekday=1, opens="09:00", closes="13:00"),
                Hours(weekday=1, opens="12:00", closes="18:00"),
            ]
        ),
    ],
    ids=["no such zone", "closes as it opens", "overlaps"],
)
def test_an_impossible_week_is_refused(calendar: Calendar) -> None:
    with pytest.raises(CalendarWrong):
        check_calendar(calendar)


async def test_the_clock_rests_while_the_customer_has_to_say_something(
    database: Database, actor: Actor
) -> None:
    """High: 60 minutes to answer, 480 to resolve. Opened Friday 10:00, paused 12:00 on Friday,
    taken up on Monday at 12:00 with six hours left."""
    async with database.transaction(actor) as tx:
        opened = await service.open_complaint(
            tx, draft(), origin=Origin.STAFF, now=at("2026-11-20T10:00")
        )

        async def move(to: Status, when: str) -> Complaint:
            return await service.move(
                tx, complaint_id=opened.id, to=to, origin=Origin.STAFF, now=at(when)
            )

        assert opened.response_due_at == at("2026-11-20T11:00")
        assert opened.resolution_due_at == at("2026-11-20T18:00")
        assert opened.next_due_at == at("2026-11-20T11:00")
        paused = await move(Status.WAITING_CUSTOMER, "2026-11-20T12:00")
        assert (paused.resolution_due_at, paused.resolution_left_seconds) == (None, 6 * 3600)
        resumed = await move(Status.IN_PROGRESS, "2026-11-23T12:00")
        assert resumed.resolution_due_at == at("2026-11-23T18:00")
        assert resumed.resolution_left_seconds is None
        resolved = await move(Status.RESOLVED, "2026-11-23T17:00")
        assert resolved.resolved_at == at("2026-11-23T17:00")
        assert (resolved.next_due_at, resolved.resolution_left_seconds) == (None, 3600)
        reopened = await move(Status.REOPENED, "2026-11-23T18:30")
        assert reopened.resolved_at is None
        assert reopened.resolution_due_at == at("2026-11-24T09:30")


async def test_another_severity_gives_other_times_and_keeps_what_was_used(
    database: Database, actor: Actor
) -> None:
    """Two of eight hours are used when it becomes critical: two of its four are left."""
    async with database.transaction(actor) as tx:
        opened = await service.open_complaint(
            tx, draft(), origin=Origin.STAFF, now=at("2026-11-20T10:00")
        )
        changed = await service.change(
            tx,
            complaint_id=opened.id,
            to=ComplaintChange(severity=Severity.CRITICAL),
            origin=Origin.STAFF,
            now=at("2026-11-20T12:00"),
        )
        assert changed.response_due_at == at("2026-11-20T10:30")
        assert changed.resolution_due_at == at("2026-11-20T14:00")
        low = await service.change(
            tx,
            complaint_id=opened.id,
            to=ComplaintChange(severity=Severity.LOW),
            origin=Origin.STAFF,
            now=at("2026-11-20T13:00"),
        )
        # 50 hours, 3 used: 47 hours left are 6 today, then 41 at ten a day from Saturday.
        assert low.resolution_due_at == at("2026-11-26T10:00")
        assert [p["what"] for topic, p in await told(tx) if "changed" in topic] == [
            ["severity"],
            ["severity"],
        ]


async def test_each_clock_that_ran_out_is_told_once_and_colours_follow(
    database: Database, actor: Actor
) -> None:
    async with database.transaction(actor) as tx:
        opened = await service.open_complaint(
            tx, draft(category="late"), origin=Origin.STAFF, now=at("2026-11-20T10:00")
        )
        assert opened.response_due_at == at("2026-11-20T14:00")

        async def light(when: str) -> Light:
            complaint = await service.get_complaint(tx, opened.id)
            return light_of(complaint, warn_seconds=3600, now=at(when))

        assert await light("2026-11-20T12:59") is Light.GREEN
        assert await light("2026-11-20T13:00") is Light.AMBER
        assert await light("2026-11-20T14:00") is Light.RED
        assert await service.tell_breaches(tx, now=at("2026-11-20T13:59")) == 0
        assert await service.tell_breaches(tx, now=at("2026-11-20T14:00")) == 1
        assert await service.tell_breaches(tx, now=at("2026-11-20T15:00")) == 0
        assert await service.tell_breaches(tx, now=at("2026-11-23T19:00")) == 1
        assert await service.tell_breaches(tx, now=at("2026-11-24T19:00")) == 0
        assert [
            (p["clock"], datetime.fromisoformat(p["due_at"]))
            for topic, p in await told(tx)
            if topic == "support.clock_breached.v1"
        ] == [("response", at("2026-11-20T14:00")), ("resolution", at("2026-11-23T10:00"))]
        kept = await service.get_complaint(tx, opened.id)
        assert kept.resolution_breached_at == at("2026-11-23T10:00")


async def test_what_stays_silent_after_it_was_resolved_is_closed(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        opened = await service.open_complaint(tx, draft(), origin=Origin.STAFF, now=now)
        await service.move(
            tx, complaint_id=opened.id, to=Status.RESOLVED, origin=Origin.STAFF, now=now
        )
        assert await service.close_silent(tx, now=now + timedelta(hours=71, minutes=59)) == 0
        assert await service.close_silent(tx, now=now + timedelta(hours=72)) == 1
        closed = await service.get_complaint(tx, opened.id)
        assert (closed.status, closed.closed_at) == (Status.CLOSED, now + timedelta(hours=72))
