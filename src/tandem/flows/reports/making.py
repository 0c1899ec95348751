"""One report made as whoever `tx` works for: its tables, as of one moment."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.asking import GROUPS_MAX, QueryTooSlow, Result
from tandem.crm.analytics.domain.calendar import Days
from tandem.crm.analytics.domain.dashboards import READY, Tile
from tandem.crm.analytics.domain.exports import ExportDraft
from tandem.crm.analytics.domain.looking import Looking
from tandem.crm.analytics.domain.tables import Head, Table, Value
from tandem.flows import dashboards
from tandem.flows.reports.tables import numbers_of, table_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, Invalid, NotFound, Refusal
from tandem.kernel.ids import parse_id


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` are tiles that whoever it is for may not see, with the reason. `is_empty`: every
    number is nothing."""

    title: str
    tables: list[Table]
    about: Table
    as_of: datetime
    days: Days
    policy_hash: str
    missing: list[tuple[str, str]] = []
    is_empty: bool = False

    @property
    def row_count(self) -> int:
        return sum(len(table.rows) for table in self.tables)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a report is of: tiles to ask, and by what all of them can be narrowed."""

    name: str
    filter_by: str
    tiles: Sequence[Tile]


async def subject_of(tx: Tx, draft: ExportDraft) -> Subject:
    """Refuses a dashboard that `tx`'s person may not open, and one that there is none of."""
    if draft.query is not None:
        title = draft.title or "Numbers"
        tile = Tile(title=title[:80], shape="table", query=draft.query)
        return Subject(name=title, filter_by="", tiles=[tile])
    assert draft.dashboard is not None, "rows are no tiles"
    return await dashboard_of(tx, draft.dashboard)


async def dashboard_of(tx: Tx, name: str) -> Subject:
    """A ready one by its key, one that somebody made by its id."""
    if name in READY:
        ready = READY[name]
        return Subject(name=ready.name, filter_by=ready.filter_by, tiles=ready.tiles)
    dashboard_id: UUID | None = parse_id(name)
    if dashboard_id is None:
        raise NotFound("There is no such dashboard.")
    made = await dashboards.get_dashboard(tx, dashboard_id)
    return Subject(name=made.name, filter_by=made.filter_by, tiles=made.tiles)


async def make(
    tx: Tx, subject: Subject, looking: Looking | None, *, now: datetime, as_of: datetime | None
) -> Report:
    """Every tile as of the same moment. A single question that may not be asked refuses; of a
    dashboard what may not be seen is left out and said."""
    if looking is not None and looking.only and not subject.filter_by:
        raise Invalid("This cannot be narrowed to one value.", field="looking.only")
    told: list[tuple[Tile, Result]] = []
    missing: list[tuple[str, str]] = []
    for tile in subject.tiles:
        ask = looking.applied(tile.query, subject.filter_by) if looking else tile.query
        fixed = msgspec.structs.replace(ask, as_of=ask.as_of or as_of)
        if len(subject.tiles) == 1:
            fixed = msgspec.structs.replace(fixed, limit=GROUPS_MAX)
        try:
            result = await analytics.run(tx, fixed, now)
        except QueryTooSlow:
            # The transaction is over: nothing more can be asked in it.
            raise
        except (Forbidden, Invalid) as refusal:
            if len(subject.tiles) == 1:
                raise
            missing.append((tile.title, refusal.detail))
            continue
        as_of = as_of or result.as_of
        told.append((msgspec.structs.replace(tile, query=fixed), result))
    if not told:
        raise _nothing(missing)
    return Report(
        title=subject.name,
        tables=await _tables(tx, told),
        about=about(subject.name, [result for _, result in told], missing),
        as_of=max(result.as_of for _, result in told),
        days=told[0][1].days,
        policy_hash=_policy(told),
        missing=missing,
        is_empty=all(_is_nothing(result) for _, result in told),
    )


def _nothing(missing: Sequence[tuple[str, str]]) -> Refusal:
    if missing:
        return Forbidden(missing[0][1], permission="analytics.read")
    return Invalid("There is no tile on this dashboard.", field="dashboard")


async def _tables(tx: Tx, told: Sequence[tuple[Tile, Result]]) -> list[Table]:
    numbers = [(tile.title, result) for tile, result in told if tile.shape == "number"]
    found = [numbers_of("Numbers", numbers)] if len(numbers) > 1 else []
    for tile, result in told:
        if tile.shape != "number" or len(numbers) == 1:
            found.append(await table_of(tx, tile.title, tile.query, result))
    return found


def _policy(told: Sequence[tuple[Tile, Result]]) -> str:
    return "+".join(sorted({result.policy_hash for _, result in told}))[:200]


def _is_nothing(result: Result) -> bool:
    cells = [*result.totals, *(cell for row in result.rows for cell in row.cells)]
    return not any(cell.value for cell in cells)


def about(name: str, results: Sequence[Result], missing: Sequence[tuple[str, str]] = ()) -> Table:
    """What the numbers rest on, to be read beside them."""
    first = results[0]
    rows: list[list[Value]] = [
        ["Report", name],
        ["As of", first.as_of.isoformat(timespec="seconds")],
        ["Days", f"{first.days.from_on} to {first.days.to_on}"],
        ["Time zone", first.zone],
        ["Currency", first.currency],
    ]
    if first.previous_days is not None:
        before = first.previous_days
        rows.append(["Compared with", f"{before.from_on} to {before.to_on}"])
    meant = {
        f"{one.metric}@{one.version}": one.meaning
        for result in results
        for one in result.definitions
    }
    rows += [[name, meaning] for name, meaning in sorted(meant.items())]
    rows += [["Note", warning] for result in results for warning in result.warnings]
    rows += [[title, f"Left out: {reason}"] for title, reason in missing]
    return Table(title="About", heads=[Head(label="About"), Head(label="")], rows=rows)
