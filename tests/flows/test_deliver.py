"""From the parcel to the completed order: drivers tell, everybody else follows."""

from datetime import datetime, timedelta

import httpx2 as httpx
import pytest

from tandem.contracts.orders import OrderSnapshot
from tandem.flows import cancel_order
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.domain.deliveries import Delivery, Report
from tandem.scm.delivery.domain.statuses import Status
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.undelivered import Action
from tests.delivery.givens import Crew, a_driver, brought_to, phone_of
from tests.flows.shop import Shop, basket, open_shop, place_one, topics


@pytest.fixture
async def shop(database: Database, actor: Actor, now: datetime) -> Shop:
    async with database.transaction(actor) as tx:
        return await open_shop(tx, now, stock=10)


@pytest.fixture
async def crew(database: Database, actor: Actor, now: datetime) -> Crew:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        return await a_driver(tx, now)


@pytest.fixture
async def order(
    database: Database, actor: Actor, now: datetime, shop: Shop, app: object
) -> OrderSnapshot:
    """Cash on delivery, confirmed, packed; its delivery waits for a driver."""
    placed = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    await outbox.drain(database)
    return placed


async def the_delivery(database: Database, actor: Actor, order: OrderSnapshot) -> Delivery:
    async with database.transaction(actor) as tx:
        (found,) = await delivery.list_of_order(tx, order.id)
    return found


LEVEL = Query(
    """
    select on_hand, reserved from inventory.level
     where org_id = :org_id and variant_id = :variant_id
    """
)


async def levels(database: Database, actor: Actor, shop: Shop, sku: str) -> tuple[int, int]:
    """On hand and reserved."""
    async with database.transaction(actor) as tx:
        (row,) = await tx.records(LEVEL, variant_id=shop.variants[sku].variant_id)
    return row["on_hand"], row["reserved"]


async def hand_over(
    database: Database, actor: Actor, crew: Crew, parcel: Delivery, now: datetime
) -> None:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        code = await delivery.door_code(tx, parcel.id)
    told = Report(status=Status.DELIVERED, door_code=code, cash_minor=parcel.cod_minor)
    async with database.transaction(crew.actor(actor.org_id)) as tx:
        await delivery.report(tx, parcel.id, told, now=now)


async def test_a_parcel_waits_for_its_driver_as_soon_as_it_is_ready(
    database: Database, actor: Actor, order: OrderSnapshot
) -> None:
    parcel = await the_delivery(database, actor, order)
    assert (parcel.status, parcel.order_number) == (Status.UNASSIGNED, order.number)
    assert (parcel.cod_minor, parcel.ship_to.line1) == (order.total_minor, "14, 3rd Cross")
    assert parcel.promised_on == order.promised_on


async def test_handing_it_over_completes_the_order_and_takes_the_goods_off_the_shelf(
    database: Database, actor: Actor, shop: Shop, crew: Crew, order: OrderSnapshot, now: datetime
) -> None:
    assert await levels(database, actor, shop, shop.tea) == (10, 2)
    parcel = await the_delivery(database, actor, order)
    await brought_to(database, actor.org_id, crew, parcel.id, Status.PICKED_UP, now)
    await outbox.drain(database)
    assert await levels(database, actor, shop, shop.tea) == (8, 0)
    async with database.transaction(actor) as tx:
        shipped = await orders.get_order(tx, order.id)
    assert (shipped.status, shipped.fulfilment_status) == ("processing", "shipped")

    for status in (Status.EN_ROUTE, Status.ARRIVING, Status.ARRIVED):
        async with database.transaction(crew.actor(actor.org_id)) as tx:
            await delivery.report(tx, parcel.id, Report(status=status), now=now)
    await hand_over(database, actor, crew, parcel, now + timedelta(minutes=40))
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        done = await orders.get_order(tx, order.id)
        (shipment,) = await shipping.list_of_order(tx, order.id)
        scans = await shipping.list_scans(tx, shipment.id)
    assert (done.status, done.fulfilment_status) == ("completed", "delivered")
    assert (done.payment_status, done.paid_minor) == ("paid", order.total_minor)
    assert shipment.status == "delivered"
    assert shipment.delivered_at == now + timedelta(minutes=40)
    assert sorted(str(scan.status) for scan in scans) == [
        "delivered",
        "out_for_delivery",
        "picked_up",
    ]
    assert await levels(database, actor, shop, shop.tea) == (8, 0)
    told = await topics(database, actor)
    assert told.count("inventory.stock_committed.v1") == 1
    assert told.count("orders.completed.v1") == 1


