"""What changes hands in a merge, and what goes back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.merging import Merge
from tandem.kernel.db import Query, Tx

LOCK = Query(
    """
    select id from customers.customer
     where org_id = :org_id and id = any(:ids::uuid[])
     order by id for update
    """
)

KEYS = Query(
    """
    select kind, value from customers.contact_key
     where org_id = :org_id and customer_id = :id
     order by kind, value
    """
)

TAKE_POINTS = Query(
    """
    with taken as (
        delete from customers.contact_point
         where org_id = :org_id and customer_id = :loser
        returning kind, value, label, position, invalid_at
    )
    insert into customers.contact_point
           (org_id, customer_id, kind, value, label, position, invalid_at)
    select :org_id, :survivor, kind, value, label,
           position + 1 + (select coalesce(max(p.position), 0) from customers.contact_point p
                            where p.org_id = :org_id and p.customer_id = :survivor),
           invalid_at
      from taken
        on conflict (org_id, customer_id, kind, value) do nothing
    returning kind, value
    """
)

TAKE_KEYS = Query(
    """
    update customers.contact_key
       set customer_id = :survivor
     where org_id = :org_id and customer_id = :loser
    """
)

TAKE_ACCOUNTS = Query(
    """
    with taken as (
        select account_id, role, since from customers.account_contact
         where org_id = :org_id and customer_id = :loser
    )
    insert into customers.account_contact (org_id, account_id, customer_id, role, since)
    select :org_id, account_id, :survivor, role, since from taken
        on conflict do nothing
    returning account_id, role
    """
)

MEMBERSHIPS = Query(
    """
    select account_id, role, is_primary, since from customers.account_contact
     where org_id = :org_id and customer_id = :id
     order by account_id, role
    """
)

DROP_ACCOUNTS = Query(
    "delete from customers.account_contact where org_id = :org_id and customer_id = :loser"
)

TAKE_LISTS = Query(
    """
    with taken as (
        delete from customers.segment_member
         where org_id = :org_id and customer_id = :loser
        returning segment_id, entered_at
    )
    insert into customers.segment_member (org_id, segment_id, customer_id, entered_at)
    select :org_id, t.segment_id, :survivor, t.entered_at
      from taken t
      join customers.segment s on s.org_id = :org_id and s.id = t.segment_id
     where s.kind = 'static'
        on conflict do nothing
    returning segment_id
    """
)

LISTS = Query(
    """
    select m.segment_id, m.entered_at
      from customers.segment_member m
      join customers.segment s on s.org_id = :org_id and s.id = m.segment_id
     where m.org_id = :org_id and m.customer_id = :id and s.kind = 'static'
     order by m.segment_id
    """
)

MARK = Query(
    """
    update customers.customer
       set merged_into_id = :survivor, version = version + 1, updated_at = :now
     where org_id = :org_id and (id = :loser or merged_into_id = :loser)
    returning id
    """
)

UNMARK = Query(
    """
    update customers.customer
       set merged_into_id = case when id = :loser then null else :loser end,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)

INSERT = Query(
    """
    insert into customers.merge
           (org_id, id, survivor_id, loser_id, before, moved, merged_at, actor_label)
    values (:org_id, :id, :survivor_id, :loser_id, :before::jsonb, :moved::jsonb, :merged_at,
            :actor_label)
    """
)

KEEP_MOVED = Query(
    """
    update customers.merge
       set moved = moved || :moved::jsonb
     where org_id = :org_id and id = :id
    """
)

_MERGE: LiteralString = """
    select id, survivor_id, loser_id, before, moved, merged_at, actor_label, undone_at, undone_label
      from customers.merge
"""
GET = Query(_MERGE + "where org_id = :org_id and id = :id")
LIST = Query(
    _MERGE
    + """
     where org_id = :org_id and (:customer_id::uuid is null or survivor_id = :customer_id)
     order by id desc
     limit 100
    """
)

UNDONE = Query(
    """
    update customers.merge
       set undone_at = :now, undone_label = :label
     where org_id = :org_id and id = :id
    """
)

GIVE_POINTS = Query(
    """
    with named as (
        select kind, value from jsonb_to_recordset(:points::jsonb) as given (kind text, value text)
    )
    delete from customers.contact_point p
     using named
     where p.org_id = :org_id and p.customer_id = :survivor
       and p.kind = named.kind and p.value = named.value
    """
)

RESTORE_POINTS = Query(
    """
    insert into customers.contact_point
           (org_id, customer_id, kind, value, label, position, invalid_at)
    select :org_id, :loser, kind, value, label, position, invalid_at
      from jsonb_to_recordset(:points::jsonb)
           as given (kind text, value text, label text, position int, invalid_at timestamptz)
        on conflict do nothing
    """
)

GIVE_KEYS = Query(
    """
    update customers.contact_key k
       set customer_id = :loser
      from jsonb_to_recordset(:points::jsonb) as given (kind text, value text)
     where k.org_id = :org_id and k.customer_id = :survivor
       and k.kind = given.kind and k.value = given.value
    """
)

