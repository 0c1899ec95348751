"""A spreadsheet of one sheet as XLSX (ECMA-376), row by row into a file: memory stays flat.

Texts are inline strings, so that nothing is ever read as a formula.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml"'
        f' ContentType="{_SHEET_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1"'
        f' Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1"'
        f' Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>'
        '<sheet name="Customers" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
}

Cell = str | int | float


class Sheet:
    def __init__(self, part: IO[bytes]) -> None:
        self._part = part

    def add(self, rows: Iterable[Iterable[Cell]]) -> None:
        written = "".join(f"<row>{''.join(_cell(cell) for cell in row)}</row>" for row in rows)
        self._part.write(written.encode())


@contextmanager
def workbook(file: IO[bytes]) -> Iterator[Sheet]:
    """Rows added to the sheet go straight into the file; it is whole when the block ends."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in _PARTS.items():
            package.writestr(name, _HEAD + text)
        with package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
            yield Sheet(part)
            part.write(b"</sheetData></worksheet>")


def _cell(value: Cell) -> str:
    if not isinstance(value, str):
        return f"<c><v>{value}</v></c>"
    text = escape(_NOT_XML.sub("", value))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
