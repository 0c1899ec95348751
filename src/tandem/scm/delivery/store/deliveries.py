"""Deliveries, their statuses and runs."""

from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.delivery.domain.deliveries import Delivery, StatusRow
from tandem.scm.delivery.domain.fleet import phone_key
from tandem.scm.delivery.domain.places import Point
from tandem.scm.delivery.domain.proofs import ProofKind
from tandem.scm.delivery.domain.runs import Run
from tandem.scm.delivery.domain.statuses import Status

COLUMNS: LiteralString = """
           id, order_id, shipment_id, order_number, shipment_number, public_token, status, reason,
           driver_id, vehicle_id, run_id, stop_seq, ship_to, recipient_phone, lat, lon, pickup_name,
           pickup_lat, pickup_lon, proof_policy, cod_minor, cash_minor, currency, parcels,
           promised_on, attempt, offered_until, is_auto_offered, next_attempt_on, picked_up_at,
           set_out_at, arrived_at, closed_at, created_at, version
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

LIST_UNPLACED = Query(
    f"""
    select {COLUMNS} from delivery.delivery
     where org_id = :org_id and closed_at is null and lat is null
     order by id
     limit 50
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

ADD_STATUS = Query(
    """
    insert into delivery.delivery_status
           (org_id, id, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
            actor_id, actor_label, driver_id, proof_id, client_event_id, conflict)
    values (:org_id, :id, :delivery_id, :status, :reason, :lat, :lon, :occurred_at, :received_at,
            :actor_kind, :actor_id, :actor_label, :driver_id, :proof_id, :client_event_id,
            :conflict)
    """
)

LIST_STATUSES = Query(
    """
    select id, seq, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
           actor_label, proof_id, client_event_id, conflict
      from delivery.delivery_status
     where org_id = :org_id and delivery_id = :delivery_id and seq > :after
     order by seq
     limit 500
    """
)

LIST_STATUSES_OF_DRIVER = Query(
    """
    select id, seq, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
           actor_label, proof_id, client_event_id, conflict
      from delivery.delivery_status
     where org_id = :org_id and driver_id = :driver_id
       and occurred_at >= :from_at and occurred_at < :to_at
     order by occurred_at, seq
     limit 2000
    """
)

LIST_CHANGES = Query(
    """
    select s.delivery_id, d.driver_id, d.status, s.received_at
      from delivery.delivery_status s
      join delivery.delivery d on d.org_id = s.org_id and d.id = s.delivery_id
     where s.org_id = :org_id and s.received_at >= :since and s.conflict is null
     order by s.seq
     limit 500
    """
)

KNOWN_EVENTS = Query(
    """
    select client_event_id
      from delivery.delivery_status
     where org_id = :org_id and client_event_id = any(:ids::uuid[])
    """
)

HAS_SERVED = Query(
    """
    select exists (
           select 1 from delivery.delivery_status
            where org_id = :org_id and delivery_id = :delivery_id and driver_id = :driver_id)
    """
)

CONFLICTED = Query(
    """
    select id, seq, delivery_id, status, reason, lat, lon, occurred_at, received_at, actor_kind,
           actor_label, proof_id, client_event_id, conflict
      from delivery.delivery_status
     where org_id = :org_id and delivery_id = :delivery_id and driver_id = :driver_id
       and conflict = 'illegal_transition' and occurred_at >= :since and seq > :after
     order by occurred_at, seq
     limit 20
    """
)

OPEN_RUN = Query(
    """
    insert into delivery.run as held (org_id, id, driver_id, vehicle_id, opened_at)
    values (:org_id, :id, :driver_id, :vehicle_id, :now)
        on conflict (org_id, driver_id) where closed_at is null
        do update set vehicle_id = coalesce(held.vehicle_id, excluded.vehicle_id)
    returning id, driver_id, vehicle_id, opened_at, closed_at
    """
)

NEXT_PLACE = Query(
    """
    select coalesce(max(stop_seq), 0) + 1
      from delivery.delivery
     where org_id = :org_id and run_id = :run_id
    """
)

LOCK_RUN = Query(
    """
    select id, driver_id, vehicle_id, opened_at, closed_at
      from delivery.run
     where org_id = :org_id and id = :id
     order by id
       for update
    """
)

LIST_RUNS = Query(
    """
    select id, driver_id, vehicle_id, opened_at, closed_at
      from delivery.run
     where org_id = :org_id
       and (:driver_id::uuid is null or driver_id = :driver_id)
       and (:is_open::boolean is null or (closed_at is null) = :is_open)
       and (:before_id::uuid is null or id < :before_id)
     order by id desc
     limit :count
    """
)

