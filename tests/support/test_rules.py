"""Complaints that open by themselves, once, and go when their cause does."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.app.wiring import import_reactions
from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.payments import PaymentExceptionRaised, SurplusRefunded
from tandem.crm.notifications import service as notifications
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Invalid
from tandem.kernel.outbox import drain
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.domain.deliveries import Report
from tandem.scm.delivery.domain.statuses import Status as DeliveryStatus
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.statuses import ScanStatus
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import Links
from tandem.scm.support.domain.desk import Desk, check_desk
from tandem.scm.support.domain.rules import Cause, Trigger
from tandem.scm.support.domain.statuses import Origin, Status, Visibility
from tandem.scm.support.domain.views import Filters
from tests.delivery.givens import a_driver, brought_to
from tests.flows.shop import HOME, basket, open_shop, place_one
from tests.support.givens import told

import_reactions()


@pytest.fixture
async def order(database: Database, actor: Actor, now: datetime) -> OrderSnapshot:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    placed = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    await drain(database)
    return placed


async def scan(
    database: Database, actor: Actor, shipment_id: UUID, *statuses: str, at: datetime
) -> None:
    for place, status in enumerate(statuses):
        async with database.transaction(actor) as tx:
            await shipping.record_scan(
                tx,
                shipment_id=shipment_id,
                status=ScanStatus(status),
                occurred_at=at + timedelta(minutes=place),
                reason="customer_absent" if status == "delivery_failed" else "",
                now=at + timedelta(minutes=place),
            )
        await drain(database)


async def test_three_failed_attempts_open_one_complaint_and_delivery_closes_it(
    database: Database, actor: Actor, order: OrderSnapshot, now: datetime
) -> None:
    """AJ11. A fourth attempt is noted on the same complaint; the buyer hears nothing of it."""
    async with database.transaction(actor) as tx:
        [parcel] = await shipping.list_of_order(tx, order.id)
    day = timedelta(days=1)
    await scan(database, actor, parcel.id, "picked_up", "in_transit", at=now)
    for attempt in range(2):
        await scan(
            database,
            actor,
            parcel.id,
            "out_for_delivery",
            "delivery_failed",
            at=now + day * attempt,
        )
    async with database.transaction(actor) as tx:
        assert [c.rule for c in await service.list_of_order(tx, order.id)] == []
    for attempt in (2, 3):
        await scan(
            database,
            actor,
            parcel.id,
            "out_for_delivery",
            "delivery_failed",
            at=now + day * attempt,
        )
    async with database.transaction(actor) as tx:
        found = {c.rule: c for c in await service.list_of_order(tx, order.id)}
        failing = found["failed_attempts"]
        assert (failing.status, failing.origin, failing.shipment_id) == (
            Status.OPEN,
            Origin.RULE,
            parcel.id,
        )
        assert failing.order_number == order.number
        said = await service.list_messages(tx, failing.id)
        assert [(m.body, m.visibility) for m in said] == [
            ("Attempt 3 failed.", Visibility.INTERNAL),
            ("Attempt 4 failed.", Visibility.INTERNAL),
        ]
    await scan(database, actor, parcel.id, "out_for_delivery", "delivered", at=now + day * 5)
    async with database.transaction(actor) as tx:
        complaints = await service.list_of_order(tx, order.id)
        assert {c.status for c in complaints} == {Status.CLOSED}
        assert len([c for c in complaints if c.rule == "failed_attempts"]) == 1
        steps = await service.list_steps(tx, failing.id)
        assert [(s.after, s.note) for s in steps if s.kind == "status"] == [
            ("open", ""),
            ("resolved", "The parcel was delivered."),
            ("closed", "The parcel was delivered."),
        ]
        sent = await notifications.list_messages(tx, limit=100, cursor=None)
        assert [m.template for m in sent.items if m.template.startswith("complaint")] == []


async def test_a_complaint_the_buyer_heard_of_is_resolved_and_they_are_asked(
    database: Database, actor: Actor, order: OrderSnapshot, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        [parcel] = await shipping.list_of_order(tx, order.id)
    await scan(database, actor, parcel.id, "picked_up", "in_transit", "damaged", at=now)
    async with database.transaction(actor) as tx:
        [harmed] = await service.list_of_order(tx, order.id)
        assert (harmed.rule, harmed.category) == ("parcel_harmed", "harmed_parcel")
        await service.add_message(
            tx,
            complaint_id=harmed.id,
            body="Your parcel was damaged; we send the money back.",
            visibility=Visibility.PUBLIC,
            origin=Origin.STAFF,
            now=now,
        )
        await service.settle_cause(
            tx,
            Cause.DELIVERED,
            subject_ids=frozenset({parcel.id}),
            reason="not what settles a damaged parcel",
            now=now,
        )
        assert (await service.get_complaint(tx, harmed.id)).status is Status.ACKNOWLEDGED
        await service.settle_cause(
            tx, Cause.REFUNDED, subject_ids=frozenset({parcel.id}), reason="refunded", now=now
        )
        assert (await service.get_complaint(tx, harmed.id)).status is Status.RESOLVED
    await drain(database)
    async with database.transaction(actor) as tx:
        sent = await notifications.list_messages(tx, limit=100, cursor=None)
        assert {m.template for m in sent.items if m.template.startswith("complaint")} == {
            "complaint_answered",
            "complaint_resolved",
        }


async def test_a_payment_exception_opens_one_and_the_surplus_going_back_settles_it(
    database: Database, actor: Actor, order: OrderSnapshot, now: datetime
) -> None:
    payment_id = uuid4()
    for kind in ("double_payment", "uncaptured", "double_payment"):
        async with database.transaction(actor) as tx:
            await tx.publish(
                PaymentExceptionRaised(
                    order_id=order.id, payment_id=payment_id, kind=kind, detail="twice"
                )
            )
    await drain(database)
    async with database.transaction(actor) as tx:
        [opened] = await service.list_of_order(tx, order.id)
        assert (opened.rule, opened.queue, opened.status) == (
            "payment_exception",
            "money",
            Status.OPEN,
        )
        await tx.publish(
            SurplusRefunded(
                order_id=order.id,
                refund_id=uuid4(),
                payment_id=payment_id,
                amount_minor=100,
                currency="INR",
            )
        )
    await drain(database)
    async with database.transaction(actor) as tx:
        assert (await service.get_complaint(tx, opened.id)).status is Status.CLOSED


async def test_an_attempt_given_up_far_from_the_door_is_suspicious(
    database: Database, actor: Actor, now: datetime
) -> None:
    """1.1 km away opens one; the same driver at the door does not."""
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
        crew = await a_driver(tx, now)
    door = msgspec.structs.replace(HOME, latitude=12.97, longitude=77.59)
    for away, expected in ((0.0002, []), (0.01, ["fake_attempt"])):
        basket_ = basket(shop, payment_method="cod", ship_to=door)
        placed = await place_one(database, actor, basket_, now)
        await drain(database)
        async with database.transaction(actor) as tx:
            [one] = await delivery.list_of_order(tx, placed.id)
        await brought_to(database, actor.org_id, crew, one.id, DeliveryStatus.ARRIVED, now)
        async with database.transaction(crew.actor(actor.org_id)) as tx:
            given_up = Report(
                status=DeliveryStatus.FAILED, reason="customer_absent", lat=12.97 + away, lon=77.59
            )
            await delivery.report(tx, one.id, given_up, now=now)
        await drain(database)
        async with database.transaction(actor) as tx:
            opened = await service.list_of_order(tx, placed.id)
            assert [c.rule for c in opened if c.rule == "fake_attempt"] == expected
            for complaint in opened:
                if complaint.rule == "fake_attempt":
                    [said] = await service.list_messages(tx, complaint.id)
                    assert said.body == "Attempt 1 was given up 1112 m from the door."


async def test_a_parcel_later_than_first_promised_opens_one(
    database: Database, actor: Actor, order: OrderSnapshot, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        [parcel] = await shipping.list_of_order(tx, order.id)
        assert parcel.promised_on is not None
    for days in (0, 1, 2):
        async with database.transaction(actor) as tx:
            at = datetime.combine(parcel.promised_on, now.time(), now.tzinfo)
            await shipping.revise_overdue(tx, now=at + timedelta(days=days))
        await drain(database)
        async with database.transaction(actor) as tx:
            found = [c.rule for c in await service.list_of_order(tx, order.id)]
            assert found == (["promise_missed"] if days else [])


FACTS: list[tuple[Trigger, dict[str, Any], list[str]]] = [
    (Trigger.ATTEMPT_FAILED, {"attempts": 2}, []),
    (Trigger.ATTEMPT_FAILED, {"attempts": 3}, ["failed_attempts"]),
    (Trigger.ATTEMPT_FAILED, {"distance_m": 500}, []),
    (Trigger.ATTEMPT_FAILED, {"distance_m": 501}, ["fake_attempt"]),
    (
        Trigger.ATTEMPT_FAILED,
        {"attempts": 3, "distance_m": 2_000},
        ["failed_attempts", "fake_attempt"],
    ),
    (Trigger.PROMISE_MISSED, {"days_late": 0}, []),
    (Trigger.PROMISE_MISSED, {"days_late": 1}, ["promise_missed"]),
    (Trigger.PARCEL_HARMED, {"status": "lost"}, ["parcel_harmed"]),
    (Trigger.REFUND_WAITING, {"days": 4}, []),
    (Trigger.REFUND_WAITING, {"days": 5}, ["refund_stuck"]),
    (Trigger.PAYMENT_EXCEPTION, {"kind": "uncaptured"}, []),
    (Trigger.PAYMENT_EXCEPTION, {"kind": "amount_mismatch"}, ["payment_exception"]),
]


async def test_each_usual_rule_opens_at_its_threshold_and_not_before(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        for trigger, facts, expected in FACTS:
            subject_id = uuid4()
            for _ in range(2):
                opened = await service.apply_rules(
                    tx,
                    trigger,
                    subject_id=subject_id,
                    facts=facts,
                    links=Links(),
                    happened="It happened.",
                    now=now,
                )
                assert [complaint.rule for complaint in opened] == expected, facts
        topics = [topic for topic, _ in await told(tx)]
        expected_count = sum(len(expected) for *_, expected in FACTS)
        assert topics.count("support.complaint_opened.v1") == expected_count
        assert topics.count("support.message_added.v1") == expected_count


async def test_a_resolved_one_opens_again_when_it_happens_again_a_closed_one_does_not(
    database: Database, actor: Actor, now: datetime
) -> None:
    subject_id = uuid4()
    async with database.transaction(actor) as tx:

        async def happens(what: str) -> Status:
            [complaint] = await service.apply_rules(
                tx,
                Trigger.REFUND_WAITING,
                subject_id=subject_id,
                facts={"days": 9},
                links=Links(),
                happened=what,
                now=now,
            )
            return complaint.status

        assert await happens("Nine days.") is Status.OPEN
        await service.settle_cause(
            tx, Cause.DELIVERED, subject_ids=frozenset({subject_id}), reason="no", now=now
        )
        assert await happens("Nine days.") is Status.OPEN
        [complaint] = (
            await service.list_complaints(tx, Filters(), limit=10, cursor=None, now=now)
        ).items
        await service.move(
            tx, complaint_id=complaint.id, to=Status.RESOLVED, origin=Origin.STAFF, now=now
        )
        assert await happens("Nine days.") is Status.RESOLVED
        assert await happens("Ten days.") is Status.REOPENED
        await service.settle_cause(
            tx, Cause.REFUNDED, subject_ids=frozenset({subject_id}), reason="paid", now=now
        )
        assert await happens("Eleven days.") is Status.CLOSED


async def test_rules_are_the_desks_own_and_wrong_ones_are_refused_where_they_are_wrong(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    desk = (await client.get("/v1/support-settings")).json()
    desk["rules"][0]["condition"] = {"field": "colour", "op": "is", "value": "red"}
    refused = await client.put("/v1/support-settings", json=desk)
    assert (refused.status_code, refused.json()["field"]) == (422, "rules[0].condition.field")
    desk["rules"] = [
        {
            "key": "costly",
            "name": "Costly and twice",
            "trigger": "attempt_failed",
            "category": "failed_delivery",
            "severity": "critical",
            "condition": {
                "all": [
                    {"field": "attempts", "op": "gte", "value": 2},
                    {"field": "cod_minor", "op": "gt", "value": 100_000},
                ]
            },
        }
    ]
    assert (await client.put("/v1/support-settings", json=desk)).status_code == 200
    async with database.transaction(actor) as tx:
        for cod_minor, expected in ((100_000, []), (100_001, ["critical"])):
            opened = await service.apply_rules(
                tx,
                Trigger.ATTEMPT_FAILED,
                subject_id=uuid4(),
                facts={"attempts": 2, "cod_minor": cod_minor},
                links=Links(),
                happened="Attempt 2 failed.",
                now=now,
            )
            assert [one.severity for one in opened] == expected


def test_a_rule_into_no_category_is_refused() -> None:
    desk = Desk()
    broken = msgspec.structs.replace(
        desk, rules=[msgspec.structs.replace(desk.rules[0], category="nowhere")]
    )
    with pytest.raises(Invalid):
        check_desk(broken)
