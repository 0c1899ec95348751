"""Spreadsheets as XLSX (ECMA-376), row by row into a file: memory stays flat.

Texts are inline strings, so that nothing is ever read as a formula. Numbers, days and moments stay
what they are; how a column looks is one of the styles.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Literal
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOT_A_NAME = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  days are counted from here, in nobody's zone
NAME_LENGTH_MAX = 31
ROWS_MAX = 1_048_576
"""Of one sheet; spreadsheets read no more."""

Cell = str | int | float | Decimal | date | None
Style = Literal["", "head", "money", "share", "day", "moment", "number"]
_FORMATS: dict[Style, int] = {"money": 4, "share": 10, "day": 164, "moment": 165, "number": 3}
_STYLES: tuple[Style, ...] = ("", "head", "money", "share", "day", "moment", "number")


class Sheet:
    def __init__(self, part: IO[bytes], styles: Sequence[Style]) -> None:
        self._part = part
        self._styles = styles

    def add(self, rows: Iterable[Iterable[Cell]], *, is_head: bool = False) -> None:
        written = "".join(f"<row>{self._cells(row, is_head=is_head)}</row>" for row in rows)
        self._part.write(written.encode())

    def _cells(self, row: Iterable[Cell], *, is_head: bool) -> str:
        styles = self._styles
        return "".join(
            _cell(value, "head" if is_head else styles[place] if place < len(styles) else "")
            for place, value in enumerate(row)
        )


class Book:
    def __init__(self, package: zipfile.ZipFile) -> None:
        self._package = package
        self._names: list[str] = []

    @contextmanager
    def sheet(self, name: str, styles: Sequence[Style] = ()) -> Iterator[Sheet]:
        """One at a time. A name is cut and made different from the others as it needs to be."""
        self._names.append(_unlike(name, self._names))
        path = f"xl/worksheets/sheet{len(self._names)}.xml"
        with self._package.open(path, "w", force_zip64=True) as part:
            part.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            yield Sheet(part, styles)
            part.write(b"</sheetData></worksheet>")

    def finish(self) -> None:
        for path, text in _parts(self._names).items():
            self._package.writestr(path, _HEAD + text)


@contextmanager
def workbook(file: IO[bytes]) -> Iterator[Book]:
    """Rows added to a sheet go straight into the file; it is whole when the block ends."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        book = Book(package)
        yield book
        book.finish()


def _cell(value: Cell, style: Style) -> str:
    look = f' s="{_STYLES.index(style)}"' if style else ""
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        text = escape(_NOT_XML.sub("", value))
        return f'<c t="inlineStr"{look}><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        return f"<c{look}><v>{_serial(value)}</v></c>"
    return f"<c{look}><v>{value}</v></c>"


def _serial(value: date) -> str:
    """Days since the epoch; a moment as its clock shows it."""
    if not isinstance(value, datetime):
        return str((value - _EPOCH.date()).days)
    past = value.replace(tzinfo=None) - _EPOCH
    return f"{past.total_seconds() / 86_400:.8f}"


def _unlike(name: str, others: Sequence[str]) -> str:
    wanted = _NOT_A_NAME.sub(" ", name).strip(" '")[:NAME_LENGTH_MAX] or "Sheet"
    found, count = wanted, 1
    while found.lower() in {one.lower() for one in others}:
        count += 1
        tail = f" ({count})"
        found = wanted[: NAME_LENGTH_MAX - len(tail)] + tail
    return found


def _parts(names: Sequence[str]) -> dict[str, str]:
    numbers = range(1, len(names) + 1)
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for n in numbers
    )
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="r{n}"/>'
        for n, name in zip(numbers, names, strict=True)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    styled = f'<Relationship Id="s" Type="{_RELATIONS}/styles" Target="styles.xml"/>'
    root = f'<Relationship Id="r1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
            f"{sheets}</Types>"
        ),
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{root}</Relationships>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">{related}{styled}</Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>'
        ),
        "xl/styles.xml": _looks(),
    }


def _looks() -> str:
    shapes = "".join(
        f'<xf numFmtId="{_FORMATS.get(style, 0)}" fontId="{int(style == "head")}" fillId="0"'
        f' borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
        for style in _STYLES
    )
    font = '<font><sz val="11"/><name val="Calibri"/></font>'
    return (
        f'<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
        '<numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        f'<fonts count="2">{font}{font.replace("<font>", "<font><b/>")}</fonts>'
        '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        f'</cellStyleXfs><cellXfs count="{len(_STYLES)}">{shapes}</cellXfs><cellStyles count="1">'
        '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
