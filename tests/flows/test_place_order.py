"""Placing orders in batches: what comes out, what is refused, what is left behind."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import httpx2 as httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.contracts.orders import OrderSnapshot
from tandem.flows.place_order.basket import Buyer, Line, OrderQuestion, OutsideId
from tandem.flows.place_order.placing import CustomerMissing
from tandem.flows.place_order.pricing import DiscountTooLarge, UnknownSku, share
from tandem.flows.place_order.quoting import quote_order
from tandem.kernel import references
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, NotFound, Refusal
from tandem.kernel.ids import new_id
from tandem.kernel.outbox import drain
from tandem.kernel.references import ReferenceTaken
from tandem.scm.catalog import service as catalog
from tandem.scm.catalog.domain import VariantChange
from tandem.scm.inventory import service as inventory
from tandem.scm.inventory.domain import OutOfStock
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.service.selling import DEMO_SELLER
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.settings import SettingsChange
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.configuration import Configuration
from tandem.scm.shipping.domain.coverage import Coverage, NotServed
from tests.flows.shop import (
    HOME,
    Shop,
    basket,
    body_of,
    place,
    place_one,
    rows,
    set_stock,
    topics,
)


async def test_a_prepaid_order_waits_for_its_payment_and_holds_its_stock_as_long(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    said = await topics(database, actor)
    order = await place_one(database, actor, basket(shop), now)

    assert (order.number, order.status, order.payment_status) == (
        "SO-1001",
        "pending_payment",
        "none",
    )
    assert order.expires_at == now + timedelta(minutes=30)
    assert order.customer_email == "meera@example.test"
    assert order.customer_phone == "+919876543210"
    assert order.promised_on is not None
    assert order.promised_on >= now.date() + timedelta(days=2)
    assert (await topics(database, actor))[len(said) :] == [
        "inventory.stock_reserved.v1",
        "customers.added.v1",
        "orders.placed.v1",
    ]
    async with database.transaction(actor) as tx:
        held = await inventory.reservations_of(tx, order.id)
        assert await orders.get_order(tx, order.id) == order
    assert {(row.sku, row.held, row.held_until) for row in held} == {
        (shop.tea, 2, order.expires_at),
        (shop.kettle, 1, order.expires_at),
    }


async def test_cash_on_delivery_is_confirmed_at_once_and_its_hold_never_expires(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop, payment_method="cod"), now)

    assert (order.status, order.expires_at) == ("confirmed", None)
    assert "orders.confirmed.v1" in await topics(database, actor)
    async with database.transaction(actor) as tx:
        assert {row.held_until for row in await inventory.reservations_of(tx, order.id)} == {None}


async def test_an_order_of_nothing_needs_no_payment(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    worth = sum(shop.variants[line.sku].price_minor * line.quantity for line in basket(shop).lines)
    order = await place_one(database, actor, basket(shop, discount_minor=worth), now)

    assert (order.status, order.total_minor) == ("confirmed", 0)
    async with database.transaction(actor) as tx:
        held = await inventory.reservations_of(tx, order.id)
    assert {row.status for row in held} == {"allocated"}


async def test_amounts_are_gst_inside_the_price_and_add_up_to_what_was_asked(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)

    gross = [shop.variants[shop.tea].price_minor * 2, shop.variants[shop.kettle].price_minor]
    assert [line.total_minor for line in order.lines] == gross
    assert order.total_minor == sum(gross) == order.taxable_minor + order.tax_minor
    for line in order.lines:
        rate = Decimal(line.tax_rate)
        assert line.cgst_minor == line.sgst_minor
        assert line.taxable_minor == pytest.approx(line.total_minor / (1 + rate / 100), abs=1)
    assert order.place_of_supply == "29"


async def test_a_discount_is_shared_over_the_lines_and_kept_there(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop, discount_minor=10_001), now)

    gross = [line.unit_price_minor * line.quantity for line in order.lines]
    assert sum(line.discount_minor for line in order.lines) == order.discount_minor == 10_001
    assert order.total_minor == sum(gross) - 10_001
    first = round(10_001 * gross[0] / sum(gross))
    assert order.lines[0].discount_minor == first


@given(worths=st.lists(st.integers(0, 10**9), min_size=1, max_size=12), part=st.floats(0, 1))
def test_no_line_is_ever_discounted_below_nothing(worths: list[int], part: float) -> None:
    discount = int(sum(worths) * part)
    parts = share(discount, worths)
    assert sum(parts) == discount
    assert all(0 <= one <= worth for one, worth in zip(parts, worths, strict=True))


async def test_refused_orders_of_a_batch_leave_no_trace_and_the_others_are_placed(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await set_stock(tx, shop, shop.kettle, 1, now)
    before = await rows(database, actor)
    stranger = Buyer(name="Nobody", phone="+919000000001")
    batch = [
        basket(shop),
        basket(shop, customer=stranger),
        basket(shop, customer=stranger, lines=[Line(sku="NO-SUCH", quantity=1)]),
        basket(shop, customer=stranger, discount_minor=10**12),
        basket(shop, customer=None),
        basket(shop, lines=[Line(sku=shop.tea, quantity=1)]),
    ]
    outcomes = await place(database, actor, batch, now)

    kinds = [OrderSnapshot, OutOfStock, UnknownSku, DiscountTooLarge, CustomerMissing]
    assert [type(outcome) for outcome in outcomes] == [*kinds, OrderSnapshot]
    assert [o.number for o in outcomes if isinstance(o, OrderSnapshot)] == ["SO-1001", "SO-1002"]
    unknown = outcomes[2]
    assert isinstance(unknown, Refusal)
    assert unknown.field == "lines[0].sku"
    after = await rows(database, actor)
    assert {name: after[name] - before[name] for name in after} == {
        "orders": 2,
        "lines": 3,
        "reservations": 3,
        "customers": 1,
        "events": 6,
        "keys": 0,
        "tokens": 2,
        "reserved": 4,
    }


async def test_where_nothing_is_delivered_and_where_no_cash_is_taken_nothing_is_ordered(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    lines = [Coverage(prefix=HOME.postal_code, cod=False), Coverage(prefix="79", prepaid=False)]
    async with database.transaction(actor) as tx:
        await shipping.save_settings(tx, Configuration(coverage=lines), now=now)
    kohima = msgspec.structs.replace(HOME, postal_code="797001", state_code="13")
    said = await topics(database, actor)
    refused = await place(
        database,
        actor,
        [basket(shop, payment_method="cod"), basket(shop, ship_to=kohima)],
        now,
    )
    for one in refused:
        assert isinstance(one, NotServed)
        assert one.problem()["field"] == "ship_to.postal_code"
    assert await topics(database, actor) == said
    placed = await place(
        database,
        actor,
        [basket(shop), basket(shop, ship_to=kohima, payment_method="cod"), basket(shop)],
        now,
    )
    assert [one.status for one in placed if isinstance(one, OrderSnapshot)] == [
        "pending_payment",
        "confirmed",
        "pending_payment",
    ]


async def test_the_same_buyer_in_one_batch_is_one_customer(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    placed = await place(database, actor, [basket(shop), basket(shop)], now)

    assert len({order.customer_id for order in placed if isinstance(order, OrderSnapshot)}) == 1
    assert (await rows(database, actor))["customers"] == 1


async def test_an_unknown_customer_is_refused_and_nothing_stays(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    before = await rows(database, actor)
    with pytest.raises(NotFound):
        await place(database, actor, [basket(shop, customer=None, customer_id=new_id())], now)
    assert await rows(database, actor) == before


async def test_placing_needs_its_permission(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    reader = msgspec.structs.replace(actor, grants=frozenset({"orders.read"}))
    with pytest.raises(Forbidden):
        await place(database, reader, [basket(shop)], now)


async def test_outside_ids_lead_to_the_order_and_belong_to_one_order(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    shopify = OutsideId(system="shopify", external_id="#1005")
    order = await place_one(database, actor, basket(shop, references=[shopify]), now)
    async with database.transaction(actor) as tx:
        assert await orders.find_by_identifier(tx, "#1005") == order
        [reference] = await references.list_of(tx, order.id)
    assert (reference.system, reference.kind) == ("shopify", "order")

    before = await rows(database, actor)
    with pytest.raises(ReferenceTaken):
        await place(database, actor, [basket(shop, references=[shopify])], now)
    assert await rows(database, actor) == before


async def test_catalogue_changes_never_change_what_was_sold(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    order = await place_one(database, actor, basket(shop), now)
    async with database.transaction(actor) as tx:
        before = msgspec.json.encode(await orders.get_order(tx, order.id))
        variant = await catalog.lock_variant(tx, shop.variants[shop.tea].variant_id)
        await catalog.change_variant(tx, variant, VariantChange(price_minor=99_900), now=now)

    async with database.transaction(actor) as tx:
        assert (await catalog.facts(tx, [shop.tea]))[shop.tea].price_minor == 99_900
        assert msgspec.json.encode(await orders.get_order(tx, order.id)) == before


async def test_numbers_follow_the_companys_own_format(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        change = SettingsChange(
            number_prefix="WEB/", number_width=6, number_start=42, unpaid_minutes=5
        )
        await orders.save_settings(tx, change, now=now)

    first, second = await place(database, actor, [basket(shop), basket(shop)], now)

    assert isinstance(first, OrderSnapshot)
    assert isinstance(second, OrderSnapshot)
    assert (first.number, second.number) == ("WEB/000042", "WEB/000043")
    assert first.expires_at == now + timedelta(minutes=5)


async def test_a_quote_says_price_tax_stock_and_day_and_writes_nothing(
    database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    before = await rows(database, actor)
    question = OrderQuestion(
        lines=[
            Line(sku=shop.tea, quantity=2),
            Line(sku=shop.kettle, quantity=1001),
            Line(sku="NO-SUCH", quantity=1),
        ],
        postal_code=HOME.postal_code,
        state_code="27",
        discount_minor=100,
    )
    async with database.transaction(actor) as tx:
        quote = await quote_order(tx, question, now=now)
    placed = await place_one(database, actor, basket(shop), now)

    tea, kettle, unknown = quote.lines
    assert (tea.is_covered, tea.available, tea.problem) == (True, 1000, "")
    assert (kettle.is_covered, kettle.problem) == (False, "insufficient_stock")
    assert (unknown.problem, unknown.total_minor) == ("unknown_sku", 0)
    assert tea.igst_minor > 0
    assert tea.cgst_minor == 0
    assert quote.problems == ["insufficient_stock", "unknown_sku"]
    assert quote.total_minor == tea.total_minor + kettle.total_minor
    assert quote.promised_on == placed.promised_on
    assert isinstance(quote.promised_on, date)
    after = await rows(database, actor)
    assert before == {**after, **{name: before[name] for name in before}}
    assert after["orders"] == 1


async def test_a_company_that_rounds_sells_invoices_and_credits_whole_rupees(
    client: httpx.AsyncClient, database: Database, actor: Actor, shop: Shop, now: datetime
) -> None:
    """₹333.33 without tax and 18%: 393.33, of which 33 paise fall away; dollars are not rounded."""
    async with database.transaction(actor) as tx:
        rounding = msgspec.structs.replace(DEMO_SELLER, rounds_total=True)
        await invoicing.save_seller(tx, rounding, now=now)
    figures = {}
    for currency in ("INR", "USD"):
        variant = {
            "sku": f"ODD-{currency}",
            "tax_class": "standard",
            "hsn": "0902",
            "price_minor": 333_33,
            "price_includes_tax": False,
            "currency": currency,
        }
        made = await client.post("/v1/products", json={"title": "Odd", "variants": [variant]})
        assert made.status_code == 201, made.text
        goods = {"sku": f"ODD-{currency}", "location": "BLR", "quantity": 5}
        await client.post("/v1/stock-receipts", json=goods)
        line = [{"sku": f"ODD-{currency}", "quantity": 1}]
        quote = await client.post("/v1/order-quotes", json={"lines": line, "state_code": "29"})
        body = body_of(basket(shop, payment_method="cod")) | {"lines": line}
        placed = await client.post("/v1/orders", json=body)
        assert placed.status_code == 201, placed.text
        order = placed.json()
        figures[currency] = (order["total_minor"], order["round_off_minor"])
        assert (quote.json()["total_minor"], quote.json()["round_off_minor"]) == figures[currency]
        await drain(database)
        await client.post(f"/v1/orders/{order['id']}/cancellation", json={"reason": "Mistake"})
        await drain(database)
        papers = (await client.get("/v1/invoices", params={"order_id": order["id"]})).json()
        found = {one["kind"]: one for one in papers["items"]}
        for kind in ("INV", "CRN"):
            paper = found[kind]
            assert (paper["total_minor"], paper["round_off_minor"]) == figures[currency], kind
    assert figures == {"INR": (393_00, -33), "USD": (393_33, 0)}
