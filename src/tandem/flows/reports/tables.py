"""Answers as tables: what a page shows, with the types that its cells have."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tandem.crm.analytics.domain.asking import Ask, Cell, Column, DrillRow, Result, Row
from tandem.crm.analytics.domain.calendar import Grain
from tandem.crm.analytics.domain.tables import Head, Style, Table, Value
from tandem.crm.analytics.service.drilling import Opened
from tandem.flows.reports.naming import bucket, label, names_of
from tandem.kernel.db import Tx
from tandem.kernel.money import EXPONENT
from tandem.kernel.wording import words

STYLES: Mapping[str, Style] = {"money": "money", "ratio": "share", "count": "number"}
ALL = "All"
DIGITS = 2


async def table_of(tx: Tx, title: str, ask: Ask, result: Result) -> Table:
    """As the page shows it: the same rows in the same order, its last line of everything."""
    names = await names_of(tx, result)
    keys = [one for one in result.columns if one.kind != "measure"]
    measures = [one for one in result.columns if one.kind == "measure"]
    heads = [
        *(head for column in keys for head in _key_heads(column, ask)),
        *(head for column in measures for head in _measure_heads(column, result)),
    ]
    rows = [_row(ask, result, row, keys, names) for row in result.rows]
    lead: list[Value] = [ALL, *([""] * (len(heads) - len(measures) * _width(result) - 1))]
    totals = [*(lead if keys else []), *_cells(result, result.totals)]
    if not keys:
        return Table(title=title, heads=heads, rows=[totals])
    return Table(title=title, heads=heads, rows=rows, totals=totals, is_cut=result.is_cut)


def numbers_of(title: str, told: Sequence[tuple[str, Result]]) -> Table:
    """The single numbers of a dashboard, one below the other."""
    is_compared = any(result.previous_days for _, result in told)
    heads = [Head(label="Number"), Head(label="Value"), Head(label="Unit")]
    if is_compared:
        heads += [Head(label="Before"), Head(label="Change", style="share")]
    rows = []
    for name, result in told:
        unit, cell = result.columns[-1].unit, result.totals[0]
        shown = result.currency if unit == "money" else "share" if unit == "ratio" else unit
        row: list[Value] = [name, typed(cell.value, unit, result.currency), shown]
        if is_compared:
            row += [typed(cell.previous, unit, result.currency), cell.change]
        rows.append(row)
    return Table(title=title, heads=heads, rows=rows)


def typed(value: int | float | None, unit: str, currency: str) -> Value:
    """Money in whole units with its decimals, everything else as it is."""
    if value is None or unit != "money":
        return value
    digits = EXPONENT.get(currency, DIGITS)
    return Decimal(round(value)).scaleb(-digits).quantize(Decimal(1).scaleb(-digits))


def rows_heads(opened: Opened) -> list[Head]:
    """The columns of the rows behind a number."""
    metric = opened.metric
    part = "count" if metric.over and metric.unit == "ratio" else str(metric.unit)
    heads = [Head(label=f"When ({opened.zone})", style="moment")]
    heads += [_shown_head(name, opened.currency) for name in opened.shows]
    heads.append(Head(label=_said("Adds", part, opened.currency), style=STYLES.get(part, "")))
    return heads if metric.over is None else [*heads, Head(label="Counts as")]


def rows_cells(opened: Opened, rows: Sequence[DrillRow]) -> Iterator[list[Value]]:
    zone = ZoneInfo(opened.zone)
    metric = opened.metric
    part = "count" if metric.over and metric.unit == "ratio" else str(metric.unit)
    for row in rows:
        cells: list[Value] = [row.at.astimezone(zone).replace(tzinfo=None)]
        cells += [_shown(name, row.shows[name], opened.currency) for name in opened.shows]
        cells.append(typed(row.amount, part, opened.currency))
        if metric.over is not None:
            cells.append(row.over)
        yield cells


def _width(result: Result) -> int:
    return 1 if result.previous_days is None else 3


def _key_heads(column: Column, ask: Ask) -> list[Head]:
    if column.kind != "time":
        return [Head(label=column.label)]
    if ask.grain is Grain.DAY:
        return [Head(label=column.label, style="day")]
    return [Head(label=column.label), Head(label="From", style="day")]


def _measure_heads(column: Column, result: Result) -> list[Head]:
    style = STYLES.get(column.unit, "")
    heads = [Head(label=_said(column.label, column.unit, result.currency), style=style)]
    if result.previous_days is not None:
        heads.append(Head(label=f"{column.label}, before", style=style))
        heads.append(Head(label=f"{column.label}, change", style="share"))
    return heads


def _said(name: str, unit: str, currency: str) -> str:
    """With what the numbers are of."""
    if unit == "money":
        return f"{name} ({currency})"
    return f"{name} ({unit})" if unit in ("hours", "days") else name


def _row(
    ask: Ask,
    result: Result,
    row: Row,
    keys: Sequence[Column],
    names: Mapping[str, Mapping[str, str]],
) -> list[Value]:
    cells: list[Value] = []
    for column, key in zip(keys, row.keys, strict=True):
        if column.kind == "time" and ask.grain is not None:
            first = date.fromisoformat(key or "")
            cells += [first] if ask.grain is Grain.DAY else [bucket(key, ask.grain), first]
        else:
            cells.append(label(key, column.key, names))
    return [*cells, *_cells(result, row.cells)]


def _cells(result: Result, cells: Sequence[Cell]) -> list[Value]:
    found: list[Value] = []
    units = [one.unit for one in result.columns if one.kind == "measure"]
    for unit, cell in zip(units, cells, strict=True):
        found.append(typed(cell.value, unit, result.currency))
        if result.previous_days is not None:
            found += [typed(cell.previous, unit, result.currency), cell.change]
    return found


def _shown_head(name: str, currency: str) -> Head:
    if name.endswith("_base"):
        said = f"{words(name.removesuffix('_base'))} ({currency})"
        return Head(label=said, style="money")
    style: Style = "day" if name.endswith("_on") else "moment" if name.endswith("_at") else ""
    return Head(label=words(name.removesuffix("_id")), style=style)


def _shown(name: str, value: Any, currency: str) -> Value:
    if value is None:
        return None
    if name.endswith("_base"):
        return typed(value, "money", currency)
    if name.endswith("_on"):
        return date.fromisoformat(value)
    if name.endswith("_at"):
        return datetime.fromisoformat(value).replace(tzinfo=None)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return value if isinstance(value, str | int | float) else str(value)
