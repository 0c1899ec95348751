from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.shipping import ShipmentItem
from tandem.kernel import references
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, IllegalMove, NotFound
from tandem.kernel.references import ReferenceTaken
from tandem.scm.shipping import service
from tandem.scm.shipping.domain.shipments import NothingToShip, UnknownCarrier
from tests.shipping.givens import AT_BENGALURU, HOME, cod, line, order
from tests.shipping.shipped import COUNT, ship, told


async def test_our_own_fleets_shipment_is_ready_at_once_and_told_on_the_orders_timeline(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await service.save_settings(tx, AT_BENGALURU, now=now)
    bought = cod(line(quantity=2, total_minor=20_000), line(quantity=1, total_minor=5_000))

    made = await ship(database, actor, now, bought)

    assert (made.number, made.status, made.carrier, made.awb) == (
        "SHP-100001", "ready", "own_fleet", None,
    )  # fmt: skip
    assert (made.weight_grams, made.value_minor, made.cod_minor) == (870, 25_000, 25_000)
    assert [(item.sku, item.quantity) for item in made.items] == [("TEA-250", 2), ("TEA-250", 1)]
    assert [parcel.number for parcel in made.parcels] == ["SHP-100001-1"]
    assert (made.sender.name, made.ship_to, made.recipient_phone) == (
        "Bengaluru hub", HOME, "+919845012345",
    )  # fmt: skip
    assert len(made.public_token) == 22
    events = await told(database, actor)
    assert [event["topic"] for event in events] == [
        "shipping.shipment_created.v1",
        "shipping.promise_revised.v1",
        "shipping.shipment_ready.v1",
    ]
    assert {event["key"] for event in events} == {str(bought.id)}
    ready = events[-1]
    assert (ready["cod_minor"], ready["parcels"], ready["carrier"]) == (25_000, 1, "own_fleet")
    async with database.transaction(actor) as tx:
        assert await service.get_shipment(tx, made.id) == made
        [reference] = await references.find(tx, made.number)
    assert (reference.entity_id, reference.order_id) == (made.id, bought.id)


async def test_what_is_shipped_once_is_not_shipped_again(
    database: Database, actor: Actor, now: datetime
) -> None:
    bought = order()
    await ship(database, actor, now, bought)
    before = await told(database, actor)
    with pytest.raises(NothingToShip):
        await ship(database, actor, now, bought)
    assert await told(database, actor) == before
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 1


async def test_an_order_leaves_in_parts_and_the_last_collects_what_is_left(
    database: Database, actor: Actor, now: datetime
) -> None:
    three = line(quantity=3, total_minor=10_000)
    bought = cod(three)
    one = ShipmentItem(
        order_line_id=three.id, variant_id=three.variant_id, sku="TEA-250",
        title=three.title, quantity=1, weight_grams=290,
    )  # fmt: skip
    first = await ship(database, actor, now, bought, items=[one])
    with pytest.raises(NothingToShip):
        three_more = msgspec.structs.replace(one, quantity=3)
        await ship(database, actor, now, bought, items=[three_more])
    last = await ship(database, actor, now, bought)
    assert [first.cod_minor, last.cod_minor] == [3_333, 6_667]
    assert [item.quantity for item in last.items] == [2]
    assert (first.number, last.number) == ("SHP-100001", "SHP-100002")


async def test_cancelled_units_stay_and_a_cancelled_shipment_gives_its_units_back(
    database: Database, actor: Actor, now: datetime
) -> None:
    bought = order(line(quantity=3, quantity_cancelled=1))
    made = await ship(database, actor, now, bought)
    assert made.items[0].quantity == 2
    async with database.transaction(actor) as tx:
        await service.cancel_shipment(tx, shipment_id=made.id, reason="wrong box", now=now)
    again = await ship(database, actor, now, bought)
    assert again.items[0].quantity == 2


async def test_a_shipment_by_another_carrier_waits_for_the_number_staff_type_in(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order(), carrier="manual")
    assert made.status == "label_pending"
    assert [e["topic"] for e in await told(database, actor)][-1] != "shipping.shipment_ready.v1"
    path = f"/v1/shipments/{made.id}"
    assert (await client.get(f"{path}/label")).json()["code"] == "label_not_ready"

    answer = await client.put(f"{path}/awb", json={"awb": "DL123456"}, headers={"if-match": '"1"'})

    assert (answer.status_code, answer.json()["status"], answer.json()["awb"]) == (
        200, "ready", "DL123456",
    )  # fmt: skip
    assert [e["topic"] for e in await told(database, actor)][-1] == "shipping.shipment_ready.v1"
    assert (await client.get("/v1/shipments", params={"number": "DL123456"})).json()["items"][0][
        "id"
    ] == str(made.id)
    async with database.transaction(actor) as tx:
        [reference] = await references.find(tx, "DL123456")
    assert (reference.system, reference.kind, reference.entity_id) == ("manual", "awb", made.id)
    stale = await client.put(f"{path}/awb", json={"awb": "X-1234"}, headers={"if-match": '"1"'})
    assert stale.status_code == 412


async def test_a_carriers_number_belongs_to_one_shipment(
    database: Database, actor: Actor, now: datetime
) -> None:
    first = await ship(database, actor, now, order(), carrier="manual")
    second = await ship(database, actor, now, order(), carrier="manual")
    async with database.transaction(actor) as tx:
        await service.set_awb(tx, first, "DL123456", now=now)
    with pytest.raises(ReferenceTaken):
        async with database.transaction(actor) as tx:
            await service.set_awb(tx, second, "DL123456", now=now)


async def test_an_unknown_carrier_is_refused(
    database: Database, actor: Actor, now: datetime
) -> None:
    with pytest.raises(UnknownCarrier) as refusal:
        await ship(database, actor, now, order(), carrier="pigeon")
    assert refusal.value.facts["allowed"] == ["own_fleet", "manual"]


async def test_cancelling_before_hand_over_is_told_once(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    path = f"/v1/shipments/{made.id}/cancellation"
    for _ in range(2):
        answer = await client.post(path, json={"reason": "buyer asked"})
        assert (answer.status_code, answer.json()["status"]) == (201, "cancelled")
    events = [event["topic"] for event in await told(database, actor)]
    assert events.count("shipping.shipment_cancelled.v1") == 1


async def test_after_the_manifest_a_cancellation_is_a_409_and_after_pick_up_only_a_return_is_left(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    """AS9."""
    made = await ship(database, actor, now, order())
    manifest = await client.post("/v1/manifests", json={"shipment_ids": [str(made.id)]})
    assert manifest.status_code == 201
    assert (manifest.json()["number"], manifest.json()["shipments"]) == ("MAN-1001", [made.number])
    path = f"/v1/shipments/{made.id}"
    before = await told(database, actor)

    refused = await client.post(f"{path}/cancellation", json={"reason": "too late"})

    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert (refused.json()["from"], refused.json()["allowed"]) == ("manifested", ["picked_up"])
    assert await told(database, actor) == before

    await client.post(f"{path}/scans", json={"status": "picked_up"})
    refused = await client.post(f"{path}/cancellation", json={"reason": "too late"})
    assert refused.status_code == 409
    assert refused.json()["allowed"] == ["in_transit", "out_for_delivery", "rto_initiated"]
    back = await client.post(f"{path}/return", json={"reason": "buyer refused on the phone"})
    assert (back.status_code, back.json()["status"]) == (201, "rto_initiated")
    assert (await told(database, actor))[-1]["status"] == "rto_initiated"


async def test_goods_that_are_still_here_cannot_be_called_back(
    database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    with pytest.raises(IllegalMove):
        async with database.transaction(actor) as tx:
            await service.call_back(tx, shipment_id=made.id, reason="?", now=now)


async def test_all_shipments_of_an_order_are_cancelled_or_none(
    database: Database, actor: Actor, now: datetime
) -> None:
    three = line(quantity=3)
    bought = order(three)
    one = ShipmentItem(
        order_line_id=three.id, variant_id=three.variant_id, sku="TEA-250",
        title=three.title, quantity=1, weight_grams=290,
    )  # fmt: skip
    first = await ship(database, actor, now, bought, items=[one])
    second = await ship(database, actor, now, bought)
    async with database.transaction(actor) as tx:
        await service.hand_over(tx, [second.id], now=now)
    with pytest.raises(IllegalMove):
        async with database.transaction(actor) as tx:
            await service.cancel_of_order(tx, order_id=bought.id, reason="x", now=now)
    async with database.transaction(actor) as tx:
        found = {s.number: s.status for s in await service.list_of_order(tx, bought.id)}
        assert found == {first.number: "ready", second.number: "manifested"}

    other = await ship(database, actor, now, order())
    async with database.transaction(actor) as tx:
        cancelled = await service.cancel_of_order(tx, order_id=other.order_id, reason="x", now=now)
        assert [shipment.status for shipment in cancelled] == ["cancelled"]
        assert await service.cancel_of_order(tx, order_id=uuid4(), reason="x", now=now) == []


async def test_a_manifest_is_for_one_carrier_and_for_shipments_that_are_ready(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    ours = await ship(database, actor, now, order())
    theirs = await ship(database, actor, now, order(), carrier="manual")

    async def hand_over(*ids: UUID) -> Any:
        body = {"shipment_ids": [str(shipment_id) for shipment_id in ids]}
        return await client.post("/v1/manifests", json=body)

    assert (await hand_over(ours.id, theirs.id)).json()["code"] == "other_carrier"
    assert (await hand_over(theirs.id)).json()["code"] == "illegal_transition"
    assert (await hand_over(ours.id, uuid4())).status_code == 404
    made = await hand_over(ours.id)
    assert (await client.get(f"/v1/manifests/{made.json()['id']}")).json() == made.json()


async def test_parcels_are_weighed_and_measured_while_they_are_here(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = await ship(database, actor, now, order())
    path = f"/v1/shipments/{made.id}"
    parcels = [
        {"weight_grams": 600, "length_mm": 300, "width_mm": 200, "height_mm": 100},
        {"weight_grams": 500},
    ]
    answer = (await client.put(f"{path}/parcels", json={"parcels": parcels})).json()
    assert (answer["weight_grams"], answer["charged_grams"]) == (1_100, 1_700)
    assert [parcel["number"] for parcel in answer["parcels"]] == ["SHP-100001-1", "SHP-100001-2"]
    label = await client.get(f"{path}/label")
    assert label.headers["content-type"] == "application/pdf"
    assert label.content == (await client.get(f"{path}/label")).content
    await client.post(f"{path}/scans", json={"status": "picked_up"})
    late = await client.put(f"{path}/parcels", json={"parcels": parcels[:1]})
    assert late.status_code == 409


async def test_the_list_is_filtered_and_paged(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    made = [await ship(database, actor, now, order(number=f"R{n}")) for n in range(5)]
    async with database.transaction(actor) as tx:
        await service.cancel_shipment(tx, shipment_id=made[0].id, reason="x", now=now)

    async def numbers(**query: Any) -> list[str]:
        answer = await client.get("/v1/shipments", params=query)
        assert answer.status_code == 200, answer.text
        return [item["number"] for item in answer.json()["items"]]

    assert await numbers() == [shipment.number for shipment in reversed(made)]
    assert await numbers(status="cancelled") == [made[0].number]
    assert len(await numbers(status=["cancelled", "ready"])) == 5
    assert await numbers(number="R3") == [made[3].number]
    assert await numbers(order_id=str(made[2].order_id)) == [made[2].number]
    assert await numbers(promised_to="2020-01-01") == []
    page = (await client.get("/v1/shipments", params={"limit": 2})).json()
    rest = await client.get("/v1/shipments", params={"limit": 2, "cursor": page["next"]})
    assert [item["number"] for item in rest.json()["items"]] == [made[2].number, made[1].number]


async def test_another_organisations_shipment_is_not_there(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    stranger = msgspec.structs.replace(actor, org_id=uuid4())
    theirs = await ship(database, stranger, now, order())
    for path in ("", "/events", "/label", "/promise-revisions"):
        assert (await client.get(f"/v1/shipments/{theirs.id}{path}")).status_code == 404
    for path, body in (
        ("scans", {"status": "delivered"}),
        ("cancellation", {"reason": "x"}),
        ("return", {"reason": "x"}),
    ):
        answer = await client.post(f"/v1/shipments/{theirs.id}/{path}", json=body)
        assert answer.status_code == 404
    with pytest.raises(NotFound):
        async with database.transaction(actor) as tx:
            await service.hand_over(tx, [theirs.id], now=now)


@pytest.mark.parametrize(
    ("grants", "verb"),
    [
        ({"shipping.read"}, "cancel"),
        ({"shipping.read", "shipping.write"}, "cancel"),
        ({"shipping.cancel"}, "read"),
        ({"shipping.scan"}, "write"),
        ({"shipping.write"}, "configure"),
    ],
)
async def test_each_verb_needs_its_permission(
    database: Database, actor: Actor, now: datetime, grants: set[str], verb: str
) -> None:
    made = await ship(database, actor, now, order())
    clerk = msgspec.structs.replace(actor, grants=frozenset(grants))
    with pytest.raises(Forbidden) as refusal:
        async with database.transaction(clerk) as tx:
            if verb == "cancel":
                await service.cancel_shipment(tx, shipment_id=made.id, reason="x", now=now)
            elif verb == "read":
                await service.get_shipment(tx, made.id)
            elif verb == "write":
                await service.create_shipment(tx, order=order(), items=None, now=now)
            else:
                await service.save_settings(tx, AT_BENGALURU, now=now)
    assert refusal.value.facts["permission"] == f"shipping.{verb}"
