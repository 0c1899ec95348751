"""Cohorts and stickiness against counts made without the database."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tandem.crm.analytics.domain.calendar import Days, Grain, bucket_of, buckets
from tandem.crm.analytics.domain.happenings import Chosen
from tandem.crm.analytics.domain.retention import (
    PeopleDrill,
    RetentionAsk,
    RetentionDrillAsk,
    StickinessAsk,
    StickinessDrillAsk,
)
from tandem.crm.analytics.service import (
    drill_retention,
    drill_stickiness,
    run_retention,
    run_stickiness,
)
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.ids import new_id
from tests.analytics.givens import NOON, Counted
from tests.analytics.happened import write

FROM, TO = date(2026, 1, 1), date(2026, 11, 30)
ORDER = Chosen(event="order_placed")
COMPLAINT = Chosen(event="complaint_opened")
ZONE = ZoneInfo("Asia/Kolkata")
Told = dict[UUID, list[tuple[str, datetime]]]


@pytest.fixture
def company(database: Database, actor: Actor) -> Counted:
    return Counted(database, actor)


async def fill(company: Counted) -> Told:
    """Two hundred people with up to nine orders and some complaints, at all hours of two years."""
    dice = random.Random(12)
    told: Told = {}
    for _ in range(200):
        begun = NOON - timedelta(days=dice.uniform(0, 600))
        spread = (NOON - begun).total_seconds()
        told[new_id()] = [
            (dice.choice("BBBC"), begun + timedelta(seconds=dice.random() ** 2 * spread))
            for _ in range(dice.randint(1, 9))
        ]
    await write(company, [(who, kind, at) for who, some in told.items() for kind, at in some])
    return told


def expected(told: Told, ask: RetentionAsk) -> dict[date, tuple[set[UUID], list[set[UUID]]]]:
    """By hand: who began in each period, and which of them came back in which one after it."""
    grid = buckets(_days(FROM, date(2032, 1, 1)), ask.grain, ask.week_start)
    found: dict[date, tuple[set[UUID], list[set[UUID]]]] = {
        first: (set(), [set() for _ in range(ask.periods + 1)])
        for first in buckets(_days(FROM, TO), ask.grain, ask.week_start)
    }
    letters = {"order_placed": "B", "complaint_opened": "C"}
    for who, some in told.items():
        begun = sorted(at for kind, at in some if kind == letters[ask.begins.event])
        starts: dict[date, datetime] = {}
        for at in begun[:1] if ask.cohort == "first" else begun:
            if FROM <= _day(at) <= TO:
                starts.setdefault(bucket_of(_day(at), ask.grain, ask.week_start), at)
        for first, begun_at in starts.items():
            found[first][0].add(who)
            for kind, at in some:
                if kind == letters[ask.returns.event] and at >= begun_at:
                    bucket = bucket_of(_day(at), ask.grain, ask.week_start)
                    period = grid.index(bucket) - grid.index(first)
                    if period <= ask.periods:
                        found[first][1][period].add(who)
    return found


async def test_cohorts_are_those_counted_by_hand_and_open_into_their_people(
    company: Counted,
) -> None:
    """A-ANA-2, A-CUS-12 (cohorts): months, weeks from Sunday, quarters and fiscal years, in the
    company's days; first ever and every time; the same and another happening."""
    told = await fill(company)
    base = RetentionAsk(begins=ORDER, returns=ORDER, from_on=FROM, to_on=TO)
    change = msgspec.structs.replace
    asks = [
        base,
        change(base, grain=Grain.WEEK, week_start="sunday", periods=5, returns=COMPLAINT),
        change(base, grain=Grain.QUARTER, cohort="every", periods=3),
        change(base, grain=Grain.FISCAL_YEAR, periods=1, begins=COMPLAINT),
    ]
    for ask in asks:
        async with company.database.transaction(company.actor) as tx:
            result = await run_retention(tx, ask, company.clock.at)
            by_hand = expected(told, ask)
            assert [one.first for one in result.cohorts] == list(by_hand)
            today = _day(company.clock.at)
            grid = buckets(_days(FROM, date(2032, 1, 1)), ask.grain, ask.week_start)
            for cohort in result.cohorts:
                people, came = by_hand[cohort.first]
                assert cohort.size == len(people), (ask, cohort.first)
                place = grid.index(cohort.first)
                has_begun = [one <= today for one in grid[place : place + ask.periods + 1]]
                assert [one.count for one in cohort.returned] == [
                    len(some) if begun else None
                    for some, begun in zip(came, has_begun, strict=True)
                ], (ask, cohort.first)
            chosen = max(result.cohorts, key=lambda one: one.size)
            opened = await _cohort(tx, company, ask, chosen.first, None)
            assert {row.id for row in opened.items} == by_hand[chosen.first][0]
            last = max(place for place, one in enumerate(chosen.returned) if one.count)
            opened = await _cohort(tx, company, ask, chosen.first, last)
            assert {row.id for row in opened.items} == by_hand[chosen.first][1][last]
    first = result.cohorts[0]
    assert first.first == date(2025, 4, 1), "the fiscal year begins in April"
    assert [one.is_running for one in first.returned] == [False, True]


async def test_how_often_people_come_is_counted_by_hand_too(company: Counted) -> None:
    told = await fill(company)
    ask = StickinessAsk(happening=ORDER, grain=Grain.MONTH, from_on=FROM, to_on=TO)
    months: dict[UUID, set[date]] = defaultdict(set)
    for who, some in told.items():
        for kind, at in some:
            if kind == "B" and FROM <= _day(at) <= TO:
                months[who].add(_day(at).replace(day=1))
    by_hand: dict[int, set[UUID]] = defaultdict(set)
    for who, some_months in months.items():
        by_hand[len(some_months)].add(who)
    async with company.database.transaction(company.actor) as tx:
        result = await run_stickiness(tx, ask, company.clock.at)
        assert {one.periods: one.count for one in result.often} == {
            often: len(people) for often, people in by_hand.items()
        }
        assert (result.people, result.total) == (len(months), 11)

        async def page(cursor: str | None) -> PeopleDrill:
            wanted = StickinessDrillAsk(query=ask, periods=2)
            return await drill_stickiness(tx, wanted, limit=7, cursor=cursor, now=company.clock.at)

        assert {row.id for row in (await _all(page)).items} == by_hand[2]


async def _cohort(
    tx: Tx, company: Counted, ask: RetentionAsk, first: date, period: int | None
) -> PeopleDrill:
    wanted = RetentionDrillAsk(query=ask, cohort=first, period=period)

    async def page(cursor: str | None) -> PeopleDrill:
        return await drill_retention(tx, wanted, limit=7, cursor=cursor, now=company.clock.at)

    return await _all(page)


async def _all(page: Callable[[str | None], Any]) -> PeopleDrill:
    found = await page(None)
    items = list(found.items)
    while found.next:
        found = await page(found.next)
        items += found.items
    assert found.count == len(items)
    return PeopleDrill(as_of=found.as_of, count=found.count, items=items, next=None)


def _day(at: datetime) -> date:
    return at.astimezone(ZONE).date()


def _days(first: date, last: date) -> Days:
    return Days(from_on=first, to_on=last)
