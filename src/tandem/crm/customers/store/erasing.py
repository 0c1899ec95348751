"""Taking a person out of customers' own tables, and the requests to do so."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.erasing import Erasure
from tandem.kernel.db import Query, Tx

FAMILY = Query(
    """
    select id from customers.customer
     where org_id = :org_id and (id = :id or merged_into_id = :id)
     order by id for update
    """
)

ADDRESSES = Query(
    """
    select distinct kind, value from (
        select kind, value from customers.contact_point
         where org_id = :org_id and customer_id = any(:ids::uuid[])
        union all
        select point ->> 'kind', point ->> 'value'
          from customers.merge m, jsonb_array_elements(m.before -> 'points') as point
         where m.org_id = :org_id and m.loser_id = any(:ids::uuid[])) as every
     order by kind, value
    """
)

STRIP = Query(
    """
    update customers.customer c
       set name = 'Erased', company_name = '', gstin = null, pan = null, notes = '', tags = '{}',
           locale = '', gst_treatment = '',
           custom = coalesce((
               select jsonb_object_agg(f.key, c.custom -> f.key)
                 from customers.custom_field f
                where f.org_id = :org_id and f.target = 'customer' and not f.is_personal
                  and c.custom ? f.key), '{}'),
           erased_at = :now, version = c.version + 1, updated_at = :now
     where c.org_id = :org_id and c.id = any(:ids::uuid[])
    """
)

FILES = Query(
    """
    select blob_id from customers.file
     where org_id = :org_id and subject_kind = 'customer' and subject_id = any(:ids::uuid[])
     order by id
    """
)

DROPS: dict[str, Query] = {
    "contact_keys": Query(
        """
        delete from customers.contact_key
         where org_id = :org_id and customer_id = any(:ids::uuid[])
        """
    ),
    "contacts": Query(
        """
        delete from customers.contact_point
         where org_id = :org_id and customer_id = any(:ids::uuid[])
        """
    ),
    "addresses": Query(
        "delete from customers.address where org_id = :org_id and customer_id = any(:ids::uuid[])"
    ),
    "accounts": Query(
        """
        delete from customers.account_contact
         where org_id = :org_id and customer_id = any(:ids::uuid[])
        """
    ),
    "segments": Query(
        """
        delete from customers.segment_member
         where org_id = :org_id and customer_id = any(:ids::uuid[])
        """
    ),
    "notes": Query(
        """
        delete from customers.note
         where org_id = :org_id and subject_kind = 'customer'
           and subject_id = any(:ids::uuid[])
        """
    ),
    "tasks": Query(
        """
        delete from customers.task
         where org_id = :org_id and subject_kind = 'customer'
           and subject_id = any(:ids::uuid[])
        """
    ),
    "files": Query(
        """
        delete from customers.file
         where org_id = :org_id and subject_kind = 'customer'
           and subject_id = any(:ids::uuid[])
        """
    ),
    "timeline": Query(
        "delete from customers.activity where org_id = :org_id and customer_id = any(:ids::uuid[])"
    ),
    "metrics": Query(
        "delete from customers.metric where org_id = :org_id and customer_id = any(:ids::uuid[])"
    ),
    "merges": Query(
        """
        delete from customers.merge
         where org_id = :org_id
           and (survivor_id = any(:ids::uuid[]) or loser_id = any(:ids::uuid[]))
        """
    ),
}

_ERASURE: LiteralString = """
    select id, customer_id, state, reason, requested_at, requested_label, due_at, done_at,
           certificate, certificate_sha256,
           (select count(*)::int from kernel.discarded_file f
             where f.org_id = erasure.org_id and f.cause_id = erasure.id) as files_waiting
      from customers.erasure