GIVE_ACCOUNTS = Query(
    """
    delete from customers.account_contact m
     using jsonb_to_recordset(:rows::jsonb) as given (account_id uuid, role text)
     where m.org_id = :org_id and m.customer_id = :survivor
       and m.account_id = given.account_id and m.role = given.role
    """
)

RESTORE_ACCOUNTS = Query(
    """
    insert into customers.account_contact (org_id, account_id, customer_id, role, since)
    select :org_id, given.account_id, :loser, given.role, given.since
      from jsonb_to_recordset(:rows::jsonb)
           as given (account_id uuid, role text, since timestamptz)
      join customers.account a on a.org_id = :org_id and a.id = given.account_id
        on conflict do nothing
    """
)

GIVE_LISTS = Query(
    """
    delete from customers.segment_member
     where org_id = :org_id and customer_id = :survivor and segment_id = any(:ids::uuid[])
    """
)

RESTORE_LISTS = Query(
    """
    insert into customers.segment_member (org_id, segment_id, customer_id, entered_at)
    select :org_id, given.segment_id, :loser, given.entered_at
      from jsonb_to_recordset(:rows::jsonb) as given (segment_id uuid, entered_at timestamptz)
      join customers.segment s on s.org_id = :org_id and s.id = given.segment_id
        on conflict do nothing
    """
)

REOWN: dict[str, Query] = {
    "addresses": Query(
        """
        update customers.address set customer_id = :into
         where org_id = :org_id and customer_id = :source
           and (:ids::uuid[] is null or id = any(:ids::uuid[]))
        returning id
        """
    ),
    "notes": Query(
        """
        update customers.note set subject_id = :into
         where org_id = :org_id and subject_kind = 'customer' and subject_id = :source
           and (:ids::uuid[] is null or id = any(:ids::uuid[]))
        returning id
        """
    ),
    "tasks": Query(
        """
        update customers.task set subject_id = :into
         where org_id = :org_id and subject_kind = 'customer' and subject_id = :source
           and (:ids::uuid[] is null or id = any(:ids::uuid[]))
        returning id
        """
    ),
    "files": Query(
        """
        update customers.file set subject_id = :into
         where org_id = :org_id and subject_kind = 'customer' and subject_id = :source
           and (:ids::uuid[] is null or id = any(:ids::uuid[]))
        returning id
        """
    ),
    "purchases": Query(
        """
        update customers.purchase set customer_id = :into
         where org_id = :org_id and customer_id = :source
           and (:ids::uuid[] is null or order_id = any(:ids::uuid[]))
        returning order_id as id
        """
    ),
    "activities": Query(
        """
        update customers.activity set customer_id = :into
         where org_id = :org_id and customer_id = :source
           and (:ids::uuid[] is null or id = any(:ids::uuid[]))
        returning id
        """
    ),
}
"""Records that just change hands: all of somebody's, or those named."""

SAY_NOT_SAME = Query(
    """
    insert into customers.not_same (org_id, first_id, second_id, said_at, said_label)
    values (:org_id, least(:one::uuid, :other::uuid), greatest(:one::uuid, :other::uuid), :now,
            :label)
        on conflict do nothing
    """
)


async def lock(tx: Tx, ids: Sequence[UUID]) -> None:
    await tx.records(LOCK, ids=list(ids))


async def rows(tx: Tx, query: Query, **params: Any) -> list[dict[str, Any]]:
    """As plain values, to be kept as JSON."""
    found = [dict(record) for record in await tx.records(query, **params)]
    plain: list[dict[str, Any]] = msgspec.to_builtins(found)
    return plain


async def reown(
    tx: Tx, kind: str, source: UUID, into: UUID, ids: Sequence[UUID] | None = None
) -> list[UUID]:
    found = await tx.records(
        REOWN[kind], source=source, into=into, ids=None if ids is None else list(ids)
    )
    return [row["id"] for row in found]


async def insert(tx: Tx, merge: Merge) -> None:
    row = msgspec.structs.asdict(merge)
    del row["undone_at"], row["undone_label"]
    await tx.run(INSERT, **row)


async def keep_moved(tx: Tx, merge_id: UUID, moved: dict[str, list[UUID]]) -> None:
    await tx.run(KEEP_MOVED, id=merge_id, moved=moved)


async def get(tx: Tx, merge_id: UUID) -> Merge | None:
    return await tx.one_or_none(GET, Merge, id=merge_id)


async def list_merges(tx: Tx, customer_id: UUID | None) -> list[Merge]:
    return await tx.many(LIST, Merge, customer_id=customer_id)


async def mark(tx: Tx, loser: UUID, survivor: UUID, now: datetime) -> list[UUID]:
    """The loser, and whoever was merged into them before."""
    return [row["id"] for row in await tx.records(MARK, loser=loser, survivor=survivor, now=now)]
