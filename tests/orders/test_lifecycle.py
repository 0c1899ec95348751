"""Every (status, action) pair of the published table, as people and as events act on orders."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.orders import OrderSnapshot
from tandem.contracts.shipping import ShipmentItem
from tandem.flows.cancel_order import cancel_order
from tandem.flows.confirm_draft import confirm_draft
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.errors import IllegalMove
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.lifecycle import ACTIONS, MOVES, Action, Status, allowed_from
from tests.flows.shop import Shop, basket, open_shop, place_one, topics

VERSION = Query("select version from orders.order where org_id = :org_id and id = :id")


@pytest.fixture
async def shop(database: Database, actor: Actor, now: datetime) -> Shop:
    async with database.transaction(actor) as tx:
        return await open_shop(tx, now)


def items_of(order: OrderSnapshot) -> list[ShipmentItem]:
    return [
        ShipmentItem(
            order_line_id=line.id,
            variant_id=line.variant_id,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            weight_grams=line.weight_grams,
        )
        for line in order.lines
    ]


async def bring_to(
    database: Database, actor: Actor, shop: Shop, status: Status, now: datetime
) -> OrderSnapshot:
    """An order in this status, brought there by the verbs that lead there."""
    is_draft = status is Status.DRAFT
    order = await place_one(database, actor, basket(shop, is_draft=is_draft), now)
    async with database.transaction(actor) as tx:
        if status is Status.EXPIRED:
            late = now + timedelta(minutes=30)
            assert await orders.expire_overdue(tx, now=late) == [order.id]
            await inventory.release(tx, order_id=order.id, reason="expired", now=late)
        if status is Status.CANCELLED:
            await cancel_order(tx, order.id, reason="changed my mind", now=now)
        if status in (Status.CONFIRMED, Status.PROCESSING, Status.COMPLETED):
            await orders.confirm(tx, order.id, now=now)
            await inventory.keep(tx, [order.id])
        if status in (Status.PROCESSING, Status.COMPLETED):
            await orders.start_processing(tx, order.id, now=now)
        if status is Status.COMPLETED:
            await orders.record_shipped(tx, order_id=order.id, items=items_of(order), now=now)
            await orders.record_delivered(tx, order_id=order.id, items=items_of(order), now=now)
        return await orders.get_order(tx, order.id)


async def _complete(tx: Tx, order: OrderSnapshot, now: datetime) -> object:
    """Completing is delivering everything; only an order in processing can have shipped."""
    await orders.record_shipped(tx, order_id=order.id, items=items_of(order), now=now)
    return await orders.record_delivered(tx, order_id=order.id, items=items_of(order), now=now)


async def _process(tx: Tx, order: OrderSnapshot, now: datetime) -> object:
    return await orders.record_shipped(tx, order_id=order.id, items=items_of(order)[:1], now=now)


async def _expire(tx: Tx, order: OrderSnapshot, now: datetime) -> object:
    """The sweep only ever finds orders that wait for payment: to it, others are not there."""
    late = now + timedelta(hours=1)
    if await orders.expire_overdue(tx, now=late) != [order.id]:
        raise IllegalMove("The order", order.status, "expired", [])
    return await inventory.release_many(tx, [order.id], reason="expired", now=late)


Act = Callable[[Tx, OrderSnapshot, datetime], Awaitable[object]]
ACTS: dict[Action, Act] = {
    Action.PLACE: lambda tx, order, now: confirm_draft(tx, order.id, now=now),
    Action.CONFIRM: lambda tx, order, now: orders.confirm(tx, order.id, now=now),
    Action.EXPIRE: _expire,
    Action.CANCEL: lambda tx, order, now: cancel_order(tx, order.id, reason="no", now=now),
    Action.PROCESS: _process,
    Action.COMPLETE: _complete,
    Action.REVIVE: lambda tx, order, now: orders.revive(tx, order.id, now=now),
}
REACHES = {Action.PROCESS: {Status.PROCESSING}, Action.COMPLETE: {Status.CONFIRMED}}
"""Shipping takes a confirmed order through processing, and goes on in one that is there."""


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("status", list(Status))
async def test_exactly_the_moves_of_the_table_are_made_and_others_are_refused_without_a_word(
    database: Database, actor: Actor, shop: Shop, now: datetime, status: Status, action: Action
) -> None:
    order = await bring_to(database, actor, shop, status, now)
    assert order.status == status
    told = await topics(database, actor)
    may = status in ACTIONS[action].sources or status in REACHES.get(action, set())

    refusal = None
    try:
        async with database.transaction(actor) as tx:
            await ACTS[action](tx, order, now)
    except IllegalMove as refused:
        refusal = refused

    async with database.transaction(actor) as tx:
        after = await orders.get_order(tx, order.id)
    if may:
        assert refusal is None
        targets = ACTIONS[action].targets
        assert after.status in targets or status is Status.PROCESSING
        assert len(await topics(database, actor)) > len(told)
    else:
        assert refusal is not None
        assert refusal.status == 409
        assert refusal.facts["from"] == status
        assert after == order
        assert await topics(database, actor) == told


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("noun", ["confirmation", "cancellation"])
async def test_people_get_409_with_what_is_allowed_instead(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    shop: Shop,
    now: datetime,
    status: Status,
    noun: str,
) -> None:
    order = await bring_to(database, actor, shop, status, now)
    told = await topics(database, actor)
    action = Action.PLACE if noun == "confirmation" else Action.CANCEL

    answer = await client.post(
        f"/v1/orders/{order.id}/{noun}", json={"reason": "no"} if noun == "cancellation" else None
    )

    if status in ACTIONS[action].sources:
        assert answer.status_code == 200
        assert answer.json()["status"] in ACTIONS[action].targets
        return
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "illegal_transition")
    assert problem["from"] == status
    assert problem["to"] in ACTIONS[action].targets
    assert problem["allowed"] == allowed_from(status, has_shipped=status is Status.COMPLETED)
    assert await topics(database, actor) == told


async def test_the_published_table_is_the_one_the_code_obeys(client: httpx.AsyncClient) -> None:
    table = (await client.get("/v1/order-lifecycle")).json()
    assert table["moves"] == {status: sorted(targets) for status, targets in MOVES.items()}
    assert set(table["actions"]) == set(Action)
    assert table["moves"]["expired"] == ["confirmed"]
    assert table["actions"]["revive"] == {"from": ["expired"], "to": ["confirmed"]}


async def test_nothing_is_cancelled_once_anything_has_shipped(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await bring_to(database, actor, shop, Status.CONFIRMED, now)
    async with database.transaction(actor) as tx:
        part = [msgspec.structs.replace(items_of(order)[0], quantity=1)]
        await orders.record_shipped(tx, order_id=order.id, items=part, now=now)
    with pytest.raises(IllegalMove) as refusal:
        async with database.transaction(actor) as tx:
            await cancel_order(tx, order.id, reason="too late", now=now)
    assert refusal.value.facts == {
        "from": "processing",
        "to": "cancelled",
        "allowed": ["completed"],
    }


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED, Status.EXPIRED])
async def test_an_ended_order_can_be_noted_but_not_held(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    shop: Shop,
    now: datetime,
    status: Status,
) -> None:
    order = await bring_to(database, actor, shop, status, now)
    held = await client.post(f"/v1/orders/{order.id}/hold", json={"reason": "look"})
    noted = await client.patch(f"/v1/orders/{order.id}", json={"note": "seen"})
    assert (held.status_code, held.json()["code"]) == (409, "order_ended")
    assert (held.json()["from"], held.json()["allowed"]) == (status, [])
    assert (noted.status_code, noted.json()["is_on_hold"]) == (200, False)


async def test_a_draft_holds_no_stock_until_it_is_confirmed(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    draft = await bring_to(database, actor, shop, Status.DRAFT, now)
    variant = shop.variants[shop.tea].variant_id
    later = now + timedelta(days=1)
    async with database.transaction(actor) as tx:
        assert await inventory.available(tx, [variant]) == {variant: 1000}
        placed = await confirm_draft(tx, draft.id, now=later)
        assert await inventory.available(tx, [variant]) == {variant: 998}

    assert (placed.number, placed.status) == (draft.number, "pending_payment")
    assert (placed.placed_at, placed.expires_at) == (later, later + timedelta(minutes=30))
    assert placed.total_minor == draft.total_minor
    assert draft.promised_on is not None
    assert placed.promised_on is not None
    assert placed.promised_on > draft.promised_on
