"""Where an order goes when it does not say so, and orders for special economic zones."""

from datetime import datetime
from typing import Any

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.address import Address
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.flows.place_order.basket import Line, OrderQuestion
from tandem.flows.place_order.placing import AddressMissing
from tandem.flows.place_order.quoting import quote_order
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.invoicing import service as invoicing
from tests.flows.shop import HOME, Shop, basket, body_of, place, place_one, rows

ELSEWHERE = Address(
    name="Zone Traders", line1="Unit 7", city="Mumbai", state_code="27", postal_code="400096"
)


async def test_an_order_goes_to_its_customers_first_address_or_is_refused_without_a_trace(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    known = await place_one(database, actor, basket(shop), now)
    asked = basket(shop, customer=None, customer_id=known.customer_id, ship_to=None)
    again = await client.post("/v1/orders", json=body_of(asked))
    assert (again.status_code, again.json()["ship_to"]["line1"]) == (201, HOME.line1)
    assert again.json()["bill_to"] == again.json()["ship_to"]
    assert again.json()["promised_on"] is not None
    async with database.transaction(actor) as tx:
        draft = CustomerDraft(name="Nowhere Man", phone="+919812345678")
        (homeless,) = await customers.find_or_add(tx, [draft], now=now)
    before = await rows(database, actor)
    for order in (
        basket(shop, customer=None, customer_id=homeless.id, ship_to=None),
        basket(shop, ship_to=None),
    ):
        (refused,) = await place(database, actor, [order], now)
        assert isinstance(refused, AddressMissing) and refused.field == "ship_to"
    answer = await client.post("/v1/orders", json=body_of(basket(shop, ship_to=None)))
    assert (answer.status_code, answer.json()["code"]) == (422, "address_missing")
    assert await rows(database, actor) == before


async def test_one_without_an_address_leaves_the_rest_of_its_batch_alone(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    refused, placed = await place(database, actor, [basket(shop, ship_to=None), basket(shop)], now)
    assert isinstance(refused, AddressMissing)
    assert not isinstance(placed, AddressMissing)


@pytest.mark.parametrize("ship_to", [HOME, ELSEWHERE])
async def test_a_zone_is_inter_state_even_at_home_from_order_to_invoice(
    database: Database, actor: Actor, shop: Shop, now: datetime, ship_to: Address
) -> None:
    """Under a letter of undertaking, as the demo company sells: no tax, and the kind says why."""
    usual = await place_one(database, actor, basket(shop, ship_to=HOME), now)
    assert not usual.is_sez and any(line.cgst_minor for line in usual.lines)
    order = await place_one(
        database, actor, basket(shop, ship_to=ship_to, is_sez=True, payment_method="cod"), now
    )
    assert (order.is_sez, order.tax_minor) == (True, 0)
    async with database.transaction(actor) as tx:
        invoice = await invoicing.issue_for_order(tx, order, now=now)
        question = OrderQuestion(
            lines=[Line(sku=shop.tea, quantity=1)],
            state_code=ship_to.state_code,
            postal_code=ship_to.postal_code,
            is_sez=True,
        )
        quote = await quote_order(tx, question, now=now)
    assert (invoice.supply_kind, invoice.is_inter_state) == ("SEZWOP", True)
    assert (quote.supply_kind, quote.lines[0].cgst_minor) == ("SEZWOP", 0)


@pytest.mark.parametrize(
    ("pin", "state"), [("400001", "27"), ("560001", "29"), ("682001", "32"), ("900056", "29")]
)
async def test_an_address_without_a_state_lies_where_its_pin_does(
    database: Database, actor: Actor, shop: Shop, now: datetime, pin: str, state: str
) -> None:
    """Kochi's PINs are also Lakshadweep's: the likelier counts. The army's lie nowhere known."""
    nowhere = msgspec.structs.replace(HOME, state_code="", postal_code=pin)
    order = await place_one(database, actor, basket(shop, ship_to=nowhere), now)
    known = "" if pin == "900056" else state
    assert (order.ship_to.state_code, order.bill_to.state_code) == (known, known)
    async with database.transaction(actor) as tx:
        lines = [Line(sku=shop.tea, quantity=2), Line(sku=shop.kettle, quantity=1)]
        quote = await quote_order(tx, OrderQuestion(lines=lines, postal_code=pin), now=now)
    assert order.place_of_supply == quote.place_of_supply == state
    assert order.total_minor == quote.total_minor
    for line in (order.lines[0], quote.lines[0]):
        assert (line.igst_minor == 0) == (state == "29")


async def test_orders_of_a_zones_customer_are_for_the_zone_unless_they_say_otherwise(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    gstin, other = "29AAHCK3507G1ZJ", "29AABCR1718E1ZL"
    unit: dict[str, Any] = {
        "name": "Zone Traders",
        "phones": [{"value": "98450 11111"}],
        "addresses": [{"address": body_of(basket(shop))["ship_to"]}],
        "gstin": gstin,
        "gst_treatment": "sez",
    }
    made = (await client.post("/v1/customers", json=unit)).json()
    named = {"customer_id": made["id"]}
    called = {"customer": {"name": "Zone Traders", "phone": "98450 11111"}}
    elsewhere = {"customer": {"name": "Zone Traders", "phone": "98450 11111", "gstin": other}}
    cases: list[tuple[dict[str, Any], bool]] = [
        (named, True),
        (called, True),
        (elsewhere, False),
        ({**named, "is_sez": False}, False),
        ({**elsewhere, "is_sez": True}, True),
    ]
    lines = [{"sku": shop.tea, "quantity": 1}]
    home = unit["addresses"][0]["address"]
    for asked, is_zone in cases:
        body = {**asked, "lines": lines, "ship_to": home, "payment_method": "cod"}
        order = (await client.post("/v1/orders", json=body)).json()
        assert (order["is_sez"], order["tax_minor"] == 0) == (is_zone, is_zone), asked
        assert order["customer_id"] == made["id"]
    for said, kind in (({}, "SEZWOP"), ({"is_sez": False}, "B2B"), ({"gstin": other}, "B2B")):
        question = {"lines": lines, "state_code": "29", **named, **said}
        quote = (await client.post("/v1/order-quotes", json=question)).json()
        assert quote["supply_kind"] == kind, said
    deal = (await client.post("/v1/opportunities", json={"title": "Tea", **named})).json()
    offer = {"opportunity_id": deal["id"], "lines": lines}
    quoted = (await client.post("/v1/quotes", json=offer)).json()
    assert (quoted["supply_kind"], quoted["tax_minor"]) == ("SEZWOP", 0)
    gone = await client.patch(f"/v1/customers/{made['id']}", json={"gstin": None})
    assert (gone.status_code, gone.json()["code"]) == (422, "gst_treatment_wrong")