"""
GET = Query(_ERASURE + "where org_id = :org_id and id = :id")
LOCK = Query(_ERASURE + "where org_id = :org_id and id = :id for update")
LIST = Query(_ERASURE + "where org_id = :org_id order by id desc limit 200")
WAITING = Query(
    _ERASURE + "where org_id = :org_id and customer_id = :customer_id and state = 'waiting'"
)
DUE = Query(
    """
    select id from customers.erasure
     where org_id = :org_id and state = 'waiting' and due_at <= :now
     order by due_at, id
     limit 20
    """
)
INSERT = Query(
    """
    insert into customers.erasure
           (org_id, id, customer_id, reason, requested_at, requested_label, due_at)
    values (:org_id, :id, :customer_id, :reason, :requested_at, :requested_label, :due_at)
        on conflict do nothing
    """
)
SETTLE = Query(
    """
    update customers.erasure
       set state = :state, done_at = :done_at, certificate = :certificate::jsonb,
           certificate_sha256 = :certificate_sha256
     where org_id = :org_id and id = :id
    """
)


TO_KEEP = Query(
    _ERASURE
    + """
     where org_id = :org_id and state = 'done' and kept_at is null
     order by done_at, id
     limit 50
    """
)
NOTE_KEPT = Query("update customers.erasure set kept_at = :now where org_id = :org_id and id = :id")
STILL_THERE = Query(
    """
    select id from customers.customer
     where org_id = :org_id and id = any(:ids::uuid[]) and erased_at is null
     order by id for update
    """
)


async def family(tx: Tx, customer_id: UUID) -> list[UUID]:
    """The person under every id they ever had, locked."""
    return [row["id"] for row in await tx.records(FAMILY, id=customer_id)]


async def addresses(tx: Tx, ids: list[UUID]) -> list[tuple[str, str]]:
    return [(row["kind"], row["value"]) for row in await tx.records(ADDRESSES, ids=ids)]


async def files(tx: Tx, ids: list[UUID]) -> list[UUID]:
    return [row["blob_id"] for row in await tx.records(FILES, ids=ids)]


async def erase(tx: Tx, ids: list[UUID], now: datetime) -> dict[str, int]:
    """How much of each kind is gone."""
    gone = {kind: await tx.run(query, ids=ids) for kind, query in DROPS.items()}
    await tx.run(STRIP, ids=ids, now=now)
    return gone


async def get(tx: Tx, erasure_id: UUID) -> Erasure | None:
    return await tx.one_or_none(GET, Erasure, id=erasure_id)


async def lock(tx: Tx, erasure_id: UUID) -> Erasure | None:
    return await tx.one_or_none(LOCK, Erasure, id=erasure_id)


async def waiting(tx: Tx, customer_id: UUID) -> Erasure | None:
    return await tx.one_or_none(WAITING, Erasure, customer_id=customer_id)


async def list_erasures(tx: Tx) -> list[Erasure]:
    return await tx.many(LIST, Erasure)


async def due(tx: Tx, now: datetime) -> list[UUID]:
    return [row["id"] for row in await tx.records(DUE, now=now)]


async def to_keep(tx: Tx) -> list[Erasure]:
    return await tx.many(TO_KEEP, Erasure)


async def note_kept(tx: Tx, erasure_id: UUID, now: datetime) -> None:
    await tx.run(NOTE_KEPT, id=erasure_id, now=now)


async def still_there(tx: Tx, ids: list[UUID]) -> list[UUID]:
    """Who of these is not erased; locked."""
    return [row["id"] for row in await tx.records(STILL_THERE, ids=ids)]


async def insert(tx: Tx, erasure: Erasure) -> bool:
    row = msgspec.structs.asdict(erasure)
    for name in ("state", "done_at", "certificate", "certificate_sha256", "files_waiting"):
        del row[name]
    return bool(await tx.run(INSERT, **row))


async def settle(
    tx: Tx,
    erasure_id: UUID,
    *,
    state: str,
    done_at: datetime | None = None,
    certificate: dict[str, Any] | None = None,
    sha256: str = "",
) -> None:
    await tx.run(
        SETTLE,
        id=erasure_id,
        state=state,
        done_at=done_at,
        certificate=certificate,
        certificate_sha256=sha256,
    )
