"""CSV files read without guessing, and written."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from tandem.kernel.cells import plain
from tandem.kernel.errors import Invalid

T = TypeVar("T")

ROWS_MAX = 200_000
COLUMNS_MAX = 100
CELL_MAX = 20_000
MARK = b"\xef\xbb\xbf"
"""What tells a spreadsheet that the file is UTF-8."""
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SAID_SEPARATOR = re.compile(r"sep=([,;\t])\r?\n")


class SheetWrong(Invalid):
    """The file as a whole cannot be read; nothing was taken in."""

    code = "sheet_wrong"


def decode(content: bytes) -> str:
    """UTF-8 or UTF-16 by its mark, else strict UTF-8, else Windows-1252 where every byte means a
    letter. Refuses what is none of them rather than showing it wrong."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return _decoded(content, name)
    if b"\x00" in content:
        raise SheetWrong("The file contains NUL characters: is it a spreadsheet, not a CSV?")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(content, "cp1252")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as reason:
        raise SheetWrong("The file's letters cannot be read: save it as CSV UTF-8.") from reason
    if "\x00" in text:
        raise SheetWrong("The file contains NUL characters: is it a spreadsheet, not a CSV?")
    return text


def rows_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows as RFC 4180 has them, numbered as a spreadsheet does (the heading is 1); empty ones
    are left out. The separator is what a first line `sep=;` says, as Excel writes it, or whichever
    of , ; tab the heading has most of outside its quotes."""
    named = _SAID_SEPARATOR.match(text)
    heading = _QUOTED.sub("", text.lstrip("\r\n").partition("\n")[0])
    separator = named[1] if named else max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for number, row in enumerate(reader, 1):
            if any(cell.strip() for cell in row) and not (named and number == 1):
                yield number, row
    except csv.Error as reason:
        said = f"Row {reader.line_num} cannot be read: {reason}."
        raise SheetWrong(said) from reason


def heading_of(text: str) -> list[str]:
    """The columns. Refuses a file without rows, without headings, or with one twice."""
    first = next(iter(rows_of(text)), None)
    if first is None:
        raise SheetWrong("The file is empty.")
    columns = [cell.strip() for cell in first[1]]
    if len(columns) > COLUMNS_MAX or any(len(column) > 200 for column in columns):
        raise SheetWrong(f"A file may have {COLUMNS_MAX} columns with short headings.")
    named = [column.lower() for column in columns if column]
    twice = next((column for column in named if named.count(column) > 1), None)
    if twice is not None:
        raise SheetWrong(f"The column {twice!r} stands there twice.")
    if not named:
        raise SheetWrong("The first row must name the columns.")
    return columns


def filled(
    cells: Sequence[str], columns: Sequence[str], mapping: Mapping[str, str]
) -> dict[str, str]:
    """A row's cells by the fields they are meant for; empty cells say nothing. Raises Invalid."""
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        raise Invalid("The row has more cells than the heading.", field="")
    found: dict[str, str] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column in mapping and cell.strip():
            if len(cell) > CELL_MAX:
                raise Invalid("The cell is too long.", field=mapping[column])
            found[mapping[column]] = plain(cell.strip())
    return found


def listed(cell: str) -> list[str]:
    """Several values in one cell, parted by semicolons."""
    return [part.strip() for part in cell.split(";") if part.strip()]


def typed(values: Mapping[str, Any], kind: type[T]) -> T:
    """The row as a draft or a change. Raises Invalid that names the field."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as reason:
        text, _, at = str(reason).partition(" - at `$.")
        missing = text.partition("missing required field `")[2].rstrip("`")
        if missing:
            text = f"A row needs its {missing.replace('_', ' ')}."
        elif "matching regex" in text:
            text = "The cell has nothing readable in it, or not what belongs there."
        raise Invalid(text, field=missing or at.rstrip("`")) from reason


def line(cells: Sequence[Any]) -> bytes:
    held = io.StringIO()
    csv.writer(held).writerow(cells)
    return held.getvalue().encode()
