"""Acts on many records in a few words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2 as httpx

from tandem.crm.sales.domain.leads import LeadDraft
from tandem.crm.sales.service import leads
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tests.identity.company import Member, hire

TOLD = Query(
    """
    select topic, count(*)::int as count
      from kernel.event
     where org_id = :org_id and topic = any(:topics::text[])
     group by topic
    """
)


async def some_leads(
    database: Database, actor: Actor, now: datetime, count: int, **given: Any
) -> list[str]:
    async with database.transaction(actor) as tx:
        made = [
            await leads.add_lead(
                tx,
                LeadDraft(name=f"Person {n}", email=f"p{n}@{uuid4().hex}.test", **given),
                now=now,
            )
            for n in range(count)
        ]
    return [str(one.lead.id) for one in made]


async def asha(database: Database, actor: Actor, now: datetime) -> Member:
    async with database.transaction(actor) as tx:
        return await hire(tx, "asha", "sales", now)


async def ask(client: httpx.AsyncClient, kind: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/{kind}/bulk", json=body)
    assert answer.status_code in (201, 202), answer.text
    job: dict[str, Any] = answer.json()
    assert answer.status_code == (202 if job["state"] == "running" else 201)
    return job


async def undo(client: httpx.AsyncClient, job: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(f"/v1/bulk-jobs/{job['id']}/undo")
    assert answer.status_code == 201, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def rows(client: httpx.AsyncClient, job: dict[str, Any], status: str) -> list[dict[str, Any]]:
    found = await client.get(f"/v1/bulk-jobs/{job['id']}/rows", params={"status": status})
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def lead(client: httpx.AsyncClient, lead_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/leads/{lead_id}")).json()
    return found


async def counted(
    database: Database, actor: Actor, query: Query, **names: Sequence[str]
) -> dict[str, int]:
    async with database.transaction(actor) as tx:
        return {row[0]: row[1] for row in await tx.records(query, **names)}


def came_to(job: dict[str, Any]) -> tuple[int, ...]:
    return tuple(job[name] for name in ("total", "changed", "same", "refused"))
