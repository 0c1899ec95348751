"""A company that quotes: what is done over HTTP by its staff and its buyers, and by the worker."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx2 as httpx
from litestar import Litestar

from tandem.flows import win_opportunity
from tandem.flows.quotes import paper
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database, Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.flows.shop import HOME, Shop
from tests.givens import visitor

SENT = Query(
    """
    select recipient, subject, text from notifications.message
     where org_id = :org_id and template = 'quote_sent' and channel = 'email' order by id
    """
)
TOLD = Query(
    """
    select topic from kernel.event
     where org_id = :org_id and topic like 'sales.quote%' order by seq
    """
)
ORDERS = Query(
    """
    select number, total_minor, taxable_minor, discount_minor, status, expires_at, customer_name
      from orders.order where org_id = :org_id order by number
    """
)
ADDRESS = {
    "ship_line1": HOME.line1,
    "ship_city": HOME.city,
    "ship_postal_code": HOME.postal_code,
    "ship_phone": HOME.phone,
}


class Quoting:
    """`lines` are four teas and a kettle at prices of their own."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        app: Litestar,
        database: Database,
        actor: Actor,
        shop: Shop,
        folder: str,
    ) -> None:
        self.client = client
        self.buyer = visitor(app)
        self.database = database
        self.actor = actor
        self.shop = shop
        held = Resources()
        held.add(Blobs, Blobs(f"file://{folder}/blobs"))
        held.add(paper.PublicSite, paper.PublicSite("http://test"))
        self.work = Work(database, held, actor.org_id)
        self.lines = [
            {"sku": shop.tea, "quantity": 4, "unit_price_minor": 210_00},
            {
                "sku": shop.kettle,
                "quantity": 1,
                "unit_price_minor": 999_00,
                "discount_minor": 99_00,
            },
        ]

    async def deal(self, title: str = "Tea for the office", **given: Any) -> dict[str, Any]:
        return await self.post("/v1/opportunities", {"title": title, **given})

    async def draft(self, deal: dict[str, Any], **given: Any) -> dict[str, Any]:
        body = {
            "opportunity_id": deal["id"],
            "customer_name": "Meera Rao",
            "customer_email": "Meera@Example.test",
            "lines": self.lines,
            **given,
        }
        return await self.post("/v1/quotes", body)

    async def sent(self, deal: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
        """Drafted, sent, and printed by the worker."""
        quote = await self.draft(deal or await self.deal(), **given)
        await self.post(f"/v1/quotes/{quote['id']}/sending")
        await paper.print_quote(self.work, quote["id"])
        return await self.read(quote)

    async def post(self, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def read(self, quote: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(f"/v1/quotes/{quote['id']}")).json()
        return found

    async def read_deal(self, quote: dict[str, Any]) -> dict[str, Any]:
        path = f"/v1/opportunities/{quote['opportunity_id']}"
        found: dict[str, Any] = (await self.client.get(path)).json()
        return found

    async def look(self, quote: dict[str, Any]) -> httpx.Response:
        return await self.buyer.get(f"/q/{quote['token']}")

    async def accept(self, quote: dict[str, Any], **form: str) -> httpx.Response:
        given = {"name": "Meera Rao", **ADDRESS, **form}
        return await self.buyer.post(f"/q/{quote['token']}/acceptance", data=given)

    async def decline(self, quote: dict[str, Any], reason: str = "") -> httpx.Response:
        return await self.buyer.post(f"/q/{quote['token']}/refusal", data={"reason": reason})

    async def order(self, quote: dict[str, Any]) -> dict[str, Any]:
        """The worker's turn."""
        await win_opportunity.order_quote(self.work, quote["id"])
        return await self.read(quote)

    async def orders(self) -> list[dict[str, Any]]:
        return await self.rows(ORDERS)

    async def told(self) -> list[str]:
        return [row["topic"].split(".")[1] for row in await self.rows(TOLD)]

    async def rows(self, query: Query) -> list[dict[str, Any]]:
        async with self.database.transaction(self.actor) as tx:
            return [dict(row) for row in await tx.records(query)]


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body["code"], body.get("field")


def day(text: str) -> date:
    return date.fromisoformat(text)


def id_of(made: dict[str, Any]) -> UUID:
    return UUID(made["id"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
