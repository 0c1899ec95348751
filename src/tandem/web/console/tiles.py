"""A tile as a page shows it: the number or the chart, the table under it, the way into its rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from tandem.crm.analytics import service as analytics
from tandem.crm.analytics.domain.asking import Ask, Cell, DrillAsk, Result, Row
from tandem.crm.analytics.domain.catalogue import find_metric
from tandem.crm.analytics.domain.dashboards import Tile
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.web.console import figures
from tandem.web.console.exports import draft_of

CHARTS = ("line", "bar")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One number: as it is read, exactly, and where its rows are."""

    text: str
    title: str
    href: str
    change: str = ""
    tone: str = ""
    before: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    labels: list[str]
    cells: list[Shown]


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A tile with its answer, or the reason why there is none."""

    place: int
    title: str
    shape: str
    is_wide: bool = False
    problem: str = ""
    heads: list[str] = []
    measures: list[str] = []
    meanings: list[str] = []
    lines: list[Line] = []
    totals: list[Shown] = []
    chart: str = ""
    draft: str = ""
    """What the menu takes along: this answer, of this moment."""
    asked: str = ""
    """The question, for what asks it again and again."""
    is_cut: bool = False
    warnings: list[str] = []
    as_of: datetime | None = None
    compared: str = ""


async def view(tx: Tx, tile: Tile, place: int, *, now: datetime) -> View:
    """What somebody may not see is said in the tile; the others are shown all the same."""
    try:
        result = await analytics.run(tx, tile.query, now)
    except Refusal as refusal:
        return View(
            place=place,
            title=tile.title,
            shape=tile.shape,
            is_wide=tile.is_wide,
            problem=refusal.detail,
        )
    if tile.shape == "bar":
        rows = [row for row in result.rows if any(one.value or one.previous for one in row.cells)]
        result = msgspec.structs.replace(result, rows=rows)
    elif tile.shape == "line" and not any(_is_known(row) for row in result.rows):
        result = msgspec.structs.replace(result, rows=[])
    names = await figures.names_of(tx, result)
    return _view(tile, place, result, names)


def _is_known(row: Row) -> bool:
    """A share of nothing is not known; a count of nothing is 0, and is drawn."""
    return any(one.value is not None or one.previous is not None for one in row.cells)


def _view(tile: Tile, place: int, result: Result, names: Mapping[str, Mapping[str, str]]) -> View:
    lines = [_line(tile.query, result, row, names) for row in result.rows]
    return View(
        place=place,
        title=tile.title,
        shape=tile.shape,
        is_wide=tile.is_wide,
        heads=[one.label for one in result.columns if one.kind != "measure"],
        measures=[one.label for one in result.columns if one.kind == "measure"],
        meanings=[one.meaning for one in result.definitions],
        lines=lines,
        totals=[
            _cell(tile.query, result, index, {}, cell) for index, cell in enumerate(result.totals)
        ],
        chart=_chart(tile, result, lines) if tile.shape in CHARTS else "",
        draft=draft_of(tile.title, query=msgspec.structs.replace(tile.query, as_of=result.as_of)),
        asked=packed(tile.query),
        is_cut=result.is_cut,
        warnings=result.warnings,
        as_of=result.as_of,
        compared=_compared(result),
    )


def _line(ask: Ask, result: Result, row: Row, names: Mapping[str, Mapping[str, str]]) -> Line:
    columns = [one for one in result.columns if one.kind != "measure"]
    keys = {one.key: key for one, key in zip(columns, row.keys, strict=True)}
    labels = [
        figures.bucket(key, ask.grain)
        if one.kind == "time" and ask.grain
        else figures.label(key, one.key, names)
        for one, key in zip(columns, row.keys, strict=True)
    ]
    cells = [_cell(ask, result, index, keys, cell) for index, cell in enumerate(row.cells)]
    return Line(labels=labels, cells=cells)


def _cell(ask: Ask, result: Result, index: int, keys: dict[str, str | None], cell: Cell) -> Shown:
    column = result.columns[len(result.columns) - len(result.totals) + index]
    unit, currency = column.unit, result.currency
    is_single = not keys
    text = (figures.short if is_single else figures.exact)(cell.value, unit, currency)
    return Shown(
        text=text,
        title=figures.exact(cell.value, unit, currency),
        href=rows_href(ask, result, ask.measures[index], keys),
        change=_change(cell, unit) if result.previous_days else "",
        tone=_tone(cell, ask.measures[index]),
        before=figures.short(cell.previous, unit, currency) if result.previous_days else "",
    )


def rows_href(ask: Ask, result: Result, measure: str, keys: dict[str, str | None]) -> str:
    """The page of rows behind a number, as of the moment the number is of."""
    fixed = msgspec.structs.replace(ask, as_of=result.as_of)
    wanted = DrillAsk(query=fixed, measure=measure, keys=keys)
    return f"/explore/rows?ask={quote(packed(wanted))}"


def packed(asked: DrillAsk | Ask) -> str:
    """Without what is as it would be anyway."""
    return msgspec.json.encode(_bare(asked)).decode()


def _bare(asked: Any) -> dict[str, Any]:
    defaults = {one.name: one.default for one in msgspec.structs.fields(asked)}
    found = {}
    for name in asked.__struct_fields__:
        value = getattr(asked, name)
        if value is None or value == [] or value == {} or value == defaults[name]:
            continue
        found[name] = _bare(value) if isinstance(value, msgspec.Struct) else value
    return found


def _change(cell: Cell, unit: str) -> str:
    """Shares move by points, all else by per cent of what it was."""
    if unit == "ratio" and cell.value is not None and cell.previous is not None:
        return _signed((cell.value - cell.previous) * 100, "pp")
    if cell.change is None:
        return ""
    return _signed(cell.change * 100, "%")


def _signed(figure: Any, unit: str) -> str:
    """`+2.5 %`, `−0.4 pp`; nothing where the figure that is read would be zero."""
    text = f"{figure:+.1f}"
    return "" if text in {"+0.0", "-0.0"} else f"{text} {unit}".replace("-", "−")


def _tone(cell: Cell, measure: str) -> str:
    is_good_up = find_metric(measure, field="measures").is_good_up
    if is_good_up is None or cell.value is None or cell.previous is None:
        return ""
    if cell.value == cell.previous:
        return ""
    return "good" if (cell.value > cell.previous) is is_good_up else "bad"


def _compared(result: Result) -> str:
    if result.previous_days is None:
        return ""
    first, last = result.previous_days.from_on, result.previous_days.to_on
    return f"compared with {first:%-d %b %Y} to {last:%-d %b %Y}"


def _chart(tile: Tile, result: Result, lines: list[Line]) -> str:
    """What the script draws. One series for each measure, or for each value of a second column."""
    measures = [one for one in result.columns if one.kind == "measure"]
    depth = len(result.columns) - len(measures)
    rows = list(zip(result.rows, lines, strict=True))
    categories = list(dict.fromkeys(line.labels[0] for _, line in rows if line.labels))
    series: dict[str, dict[str, Any]] = {}
    for row, line in rows:
        for index, measure in enumerate(measures):
            tail = " · ".join(line.labels[1:])
            name = tail if tail and len(measures) == 1 else f"{measure.label} {tail}".strip()
            found = series.setdefault(name, {"unit": measure.unit, "values": {}, "before": {}})
            cell = row.cells[index]
            found["values"][line.labels[0]] = figures.plotted(cell.value, measure.unit)
            found["before"][line.labels[0]] = figures.plotted(cell.previous, measure.unit)
    return msgspec.json.encode(
        {
            "shape": tile.shape,
            "currency": result.currency,
            "isCompared": result.previous_days is not None and depth == 1,
            "categories": categories,
            "series": [
                {
                    "name": name,
                    "unit": one["unit"],
                    "data": [one["values"].get(each) for each in categories],
                    "before": [one["before"].get(each) for each in categories],
                }
                for name, one in series.items()
            ],
        }
    ).decode()
