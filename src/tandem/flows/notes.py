"""Notes beside deals and orders: whoever sees the record reads them, whoever may change it writes.

Beside customers, accounts and leads they are kept by those who keep the record.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from tandem.crm.customers.domain.records import NewNote, Note
from tandem.crm.customers.service import notes
from tandem.crm.sales.service import subjects
from tandem.kernel import audit, ownership
from tandem.kernel.db import Tx
from tandem.scm.orders import service as orders

Beside = Literal["opportunity", "order"]


async def list_notes(tx: Tx, kind: Beside, subject_id: UUID) -> list[Note]:
    """Pinned ones first, then the newest."""
    await _check_seen(tx, kind, subject_id)
    return await notes.list_of(tx, kind, subject_id)


async def add_note(tx: Tx, kind: Beside, subject_id: UUID, new: NewNote, *, now: datetime) -> Note:
    """Whoever is named in it (`@ravi`) hears of it, if they may see the record."""
    await _check_writes(tx, kind, subject_id)
    note = await notes.add(tx, kind, subject_id, new, now=now)
    await _note(tx, "note_added", kind, subject_id, now)
    return note


async def remove_note(
    tx: Tx, kind: Beside, subject_id: UUID, note_id: UUID, *, now: datetime
) -> None:
    await _check_writes(tx, kind, subject_id)
    await notes.remove(tx, kind, subject_id, note_id)
    await _note(tx, "note_removed", kind, subject_id, now)


async def _check_seen(tx: Tx, kind: Beside, subject_id: UUID) -> None:
    if kind == "order":
        await orders.read_order(tx, subject_id)
    else:
        await subjects.check_seen(tx, kind, subject_id)


async def _check_writes(tx: Tx, kind: Beside, subject_id: UUID) -> None:
    if kind == "order":
        tx.actor.require("orders.write")
        await orders.read_order(tx, subject_id)
        await ownership.require_order(tx, "orders.write", subject_id)
    else:
        await subjects.check_writes(tx, kind, subject_id)


async def _note(tx: Tx, what: str, kind: Beside, subject_id: UUID, now: datetime) -> None:
    await audit.write(
        tx, action=f"customers.{what}", subject_kind=kind, subject_id=subject_id, now=now
    )
