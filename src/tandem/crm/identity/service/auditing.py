"""The company's audit: read, searched, and taken along as a file."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal

import msgspec

from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.audit import Asked, Entry, Head
from tandem.kernel.db import Database, Tx
from tandem.kernel.pages import Page, decode_cursor, page_of

PERMISSION = "identity.audit"
CHUNK = 500
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What makes a spreadsheet compute a cell (OWASP, CSV injection)."""
COLUMNS = Entry.__struct_fields__
Format = Literal["csv", "jsonl"]


async def list_audit(tx: Tx, asked: Asked, *, limit: int, cursor: str | None = None) -> Page[Entry]:
    """Newest first. `next` goes on before the oldest row shown."""
    tx.actor.require(PERMISSION)
    before = decode_cursor(cursor, int)[0] if cursor else None
    if before is not None and not 0 < before < 2**63:
        before = 0
    found = await audit.read(tx, asked, count=limit + 1, before_seq=before)
    return page_of(found, limit, lambda entry: (entry.seq,))


async def audit_head(tx: Tx) -> Head:
    """The newest row's place and hash. Kept elsewhere, it shows that no row was changed since."""
    tx.actor.require(PERMISSION)
    return await audit.head(tx) or Head(seq=0, hash="0" * 64, sealed_seq=0)


async def export_audit(
    database: Database, actor: Actor, asked: Asked, form: Format, *, now: datetime
) -> AsyncIterator[bytes]:
    """Newest first, in pages of their own transactions, so that memory stays flat."""
    actor.require(PERMISSION)
    async with database.transaction(actor) as tx:
        await audit.write(
            tx,
            action="identity.audit_exported",
            subject_kind="company",
            subject_id=actor.org_id,
            now=now,
            after={"format": form},
        )
    return _rows(database, actor, asked, form)


async def _rows(
    database: Database, actor: Actor, asked: Asked, form: Format
) -> AsyncIterator[bytes]:
    if form == "csv":
        yield "\ufeff".encode() + _line(COLUMNS)
    before: int | None = None
    while True:
        async with database.transaction(actor) as tx:
            found = await audit.read(tx, asked, count=CHUNK, before_seq=before)
        write = _as_cells if form == "csv" else _as_json
        yield b"".join(write(entry) for entry in found)
        if len(found) < CHUNK:
            return
        before = found[-1].seq


def _as_json(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


def _as_cells(entry: Entry) -> bytes:
    return _line([_cell(value) for value in msgspec.to_builtins(entry).values()])


def _cell(value: object) -> str:
    """Text that starts like a formula gets an apostrophe, which spreadsheets hide."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _line(cells: tuple[str, ...] | list[str]) -> bytes:
    held = io.StringIO()
    csv.writer(held).writerow(cells)
    return held.getvalue().encode()
