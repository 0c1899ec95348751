"""Funnels and cohorts as tables."""

from datetime import datetime

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.calendar import Days
from tandem.crm.analytics.domain.funnels import FunnelAsk, FunnelResult
from tandem.crm.analytics.domain.happenings import Meant
from tandem.crm.analytics.domain.retention import RetentionAsk, RetentionResult
from tandem.crm.analytics.domain.tables import Head, Table, Value
from tandem.flows.reports.making import Report
from tandem.flows.reports.naming import bucket
from tandem.kernel.db import Tx

HOUR_SECONDS = 3_600


async def funnel_report(tx: Tx, title: str, ask: FunnelAsk, *, now: datetime) -> Report:
    found = await analytics.run_funnel(tx, ask, now)
    tables = [_steps(title or "Funnel", found)]
    if found.parts:
        tables.append(_parts(found))
    meant = [step.meant for step in found.steps]
    return Report(
        title=title or "Funnel",
        tables=tables,
        about=_about(title or "Funnel", found.as_of, found.days, found.zone, meant),
        as_of=found.as_of,
        days=found.days,
        policy_hash=found.policy_hash,
        is_empty=not found.entered,
    )


async def retention_report(tx: Tx, title: str, ask: RetentionAsk, *, now: datetime) -> Report:
    found = await analytics.run_retention(tx, ask, now)
    name = title or "Who comes back"
    return Report(
        title=name,
        tables=[_shares(found), _people(found)],
        about=_about(name, found.as_of, found.days, found.zone, [found.begins, found.returns]),
        as_of=found.as_of,
        days=found.days,
        policy_hash=found.policy_hash,
        is_empty=not any(one.size for one in found.cohorts),
    )


def _steps(title: str, found: FunnelResult) -> Table:
    heads = [
        Head(label="Step"),
        Head(label="People", style="number"),
        Head(label="Dropped", style="number"),
        Head(label="Of the first", style="share"),
        Head(label="Of the step before", style="share"),
        Head(label="Median (hours)"),
        Head(label="Nine of ten within (hours)"),
    ]
    rows: list[list[Value]] = [
        [
            f"{place}. {step.meant.label}",
            step.count,
            step.dropped,
            step.of_first,
            step.of_before,
            _hours(step.seconds_median),
            _hours(step.seconds_p90),
        ]
        for place, step in enumerate(found.steps, 1)
    ]
    return Table(title=title, heads=heads, rows=rows, is_cut=found.is_cut)


def _parts(found: FunnelResult) -> Table:
    labels = [f"{place}. {step.meant.label}" for place, step in enumerate(found.steps, 1)]
    heads = [
        Head(label="Value"),
        *(Head(label=label, style="number") for label in labels),
        Head(label="Went all the way", style="share"),
        Head(label="Median (hours)"),
    ]
    rows: list[list[Value]] = [
        [part.value or "Not set", *part.counts, part.rate, _hours(part.seconds_median)]
        for part in found.parts
    ]
    return Table(title="Breakdown", heads=heads, rows=rows, is_cut=found.is_cut)


def _shares(found: RetentionResult) -> Table:
    heads = [
        Head(label="Began"),
        Head(label="From", style="day"),
        Head(label="People", style="number"),
        *(Head(label=str(place), style="share") for place in range(len(found.averages))),
    ]
    rows: list[list[Value]] = [
        [
            bucket(str(one.first), found.grain),
            one.first,
            one.size,
            *(back.share for back in one.returned),
        ]
        for one in found.cohorts
    ]
    totals: list[Value] = ["All", "", sum(one.size for one in found.cohorts), *found.averages]
    return Table(title="Shares", heads=heads, rows=rows, totals=totals)


def _people(found: RetentionResult) -> Table:
    heads = [
        Head(label="Began"),
        Head(label="From", style="day"),
        Head(label="People", style="number"),
        *(Head(label=str(place), style="number") for place in range(len(found.averages))),
    ]
    rows: list[list[Value]] = [
        [
            bucket(str(one.first), found.grain),
            one.first,
            one.size,
            *(back.count for back in one.returned),
        ]
        for one in found.cohorts
    ]
    return Table(title="People", heads=heads, rows=rows)


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / HOUR_SECONDS, 2)


def _about(name: str, as_of: datetime, days: Days, zone: str, meant: list[Meant]) -> Table:
    rows: list[list[Value]] = [
        ["Report", name],
        ["As of", as_of.isoformat(timespec="seconds")],
        ["Days", f"{days.from_on} to {days.to_on}"],
        ["Time zone", zone],
    ]
    rows += [[f"{one.event}@{one.version}", one.meaning] for one in meant]
    return Table(title="About", heads=[Head(label="About"), Head(label="")], rows=rows)