async def test_a_failed_attempt_moves_the_promise_and_what_never_left_was_no_attempt(
    database: Database, actor: Actor, crew: Crew, order: OrderSnapshot, now: datetime
) -> None:
    parcel = await the_delivery(database, actor, order)
    await brought_to(database, actor.org_id, crew, parcel.id, Status.AT_PICKUP, now)
    driver = crew.actor(actor.org_id)
    async with database.transaction(driver) as tx:
        broken = Report(status=Status.FAILED, reason="vehicle_breakdown")
        await delivery.report(tx, parcel.id, broken, now=now)
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        (shipment,) = await shipping.list_of_order(tx, order.id)
        assert (shipment.status, shipment.attempts) == ("ready", 0)
        await delivery.schedule_reattempt(tx, parcel.id, on=None, reason="", now=now)
    later = now + timedelta(hours=2)
    await brought_to(database, actor.org_id, crew, parcel.id, Status.ARRIVED, later)
    async with database.transaction(driver) as tx:
        absent = Report(status=Status.FAILED, reason="customer_absent: rang twice")
        await delivery.report(tx, parcel.id, absent, now=later + timedelta(minutes=5))
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        (shipment,) = await shipping.list_of_order(tx, order.id)
        again = await delivery.get_delivery(tx, parcel.id)
        (case,) = (await shipping.list_cases(tx, limit=9)).items
        assert (again.status, case.is_automatic) == (Status.FAILED, True)
        assert (case.state, case.next_on) == ("reattempt", shipment.promised_on)
        case = await shipping.decide(
            tx, case.id, Action.REATTEMPT, note="the neighbour", now=database.clock.now()
        )
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        again = await delivery.get_delivery(tx, parcel.id)
        assert (again.status, again.next_attempt_on) == (Status.REATTEMPT_SCHEDULED, case.next_on)
        planned = later.date() + timedelta(days=9)
        await delivery.schedule_reattempt(tx, parcel.id, on=planned, reason="", now=later)
    assert (shipment.status, shipment.attempts) == ("delivery_failed", 1)
    await outbox.drain(database)
    async with database.transaction(actor) as tx:
        (shipment,) = await shipping.list_of_order(tx, order.id)
        assert (shipment.promised_first_on, shipment.promised_on) == (order.promised_on, planned)
        again = await delivery.get_delivery(tx, parcel.id)
        (case,) = (await shipping.list_cases(tx, limit=9)).items
    assert (again.expected_on, again.next_attempt_on, again.attempt) == (planned, planned, 3)
    assert (case.next_on, case.is_automatic) == (planned, False)


async def test_what_comes_back_is_on_the_shelf_again(
    database: Database, actor: Actor, shop: Shop, crew: Crew, order: OrderSnapshot, now: datetime
) -> None:
    parcel = await the_delivery(database, actor, order)
    await brought_to(database, actor.org_id, crew, parcel.id, Status.EN_ROUTE, now)
    driver = crew.actor(actor.org_id)
    for told in (
        Report(status=Status.FAILED, reason="refused"),
        Report(status=Status.RETURNING, reason="buyer refused"),
    ):
        now += timedelta(minutes=5)
        async with database.transaction(driver) as tx:
            await delivery.report(tx, parcel.id, told, now=now)
    await outbox.drain(database)
    assert await levels(database, actor, shop, shop.kettle) == (9, 0)
    async with database.transaction(actor) as tx:
        await delivery.set_status(
            tx, parcel.id, status=Status.RETURNED, reason="counted in", now=now
        )
    await outbox.drain(database)
    assert await levels(database, actor, shop, shop.kettle) == (10, 0)
    async with database.transaction(actor) as tx:
        (shipment,) = await shipping.list_of_order(tx, order.id)
        back = await orders.get_order(tx, order.id)
    assert shipment.status == "rto_delivered"
    assert [line.quantity_returned for line in back.lines] == [
        line.quantity for line in order.lines
    ]


async def test_cancelling_the_order_ends_its_delivery(
    app: object, database: Database, actor: Actor, crew: Crew, order: OrderSnapshot, now: datetime
) -> None:
    parcel = await the_delivery(database, actor, order)
    await brought_to(database, actor.org_id, crew, parcel.id, Status.ACCEPTED, now)
    async with database.transaction(actor) as tx:
        await cancel_order.cancel_order(tx, order.id, reason="changed my mind", now=now)
    await outbox.drain(database)
    ended = await the_delivery(database, actor, order)
    assert (ended.status, ended.reason) == (Status.CANCELLED, "changed my mind")
    async with phone_of(app, crew) as phone:  # type: ignore[arg-type]
        day: httpx.Response = await phone.get("/v1/driver/day")
        late = await phone.post(
            f"/v1/driver/deliveries/{parcel.id}/statuses", json={"status": "at_pickup"}
        )
    assert day.json()["stops"] == []
    assert (late.status_code, late.json()["from"]) == (409, "cancelled")


async def test_events_that_are_told_twice_count_once(
    database: Database, actor: Actor, shop: Shop, crew: Crew, order: OrderSnapshot, now: datetime
) -> None:
    from tandem.contracts.delivery import DeliveryStatusChanged

    parcel = await the_delivery(database, actor, order)
    await brought_to(database, actor.org_id, crew, parcel.id, Status.PICKED_UP, now)
    again = DeliveryStatusChanged(
        order_id=order.id,
        shipment_id=parcel.shipment_id,
        delivery_id=parcel.id,
        status="picked_up",
        occurred_at=now,
    )
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await tx.publish(again, again)
    await outbox.drain(database)
    assert await levels(database, actor, shop, shop.tea) == (8, 0)
    async with database.transaction(actor) as tx:
        shipped = await orders.get_order(tx, order.id)
    assert [line.quantity_shipped for line in shipped.lines] == [
        line.quantity for line in shipped.lines
    ]
