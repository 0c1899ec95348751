"""Notes beside customers, accounts, deals and orders."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.records import KEPT_MAX, Note
from tandem.kernel.db import Query, Tx

LIST_NOTES = Query(
    """
    select id, text, is_pinned, author_id, author_label, created_at
      from customers.note
     where org_id = :org_id and subject_kind = :kind and subject_id = :subject_id
     order by is_pinned desc, id desc
     limit :limit
    """
)

INSERT_NOTE = Query(
    """
    insert into customers.note
           (org_id, id, subject_kind, subject_id, text, is_pinned, author_id, author_label,
            created_at)
    values (:org_id, :id, :kind, :subject_id, :text, :is_pinned, :author_id, :author_label,
            :created_at)
    """
)

DELETE_NOTE = Query(
    """
    delete from customers.note
     where org_id = :org_id and id = :id and subject_kind = :kind and subject_id = :subject_id
    """
)

FIND_NOTE = Query(
    """
    select id, text, is_pinned, author_id, author_label, created_at
      from customers.note
     where org_id = :org_id and id = :id
    """
)

FORGET_NOTES = Query(
    """
    delete from customers.note
     where org_id = :org_id and subject_kind = :kind and subject_id = any(:ids::uuid[])
    """
)


async def notes(tx: Tx, kind: str, subject_id: UUID) -> list[Note]:
    return await tx.many(LIST_NOTES, Note, kind=kind, subject_id=subject_id, limit=KEPT_MAX)


async def add_note(tx: Tx, kind: str, subject_id: UUID, note: Note) -> None:
    await tx.run(INSERT_NOTE, kind=kind, subject_id=subject_id, **msgspec.structs.asdict(note))


async def remove_note(tx: Tx, kind: str, subject_id: UUID, note_id: UUID) -> bool:
    return bool(await tx.run(DELETE_NOTE, kind=kind, subject_id=subject_id, id=note_id))


async def find(tx: Tx, note_id: UUID) -> Note | None:
    return await tx.one_or_none(FIND_NOTE, Note, id=note_id)


async def forget(tx: Tx, kind: str, ids: Sequence[UUID]) -> int:
    return await tx.run(FORGET_NOTES, kind=kind, ids=list(ids))
