"""Days, months and recency begin at the company's own midnight, wherever it is."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.crm.customers import jobs, service
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.clocks import Stopped
from tests.customers.test_metrics import order, people
from tests.givens import api_key_of, visitor

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
"""23:00 of 22 November in Auckland (UTC+13), 15:30 in Kolkata, 05:00 in New York (UTC-5)."""
LAST_MONTH = {"event": "order_placed", "within": "P30D"}


@pytest.fixture
async def at_rest(
    app: Litestar, settings: Settings, database: Database, actor: Actor
) -> AsyncIterator[httpx.AsyncClient]:
    """The application at that moment."""
    equip(app.state, settings, Database(database.pool, Stopped(NOW)))
    key = await api_key_of(database, actor)
    async with visitor(app) as client:
        client.headers["authorization"] = f"Bearer {key}"
        yield client


@pytest.mark.parametrize(
    ("zone", "begins", "month_begins"),
    [
        ("Pacific/Auckland", "2026-10-22T11:00:00+00:00", "2026-09-30T11:00:00+00:00"),
        ("Asia/Kolkata", "2026-10-22T18:30:00+00:00", "2026-09-30T18:30:00+00:00"),
        ("America/New_York", "2026-10-23T04:00:00+00:00", "2026-10-01T04:00:00+00:00"),
    ],
)
async def test_segments_cohorts_and_recency_begin_at_the_companys_midnight(
    at_rest: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    zone: str,
    begins: str,
    month_begins: str,
) -> None:
    """Each edge from both sides; New York's days before 1 November are of daylight saving."""
    company = {"name": "Away", "time_zone": zone}
    assert (await at_rest.put("/v1/company", json=company)).status_code == 200
    edge, month = datetime.fromisoformat(begins), datetime.fromisoformat(month_begins)
    second = timedelta(seconds=1)
    work = Work(Database(database.pool, Stopped(NOW)), Resources(), actor.org_id)
    async with work.transaction() as tx:
        inside, outside, october, september = await people(tx, 4, NOW)
        for customer_id, placed in (
            (inside, edge),
            (outside, edge - second),
            (october, month),
            (september, month - second),
        ):
            await order(tx, customer_id, placed, 100)
        await service.refresh_metrics(tx, now=NOW)

    segment = (await at_rest.post("/v1/segments", json={"name": "A", "rule": LAST_MONTH})).json()
    await jobs.refresh_segments(work)
    members = (await at_rest.get(f"/v1/segments/{segment['id']}/members")).json()["items"]
    assert [one["customer_id"] for one in members] == [str(inside)]
    preview = (await at_rest.post("/v1/segments/preview", json={"rule": LAST_MONTH})).json()
    assert [one["id"] for one in preview["sample"]] == [str(inside)]
    found = (await at_rest.post("/v1/customers/search", json={"rule": LAST_MONTH})).json()
    assert [one["id"] for one in found["items"]] == [str(inside)]
    written = await at_rest.post("/v1/customer-export", json={"rule": LAST_MONTH})
    assert len(written.text.strip().splitlines()) == 2
    cells = (await at_rest.get("/v1/customer-cohorts")).json()
    assert [(one["month"], one["customers"]) for one in cells] == [
        ("2026-09-01", 1),
        ("2026-10-01", 3),
    ]
    assert [await _recency(at_rest, one) for one in (inside, outside)] == [30, 31]


async def test_a_company_is_nowhere_without_a_place(client: httpx.AsyncClient) -> None:
    before = (await client.get("/v1/company")).json()
    for zone in ("Nowhere/Land", "EST", "posix/Asia/Tokyo"):
        answer = await client.put("/v1/company", json={"name": "X", "time_zone": zone})
        assert (answer.status_code, answer.json()["field"]) == (422, "time_zone")
    assert (await client.get("/v1/company")).json() == before


async def _recency(client: httpx.AsyncClient, customer_id: UUID) -> int:
    metric = (await client.get(f"/v1/customers/{customer_id}/metrics")).json()["metric"]
    found: int = metric["recency_days"]
    return found
