"""Saved replies."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.support.domain.replies import SavedReply

LIST = Query(
    """
    select id, name, body, category, updated_at
      from support.saved_reply
     where org_id = :org_id
     order by lower(name), id
    """
)

GET = Query(
    """
    select id, name, body, category, updated_at
      from support.saved_reply
     where org_id = :org_id and id = :id
    """
)

PUT = Query(
    """
    insert into support.saved_reply as held
           (org_id, id, name, body, category, created_at, updated_at)
    values (:org_id, :id, :name, :body, :category, :now, :now)
        on conflict (org_id, id) do update
       set name = excluded.name, body = excluded.body, category = excluded.category,
           updated_at = excluded.updated_at
    """
)

NAMED = Query(
    "select id from support.saved_reply where org_id = :org_id and name = :name and id <> :id"
)

DROP = Query("delete from support.saved_reply where org_id = :org_id and id = :id")

LOCK_ALL = Query("select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text, 5502))")


async def list_replies(tx: Tx) -> list[SavedReply]:
    return await tx.many(LIST, SavedReply)


async def find(tx: Tx, reply_id: UUID) -> SavedReply | None:
    return await tx.one_or_none(GET, SavedReply, id=reply_id)


async def lock_all(tx: Tx) -> None:
    """Two of the same name at once: the second waits and is told."""
    await tx.value(LOCK_ALL)


async def is_taken(tx: Tx, name: str, *, but: UUID) -> bool:
    return await tx.value(NAMED, name=name, id=but) is not None


async def put(
    tx: Tx, reply_id: UUID, *, name: str, body: str, category: str, now: datetime
) -> None:
    await tx.run(PUT, id=reply_id, name=name, body=body, category=category, now=now)


async def drop(tx: Tx, reply_id: UUID) -> int:
    return await tx.run(DROP, id=reply_id)
