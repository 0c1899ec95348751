"""The append-only ledger: the app's role may add lines and read them, nothing else."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx, columns
from tandem.kernel.ids import new_id
from tandem.scm.inventory.domain import Difference, Entry, Kind

APPEND = Query(
    """
    insert into inventory.entry
           (org_id, id, kind, variant_id, location_id, sku, quantity, balance, reason, note,
            cause_kind, cause_id, actor_kind, actor_id, actor_label, occurred_at)
    select :org_id, id, :kind, variant_id, location_id, sku, quantity, balance, :reason, :note,
           :cause_kind, :cause_id, :actor_kind, :actor_id, :actor_label, :now
      from unnest(:ids::uuid[], :variant_id::uuid[], :location_id::uuid[], :sku::text[],
                  :quantity::int[], :balance::int[])
           as line (id, variant_id, location_id, sku, quantity, balance)
    """
)

IS_SHIPPED = Query(
    """
    select exists (
        select from inventory.entry
         where org_id = :org_id and cause_id = :shipment_id
           and cause_kind = 'shipment' and kind = 'shipped')
    """
)

_ENTRIES = """
    select e.id, e.seq, e.kind, e.variant_id, e.location_id, p.code as location_code, e.sku,
           e.quantity, e.balance, e.reason, e.note, e.cause_kind, e.cause_id, e.actor_label,
           e.occurred_at
      from inventory.entry e
      join inventory.location p on p.org_id = e.org_id and p.id = e.location_id
     where e.org_id = :org_id
       and (:location_id::uuid is null or e.location_id = :location_id)
       and e.seq < :before
"""

_NEWEST_FIRST = " order by e.seq desc limit :limit"

LIST = Query(_ENTRIES + _NEWEST_FIRST)
LIST_OF_VARIANTS = Query(_ENTRIES + " and e.variant_id = any(:variant_ids::uuid[])" + _NEWEST_FIRST)

VARIANTS_OF = Query(
    "select distinct variant_id from inventory.level where org_id = :org_id and sku = :sku"
)

DIFFERENCES = Query(
    """
    with ledger as (
        select variant_id, location_id, sum(quantity)::bigint as quantity
          from inventory.entry where org_id = :org_id group by variant_id, location_id
    ), hold as (
        select variant_id, location_id, sum(held)::bigint as held
          from inventory.reservation where org_id = :org_id group by variant_id, location_id
    )
    select l.sku, p.code as location_code, l.on_hand, coalesce(ledger.quantity, 0) as ledger,
           l.reserved, coalesce(hold.held, 0) as held
      from inventory.level l
      join inventory.location p on p.org_id = l.org_id and p.id = l.location_id
      left join ledger on ledger.variant_id = l.variant_id and ledger.location_id = l.location_id
      left join hold on hold.variant_id = l.variant_id and hold.location_id = l.location_id
     where l.org_id = :org_id
       and (l.on_hand <> coalesce(ledger.quantity, 0) or l.reserved <> coalesce(hold.held, 0))
     order by l.sku, p.code
     limit 200
    """
)

COUNTS = Query(
    """
    select (select count(*) from inventory.level where org_id = :org_id) as levels,
           (select count(*) from inventory.entry where org_id = :org_id) as entries
    """
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    variant_id: UUID
    location_id: UUID
    sku: str
    quantity: int
    balance: int


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    levels: int
    entries: int


async def append(
    tx: Tx,
    lines: Sequence[Line],
    *,
    kind: Kind,
    cause_kind: str,
    cause_id: UUID | None,
    now: datetime,
    reason: str = "",
    note: str = "",
) -> None:
    names = ("variant_id", "location_id", "sku", "quantity", "balance")
    await tx.run(
        APPEND,
        ids=[new_id() for _ in lines],
        kind=kind,
        reason=reason,
        note=note,
        cause_kind=cause_kind,
        cause_id=cause_id,
        actor_kind=tx.actor.kind,
        actor_id=tx.actor.user_id,
        actor_label=tx.actor.label,
        now=now,
        **columns(lines, *names),
    )


async def is_shipped(tx: Tx, shipment_id: UUID) -> bool:
    return bool(await tx.value(IS_SHIPPED, shipment_id=shipment_id))


async def list_entries(
    tx: Tx, *, sku: str | None, location_id: UUID | None, before: int, limit: int
) -> list[Entry]:
    asked = {"location_id": location_id, "before": before, "limit": limit}
    if sku is None:
        return await tx.many(LIST, Entry, **asked)
    variant_ids = [row["variant_id"] for row in await tx.records(VARIANTS_OF, sku=sku)]
    return await tx.many(LIST_OF_VARIANTS, Entry, variant_ids=variant_ids, **asked)


async def differences(tx: Tx) -> list[Difference]:
    return await tx.many(DIFFERENCES, Difference)


async def counts(tx: Tx) -> Counts:
    return await tx.one(COUNTS, Counts)
