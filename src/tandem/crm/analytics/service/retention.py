"""Who came back, how often, and who they are."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from tandem.crm.analytics.domain.asking import today_in
from tandem.crm.analytics.domain.calendar import (
    DAY,
    Days,
    Grain,
    WeekStart,
    bucket_days,
    bucket_of,
    buckets,
)
from tandem.crm.analytics.domain.happenings import Chosen, meant
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.domain.retention import (
    Cohort,
    CohortPerson,
    Often,
    PeopleDrill,
    RetentionAsk,
    RetentionDrillAsk,
    RetentionResult,
    Returned,
    StickinessAsk,
    StickinessDrillAsk,
    StickinessResult,
    check_cohorts,
    check_retention,
    check_stickiness,
)
from tandem.crm.analytics.service.people import Ground, answered, ground, link_of
from tandem.crm.analytics.store import answers, retention
from tandem.crm.analytics.store.moments import check_where
from tandem.crm.analytics.store.retention import CohortScope
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.pages import decode_cursor, page_of
from tandem.kernel.rules import Compiled


async def run_retention(
    tx: Tx, ask: RetentionAsk, now: datetime, *, question: UUID | None = None
) -> RetentionResult:
    """Of the people whose records the asker may see: the cohorts, and who of each came back."""
    found, scope = await _cohorts_asked(tx, ask, now)

    async def make() -> RetentionResult:
        records = await answers.read(tx, retention.cohorts(scope))
        return _retention(ask, found, records, _today(found, ask.as_of, now))

    return await answered(tx, found, ask, RetentionResult, make, now=now, question=question)


def _retention(
    ask: RetentionAsk, found: Ground, records: Sequence[Any], today: date
) -> RetentionResult:
    made = _cohorts(ask, found.days, records, today)
    return RetentionResult(
        as_of=found.as_of,
        days=found.days,
        zone=found.known.zone,
        grain=ask.grain,
        begins=meant(ask.begins),
        returns=meant(ask.returns),
        cohorts=made,
        averages=[_average(made, place) for place in range(ask.periods + 1)],
        policy_hash=found.policy_hash,
    )


async def drill_retention(
    tx: Tx, ask: RetentionDrillAsk, *, limit: int, cursor: str | None, now: datetime
) -> PeopleDrill:
    """The people of a cohort, or of one of its numbers: as many as it says."""
    query = ask.query
    found, scope = await _cohorts_asked(tx, query, now)
    if ask.cohort not in buckets(found.days, query.grain, query.week_start):
        raise Invalid("The answer has no such cohort.", field="cohort")
    if ask.period is not None and ask.period > query.periods:
        raise Invalid("The answer has no such period.", field="period")
    came = None if ask.period is None else _moved(ask.cohort, query.grain, ask.period)
    statement = retention.cohort_people(
        scope, cohort=ask.cohort, came=came, after=_after(cursor), count=limit + 1
    )
    return await _people(tx, found, statement, limit)


async def run_stickiness(
    tx: Tx, ask: StickinessAsk, now: datetime, *, question: UUID | None = None
) -> StickinessResult:
    """In how many periods of the range it happened to people, and to how many."""
    found, scope = await _stickiness_asked(tx, ask, now)

    async def make() -> StickinessResult:
        return _stickiness(ask, found, await answers.read(tx, retention.stickiness(scope)))

    return await answered(tx, found, ask, StickinessResult, make, now=now, question=question)


def _stickiness(ask: StickinessAsk, found: Ground, records: Sequence[Any]) -> StickinessResult:
    people = sum(record["people"] for record in records)
    return StickinessResult(
        as_of=found.as_of,
        days=found.days,
        zone=found.known.zone,
        grain=ask.grain,
        happening=meant(ask.happening),
        people=people,
        total=len(buckets(found.days, ask.grain, ask.week_start)),
        often=[
            Often(
                periods=record["periods"],
                count=record["people"],
                share=round(record["people"] / people, 6),
            )
            for record in records
        ],
        policy_hash=found.policy_hash,
    )


async def drill_stickiness(
    tx: Tx, ask: StickinessDrillAsk, *, limit: int, cursor: str | None, now: datetime
) -> PeopleDrill:
    """Those who came in exactly so many periods."""
    found, scope = await _stickiness_asked(tx, ask.query, now)
    statement = retention.sticky_people(
        scope, periods=ask.periods, after=_after(cursor), count=limit + 1
    )
    return await _people(tx, found, statement, limit)


def check(ask: RetentionAsk) -> set[str]:
    """Refuses what makes no sense; the dimensions that it looks at."""
    check_retention(ask)
    return check_where(ask.begins, field="begins") | check_where(ask.returns, field="returns")


async def _cohorts_asked(tx: Tx, ask: RetentionAsk, now: datetime) -> tuple[Ground, CohortScope]:
    tx.actor.require(READ)
    names = check(ask)
    kinds = [ask.begins.event, ask.returns.event]
    found = await ground(tx, ask, kinds, cut_by=names, now=now)
    check_cohorts(len(buckets(found.days, ask.grain, ask.week_start)))
    last = _moved(bucket_of(found.days.to_on, ask.grain, ask.week_start), ask.grain, ask.periods)
    return found, _scope(
        found,
        ask.begins,
        ask.returns,
        grain=ask.grain,
        week_start=ask.week_start,
        until=bucket_days(last, ask.grain).to_on,
        is_first=ask.cohort == "first",
    )


async def _stickiness_asked(
    tx: Tx, ask: StickinessAsk, now: datetime
) -> tuple[Ground, CohortScope]:
    tx.actor.require(READ)
    check_stickiness(ask)
    names = check_where(ask.happening, field="happening")
    found = await ground(tx, ask, [ask.happening.event], cut_by=names, now=now)
    return found, _scope(
        found,
        ask.happening,
        ask.happening,
        grain=ask.grain,
        week_start=ask.week_start,
        until=found.days.to_on,
        is_first=False,
    )


def _scope(
    found: Ground,
    begins: Chosen,
    returns: Chosen,
    *,
    grain: Grain,
    week_start: WeekStart,
    until: date,
    is_first: bool,
) -> CohortScope:
    return CohortScope(
        begins=begins,
        returns=returns,
        is_first=is_first,
        grain=grain,
        week_start=week_start,
        days=found.days,
        until=until,
        kinds=found.kinds,
        as_of=found.as_of,
        reaches=found.reaches,
    )


def _moved(first: date, grain: Grain, periods: int) -> date:
    for _ in range(periods):
        first = bucket_days(first, grain).to_on + DAY
    return first


def _today(found: Ground, as_of: datetime | None, now: datetime) -> date:
    return today_in(found.known.zone, found.as_of if as_of else now)


def _cohorts(ask: RetentionAsk, days: Days, records: Sequence[Any], today: date) -> list[Cohort]:
    people = {(record["cohort"], record["came"]): record["people"] for record in records}
    return [
        _cohort(ask, first, people, today) for first in buckets(days, ask.grain, ask.week_start)
    ]


def _cohort(
    ask: RetentionAsk, first: date, people: dict[tuple[str, str | None], int], today: date
) -> Cohort:
    size = people.get((str(first), None), 0)
    returned = []
    begins = first
    for _ in range(ask.periods + 1):
        ends = bucket_days(begins, ask.grain).to_on
        count = people.get((str(first), str(begins)), 0) if begins <= today else None
        share = round(count / size, 6) if size and count is not None else None
        returned.append(Returned(count=count, share=share, is_running=begins <= today <= ends))
        begins = ends + DAY
    return Cohort(first=first, size=size, returned=returned)


def _average(cohorts: Sequence[Cohort], place: int) -> float | None:
    cells = [(one.size, one.returned[place]) for one in cohorts]
    ended = [
        (size, one.count) for size, one in cells if one.count is not None and not one.is_running
    ]
    people = sum(size for size, _ in ended)
    return round(sum(count for _, count in ended) / people, 6) if people else None


def _after(cursor: str | None) -> list[Any] | None:
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    if after and after[0].tzinfo is None:
        raise Invalid("This cursor is not one of ours.", field="cursor")
    return after


async def _people(tx: Tx, found: Ground, statement: Compiled, limit: int) -> PeopleDrill:
    async with answers.guarded(tx):
        records = await answers.read(tx, statement)
    rows = [
        CohortPerson(
            id=record["person"],
            is_lead=record["is_lead"],
            link=link_of(record["person"], is_lead=record["is_lead"]),
            at=record["at"].astimezone(UTC),
            times=record["times"],
        )
        for record in records
        if record["person"] is not None
    ]
    page = page_of(rows, limit, lambda row: (row.at, row.id))
    return PeopleDrill(
        as_of=found.as_of, count=records[0]["total"], items=page.items, next=page.next
    )
