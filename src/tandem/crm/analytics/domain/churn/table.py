"""A file of people as columns: which are numbers, which are words, what is blank, what says who
left."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from tandem.kernel.errors import Invalid, TooLarge

BYTES_MAX = 5_000_000
ROWS_MAX, ROWS_MIN = 20_000, 100
EACH_MIN = 20
"""Rows of those who left, and of those who stayed: of fewer nothing can be learned."""
COLUMNS_MAX = 60
VALUES_MAX = 30
"""Different words of a column; with more it says who, not what."""
CELL_MAX = 200
NUMBERS_SHARE = 0.95
"""So many of what is not blank have to be numbers, for the column to be numbers."""
TARGETS = ("churn", "churned", "exited", "left", "attrition")
YES = ("yes", "true", "1", "y", "churned", "left", "exited", "churn")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}\.?[0-9]{0,15}|\.[0-9]{1,15})(?:[eE][+-]?[0-9]{1,2})?")
_NAMES_ROWS = re.compile(r"(?:^|[^a-z])(?:id|no|number|key)$|[a-z](?:ID|Id|No)$")
LARGEST = 1e15


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """`blanks` are cells with nothing in them, or with no number where the others are numbers. Such
    a one counts as the mean of the others, and that it is blank counts by itself; among words a
    blank is a word of its own."""

    name: str
    kind: Literal["number", "words"]
    blanks: int
    values: int


class LeftOut(msgspec.Struct, frozen=True):
    column: str
    reason: str


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """`outcomes` are 1 for those who left. `unknown` rows do not say, and are not in it."""

    target: str
    positive: str
    negative: str
    columns: list[Column]
    left_out: list[LeftOut]
    rows: list[list[str]]
    """Cells in the order of `columns`."""
    outcomes: list[int]
    unknown: int


def read_table(content: bytes, *, target: str = "", positive: str = "") -> Table:
    """`target` is the column that says who left, `positive` its value for those; without them the
    one that is named so. Refuses, with the field at fault, what nothing can be learned from."""
    names, lines = _lines(content)
    place = _target(names, target)
    values = Counter(line[place] for line in lines if line[place])
    if len(values) != 2:
        raise Invalid(
            f"{names[place]} has {len(values)} different values; it has to have two.",
            field="target",
        )
    yes = _positive(sorted(values), positive)
    told = [line for line in lines if line[place]]
    _check_enough(values, yes)
    columns, left_out, places = _columns(names, told, place)
    return Table(
        target=names[place],
        positive=yes,
        negative=next(one for one in values if one != yes),
        columns=columns,
        left_out=left_out,
        rows=[[line[one] for one in places] for line in told],
        outcomes=[int(line[place] == yes) for line in told],
        unknown=len(lines) - len(told),
    )


def number_of(cell: str) -> float | None:
    """None for what is no number, or further from zero than anybody counts."""
    if not _NUMBER.fullmatch(cell):
        return None
    found = float(cell)
    return found if abs(found) <= LARGEST else None


def _lines(content: bytes) -> tuple[list[str], list[list[str]]]:
    if len(content) > BYTES_MAX:
        raise TooLarge(f"A file has {BYTES_MAX // 1_000_000} MB at most.", field="file")
    try:
        text = content.decode("utf-8-sig")
        found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as reason:
        raise Invalid("This is no CSV file in UTF-8.", field="file") from reason
    if not found or len(found[0]) < 2:
        raise Invalid("A file begins with a line of names, two at least.", field="file")
    names = [one.strip()[:CELL_MAX] for one in found[0]]
    if len(names) > COLUMNS_MAX or len(set(names)) < len(names):
        raise Invalid(f"Its columns have {COLUMNS_MAX} different names at most.", field="file")
    lines = [[cell.strip()[:CELL_MAX] for cell in line] for line in found[1:] if any(line)]
    wrong = next((no for no, line in enumerate(lines, 1) if len(line) != len(names)), None)
    if wrong is not None:
        raise Invalid(f"Row {wrong} has not as many cells as there are names.", field="file")
    if not ROWS_MIN <= len(lines) <= ROWS_MAX:
        raise Invalid(
            f"A file has {ROWS_MIN:,} to {ROWS_MAX:,} rows; this one {len(lines):,}.", field="file"
        )
    return names, lines


def _target(names: Sequence[str], wanted: str) -> int:
    if wanted:
        if wanted not in names:
            raise Invalid(f"There is no column {wanted[:60]!r}.", field="target")
        return names.index(wanted)
    for place, name in enumerate(names):
        if name.casefold() in TARGETS:
            return place
    raise Invalid("Name the column that says who left.", field="target")


def _positive(values: Sequence[str], wanted: str) -> str:
    if wanted:
        if wanted not in values:
            raise Invalid(f"It has the values {' and '.join(values)}.", field="positive")
        return wanted
    for one in values:
        if one.casefold() in YES:
            return one
    raise Invalid(f"Say which means that they left: {' or '.join(values)}.", field="positive")


def _check_enough(values: Counter[str], yes: str) -> None:
    left = values[yes]
    stayed = values.total() - left
    if min(left, stayed) < EACH_MIN:
        raise Invalid(
            f"{left} left and {stayed} stayed: {EACH_MIN} of each are needed.", field="file"
        )


def _columns(
    names: Sequence[str], lines: Sequence[Sequence[str]], target: int
) -> tuple[list[Column], list[LeftOut], list[int]]:
    columns, left_out, places = [], [], []
    for place, name in enumerate(names):
        if place == target:
            continue
        cells = [line[place] for line in lines]
        reason = _useless(name, cells)
        if reason:
            left_out.append(LeftOut(name, reason))
            continue
        columns.append(
            Column(
                name=name,
                kind="number" if _is_number(cells) else "words",
                blanks=_blanks(cells),
                values=len({one for one in cells if one}),
            )
        )
        places.append(place)
    if not columns:
        raise Invalid("There is no column to learn from.", field="file")
    return columns, left_out, places


def _useless(name: str, cells: Sequence[str]) -> str:
    known = {one for one in cells if one}
    if len(set(cells)) < 2:
        return "The same in every row."
    if not known:
        return "Blank."
    if len(known) == len(cells) and (_NAMES_ROWS.search(name) or not _is_number(cells)):
        return "Another value in each row: it names them."
    if len(known) > VALUES_MAX and not _is_number(cells):
        return f"{len(known)} different words: more than {VALUES_MAX} cannot be told apart."
    return ""


def _is_number(cells: Sequence[str]) -> bool:
    known = [one for one in cells if one]
    numbers = sum(number_of(one) is not None for one in known)
    return numbers >= NUMBERS_SHARE * len(known) > 0


def _blanks(cells: Sequence[str]) -> int:
    if _is_number(cells):
        return sum(number_of(one) is None for one in cells)
    return cells.count("")
