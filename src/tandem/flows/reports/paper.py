"""A report on paper: its tables on A4, as people read them."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache, partial
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.analytics.domain.tables import Table
from tandem.flows.reports.letters import moment, shown
from tandem.flows.reports.making import Report
from tandem.kernel import typesetting

ROWS_MAX = 500
"""Of one table: who needs more takes it along as a sheet."""
COLUMNS_MAX = 16
RIGHT = ("money", "share", "number")


class Printed(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    heads: list[str]
    sides: list[str]
    rows: list[list[str]]
    totals: list[str]
    more: str


async def report_pdf(report: Report, *, company: str, zone: str, now: datetime) -> bytes:
    """Made in a thread while the report's transaction waits, since the file and the record of it
    commit together: some tenths of a second, whatever the report."""
    sheet = {
        "title": report.title,
        "company": company,
        "as_of": moment(report.as_of, ZoneInfo(zone)),
        "days": f"{shown(report.days.from_on, 'day')} to {shown(report.days.to_on, 'day')}",
        "tables": [printed(table) for table in report.tables if table.heads],
        "about": [[str(cell or "") for cell in row[:2]] for row in report.about.rows],
    }
    inputs = {"sheet": msgspec.json.encode(sheet).decode()}
    return await typesetting.in_thread(partial(typesetting.pdf, _template(), inputs, made_at=now))


@cache
def _template() -> bytes:
    return files(__package__).joinpath("report.typ").read_bytes()


def printed(table: Table) -> Printed:
    heads = table.heads[:COLUMNS_MAX]
    styles = [head.style for head in heads]
    numbers = [
        style in RIGHT or any(_is_number(row[place]) for row in table.rows[:ROWS_MAX])
        for place, style in enumerate(styles)
    ]
    left = len(table.rows) - ROWS_MAX
    said = [f"{left:,} rows more" if left > 0 else "", "the greatest ones" if table.is_cut else ""]
    if len(table.heads) > COLUMNS_MAX:
        said.append(f"{len(table.heads) - COLUMNS_MAX} columns more")
    return Printed(
        title=table.title,
        heads=[head.label for head in heads],
        sides=["right" if one else "left" for one in numbers],
        rows=[_cells(row, styles) for row in table.rows[:ROWS_MAX]],
        totals=_cells(table.totals, styles) if table.totals is not None else [],
        more="; ".join(one for one in said if one).capitalize(),
    )


def _cells(row: Sequence[object], styles: Sequence[str]) -> list[str]:
    return [shown(value, style) for value, style in zip(row, styles, strict=False)]  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return value is not None and not isinstance(value, str | date | bool)
