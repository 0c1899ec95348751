"""An import, its rows, and what its columns mean."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Refusal
from tandem.kernel.patterns import whole
from tandem.kernel.sheets import COLUMNS_MAX

CELL_KEPT = 1000
"""Letters of a bad row's cell that are handed back."""
Key = Literal["", "email", "phone", "number"]
KEYS = ("email", "phone", "number")
Column = Annotated[
    str, msgspec.Meta(min_length=1, max_length=200, pattern=whole(r"[^\x00-\x1f\x7f]*"))
]
FieldName = Annotated[
    str, msgspec.Meta(pattern=whole(r"([a-z_0-9]{2,20}|custom\.[a-z][a-z0-9_]{0,39})"))
]


RESEMBLED_SHOWN = 3
Told = Literal["bad", "alike"]
"""Rows that are shown with a reason: left out, or taken in though they may be known."""


class Known(Protocol):
    """A record that a row may mean."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def number(self) -> str: ...
    @property
    def matched_on(self) -> list[str]: ...
    @property
    def strength(self) -> str: ...


class ImportBusy(Conflict):
    """The job is in no state for this."""

    code = "import_busy"


class ImportMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Column of the file to field of the record; columns left out are not read. With a `key` a row
    whose key is known changes that record; without one every row adds somebody."""

    columns: Annotated[dict[Column, FieldName], msgspec.Meta(max_length=COLUMNS_MAX)]
    key: Key = "email"


class ImportJob(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    blob_id: UUID
    filename: str
    columns: list[str]
    mapping: dict[str, str]
    key: str
    state: Literal[
        "uploaded", "checking", "checked", "running", "done", "reverting", "reverted", "failed"
    ]
    row_count: int
    done_rows: int
    created: int
    updated: int
    failed: int
    reverted: int
    error: str
    added_label: str
    created_at: datetime
    updated_at: datetime
    alike: int = 0
    """Rows that add somebody who may be known already, as the file was looked through."""
    added_by: UUID | None = None
    """The member who began it; keys have no inbox."""

    def column_of(self, *fields: str) -> str:
        """The file's own heading of the first of these fields that it has."""
        by_field = {name: column for column, name in self.mapping.items()}
        return next((by_field[field] for field in fields if field in by_field), "")


class RowError(msgspec.Struct, frozen=True, kw_only=True):
    """`column` is the file's own heading."""

    column: str
    code: str
    message: str


class WrongRow(msgspec.Struct, frozen=True, kw_only=True):
    """`begins` is how the row begins, so that a reader finds it in the file."""

    row_no: int
    begins: str
    column: str
    message: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a row; `before` is what giving it back needs."""

    row_no: int
    status: str
    cells: list[str]
    errors: list[dict[str, str]]
    record_id: UUID | None
    version: int | None
    before: dict[str, Any] | None


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """`start` is how many rows came before; each row with its number in the file."""

    start: int
    rows: list[tuple[int, list[str]]]


class Done(msgspec.Struct, kw_only=True):
    """What one chunk came to."""

    rows: list[dict[str, Any]] = msgspec.field(default_factory=list)
    created: int = 0
    updated: int = 0
    failed: int = 0
    alike: int = 0

    def wrote(self, row_no: int, status: str, record_id: UUID, **kept: Any) -> None:
        """`status` is created or updated; `kept` its version, or what giving it back needs."""
        self.rows.append({"row_no": row_no, "status": status, "record_id": record_id, **kept})

    def resembles(self, row_no: int, cells: list[str], column: str, whom: Sequence[Known]) -> None:
        """The row would add somebody who may be known already; it is no less good for that."""
        said = "; ".join(
            f"{one.name} ({one.number}): {' and '.join(one.matched_on)}, {one.strength}"
            for one in whom[:RESEMBLED_SHOWN]
        )
        message = f"May be known already: {said}."
        error = RowError(column=column, code="possible_duplicate", message=message)
        self.alike += 1
        # Nobody reads whom it names; erasing one of them finds the row by it.
        self._tell(row_no, "alike", cells, error, whom=" ".join(str(one.id) for one in whom))

    def refuse(self, row_no: int, cells: list[str], refusal: Refusal, column: str) -> None:
        error = RowError(column=column, code=refusal.code, message=refusal.detail)
        self.failed += 1
        self._tell(row_no, "bad", cells, error)

    def _tell(
        self, row_no: int, status: str, cells: list[str], error: RowError, **kept: str
    ) -> None:
        self.rows.append(
            {
                "row_no": row_no,
                "status": status,
                "cells": [cell[:CELL_KEPT] for cell in cells],
                "errors": [msgspec.to_builtins(error) | kept],
            }
        )
