"""Deal lines over HTTP: priced by the catalogue, taxed by invoicing; the amount follows them."""

from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest

from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tests.flows.shop import Shop, open_shop

SOURCES = Query(
    """
    select payload ->> 'amount_source' as source from kernel.event
     where org_id = :org_id and topic = 'sales.opportunity_amount_changed.v1' order by seq
    """
)


class Till:
    """A company that sells, and one of its deals."""

    def __init__(self, client: httpx.AsyncClient, shop: Shop, deal: dict[str, Any]) -> None:
        self.client = client
        self.shop = shop
        self.deal = deal
        self.path = f"/v1/opportunities/{deal['id']}"

    async def put(self, *lines: dict[str, Any], **head: str) -> httpx.Response:
        return await self.client.put(
            f"{self.path}/lines", json={"lines": list(lines)}, headers=head
        )

    async def read(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.client.get(self.path)).json()
        return found

    async def lines(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.client.get(f"{self.path}/lines")).json()
        return found


@pytest.fixture
async def till(client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime) -> Till:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    made = await client.post(
        "/v1/opportunities", json={"title": "Tea for the office", "close_on": "2026-12-24"}
    )
    assert made.status_code == 201, made.text
    return Till(client, shop, made.json())


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body["code"], body.get("field")


async def test_the_amount_is_what_the_lines_come_to_without_tax(till: Till) -> None:
    tea = till.shop.variants[till.shop.tea]
    kettle = till.shop.variants[till.shop.kettle]
    answer = await till.put(
        {"sku": tea.sku, "quantity": 10},
        {"sku": kettle.sku, "quantity": 2, "unit_price_minor": 1_000_00, "discount_percent": "10"},
    )
    assert answer.status_code == 200, answer.text
    first, second = await till.lines()
    assert (first["unit_price_minor"], first["hsn"]) == (tea.price_minor, tea.hsn)
    assert (second["unit_price_minor"], second["discount_minor"]) == (1_000_00, 200_00)
    for line in (first, second):
        taxes = sum(line[f"{name}_minor"] for name in ("cgst", "sgst", "igst", "cess"))
        paid = line["unit_price_minor"] * line["quantity"] - line["discount_minor"]
        before_tax = line["total_minor"] if line["price_includes_tax"] else line["taxable_minor"]
        assert before_tax == paid
        assert line["total_minor"] == line["taxable_minor"] + taxes
    deal = answer.json()
    assert deal["amount_minor"] == first["taxable_minor"] + second["taxable_minor"]
    assert deal["amount_source"] == "lines"


async def test_the_history_says_whether_somebody_or_the_lines_made_the_amount(
    till: Till, database: Database, actor: Actor
) -> None:
    line = {"sku": till.shop.tea, "quantity": 1, "unit_price_minor": 105_00}
    from_lines = (await till.put(line)).json()["amount_minor"]
    same = await till.client.patch(till.path, json={"amount_minor": from_lines, "next_step": "x"})
    assert same.json()["amount_source"] == "lines"
    written = (await till.client.patch(till.path, json={"amount_minor": 90_00})).json()
    assert (written["amount_minor"], written["amount_source"]) == (90_00, "manual")
    again = (await till.put(line)).json()
    assert (again["amount_minor"], again["amount_source"]) == (from_lines, "lines")
    none = (await till.put()).json()
    assert (none["amount_minor"], none["amount_source"]) == (from_lines, "manual")
    async with database.transaction(actor) as tx:
        rows = await audit.read(tx, audit.Asked(action="sales"), count=20)
        told = await tx.records(SOURCES)
    sources = [
        row.after["amount_source"] for row in rows if row.after and "amount_source" in row.after
    ]
    assert sources[::-1] == ["lines", "manual", "lines", "manual"]
    assert [row["source"] for row in told] == ["lines", "manual", "lines", "manual"]


async def test_what_cannot_be_sold_or_is_out_of_date_changes_nothing(till: Till) -> None:
    tea = till.shop.tea
    await till.put({"sku": tea, "quantity": 3})
    before = await till.read()
    refused = [
        await till.put({"sku": "NO-SUCH", "quantity": 1}),
        await till.put({"sku": tea, "quantity": 1, "discount_minor": 10**9}),
        await till.put({"sku": tea, "quantity": 1, "discount_minor": 1, "discount_percent": "5"}),
        await till.put({"sku": tea, "quantity": 1}, **{"if-match": '"1"'}),
    ]
    assert [refusal(one) for one in refused] == [
        (422, "unknown_sku", "lines[0].sku"),
        (422, "invalid", "lines[0].discount_minor"),
        (422, "invalid", "lines[0].discount_minor"),
        (412, "stale_version", None),
    ]
    assert (await till.put({"sku": tea, "quantity": 0})).status_code == 422
    assert await till.read() == before
    assert len(await till.lines()) == 1
    assert (await till.client.post(f"{till.path}/win")).status_code == 201
    assert refusal(await till.put()) == (409, "opportunity_closed", None)


async def test_another_currency_needs_its_own_prices(till: Till) -> None:
    body = {"title": "Abroad", "currency": "USD", "fx_rate": "83.5"}
    deal = (await till.client.post("/v1/opportunities", json=body)).json()
    path = f"/v1/opportunities/{deal['id']}/lines"
    line = {"sku": till.shop.tea, "quantity": 2}
    answer = await till.client.put(path, json={"lines": [line]})
    assert refusal(answer) == (422, "invalid", "lines[0].unit_price_minor")
    answer = await till.client.put(path, json={"lines": [{**line, "unit_price_minor": 4_00}]})
    assert answer.status_code == 200
    assert answer.json()["currency"] == "USD"