CLOSE_RUN = Query(
    """
    update delivery.run
       set closed_at = :now
     where org_id = :org_id and driver_id = :driver_id and closed_at is null
       and not exists (
           select 1 from delivery.delivery d
            where d.org_id = :org_id and d.run_id = run.id and d.closed_at is null
              and d.driver_id = :driver_id)
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


async def list_unplaced(tx: Tx) -> list[Delivery]:
    return await tx.many(LIST_UNPLACED, Delivery)


async def save(tx: Tx, delivery: Delivery) -> None:
    values = {name: getattr(delivery, name) for name in SAVE.names if name != "org_id"}
    changed = await tx.run(SAVE, **values)
    assert changed == 1, "the delivery was locked a moment ago"


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


async def add_status(
    tx: Tx,
    *,
    delivery_id: UUID,
    status: Status,
    reason: str,
    point: Point | None,
    occurred_at: datetime,
    received_at: datetime,
    driver_id: UUID | None,
    proof_id: UUID | None = None,
    client_event_id: UUID | None = None,
    conflict: str | None = None,
) -> None:
    await tx.run(
        ADD_STATUS,
        id=new_id(),
        delivery_id=delivery_id,
        status=status,
        reason=reason,
        lat=point.lat if point else None,
        lon=point.lon if point else None,
        occurred_at=occurred_at,
        received_at=received_at,
        actor_kind=tx.actor.kind,
        actor_id=tx.actor.user_id,
        actor_label=tx.actor.label,
        driver_id=driver_id,
        proof_id=proof_id,
        client_event_id=client_event_id,
        conflict=conflict,
    )


async def list_statuses(tx: Tx, delivery_id: UUID, *, after: int = 0) -> list[StatusRow]:
    return await tx.many(LIST_STATUSES, StatusRow, delivery_id=delivery_id, after=after)


async def list_statuses_of_driver(
    tx: Tx, driver_id: UUID, *, from_at: datetime, to_at: datetime
) -> list[StatusRow]:
    """What happened on a driver's way, by the device's clock."""
    return await tx.many(
        LIST_STATUSES_OF_DRIVER, StatusRow, driver_id=driver_id, from_at=from_at, to_at=to_at
    )


async def list_changes(tx: Tx, since: datetime) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(LIST_CHANGES, since=since)]


async def known_events(tx: Tx, ids: list[UUID]) -> set[UUID]:
    return {row["client_event_id"] for row in await tx.records(KNOWN_EVENTS, ids=ids)}


async def has_served(tx: Tx, delivery_id: UUID, driver_id: UUID) -> bool:
    return bool(await tx.value(HAS_SERVED, delivery_id=delivery_id, driver_id=driver_id))


async def conflicted(
    tx: Tx, delivery_id: UUID, driver_id: UUID, *, since: datetime, after: int
) -> list[StatusRow]:
    return await tx.many(
        CONFLICTED,
        StatusRow,
        delivery_id=delivery_id,
        driver_id=driver_id,
        since=since,
        after=after,
    )


async def open_run(tx: Tx, driver_id: UUID, vehicle_id: UUID | None, now: datetime) -> Run:
    """The driver's open run, begun when there is none. Its row stays locked, which orders stops."""
    return await tx.one(
        OPEN_RUN, Run, id=new_id(), driver_id=driver_id, vehicle_id=vehicle_id, now=now
    )


async def next_place(tx: Tx, run_id: UUID) -> int:
    return int(await tx.value(NEXT_PLACE, run_id=run_id))


async def lock_run(tx: Tx, run_id: UUID) -> Run | None:
    return await tx.one_or_none(LOCK_RUN, Run, id=run_id)


async def list_runs(
    tx: Tx,
    *,
    driver_id: UUID | None,
    is_open: bool | None,
    before_id: UUID | None,
    count: int,
) -> list[Run]:
    return await tx.many(
        LIST_RUNS, Run, driver_id=driver_id, is_open=is_open, before_id=before_id, count=count
    )


async def close_run(tx: Tx, driver_id: UUID, now: datetime) -> bool:
    """End the driver's run when none of its stops is open any more."""
    return bool(await tx.run(CLOSE_RUN, driver_id=driver_id, now=now))


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


async def find_trackable(database: Database, number: str, phone: str) -> Trackable | None:
    rows = await database.look_up(
        FIND_TRACKABLE, Trackable, number=number, phone_key=phone_key(phone)
    )
    return rows[0] if rows else None
