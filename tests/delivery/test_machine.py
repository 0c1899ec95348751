"""A delivery through its whole life, and every way it is refused."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from tandem.contracts.delivery import DeliveryCreated, DeliveryStatusChanged
from tandem.contracts.shipping import PromiseRevised
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound
from tandem.scm.delivery import handlers, service
from tandem.scm.delivery.domain.deliveries import Report
from tandem.scm.delivery.domain.proofs import ProofKind, ProofMissing
from tandem.scm.delivery.domain.runs import NotTheRunsStops
from tandem.scm.delivery.domain.statuses import Status
from tests.delivery.givens import (
    HUB,
    Crew,
    a_delivery,
    a_driver,
    brought_to,
    ready,
    statuses_of,
    topics_of,
)
from tests.delivery.positions import stand_at
from tests.delivery.traces import at


async def test_opening_twice_makes_one_delivery_with_one_link(
    database: Database, boss: Actor, now: datetime
) -> None:
    event = ready(cod_minor=49_900)
    async with database.transaction(boss) as tx:
        first = await service.open_delivery(tx, event=event, order_number="ORD-1", now=now)
    async with database.transaction(boss) as tx:
        second = await service.open_delivery(tx, event=event, now=now)
        assert second == first
        assert await statuses_of(tx, first.id) == ["unassigned"]
        assert await topics_of(tx, event.order_id) == [
            DeliveryCreated.topic,
            DeliveryStatusChanged.topic,
        ]
    assert len(first.public_token) == 22
    assert (first.order_number, first.shipment_number) == ("ORD-1", event.number)
    assert (first.cod_minor, first.proof_policy) == (49_900, [ProofKind.OTP])


async def test_a_parcel_goes_from_the_hub_into_the_right_hands(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(boss) as tx:
        code = await service.door_code(tx, opened.id)
    later = now + timedelta(minutes=30)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        told = Report(status=Status.DELIVERED, door_code=code)
        done = await service.report(tx, opened.id, told, now=later)
    assert (done.status, done.closed_at) == (Status.DELIVERED, later)
    async with database.transaction(boss) as tx:
        assert await statuses_of(tx, opened.id) == [
            "unassigned",
            "assigned",
            "accepted",
            "at_pickup",
            "picked_up",
            "en_route",
            "arriving",
            "arrived",
            "delivered",
        ]
        topics = await topics_of(tx, opened.order_id)
        assert topics.count("delivery.status_changed.v1") == 9
        assert topics.count("delivery.assigned.v1") == 1
        assert topics.count("delivery.door_code_requested.v1") == 1
        runs = await service.list_runs(tx)
        assert runs.items[0].closed_at == later


async def test_an_illegal_move_changes_nothing_and_tells_nobody(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    before = await brought_to(database, boss.org_id, crew, opened.id, Status.ACCEPTED, now)
    with pytest.raises(IllegalMove) as refusal:
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            await service.report(tx, opened.id, Report(status=Status.EN_ROUTE), now=now)
    assert refusal.value.facts == {
        "from": "accepted",
        "to": "en_route",
        "allowed": ["at_pickup", "cancelled", "failed", "unassigned"],
    }
    async with database.transaction(boss) as tx:
        assert await service.get_delivery(tx, opened.id) == before
        assert await statuses_of(tx, opened.id) == ["unassigned", "assigned", "accepted"]


async def test_a_failed_attempt_is_tried_again_with_a_new_code(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(boss) as tx:
        old = await service.door_code(tx, opened.id)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        nobody = Report(status=Status.FAILED, reason="customer_absent")
        failed = await service.report(tx, opened.id, nobody, now=now)
    assert failed.reason == "customer_absent"
    tomorrow = date(2026, 11, 23)
    async with database.transaction(boss) as tx:
        planned = await service.schedule_reattempt(tx, opened.id, on=tomorrow, reason="", now=now)
        assert await service.door_code(tx, opened.id) != old
    assert (planned.attempt, planned.next_attempt_on, planned.driver_id) == (2, tomorrow, None)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(boss) as tx:
        topics = await topics_of(tx, opened.order_id)
        assert topics.count("delivery.door_code_requested.v1") == 2


async def test_a_cancelled_shipment_ends_its_delivery_or_calls_the_goods_back(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        early, late = await a_delivery(tx, now), await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, early.id, Status.AT_PICKUP, now)
    await brought_to(database, boss.org_id, crew, late.id, Status.EN_ROUTE, now)
    async with database.transaction(boss) as tx:
        for opened, status in ((early, Status.CANCELLED), (late, Status.RETURNING)):
            ended = await service.cancel_delivery(
                tx, shipment_id=opened.shipment_id, reason="buyer changed mind", now=now
            )
            assert ended is not None
            assert ended.status is status
        assert await service.cancel_delivery(tx, shipment_id=uuid4(), reason="", now=now) is None
        again = await service.cancel_delivery(
            tx, shipment_id=early.shipment_id, reason="again", now=now
        )
        assert again is not None
        assert again.reason == "buyer changed mind"
        back = await service.set_status(
            tx, late.id, status=Status.RETURNED, reason="at the hub", now=now
        )
    assert back.closed_at == now


async def test_the_buyer_sees_the_newest_day_beside_the_first(
    database: Database, boss: Actor, crew: Crew, now: datetime
) -> None:
    first, later = now.date() + timedelta(days=1), now.date() + timedelta(days=3)
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now, promised_on=first)

    async def seen() -> tuple[date | None, date | None]:
        shown = (await service.watch(database, opened.public_token)).tracking
        return shown.promised_on, shown.expected_on

    async def told(day: date) -> None:
        event = PromiseRevised(
            order_id=opened.order_id,
            shipment_id=opened.shipment_id,
            number=opened.shipment_number,
            first_on=first,
            current_on=day,
            cause="delivery attempt failed",
        )
        async with database.transaction(boss) as tx:
            await handlers.expect(tx, event, now)

    assert await seen() == (first, None)
    await told(later)
    assert await seen() == (first, later)
    await told(first)
    assert await seen() == (first, None)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        await service.report(tx, opened.id, Report(status=Status.FAILED, reason="refused"), now=now)
    for wrong in (now.date() - timedelta(days=1), now.date() + timedelta(days=62)):
        async with database.transaction(boss) as tx:
            with pytest.raises(Invalid) as refusal:
                await service.schedule_reattempt(tx, opened.id, on=wrong, reason="asked", now=now)
            assert refusal.value.field == "on"


async def test_what_is_said_of_a_parcel_without_its_driver_ends_its_delivery(
    database: Database, boss: Actor, now: datetime
) -> None:
    """Handed over at a counter, called back, lost; what is under way stays with its driver."""
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        counter, failed, lost, driven = [await a_delivery(tx, now) for _ in range(4)]
    await brought_to(database, boss.org_id, crew, failed.id, Status.ARRIVED, now)
    async with database.transaction(crew.actor(boss.org_id)) as tx:
        await service.report(tx, failed.id, Report(status=Status.FAILED, reason="refused"), now=now)
    await brought_to(database, boss.org_id, crew, driven.id, Status.EN_ROUTE, now)
    for parcel, said, status in (
        (counter, "in_transit", Status.UNASSIGNED),
        (counter, "delivered", Status.CANCELLED),
        (counter, "delivered", Status.CANCELLED),
        (failed, "rto_initiated", Status.RETURNING),
        (failed, "rto_delivered", Status.RETURNED),
        (lost, "lost", Status.CANCELLED),
        (driven, "delivered", Status.EN_ROUTE),
    ):
        async with database.transaction(boss) as tx:
            await service.follow_shipment(
                tx, shipment_id=parcel.shipment_id, status=said, at=now, now=now
            )
            assert (await service.get_delivery(tx, parcel.id)).status is status, said
    for parcel, seen, outcome in (
        (counter, "delivered", "SUCCEEDED"),
        (lost, "cancelled", "FAILED"),
    ):
        shown = (await service.watch(database, parcel.public_token)).tracking
        assert (shown.status, shown.steps[-1].status, shown.task_outcome) == (seen, seen, outcome)


async def test_stops_are_driven_in_the_order_given_or_the_nearest_next(
    database: Database, boss: Actor, now: datetime
) -> None:
    places = [at(*HUB, metres, 0.0) for metres in (3_000.0, 1_000.0, 2_000.0)]
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        stops = [await a_delivery(tx, now, door=place) for place in places]
        for stop in stops:
            given = await service.assign(tx, stop.id, driver_id=crew.driver.id, now=now)
        assert given.run_id is not None
        run_id = given.run_id
        ids = [stop.id for stop in stops]
        run = await service.get_run(tx, run_id)
        assert [stop.id for stop in run.stops] == ids
    await stand_at(database, boss.org_id, crew, HUB, now)
    async with database.transaction(boss) as tx:
        run = await service.order_stops(tx, run_id, delivery_ids=None, now=now)
        assert [stop.id for stop in run.stops] == [ids[1], ids[2], ids[0]]
        assert [stop.stop_seq for stop in run.stops] == [1, 2, 3]
        run = await service.order_stops(tx, run_id, delivery_ids=ids, now=now)
        assert [stop.id for stop in run.stops] == ids
        with pytest.raises(NotTheRunsStops):
            await service.order_stops(tx, run_id, delivery_ids=ids[:2], now=now)


async def test_writing_a_status_by_hand_needs_the_same_proofs_and_leaves_an_audit_row(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    await brought_to(database, boss.org_id, crew, opened.id, Status.ARRIVED, now)
    with pytest.raises(ProofMissing) as refusal:
        async with database.transaction(boss) as tx:
            await service.set_status(
                tx, opened.id, status=Status.DELIVERED, reason="called her", now=now
            )
    assert refusal.value.facts["missing"] == ["otp"]
    async with database.transaction(boss) as tx:
        await service.set_proof_policy(
            tx, opened.id, kinds=[], reason="her phone is broken", now=now
        )
        done = await service.set_status(
            tx, opened.id, status=Status.DELIVERED, reason="called her", now=now
        )
    assert done.status is Status.DELIVERED


async def test_dispatching_needs_the_permission(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        crew = await a_driver(tx, now)
        opened = await a_delivery(tx, now)
    reader = Actor(org_id=boss.org_id, user_id=uuid4(), grants=frozenset({"delivery.read"}))
    with pytest.raises(Forbidden):
        async with database.transaction(reader) as tx:
            await service.assign(tx, opened.id, driver_id=crew.driver.id, now=now)
    with pytest.raises(Forbidden):
        async with database.transaction(crew.actor(boss.org_id)) as tx:
            await service.get_delivery(tx, opened.id)


async def test_another_companys_delivery_does_not_exist(
    database: Database, boss: Actor, now: datetime
) -> None:
    async with database.transaction(boss) as tx:
        opened = await a_delivery(tx, now)
    stranger = Actor.system(uuid4())
    with pytest.raises(NotFound):
        async with database.transaction(stranger) as tx:
            await service.get_delivery(tx, opened.id)
