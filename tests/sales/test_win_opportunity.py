"""An accepted quote becomes exactly one order, at its own prices, and its deal is won by it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.contracts.orders import OrderCancelled, OrderExpired
from tandem.contracts.sales import QuoteAccepted, QuoteWaiting
from tandem.crm.identity import service as identity
from tandem.flows import deal_orders, deal_staff, win_opportunity
from tandem.flows.cancel_order import cancel_order
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.scm.catalog import service as catalog
from tandem.scm.catalog.domain import VariantChange
from tandem.scm.orders import service as orders
from tests.flows.shop import open_shop, set_stock
from tests.sales.quoting import Quoting, at, id_of, refusal

TOTAL = 4 * 210_00 + 900_00
INBOX = Query("select kind, link from notifications.inbox_item where org_id = :org_id order by id")


@pytest.fixture
async def quoting(
    client: httpx.AsyncClient,
    app: Litestar,
    database: Database,
    actor: Actor,
    now: datetime,
    tmp_path: object,
) -> Quoting:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    return Quoting(client, app, database, actor, shop, str(tmp_path))


async def accepted(quoting: Quoting, **given: Any) -> dict[str, Any]:
    quote = await quoting.sent(**given)
    answer = await quoting.accept(quote)
    assert answer.status_code == 303, answer.text
    return await quoting.read(quote)


async def test_the_order_has_the_quotes_prices_whatever_the_catalogue_says_by_then(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    quote = await quoting.sent()
    async with database.transaction(actor) as tx:
        tea = quoting.shop.variants[quoting.shop.tea]
        variant = await catalog.lock_variant(tx, tea.variant_id)
        dearer = VariantChange(price_minor=tea.price_minor + 77_00)
        await catalog.change_variant(tx, variant, dearer, now=now)
    assert (await quoting.accept(quote)).status_code == 303
    ordered = await quoting.order(quote)
    (order,) = await quoting.orders()
    assert order["total_minor"] == quote["total_minor"] == TOTAL
    assert order["taxable_minor"] == quote["taxable_minor"]
    assert (order["discount_minor"], order["status"]) == (99_00, "pending_payment")
    assert order["expires_at"] - at(ordered["settled_at"]) >= timedelta(days=3, seconds=-5)
    assert (ordered["order_state"], ordered["order_number"]) == ("ordered", order["number"])
    deal = await quoting.read_deal(quote)
    assert (deal["status"], deal["amount_minor"]) == ("won", quote["taxable_minor"])
    assert (deal["customer_name"], deal["order_number"]) == ("Meera Rao", order["number"])
    assert deal["customer_id"] == ordered["customer_id"]
    page = await quoting.look(quote)
    assert order["number"] in page.text
    assert "/pay/" in page.text


async def test_while_stock_is_short_the_quote_waits_with_the_reason_and_becomes_one_order(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await set_stock(tx, quoting.shop, quoting.shop.kettle, 0, now)
    quote = await accepted(quoting)
    for attempt in (1, 2):
        waiting = await quoting.order(quote)
        assert (waiting["state"], waiting["order_state"]) == ("accepted", "pending_order")
        assert (waiting["attempts"], waiting["order_id"]) == (attempt, None)
        assert quoting.shop.kettle in waiting["pending_reason"]
    assert at(waiting["next_attempt_at"]) > database.clock.now() + timedelta(seconds=50)
    deal = await quoting.read_deal(quote)
    assert (deal["status"], deal["order_status"], deal["order_id"]) == (
        "open",
        "pending_order",
        None,
    )
    listed = (await quoting.client.get("/v1/quotes?is_waiting=true")).json()["items"]
    assert [one["id"] for one in listed] == [quote["id"]]
    assert (await quoting.told()).count("quote_waiting") == 1
    await win_opportunity.order_waiting(quoting.work)
    assert (await quoting.read(quote))["attempts"] == 2
    async with database.transaction(actor) as tx:
        await set_stock(tx, quoting.shop, quoting.shop.kettle, 5, now)
    hurried = await quoting.client.post(f"/v1/quotes/{quote['id']}/order")
    assert hurried.status_code == 201
    await win_opportunity.order_waiting(quoting.work)
    await win_opportunity.order_waiting(quoting.work)
    done = await quoting.read(quote)
    assert (done["order_state"], done["pending_reason"]) == ("ordered", "")
    assert len(await quoting.orders()) == 1
    again = await quoting.client.post(f"/v1/quotes/{quote['id']}/order")
    assert refusal(again) == (409, "quote_not_waiting", None)


async def test_an_order_that_cannot_be_made_is_given_up_and_a_new_version_takes_its_place(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await set_stock(tx, quoting.shop, quoting.shop.kettle, 0, now)
    quote = await accepted(quoting)
    await quoting.order(quote)
    second = await quoting.sent({"id": quote["opportunity_id"]})
    assert (await quoting.accept(second)).status_code == 410, "the first one's order is waited for"
    gone = await quoting.post(f"/v1/quotes/{quote['id']}/withdrawal")
    assert (gone["state"], gone["order_state"], gone["next_attempt_at"]) == ("expired", "", None)
    assert (await quoting.read_deal(quote))["order_status"] == ""
    again = await quoting.client.post(f"/v1/quotes/{quote['id']}/withdrawal")
    assert refusal(again) == (409, "quote_not_waiting", None)
    page = await quoting.client.post(f"/quotes/{quote['id']}/withdrawal")
    assert page.status_code == 409 and "It waits for no order." in page.text
    async with database.transaction(actor) as tx:
        await set_stock(tx, quoting.shop, quoting.shop.kettle, 5, now)
    await win_opportunity.order_quote(quoting.work, quote["id"])
    assert await quoting.orders() == []
    assert (await quoting.accept(second)).status_code == 303
    await quoting.order(second)
    deal = await quoting.read_deal(second)
    assert (deal["status"], len(await quoting.orders())) == ("won", 1)
    assert deal["order_status"] == "pending_payment"


async def test_while_orders_are_down_the_quote_waits_and_becomes_one_order(
    quoting: Quoting, owner_dsn: str
) -> None:
    quote = await accepted(quoting)
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute('alter table orders."order" rename to order_away')
        waiting = await quoting.order(quote)
    finally:
        await owner.execute('alter table orders.order_away rename to "order"')
        await owner.close()
    assert (waiting["order_state"], waiting["attempts"]) == ("pending_order", 1)
    assert waiting["pending_reason"] == win_opportunity.AWAY
    page = await quoting.look(quote)
    assert (page.status_code, "takes a little longer" in page.text) == (200, True)
    assert (await quoting.order(quote))["order_state"] == "ordered"
    assert len(await quoting.orders()) == 1


async def test_many_workers_at_once_place_one_order(quoting: Quoting) -> None:
    quote = await accepted(quoting)
    await asyncio.gather(
        *(win_opportunity.order_quote(quoting.work, quote["id"]) for _ in range(6))
    )
    assert len(await quoting.orders()) == 1
    assert (await quoting.told()).count("quote_ordered") == 1


async def test_wherever_it_is_killed_there_is_one_order_in_the_end_and_never_half_a_one(
    quoting: Quoting,
) -> None:
    quote = await accepted(quoting)
    for statement in range(1, 200):
        work = Work(_Dying(quoting.database, statement), Resources(), quoting.actor.org_id)
        await win_opportunity.order_quote(work, quote["id"])
        kept = await quoting.read(quote)
        if kept["order_state"] == "ordered":
            break
        assert kept["pending_reason"] == win_opportunity.AWAY
        assert await quoting.orders() == []
        assert (await quoting.read_deal(quote))["status"] == "open"
    assert statement > 15, "it was interrupted after each of its statements"
    assert len(await quoting.orders()) == 1
    assert (await quoting.read_deal(quote))["status"] == "won"
    assert (await quoting.told()).count("quote_ordered") == 1


async def test_a_deal_tells_that_its_order_was_cancelled_and_can_be_opened_again(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    quote = await accepted(quoting, payment_method="cod")
    ordered = await quoting.order(quote)
    path = f"/v1/opportunities/{quote['opportunity_id']}"
    early = await quoting.client.post(f"{path}/reopening")
    assert refusal(early) == (409, "opportunity_closed", None)
    async with database.transaction(actor) as tx:
        order = await orders.get_order(tx, id_of({"id": ordered["order_id"]}))
        await cancel_order(tx, order.id, reason="changed their mind", now=now)
    event = OrderCancelled(order_id=order.id, number=order.number, reason="changed their mind")
    unknown = OrderExpired(order_id=new_id(), number="SO-1")
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        await deal_orders.tell_cancelled(tx, event, now)
        await deal_orders.tell_expired(tx, unknown, now)
    deal = await quoting.read_deal(quote)
    assert (deal["status"], deal["order_status"]) == ("won", "cancelled")
    back = (await quoting.client.post(f"{path}/reopening")).json()
    assert (back["status"], back["order_id"]) == ("open", None)
    fresh = await accepted(quoting, deal=back, payment_method="cod")
    assert (await quoting.order(fresh))["order_state"] == "ordered"
    assert len(await quoting.orders()) == 2


async def test_a_lost_deals_quote_cannot_be_accepted(quoting: Quoting) -> None:
    quote = await quoting.sent()
    path = f"/v1/opportunities/{quote['opportunity_id']}/loss"
    assert (await quoting.client.post(path, json={"reason": "price"})).status_code == 201
    assert (await quoting.accept(quote)).status_code == 410
    assert await quoting.orders() == []


async def test_the_deals_owner_hears_that_its_quote_is_accepted_and_waits(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        owner = await identity.add_user(
            tx,
            name="Ravi",
            email=f"{new_id().hex}@example.test",
            password="a long enough password 77",
            role_key="sales",
            now=now,
        )
    deal = await quoting.deal(owner_id=str(owner.id))
    quote = await quoting.sent(deal)
    named = {
        "opportunity_id": id_of(deal),
        "number": quote["number"],
        "title": deal["title"],
        "customer_id": None,
        "quote_id": id_of(quote),
        "revision": 1,
    }
    said = QuoteAccepted(total_minor=1, currency="INR", **named)
    waits = QuoteWaiting(reason="Not enough in stock.", **named)
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        for _ in range(2):
            await deal_staff.tell_accepted(tx, said, now)
            await deal_staff.tell_waiting(tx, waits, now)
        told = await tx.records(INBOX)
    assert [(row["kind"], row["link"]) for row in told] == [
        ("quote_answered", f"/quotes/{quote['id']}"),
        ("quote_waiting", f"/quotes/{quote['id']}"),
    ]


class _Dying(Database):
    """A database whose connection is lost at one statement of the first transaction."""

    def __init__(self, database: Database, statement: int) -> None:
        super().__init__(database.pool, database.clock)
        self.left = statement

    @asynccontextmanager
    async def transaction(self, actor: Actor) -> AsyncIterator[Tx]:
        async with super().transaction(actor) as tx:
            tx.connection = _Losing(tx.connection, self)
            yield tx


class _Losing:
    """Counts what is asked of a connection, and loses it once."""

    def __init__(self, connection: Any, owner: _Dying) -> None:
        self._connection = connection
        self._owner = owner

    def __getattr__(self, name: str) -> Any:
        if name in {"fetch", "fetchval", "fetchrow", "execute"}:
            self._owner.left -= 1
            if self._owner.left == 0:
                raise OSError("the connection was lost")
        return getattr(self._connection, name)
