"""Deliveries, their statuses and runs."""

from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Database, Query, Tx
from tandem.scm.delivery.domain.deliveries import Delivery
from tandem.scm.delivery.domain.fleet import phone_key
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.statuses import Status

COLUMNS: LiteralString = """
           id, order_id, shipment_id, order_number, shipment_number, public_token, status, reason,
           driver_id, vehicle_id, run_id, stop_seq, ship_to, recipient_phone, lat, lon, pickup_name,
           pickup_lat, pickup_lon, proof_policy, cod_minor, cash_minor, currency, parcels,
           promised_on, expected_on, attempt, offered_until, is_auto_offered, next_attempt_on,
           picked_up_at, set_out_at, arrived_at, closed_at, created_at, version
"""

INSERT = Query(
    """
    insert into delivery.delivery
           (org_id, id, order_id, shipment_id, order_number, shipment_number, public_token, status,
            ship_to, recipient_phone, phone_key, lat, lon, pickup_name, pickup_lat, pickup_lon,
            proof_policy, cod_minor, currency, parcels, promised_on, created_at)
    values (:org_id, :id, :order_id, :shipment_id, :order_number, :shipment_number,
            :public_token, :status, :ship_to, :recipient_phone, :phone_key, :lat, :lon,
            :pickup_name, :pickup_lat, :pickup_lon, :proof_policy, :cod_minor,
            :currency, :parcels, :promised_on, :created_at)
        on conflict (org_id, shipment_id) do nothing
    """
)

GET = Query(f"select {COLUMNS} from delivery.delivery where org_id = :org_id and id = :id")

GET_BY_SHIPMENT = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and shipment_id = :shipment_id
    """
)

LIST_OF_ORDER = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and order_id = :order_id
     order by created_at desc, id desc
     limit 100
    """
)

LOCK = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and id = any(:ids::uuid[])
     order by id
       for update
    """
)

LIST_OF_RUN = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and run_id = :run_id
     order by stop_seq, id
     limit 500
    """
)

LIST_OF_DRIVERS = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and driver_id = any(:driver_ids::uuid[]) and closed_at is null
     order by driver_id, stop_seq, id
     limit 5000
    """
)

LIST_OVERDUE_OFFERS = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and status = 'offered' and offered_until <= :now
     order by id
     limit 100
       for update skip locked
    """
)

SAVE = Query(
    """
    update delivery.delivery
       set status = :status, reason = :reason, driver_id = :driver_id, vehicle_id = :vehicle_id,
           run_id = :run_id, stop_seq = :stop_seq, cash_minor = :cash_minor, attempt = :attempt,
           offered_until = :offered_until, is_auto_offered = :is_auto_offered,
           public_token = :public_token, next_attempt_on = :next_attempt_on,
           picked_up_at = :picked_up_at, set_out_at = :set_out_at, arrived_at = :arrived_at,
           closed_at = :closed_at, version = :version
     where org_id = :org_id and id = :id
    """
)

LOWER_CASH = Query(
    """
    update delivery.delivery
       set cod_minor = :cod_minor, version = version + 1
     where org_id = :org_id and shipment_id = :shipment_id and closed_at is null
       and cod_minor > :cod_minor
    """
)

SAVE_SETTING_OUT = Query(
    """
    update delivery.delivery
       set set_out_lat = :lat, set_out_lon = :lon
     where org_id = :org_id and id = :id
    """
)

SET_OUT_FROM = Query(
    """
    select set_out_lat as lat, set_out_lon as lon
      from delivery.delivery
     where org_id = :org_id and id = :id and set_out_lat is not null
    """
)

EXPECT = Query(
    """
    update delivery.delivery
       set expected_on = nullif(:on::date, promised_on), version = version + 1
     where org_id = :org_id and id = :id and closed_at is null
    """
)

PLACE = Query(
    """
    update delivery.delivery
       set lat = :lat, lon = :lon, version = version + 1
     where org_id = :org_id and id = :id and lat is null
    """
)

