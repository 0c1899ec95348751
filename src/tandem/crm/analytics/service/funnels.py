"""How many people went how far, and who they are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tandem.crm.analytics.domain.asking import Key
from tandem.crm.analytics.domain.funnels import (
    VALUES_MAX,
    FunnelAsk,
    FunnelDrill,
    FunnelDrillAsk,
    FunnelPart,
    FunnelResult,
    PersonRow,
    StepCount,
    check_funnel,
)
from tandem.crm.analytics.domain.happenings import meant
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.service.people import Ground, answered, ground, link_of
from tandem.crm.analytics.store import answers, funnels
from tandem.crm.analytics.store.funnels import FunnelScope
from tandem.crm.analytics.store.moments import check_where
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.pages import decode_cursor, page_of


async def run_funnel(
    tx: Tx, ask: FunnelAsk, now: datetime, *, question: UUID | None = None
) -> FunnelResult:
    """Of the people whose records the asker may see: how many took each step, and in which time."""
    found, scope = await _asked(tx, ask, now)

    async def make() -> FunnelResult:
        return _result(found, scope, await answers.read(tx, funnels.counts(scope)))

    return await answered(tx, found, ask, FunnelResult, make, now=now, question=question)


async def drill_funnel(
    tx: Tx, ask: FunnelDrillAsk, *, limit: int, cursor: str | None, now: datetime
) -> FunnelDrill:
    """The people of a bar, or those lost before it: as many as the number says."""
    found, scope = await _asked(tx, ask.query, now)
    _check_step(ask)
    value = _value(ask)
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    if after and after[0].tzinfo is None:
        raise Invalid("This cursor is not one of ours.", field="cursor")
    statement = funnels.people(
        scope,
        step=ask.step,
        is_dropped=ask.is_dropped,
        value=value,
        after=after,
        count=limit + 1,
    )
    async with answers.guarded(tx):
        records = await answers.read(tx, statement)
    rows = [_person(record) for record in records if record["person"] is not None]
    page = page_of(rows, limit, lambda row: (row.at, row.id))
    return FunnelDrill(
        as_of=found.as_of, count=records[0]["total"], items=page.items, next=page.next
    )


def check(ask: FunnelAsk) -> tuple[timedelta, set[str]]:
    """Refuses what could never be answered; answers the window, and what is looked at."""
    window = check_funnel(ask)
    names = set() if ask.breakdown is None else {ask.breakdown}
    for place, step in enumerate(ask.steps):
        names |= check_where(step, field=f"steps[{place}]")
    for place, one in enumerate(ask.exclusions):
        names |= check_where(one.happening, field=f"exclusions[{place}].happening")
    return window, names


async def _asked(tx: Tx, ask: FunnelAsk, now: datetime) -> tuple[Ground, FunnelScope]:
    tx.actor.require(READ)
    window, names = check(ask)
    kinds = [*(one.event for one in ask.steps), *(one.happening.event for one in ask.exclusions)]
    is_strict = ask.order == "strict"
    found = await ground(tx, ask, kinds, cut_by=names, now=now, reads_all=is_strict)
    scope = FunnelScope(
        ask=ask,
        days=found.days,
        window=window,
        kinds=found.kinds,
        as_of=found.as_of,
        reaches=found.reaches,
    )
    return found, scope


def _check_step(ask: FunnelDrillAsk) -> None:
    first = 2 if ask.is_dropped else 1
    if not first <= ask.step <= len(ask.query.steps):
        raise Invalid("The funnel has no such step.", field="step")


def _value(ask: FunnelDrillAsk) -> Key | None:
    known = set() if ask.query.breakdown is None else {ask.query.breakdown}
    for name in ask.keys:
        if name not in known:
            raise Invalid("The funnel is not broken down by this.", field=f"keys.{name}")
    return ask.keys.get(ask.query.breakdown) if ask.query.breakdown else None


def _result(found: Ground, scope: FunnelScope, records: Sequence[Any]) -> FunnelResult:
    whole, *parts = records
    last = len(scope.ask.steps)
    counts = _counts(whole, last)
    seconds = _seconds(whole, 1)
    return FunnelResult(
        as_of=found.as_of,
        days=found.days,
        zone=found.known.zone,
        within_seconds=int(scope.window.total_seconds()),
        steps=[_step(scope.ask, place, counts, whole) for place in range(last)],
        entered=counts[0],
        converted=counts[-1],
        rate=_share(counts[-1], counts[0]),
        seconds_median=seconds[0],
        seconds_p90=seconds[1],
        parts=[_part(one, last) for one in parts[:VALUES_MAX]],
        is_cut=len(parts) > VALUES_MAX,
        policy_hash=found.policy_hash,
    )


def _step(ask: FunnelAsk, place: int, counts: list[int], whole: Any) -> StepCount:
    before = counts[place - 1] if place else counts[0]
    median, ninth = _seconds(whole, place + 1) if place else (None, None)
    return StepCount(
        meant=meant(ask.steps[place]),
        count=counts[place],
        dropped=before - counts[place],
        of_first=_share(counts[place], counts[0]),
        of_before=_share(counts[place], before),
        seconds_median=median,
        seconds_p90=ninth,
    )


def _part(record: Any, last: int) -> FunnelPart:
    counts = _counts(record, last)
    return FunnelPart(
        value=record["value"],
        counts=counts,
        rate=_share(counts[-1], counts[0]),
        seconds_median=_seconds(record, 1)[0],
    )


def _counts(record: Any, last: int) -> list[int]:
    return [record[f"n{step}"] for step in range(1, last + 1)]


def _seconds(record: Any, step: int) -> tuple[float | None, float | None]:
    found = record[f"q{step}"]
    return (None, None) if found is None else (round(found[0], 3), round(found[1], 3))


def _share(above: int, below: int) -> float | None:
    return round(above / below, 6) if below else None


def _person(record: Any) -> PersonRow:
    return PersonRow(
        id=record["person"],
        is_lead=record["is_lead"],
        link=link_of(record["person"], is_lead=record["is_lead"]),
        at=record["times"][0].astimezone(UTC),
        times=[one.astimezone(UTC) for one in record["times"]],
        seconds=round(record["seconds"], 3),
        value=record["value"],
    )
