"""One walk for several shipments: what lies where, for whom, with bars that read back."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.contracts.orders import OrderSnapshot
from tandem.flows import fulfil_order, pick_lists
from tandem.flows.fulfil_order import Wanted
from tandem.flows.pick_lists import Picking
from tandem.flows.pick_lists.paper import inputs_of, typeset_pdf
from tandem.flows.place_order.basket import Line
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import Shipment
from tests.flows.shop import Shop, basket, place_one, rows, set_stock, topics
from tests.givens import api_key_of, visitor
from tests.shipping.code128 import decode
from tests.shipping.test_labels import pages_of

NOTE = "Wrap it as a gift, the kettle apart"


@pytest.fixture
async def bought(
    database: Database, actor: Actor, now: datetime, shop: Shop, app: object
) -> tuple[OrderSnapshot, OrderSnapshot]:
    """One tea at BLR and the rest at BOM: the first order takes two teas from both."""
    async with database.transaction(actor) as tx:
        second = await inventory.add_location(
            tx, code="BOM", name="Mumbai", kind="warehouse", priority=2, address=None, now=now
        )
        await set_stock(tx, shop, shop.tea, 1, now)
        tea = {shop.variants[shop.tea].variant_id: shop.tea}
        await inventory.open_stock(tx, variants=tea, location_id=second.id, quantity=10, now=now)
    both = basket(shop, payment_method="cod")
    one = basket(
        shop, payment_method="cod", lines=[Line(sku=shop.tea, quantity=1)], note=NOTE
    )  # fmt: skip
    first = await place_one(database, actor, both, now)
    second_order = await place_one(database, actor, one, now)
    return first, second_order


async def shipments_of(
    database: Database, actor: Actor, bought: Sequence[OrderSnapshot]
) -> list[Shipment]:
    async with database.transaction(actor) as tx:
        return [one for order in bought for one in await shipping.list_of_order(tx, order.id)]


async def gathered(
    database: Database, actor: Actor, shipments: Sequence[Shipment], now: datetime
) -> Picking:
    async with database.transaction(actor) as tx:
        return await pick_lists.gather(tx, [one.id for one in shipments], now=now)


def walked(picking: Picking) -> list[tuple[str, str, int, list[tuple[str, int]]]]:
    return [
        (place.code, pick.sku, pick.quantity,
         [(share.shipment_number, share.quantity) for share in pick.shares])
        for place in picking.places
        for pick in place.picks
    ]  # fmt: skip


async def test_several_shipments_are_one_walk_by_shelf_and_sku_with_whose_each_piece_is(
    database: Database,
    actor: Actor,
    now: datetime,
    shop: Shop,
    bought: tuple[OrderSnapshot, OrderSnapshot],
    client: httpx.AsyncClient,
) -> None:
    await outbox.drain(database)
    one, two = await shipments_of(database, actor, bought)
    picking = await gathered(database, actor, [two, one], now)

    assert walked(picking) == [
        ("BLR", shop.kettle, 1, [(one.number, 1)]),
        ("BLR", shop.tea, 1, [(one.number, 1)]),
        ("BOM", shop.tea, 2, [(one.number, 1), (two.number, 1)]),
    ]
    assert [(each.shipment.number, each.pieces, each.note) for each in picking.waiting] == [
        (one.number, 3, ""), (two.number, 1, NOTE),
    ]  # fmt: skip
    at = msgspec.structs.replace(picking, printed_at=datetime(2026, 11, 23, 19, 45, tzinfo=UTC))
    printed = json.loads(inputs_of(at)["sheet"])
    assert printed["printed_at"] == "24 Nov 2026, 01:15 IST"
    drawn = json.loads(inputs_of(at)["bars"])
    assert {code: read_back(each["svg"]) for code, each in drawn.items()} == {
        code: code for code in (shop.kettle, shop.tea, one.number, two.number)
    }
    assert [page.decode() for page in pages_of(typeset_pdf(at))] == ["0 0 595.2756 841.8898"]

    before = await rows(database, actor), await topics(database, actor)
    chosen = [str(each.id) for each in (one, two, one)]
    answer = await client.get("/v1/pick-lists", params={"shipment_id": chosen})
    alone = await client.get(f"/v1/shipments/{two.id}/pick-list")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert 'inline; filename="pick-list-2-shipments.pdf"' in answer.headers["content-disposition"]
    assert (alone.status_code, alone.content[:8]) == (200, b"%PDF-1.7")
    assert f'"pick-list-{two.number}.pdf"' in alone.headers["content-disposition"]
    assert (await rows(database, actor), await topics(database, actor)) == before

    shown = (await client.get("/shipments/pick-list", params={"ids": f"{one.id} {two.id}"})).text
    assert "4 pieces for 2 shipments" in shown
    assert f"/v1/pick-lists?shipment_id={one.id}&amp;shipment_id={two.id}" in shown


def read_back(svg: str) -> str:
    bars = [
        (int(bar.get("x", "")), int(bar.get("width", "")))
        for bar in ElementTree.fromstring(svg)  # noqa: S314  our own drawing
    ]
    ends = [*(x for x, _ in bars[1:]), 0]
    widths = [part for (x, width), end in zip(bars, ends, strict=True)
              for part in (width, end - x - width)]  # fmt: skip
    return decode(widths[:-1])


async def test_parts_of_one_order_are_not_sent_to_the_same_piece(
    database: Database,
    actor: Actor,
    now: datetime,
    shop: Shop,
    bought: tuple[OrderSnapshot, OrderSnapshot],
) -> None:
    order = bought[0]
    tea = next(line for line in order.lines if line.sku == shop.tea)
    async with database.transaction(actor) as tx:
        wanted = [Wanted(order_line_id=tea.id, quantity=1)]
        part = await fulfil_order.ship(tx, order.id, wanted=wanted, now=now)
        rest = await fulfil_order.ship(tx, order.id, wanted=None, now=now)

    places = [(code, sku) for code, sku, *_ in walked(await gathered(database, actor, [part], now))]
    others = [(code, sku) for code, sku, *_ in walked(await gathered(database, actor, [rest], now))]
    assert sorted([*places, *others]) == [
        ("BLR", shop.kettle), ("BLR", shop.tea), ("BOM", shop.tea),
    ]  # fmt: skip
    assert len(places) == 1

    async with database.transaction(actor) as tx:
        await inventory.release(tx, order_id=order.id, reason="lost", now=now)
    nowhere = await gathered(database, actor, [rest], now)
    assert [place.code for place in nowhere.places] == [""]
    assert len(pages_of(typeset_pdf(nowhere))) == 1


async def test_what_is_gone_held_or_cancelled_is_refused_by_name_and_strangers_see_nothing(
    app: Litestar,
    database: Database,
    actor: Actor,
    now: datetime,
    bought: tuple[OrderSnapshot, OrderSnapshot],
    client: httpx.AsyncClient,
) -> None:
    await outbox.drain(database)
    one, two = await shipments_of(database, actor, bought)

    async def ask(*ids: object) -> tuple[int, dict[str, object]]:
        chosen = {"shipment_id": [str(each) for each in ids]}
        answer = await client.get("/v1/pick-lists", params=chosen)
        return answer.status_code, answer.json()

    async with database.transaction(actor) as tx:
        await orders.hold(tx, bought[1].id, reason="a question", now=now)
    status, said = await ask(one.id, two.id)
    assert (status, said["code"]) == (409, "nothing_to_pick")
    assert said["shipments"] == {two.number: f"is on hold with order {bought[1].number}"}
    async with database.transaction(actor) as tx:
        chosen = [one.id, two.id]
        picking = await pick_lists.gather(tx, chosen, now=now, takes_rest=True)
        await orders.release_hold(tx, bought[1].id, now=now)
        await shipping.cancel_shipment(tx, shipment_id=two.id, reason="x", now=now)
    assert [each.shipment.id for each in picking.waiting] == [one.id]
    assert list(picking.left_out) == [two.number]
    assert (await ask(two.id))[1]["shipments"] == {two.number: "is cancelled"}
    await client.post(f"/v1/shipments/{one.id}/scans", json={"status": "picked_up"})
    alone = await client.get(f"/v1/shipments/{one.id}/pick-list")
    assert (alone.status_code, alone.json()["shipments"]) == (409, {one.number: "is picked up"})

    assert (await ask(one.id, new_id()))[0] == 404
    assert [(await ask(*ids))[0] for ids in ((), ("x",), [new_id() for _ in range(101)])] == [
        400, 422, 422,
    ]  # fmt: skip
    stranger = msgspec.structs.replace(actor, org_id=new_id())
    key = await api_key_of(database, stranger)
    async with visitor(app) as theirs:
        theirs.headers["authorization"] = f"Bearer {key}"
        for path in (f"/v1/shipments/{one.id}/pick-list", f"/v1/pick-lists?shipment_id={one.id}"):
            assert (await theirs.get(path)).status_code == 404
