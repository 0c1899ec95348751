"""Shipments with their items, parcels and promises."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.reach import within_order
from tandem.scm.shipping.domain.shipments import Manifest, Parcel, PromiseRevision, Shipment
from tandem.scm.shipping.domain.statuses import Status

SHIPMENT: LiteralString = """
    select s.id, s.number, s.public_token, s.order_id, s.order_number, s.carrier, s.awb, s.status,
           s.base_status, s.carrier_status, s.status_at, s.sender, s.ship_to, s.recipient_phone,
           s.weight_grams, s.charged_grams, s.value_minor, s.cod_minor, s.currency,
           s.promised_first_on, s.promised_on, s.attempts, s.picked_up_at, s.delivered_at,
           s.delivered_on, s.is_on_time, s.cancel_reason, s.manifest_id, s.version, s.created_at,
           s.updated_at,
           (select jsonb_agg(jsonb_build_object(
                       'order_line_id', i.order_line_id, 'variant_id', i.variant_id,
                       'sku', i.sku, 'title', i.title, 'quantity', i.quantity,
                       'weight_grams', i.weight_grams) order by i.position)
              from shipping.shipment_item i
             where i.org_id = :org_id and i.shipment_id = s.id) as items,
           (select jsonb_agg(jsonb_build_object(
                       'number', p.number, 'weight_grams', p.weight_grams,
                       'length_mm', p.length_mm, 'width_mm', p.width_mm,
                       'height_mm', p.height_mm) order by p.position)
              from shipping.parcel p
             where p.org_id = :org_id and p.shipment_id = s.id) as parcels
      from shipping.shipment s
"""

GET = Query(SHIPMENT + "where s.org_id = :org_id and s.id = :id")

FIND_BY_NUMBER = Query(SHIPMENT + "where s.org_id = :org_id and s.number = :number")

LIST_OF_ORDER = Query(
    SHIPMENT + "where s.org_id = :org_id and s.order_id = :order_id order by s.id"
)

LOCK = Query(
    """
    select id from shipping.shipment
     where org_id = :org_id and id = any(:ids::uuid[])
     order by id
       for update
    """
)

LIST = Query(
    SHIPMENT
    + f"""
     where s.org_id = :org_id and s.id < :before
       and (cardinality(:statuses::text[]) = 0 or s.status = any(:statuses::text[]))
       and (:order_id::uuid is null or s.order_id = :order_id)
       and (:carrier = '' or s.carrier = :carrier)
       and (:number = '' or s.number = :number or s.order_number = :number
            or (:seeks_awb::boolean and s.awb = :number))
       and (:promised_from::date is null or s.promised_on >= :promised_from)
       and (:promised_to::date is null or s.promised_on <= :promised_to)
       and {within_order("s.order_id")}
     order by s.id desc
     limit :limit
    """
)

PACKED = Query(
    """
    select i.order_line_id, sum(i.quantity)::int as quantity
      from shipping.shipment s
      join shipping.shipment_item i on i.org_id = :org_id and i.shipment_id = s.id
     where s.org_id = :org_id and s.order_id = :order_id and s.status <> 'cancelled'
     group by i.order_line_id
    """
)

CASH = Query(
    """
    select coalesce(sum(cod_minor), 0)::bigint
      from shipping.shipment
     where org_id = :org_id and order_id = :order_id
       and status not in ('delivered', 'rto_delivered', 'cancelled', 'lost', 'damaged')
    """
)

LOWER_CASH = Query(
    """
    update shipping.shipment
       set cod_minor = :cod_minor, version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

INSERT = Query(
    """
    with shipment as (
        insert into shipping.shipment
               (org_id, id, number, public_token, order_id, order_number, carrier, awb, status,
                base_status, status_at, sender, ship_to, recipient_phone, weight_grams,
                charged_grams, value_minor, cod_minor, currency, promised_first_on, promised_on,
                created_at, updated_at)
        values (:org_id, :id, :number, :public_token, :order_id, :order_number, :carrier, :awb,
                :status, :status, :now, :sender, :ship_to, :recipient_phone, :weight_grams,
                :charged_grams, :value_minor, :cod_minor, :currency, :promised_first_on,
                :promised_on, :now, :now)
    ),
    items as (
        insert into shipping.shipment_item
               (org_id, shipment_id, order_line_id, position, variant_id, sku, title, quantity,
                weight_grams)
        select :org_id, :id, order_line_id, position, variant_id, sku, title, quantity,
               weight_grams
          from jsonb_to_recordset(:items::jsonb)
               as given (order_line_id uuid, position int, variant_id uuid, sku text, title text,
                         quantity int, weight_grams int)
    ),
    revisions as (
        insert into shipping.edd_revision
               (org_id, id, shipment_id, promised_on, cause, told_at, told_by)
        select :org_id, id, :id, promised_on, cause, :now, :told_by
          from jsonb_to_recordset(:revisions::jsonb)
               as given (id uuid, promised_on date, cause text)
    )
    insert into shipping.parcel
           (org_id, shipment_id, number, position, weight_grams, length_mm, width_mm, height_mm)
    select :org_id, :id, number, position, weight_grams, length_mm, width_mm, height_mm
      from jsonb_to_recordset(:parcels::jsonb)
           as given (number text, position int, weight_grams int, length_mm int, width_mm int,
                     height_mm int)
    """
)