SET_PLACES = Query(
    """
    update delivery.delivery d
       set stop_seq = given.place::int, version = version + 1
      from unnest(:ids::uuid[]) with ordinality as given (id, place)
     where d.org_id = :org_id and d.id = given.id and d.stop_seq <> given.place
    """
)

SUMMARIES = Query(
    """
    select status, count(*)::int as count,
           (count(*) filter (where promised_on < :today))::int as late
      from delivery.delivery
     where org_id = :org_id and closed_at is null
     group by status
     order by status
    """
)


SAVE_PROOF_POLICY = Query(
    """
    update delivery.delivery
       set proof_policy = :kinds, version = version + 1
     where org_id = :org_id and id = :id
    """
)

REFUSERS = Query(
    """
    select distinct driver_id
      from delivery.delivery_status
     where org_id = :org_id and delivery_id = :delivery_id and status = 'unassigned'
       and driver_id is not null and conflict is null
       and (reason like 'declined%' or reason = 'offer timed out')
    """
)

LOAD = Query(
    """
    select driver_id, count(*)::int as stops
      from delivery.delivery
     where org_id = :org_id and closed_at is null and driver_id is not null
     group by driver_id
    """
)

FIND_TRACKABLE = Query(
    "select org_id, delivery_id from delivery.find_trackable(:number, :phone_key)",
    beyond_org="a buyer knows a number and a phone, not an organisation",
)


def _listing(condition: LiteralString, order: LiteralString) -> Query:
    """One statement per view and order, so that each can use its own index."""
    return Query(
        f"""
        select {COLUMNS} from delivery.delivery
         where org_id = :org_id
           and (:statuses::text[] is null or status = any(:statuses))
           and (:driver_id::uuid is null or driver_id = :driver_id)
           and (:order_id::uuid is null or order_id = :order_id)
           and {condition}
         order by {order}
         limit :count
        """
    )


BEFORE: LiteralString = "(:before_id::uuid is null or id < :before_id)"
AFTER: LiteralString = """(:after_on::date is null
            or (coalesce(promised_on, 'infinity'::date), id) > (:after_on, :after_id::uuid))"""

LIST_OPEN = _listing(f"closed_at is null and {BEFORE}", "id desc")
LIST_ALL = _listing(BEFORE, "id desc")
LIST_OPEN_LATE_FIRST = _listing(
    f"closed_at is null and {AFTER}", "coalesce(promised_on, 'infinity'::date), id"
)

