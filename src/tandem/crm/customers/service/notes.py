"""Notes beside any record. Whether the record is the actor's business the caller knows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.contracts.customers import NoteAdded
from tandem.crm.customers.domain.records import KEPT_MAX, NewNote, Note, Noted
from tandem.crm.customers.store import notes as store
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


async def list_of(tx: Tx, kind: Noted, subject_id: UUID) -> list[Note]:
    """Pinned ones first, then the newest."""
    return await store.notes(tx, kind, subject_id)


async def add(tx: Tx, kind: Noted, subject_id: UUID, new: NewNote, *, now: datetime) -> Note:
    if len(await store.notes(tx, kind, subject_id)) >= KEPT_MAX:
        raise Invalid(f"One record keeps {KEPT_MAX} notes at most.")
    note = Note(
        id=new_id(),
        text=new.text,
        is_pinned=new.is_pinned,
        author_id=tx.actor.user_id,
        author_label=tx.actor.label,
        created_at=now,
    )
    await store.add_note(tx, kind, subject_id, note)
    await tx.publish(
        NoteAdded(
            note_id=note.id, subject_kind=kind, subject_id=subject_id, author_id=note.author_id
        )
    )
    return note


async def find(tx: Tx, note_id: UUID) -> Note | None:
    return await store.find(tx, note_id)


async def remove(tx: Tx, kind: Noted, subject_id: UUID, note_id: UUID) -> None:
    if not await store.remove_note(tx, kind, subject_id, note_id):
        raise NotFound("There is no such note.")


async def forget(tx: Tx, kind: Noted, ids: Sequence[UUID]) -> int:
    """All notes beside these records, for who is erased."""
    return await store.forget(tx, kind, ids)
