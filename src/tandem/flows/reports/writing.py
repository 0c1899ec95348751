"""Tables and rows into a file: CSV, a ZIP of CSVs, or a workbook."""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from tandem.crm.analytics.domain.tables import MARK, Head, Table, Value, csv_line, csv_of
from tandem.kernel.workbook import Sheet, workbook

IN_MEMORY = 4 * 1024 * 1024
"""Of a file that is being written; what is longer goes to the disk."""


def new_file() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def write_tables(file: IO[bytes], tables: Sequence[Table], about: Table, kind: str) -> str:
    """The ending that the file has. A workbook says on its last sheet what its numbers rest on."""
    if kind == "xlsx":
        with workbook(file) as book:
            for table in (*tables, about):
                with book.sheet(table.title, [head.style for head in table.heads]) as sheet:
                    sheet.add([[head.label for head in table.heads]], is_head=True)
                    sheet.add(table.lines)
        return "xlsx"
    if len(tables) == 1:
        file.write(csv_of(tables[0]))
        return "csv"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for place, table in enumerate((*tables, about), 1):
            name = "".join(one if one.isalnum() else "-" for one in table.title if one.isascii())
            package.writestr(f"{place:02}-{name.strip('-') or 'table'}.csv", csv_of(table))
    return "zip"


class Rows:
    """Rows as they come, whatever the file is."""

    def __init__(self, file: IO[bytes], sheet: Sheet | None) -> None:
        self._file = file
        self._sheet = sheet

    def add(self, rows: Sequence[Sequence[Value]]) -> None:
        if self._sheet is not None:
            self._sheet.add(rows)
        else:
            self._file.write("".join(csv_line(row) for row in rows).encode())


@contextmanager
def rows_file(
    file: IO[bytes], title: str, heads: Sequence[Head], about: Table, kind: str
) -> Iterator[Rows]:
    if kind == "csv":
        file.write(MARK + csv_line([head.label for head in heads]).encode())
        yield Rows(file, None)
        return
    with workbook(file) as book:
        with book.sheet(title, [head.style for head in heads]) as sheet:
            sheet.add([[head.label for head in heads]], is_head=True)
            yield Rows(file, sheet)
        with book.sheet(about.title) as sheet:
            sheet.add(about.rows)