SAVE = Query(
    """
    update shipping.shipment
       set status = :status, base_status = :base_status, carrier_status = :carrier_status,
           status_at = :status_at, awb = :awb, attempts = :attempts,
           picked_up_at = :picked_up_at, delivered_at = :delivered_at,
           delivered_on = :delivered_on, cancel_reason = :cancel_reason,
           manifest_id = :manifest_id, weight_grams = :weight_grams,
           charged_grams = :charged_grams, promised_on = :promised_on,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

DROP_PARCELS = Query("delete from shipping.parcel where org_id = :org_id and shipment_id = :id")

INSERT_PARCELS = Query(
    """
    insert into shipping.parcel
           (org_id, shipment_id, number, position, weight_grams, length_mm, width_mm, height_mm)
    select :org_id, :id, number, position, weight_grams, length_mm, width_mm, height_mm
      from jsonb_to_recordset(:parcels::jsonb)
           as given (number text, position int, weight_grams int, length_mm int, width_mm int,
                     height_mm int)
    """
)

ADD_REVISION = Query(
    """
    insert into shipping.edd_revision
           (org_id, id, shipment_id, promised_on, cause, told_at, told_by)
    values (:org_id, :id, :shipment_id, :promised_on, :cause, :told_at, :told_by)
    """
)

LIST_REVISIONS = Query(
    """
    select promised_on, cause, told_at, told_by
      from shipping.edd_revision
     where org_id = :org_id and shipment_id = :shipment_id
     order by id
     limit 500
    """
)

LOCK_OVERDUE = Query(
    """
    select id from shipping.shipment
     where org_id = :org_id and promised_on < :today
       and status not in ('delivered', 'rto_delivered', 'cancelled', 'lost', 'damaged')
       and status not like 'rto%'
     order by id
     limit :limit
       for update skip locked
    """
)

INSERT_MANIFEST = Query(
    """
    insert into shipping.manifest (org_id, id, number, carrier, created_at)
    values (:org_id, :id, :number, :carrier, :now)
    """
)

GET_MANIFEST = Query(
    """
    select m.id, m.number, m.carrier, m.created_at,
           coalesce((select array_agg(s.number order by s.number)
                       from shipping.shipment s
                      where s.org_id = :org_id and s.manifest_id = m.id), '{}') as shipments
      from shipping.manifest m
     where m.org_id = :org_id and m.id = :id
    """
)


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Empty means every one; `number` is a shipment's, an order's or the carrier's own."""

    statuses: Sequence[Status] = ()
    order_id: UUID | None = None
    carrier: str = ""
    number: str = ""
    promised_from: date | None = None
    promised_to: date | None = None


async def find(tx: Tx, shipment_id: UUID) -> Shipment | None:
    return await tx.one_or_none(GET, Shipment, id=shipment_id)


async def find_by_number(tx: Tx, number: str) -> Shipment | None:
    return await tx.one_or_none(FIND_BY_NUMBER, Shipment, number=number)


async def lock(tx: Tx, shipment_id: UUID) -> Shipment | None:
    await tx.records(LOCK, ids=[shipment_id])
    return await find(tx, shipment_id)


async def list_of_order(tx: Tx, order_id: UUID) -> list[Shipment]:
    return await tx.many(LIST_OF_ORDER, Shipment, order_id=order_id)


async def list_shipments(tx: Tx, filters: Filters, *, before: UUID, limit: int) -> list[Shipment]:
    return await tx.many(
        LIST,
        Shipment,
        statuses=list(filters.statuses),
        order_id=filters.order_id,
        carrier=filters.carrier,
        number=filters.number,
        seeks_awb=not tx.actor.hides("shipment", "awb"),
        promised_from=filters.promised_from,
        promised_to=filters.promised_to,
        before=before,
        limit=limit,
        **tx.actor.reach("shipping.read").params(),
    )


async def packed(tx: Tx, order_id: UUID) -> Mapping[UUID, int]:
    """Units per order line that are in shipments that were not cancelled."""
    found = await tx.records(PACKED, order_id=order_id)
    return {record["order_line_id"]: record["quantity"] for record in found}


async def cash_of(tx: Tx, order_id: UUID) -> int:
    """What the order's shipments collect together."""
    collected: int = await tx.value(CASH, order_id=order_id)
    return collected


async def insert(
    tx: Tx, shipment: Shipment, revisions: Sequence[tuple[date, str]], now: datetime
) -> None:
    await tx.run(
        INSERT,
        id=shipment.id,
        number=shipment.number,
        public_token=shipment.public_token,
        order_id=shipment.order_id,
        order_number=shipment.order_number,
        carrier=shipment.carrier,
        awb=shipment.awb,
        status=shipment.status,
        sender=msgspec.to_builtins(shipment.sender),
        ship_to=msgspec.to_builtins(shipment.ship_to),
        recipient_phone=shipment.recipient_phone,
        weight_grams=shipment.weight_grams,
        charged_grams=shipment.charged_grams,
        value_minor=shipment.value_minor,
        cod_minor=shipment.cod_minor,
        currency=shipment.currency,
        promised_first_on=shipment.promised_first_on,
        promised_on=shipment.promised_on,
        items=[
            {**msgspec.to_builtins(item), "position": position}
            for position, item in enumerate(shipment.items)
        ],
        revisions=[
            {"id": new_id(), "promised_on": day, "cause": cause} for day, cause in revisions
        ],
        parcels=_parcels(shipment.parcels),
        told_by=tx.actor.label,
        now=now,
    )


async def save(tx: Tx, shipment: Shipment, now: datetime) -> None:
    """Write what may change of a locked shipment."""
    fields = (
        "id", "status", "base_status", "carrier_status", "status_at", "awb", "attempts",
        "picked_up_at", "delivered_at", "delivered_on", "cancel_reason", "manifest_id",
        "weight_grams", "charged_grams", "promised_on",
    )  # fmt: skip
    await tx.run(SAVE, **{field: getattr(shipment, field) for field in fields}, now=now)


async def lower_cash(tx: Tx, shipment_id: UUID, cod_minor: int, now: datetime) -> None:
    await tx.run(LOWER_CASH, id=shipment_id, cod_minor=cod_minor, now=now)


async def replace_parcels(tx: Tx, shipment_id: UUID, parcels: Sequence[Parcel]) -> None:
    await tx.run(DROP_PARCELS, id=shipment_id)
    await tx.run(INSERT_PARCELS, id=shipment_id, parcels=_parcels(parcels))


def _parcels(parcels: Sequence[Parcel]) -> list[dict[str, Any]]:
    return [
        {**msgspec.to_builtins(parcel), "position": position}
        for position, parcel in enumerate(parcels)
    ]


async def add_revision(
    tx: Tx, shipment_id: UUID, promised_on: date, cause: str, now: datetime
) -> None:
    await tx.run(
        ADD_REVISION,
        id=new_id(),
        shipment_id=shipment_id,
        promised_on=promised_on,
        cause=cause,
        told_at=now,
        told_by=tx.actor.label,
    )


async def list_revisions(tx: Tx, shipment_id: UUID) -> list[PromiseRevision]:
    return await tx.many(LIST_REVISIONS, PromiseRevision, shipment_id=shipment_id)


async def lock_overdue(tx: Tx, today: date, limit: int) -> list[UUID]:
    """Shipments on their way whose day has passed; those another worker holds are left to it."""
    return [row["id"] for row in await tx.records(LOCK_OVERDUE, today=today, limit=limit)]


async def lock_many(tx: Tx, ids: Sequence[UUID]) -> list[Shipment]:
    """In id order, the one order in which several shipments are locked."""
    locked = [row["id"] for row in await tx.records(LOCK, ids=list(ids))]
    found = [await find(tx, shipment_id) for shipment_id in locked]
    return [shipment for shipment in found if shipment is not None]


async def insert_manifest(tx: Tx, manifest: Manifest) -> None:
    await tx.run(
        INSERT_MANIFEST,
        id=manifest.id,
        number=manifest.number,
        carrier=manifest.carrier,
        now=manifest.created_at,
    )


async def find_manifest(tx: Tx, manifest_id: UUID) -> Manifest | None:
    return await tx.one_or_none(GET_MANIFEST, Manifest, id=manifest_id)
