"""Deals and quotes follow their customer when people are merged, exported and erased."""

from datetime import datetime

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.contracts.orders import OrderCancelled
from tandem.contracts.sales import QuoteDeclined, QuoteSent
from tandem.flows import deal_holders, deal_orders, deal_timeline
from tandem.flows.customer_holders import HOLDERS, Person
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests.flows.shop import open_shop
from tests.sales.quoting import Quoting, id_of

PHONE = [{"value": "98765 43210"}]


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


async def test_they_move_are_exported_and_are_emptied_once_nothing_is_open(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    assert {"deals", "quotes"} <= HOLDERS.keys()
    quote = await quoting.sent(note="For Meera and her sister.")
    at = f"/v1/opportunities/{quote['opportunity_id']}"
    await quoting.client.patch(at, json={"next_step": "Call Meera"})
    (said,) = (await quoting.client.get(f"{at}/history")).json()
    assert (said["field"], said["after"]) == ("next_step", "Call Meera")
    assert (await quoting.accept(quote)).status_code == 303
    waiting = await quoting.read(quote)
    ordered = await quoting.order(quote)
    buyer, other = id_of({"id": ordered["customer_id"]}), new_id()
    deal = id_of({"id": quote["opportunity_id"]})
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        moved = [
            await deal_holders.move_deals(tx, buyer, other, None),
            await deal_holders.move_quotes(tx, buyer, other, None),
        ]
        assert moved == [[deal], [id_of(quote)]]
        assert await deal_holders.move_deals(tx, other, buyer, [new_id()]) == []
        await deal_holders.move_deals(tx, other, buyer, moved[0])
        await deal_holders.move_quotes(tx, other, buyer, moved[1])
        person = Person(customer_id=buyer)
        (sold,) = await deal_holders.export_deals(tx, person)
        (offered,) = await deal_holders.export_quotes(tx, person)
        assert (sold["title"], offered["settled_by"]) == (quote["opportunity_title"], "Meera Rao")
        erased = await deal_holders.erase_quotes(tx, person, now)
        assert (erased.erased, erased.held) == (1, 0)
        assert (await deal_holders.erase_quotes(tx, person, now)).erased == 0
        assert (await deal_holders.erase_deals(tx, person, now)).erased == 1
        event = OrderCancelled(
            order_id=id_of({"id": ordered["order_id"]}), number="SO-1001", reason="x"
        )
        await deal_orders.tell_cancelled(tx, event, now)
    kept = await quoting.read(quote)
    assert (kept["customer_name"], kept["customer_email"], kept["note"]) == ("Erased", None, "")
    assert (kept["ship_to"]["line1"], kept["ship_to"]["postal_code"]) == ("Erased", "560001")
    assert kept["total_minor"] == waiting["total_minor"]
    assert kept["pdf_sha256"] == waiting["pdf_sha256"]
    assert (await quoting.client.get(f"{at}/history")).json() == []
    assert (await quoting.client.post(f"{at}/reopening")).status_code == 201
    assert (await quoting.client.patch(at, json={"title": "Anew"})).status_code == 200
    assert (await quoting.client.get(f"{at}/history")).json() == [], "under another title too"


async def test_what_is_still_open_is_held(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    customer = await quoting.post("/v1/customers", {"name": "Meera", "phones": PHONE})
    deal = await quoting.deal(customer_id=customer["id"])
    await quoting.sent(deal)
    person = Person(customer_id=id_of(customer))
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        for erase in (deal_holders.erase_deals, deal_holders.erase_quotes):
            found = await erase(tx, person, now)
            assert (found.erased, found.held) == (0, 1)


async def test_their_milestones_stand_on_the_customers_timeline_once(
    quoting: Quoting, database: Database, actor: Actor, now: datetime
) -> None:
    customer = await quoting.post("/v1/customers", {"name": "Meera", "phones": PHONE})
    quote = await quoting.sent(await quoting.deal(customer_id=customer["id"]))
    named = {
        "opportunity_id": id_of({"id": quote["opportunity_id"]}),
        "number": quote["number"],
        "title": quote["opportunity_title"],
        "customer_id": id_of(customer),
        "quote_id": id_of(quote),
        "revision": 1,
    }
    sent = QuoteSent(total_minor=quote["total_minor"], currency="INR", **named)
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        for _ in range(2):
            await deal_timeline.quote_sent(tx, sent, now)
        await deal_timeline.quote_declined(tx, QuoteDeclined(**named), now)
        nobody = QuoteDeclined(**{**named, "customer_id": None})
        await deal_timeline.quote_declined(tx, nobody, now)
    lines = (await quoting.client.get(f"/v1/customers/{customer['id']}/timeline")).json()["items"]
    kinds = [line["kind"] for line in lines]
    assert (kinds.count("quote_sent"), kinds.count("quote_declined")) == (1, 1)