FIND_BY_NUMBER = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and (order_number = :number or shipment_number = :number)
     order by id desc
     limit :count
    """
)


class Count(msgspec.Struct, frozen=True, kw_only=True):
    status: Status
    count: int
    late: int


class Trackable(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    delivery_id: UUID


async def insert(tx: Tx, delivery: Delivery) -> bool:
    """False when the shipment has its delivery already."""
    values = {
        name: getattr(delivery, name)
        for name in INSERT.names
        if name not in {"org_id", "phone_key", "ship_to"}
    }
    return bool(
        await tx.run(
            INSERT,
            **values,
            ship_to=msgspec.to_builtins(delivery.ship_to),
            phone_key=phone_key(delivery.recipient_phone),
        )
    )


async def find(tx: Tx, delivery_id: UUID) -> Delivery | None:
    return await tx.one_or_none(GET, Delivery, id=delivery_id)


async def find_by_shipment(tx: Tx, shipment_id: UUID) -> Delivery | None:
    return await tx.one_or_none(GET_BY_SHIPMENT, Delivery, shipment_id=shipment_id)


async def list_of_order(tx: Tx, order_id: UUID) -> list[Delivery]:
    return await tx.many(LIST_OF_ORDER, Delivery, order_id=order_id)


async def lock(tx: Tx, ids: list[UUID]) -> list[Delivery]:
    return await tx.many(LOCK, Delivery, ids=ids)


async def list_of_run(tx: Tx, run_id: UUID) -> list[Delivery]:
    return await tx.many(LIST_OF_RUN, Delivery, run_id=run_id)


async def list_of_drivers(tx: Tx, driver_ids: list[UUID]) -> list[Delivery]:
    """Every open delivery of these drivers, in the order of their stops."""
    return await tx.many(LIST_OF_DRIVERS, Delivery, driver_ids=driver_ids)


async def lock_overdue_offers(tx: Tx, now: datetime) -> list[Delivery]:
    return await tx.many(LIST_OVERDUE_OFFERS, Delivery, now=now)


async def save(tx: Tx, delivery: Delivery) -> None:
    values = {name: getattr(delivery, name) for name in SAVE.names if name != "org_id"}
    changed = await tx.run(SAVE, **values)
    assert changed == 1, "the delivery was locked a moment ago"


async def lower_cash(tx: Tx, shipment_id: UUID, cod_minor: int) -> bool:
    return bool(await tx.run(LOWER_CASH, shipment_id=shipment_id, cod_minor=cod_minor))


async def save_setting_out(tx: Tx, delivery_id: UUID, point: Point) -> None:
    await tx.run(SAVE_SETTING_OUT, id=delivery_id, lat=point.lat, lon=point.lon)


async def set_out_from(tx: Tx, delivery_id: UUID) -> Point | None:
    return await tx.one_or_none(SET_OUT_FROM, Point, id=delivery_id)


async def place(tx: Tx, delivery_id: UUID, point: Point) -> bool:
    return bool(await tx.run(PLACE, id=delivery_id, lat=point.lat, lon=point.lon))


async def set_places(tx: Tx, ids: list[UUID]) -> int:
    return await tx.run(SET_PLACES, ids=ids)


async def count_open(tx: Tx, today: date) -> list[Count]:
    return await tx.many(SUMMARIES, Count, today=today)


async def save_proof_policy(tx: Tx, delivery_id: UUID, kinds: list[ProofKind]) -> None:
    await tx.run(SAVE_PROOF_POLICY, id=delivery_id, kinds=kinds)


async def refusers(tx: Tx, delivery_id: UUID) -> set[UUID]:
    """Drivers who said no to this delivery, or nothing in time."""
    return {row["driver_id"] for row in await tx.records(REFUSERS, delivery_id=delivery_id)}


async def loads(tx: Tx) -> dict[UUID, int]:
    """Open stops per driver."""
    return {row["driver_id"]: row["stops"] for row in await tx.records(LOAD)}


async def list_newest(
    tx: Tx,
    *,
    is_open: bool,
    statuses: list[Status] | None,
    driver_id: UUID | None,
    order_id: UUID | None,
    before_id: UUID | None,
    count: int,
) -> list[Delivery]:
    return await tx.many(
        LIST_OPEN if is_open else LIST_ALL,
        Delivery,
        statuses=statuses,
        driver_id=driver_id,
        order_id=order_id,
        before_id=before_id,
        count=count,
    )


async def list_late_first(
    tx: Tx,
    *,
    statuses: list[Status] | None,
    driver_id: UUID | None,
    order_id: UUID | None,
    after: tuple[date, UUID] | None,
    count: int,
) -> list[Delivery]:
    after_on, after_id = after or (None, None)
    return await tx.many(
        LIST_OPEN_LATE_FIRST,
        Delivery,
        statuses=statuses,
        driver_id=driver_id,
        order_id=order_id,
        after_on=after_on,
        after_id=after_id,
        count=count,
    )


async def find_by_number(tx: Tx, number: str, *, count: int) -> list[Delivery]:
    return await tx.many(FIND_BY_NUMBER, Delivery, number=number, count=count)


async def expect(tx: Tx, delivery_id: UUID, on: date) -> bool:
    return await tx.run(EXPECT, id=delivery_id, on=on) == 1


async def find_trackable(database: Database, number: str, phone: str) -> Trackable | None:
    rows = await database.look_up(
        FIND_TRACKABLE, Trackable, number=number, phone_key=phone_key(phone)
    )
    return rows[0] if rows else None
