"""Every state, every move, every refusal; and what follows of itself from what is said."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, IllegalMove
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import ComplaintClosed
from tandem.scm.support.domain.statuses import MOVES, Origin, Status, Visibility
from tests.support.givens import a_complaint, draft, told

WAY: dict[Status, list[Status]] = {
    Status.OPEN: [],
    Status.ACKNOWLEDGED: [Status.ACKNOWLEDGED],
    Status.IN_PROGRESS: [Status.IN_PROGRESS],
    Status.WAITING_CUSTOMER: [Status.WAITING_CUSTOMER],
    Status.RESOLVED: [Status.RESOLVED],
    Status.CLOSED: [Status.RESOLVED, Status.CLOSED],
    Status.REOPENED: [Status.RESOLVED, Status.REOPENED],
}


async def test_the_table_is_the_specification() -> None:
    """docs of the service: open→acknowledged→in_progress→waiting_customer→resolved→closed,
    resolved→reopened; a step may be left out, none is ever taken back."""
    assert {(a.value, b.value) for a, targets in MOVES.items() for b in targets} == {
        ("open", "acknowledged"),
        ("open", "in_progress"),
        ("open", "waiting_customer"),
        ("open", "resolved"),
        ("acknowledged", "in_progress"),
        ("acknowledged", "waiting_customer"),
        ("acknowledged", "resolved"),
        ("in_progress", "waiting_customer"),
        ("in_progress", "resolved"),
        ("waiting_customer", "in_progress"),
        ("waiting_customer", "resolved"),
        ("resolved", "closed"),
        ("resolved", "reopened"),
        ("reopened", "in_progress"),
        ("reopened", "waiting_customer"),
        ("reopened", "resolved"),
    }


async def test_exactly_the_listed_moves_are_made_and_refusals_change_and_tell_nothing(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        for source in Status:
            for target in Status:
                if target is source:
                    continue
                complaint = await a_complaint(tx, now=now)
                for step in WAY[source]:
                    complaint = await service.move(
                        tx, complaint_id=complaint.id, to=step, origin=Origin.STAFF, now=now
                    )
                before = await told(tx)
                if target in MOVES[source]:
                    moved = await service.move(
                        tx, complaint_id=complaint.id, to=target, origin=Origin.STAFF, now=now
                    )
                    assert moved.status is target
                    assert (await told(tx))[len(before) :] == [
                        (
                            "support.status_changed.v1",
                            {
                                "complaint_id": str(complaint.id),
                                "number": complaint.number,
                                "order_id": None,
                                "origin": "staff",
                                "before": source,
                                "after": target,
                            },
                        )
                    ]
                    continue
                with pytest.raises(IllegalMove) as refused:
                    await service.move(
                        tx, complaint_id=complaint.id, to=target, origin=Origin.STAFF, now=now
                    )
                assert refused.value.facts == {
                    "from": source,
                    "to": target,
                    "allowed": sorted(MOVES[source]),
                }
                assert await service.get_complaint(tx, complaint.id) == complaint
                assert await told(tx) == before


async def test_moving_to_where_it_is_changes_and_tells_nothing(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        complaint = await a_complaint(tx, now=now)
        again = await service.move(
            tx, complaint_id=complaint.id, to=Status.OPEN, origin=Origin.JIRA, now=now
        )
        assert again == complaint
        assert [topic for topic, _ in await told(tx)] == ["support.complaint_opened.v1"]


async def test_what_is_said_moves_the_complaint_of_itself(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        opened = await a_complaint(tx, now=now)

        async def say(origin: Origin, visibility: Visibility) -> Status:
            await service.add_message(
                tx,
                complaint_id=opened.id,
                body="Hello",
                origin=origin,
                visibility=visibility,
                now=now + timedelta(minutes=5),
            )
            return (await service.get_complaint(tx, opened.id)).status

        async def move(to: Status) -> None:
            await service.move(tx, complaint_id=opened.id, to=to, origin=Origin.STAFF, now=now)

        assert await say(Origin.STAFF, Visibility.INTERNAL) is Status.OPEN
        assert await say(Origin.RULE, Visibility.PUBLIC) is Status.OPEN
        assert await say(Origin.JIRA, Visibility.PUBLIC) is Status.ACKNOWLEDGED
        answered = await service.get_complaint(tx, opened.id)
        assert answered.responded_at == now + timedelta(minutes=5)
        assert answered.response_due_at is None
        await move(Status.WAITING_CUSTOMER)
        assert await say(Origin.STAFF, Visibility.PUBLIC) is Status.WAITING_CUSTOMER
        assert await say(Origin.BUYER, Visibility.PUBLIC) is Status.IN_PROGRESS
        await move(Status.RESOLVED)
        assert await say(Origin.STAFF, Visibility.INTERNAL) is Status.RESOLVED
        assert await say(Origin.BUYER, Visibility.PUBLIC) is Status.REOPENED
        await move(Status.RESOLVED)
        await move(Status.CLOSED)
        before = await told(tx)
        with pytest.raises(ComplaintClosed):
            await say(Origin.BUYER, Visibility.PUBLIC)
        assert await told(tx) == before


async def test_a_message_with_the_same_dedupe_is_there_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        complaint = await a_complaint(tx, now=now)
        first, again = [
            await service.add_message(
                tx,
                complaint_id=complaint.id,
                body=body,
                origin=Origin.JIRA,
                dedupe="jira:10017",
                now=now,
            )
            for body in ("Looked at it", "Looked at it twice")
        ]
        assert again == first
        assert [m.body for m in await service.list_messages(tx, complaint.id)] == ["Looked at it"]
        edited = await service.edit_message(
            tx, message_id=first.id, body="Looked at it.\r\n", origin=Origin.JIRA, now=now
        )
        assert (edited.body, edited.edited_at) == ("Looked at it.", now)
        await service.edit_message(
            tx, message_id=first.id, body="  Looked at it.", origin=Origin.JIRA, now=now
        )
        assert [topic for topic, _ in await told(tx)] == [
            "support.complaint_opened.v1",
            "support.message_added.v1",
            "support.message_edited.v1",
        ]


async def test_events_of_an_order_are_on_its_timeline(
    database: Database, actor: Actor, now: datetime
) -> None:
    order_id = uuid4()
    async with database.transaction(actor) as tx:
        complaint = await a_complaint(tx, now=now, order_id=order_id)
        listed = await service.list_of_order(tx, order_id)
        assert [one.number for one in listed] == [complaint.number] == ["CMP-1001"]
        [(_, opened)] = await told(tx)
        assert opened["order_id"] == str(order_id)


async def test_without_the_permission_nothing_is_opened_said_moved_or_given(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        complaint = await a_complaint(tx, now=now)
    reader = Actor(org_id=actor.org_id, user_id=uuid4(), grants=frozenset({"support.read"}))
    async with database.transaction(reader) as tx:
        with pytest.raises(Forbidden):
            await service.open_complaint(tx, draft(), origin=Origin.STAFF, now=now)
        with pytest.raises(Forbidden):
            await service.add_message(
                tx, complaint_id=complaint.id, body="x", origin=Origin.STAFF, now=now
            )
        with pytest.raises(Forbidden):
            await service.move(
                tx, complaint_id=complaint.id, to=Status.RESOLVED, origin=Origin.STAFF, now=now
            )
        with pytest.raises(Forbidden):
            await service.assign(
                tx, complaint_id=complaint.id, queue="money", origin=Origin.STAFF, now=now
            )
        assert await service.get_complaint(tx, complaint.id) == complaint
        assert len(await told(tx)) == 1
