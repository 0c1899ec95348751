"""Leads converted in a few words: somebody to convert, what is counted, a desk to do it at."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2 as httpx

from tandem.crm.sales.domain.leads import LeadDraft
from tandem.crm.sales.service import leads
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx

COUNTS = Query(
    """
    select (select count(*) from customers.customer where org_id = :org_id) as customers,
           (select count(*) from customers.account where org_id = :org_id) as accounts,
           (select count(*) from customers.account_contact where org_id = :org_id) as memberships,
           (select count(*) from customers.note where org_id = :org_id) as notes,
           (select count(*) from sales.opportunity where org_id = :org_id) as deals,
           (select count(*) from sales.stage_change where org_id = :org_id) as changes,
           (select count(*) from sales.conversion where org_id = :org_id) as conversions,
           (select count(*) from sales.lead
             where org_id = :org_id and kind = 'converted') as converted,
           (select count(*) from kernel.event
             where org_id = :org_id and topic = 'sales.lead_converted.v1') as told,
           (select count(*) from kernel.event where org_id = :org_id) as events
    """
)
RAVI: dict[str, Any] = {
    "name": "Ravi Kumar",
    "company_name": "Kumar Cold Stores",
    "email": "Ravi@Kumar-Cold.test",
    "phone": "98450 12345",
    "job_title": "Owner",
    "source": "trade fair",
}
ONE = {"customers": 1, "accounts": 1, "memberships": 1, "deals": 1, "changes": 1,
       "conversions": 1, "converted": 1, "told": 1}  # fmt: skip


async def counts(database: Database, actor: Actor) -> dict[str, int]:
    async with database.transaction(actor) as tx:
        return dict((await tx.records(COUNTS))[0])


async def a_lead(tx: Tx, now: datetime, **given: Any) -> UUID:
    draft = LeadDraft(**(RAVI | given))
    lead = (await leads.add_lead(tx, draft, now=now)).lead
    await leads.add_note(tx, lead.id, "Wants a quote by Friday", now=now)
    return lead.id


class Desk:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, path: str, /, **body: Any) -> httpx.Response:
        return await self.client.post(path, json=body)

    async def made(self, path: str, /, **body: Any) -> dict[str, Any]:
        answer = await self.post(path, **body)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def lead(self, **given: Any) -> dict[str, Any]:
        found = await self.made("/v1/leads", **(RAVI | given))
        lead: dict[str, Any] = found.get("lead", found)
        return lead

    async def read(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def convert(self, lead: Mapping[str, Any], **wish: Any) -> dict[str, Any]:
        return await self.made(f"/v1/leads/{lead['id']}/conversion", **wish)

    async def undo(self, conversion: Mapping[str, Any]) -> dict[str, Any]:
        return await self.made(f"/v1/conversions/{conversion['id']}/undo")


def said(undone: list[dict[str, Any]]) -> dict[str, str]:
    return {one["thing"]: one["reason"] or "gone" for one in undone}
