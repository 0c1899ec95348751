"""A report as a table: what a file or a letter is written from. Values keep their types."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import msgspec

from tandem.kernel.cells import guarded

Style = Literal["", "money", "share", "day", "moment", "number"]
Value = str | int | float | Decimal | date | None

MARK = b"\xef\xbb\xbf"
"""Spreadsheets need it to read UTF-8."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    style: Style = ""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """`totals` are of everything: parts of shares and distinct counts do not add up to them."""

    title: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Value]]
    totals: Sequence[Value] | None = None
    is_cut: bool = False

    @property
    def lines(self) -> list[Sequence[Value]]:
        return [*self.rows, *([] if self.totals is None else [self.totals])]


def csv_line(cells: Sequence[Value]) -> str:
    """CRLF; texts that a spreadsheet could take for a formula are guarded, numbers are not."""
    held = io.StringIO()
    csv.writer(held).writerow([_written(cell) for cell in cells])
    return held.getvalue()


def csv_of(table: Table) -> bytes:
    heads = csv_line([head.label for head in table.heads])
    return MARK + (heads + "".join(csv_line(row) for row in table.lines)).encode()


def _written(cell: Value) -> object:
    match cell:
        case None:
            return ""
        case str():
            return guarded(cell)
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return cell.isoformat()
        case Decimal():
            return format(cell, "f")
    return cell
