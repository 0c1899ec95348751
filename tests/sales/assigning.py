"""Leads given to people in a few words: five of them, and a desk that configures the rules."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2 as httpx

from tandem.crm.sales.domain.assigning import Directory
from tandem.flows import assign_leads
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tests.identity.company import hire


async def hire_five(tx: Tx, now: datetime) -> list[UUID]:
    names = ("asha", "bela", "chitra", "dev", "esha")
    return [(await hire(tx, name, "sales", now)).id for name in names]


async def everybody(database: Database, actor: Actor) -> Directory:
    async with database.transaction(actor) as tx:
        return await assign_leads.directory(tx)


class Desk:
    """What somebody who configures the rules does over HTTP."""

    def __init__(self, client: httpx.AsyncClient, people: list[UUID]) -> None:
        self.client = client
        self.people = [str(one) for one in people]

    async def rule(self, name: str, **given: Any) -> dict[str, Any]:
        answer = await self.client.post("/v1/assignment-rules", json={"name": name, **given})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def simulate(self, **given: Any) -> dict[str, Any]:
        answer = await self.client.post("/v1/assignment-rules/simulation", json=given)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def lead(self, **given: Any) -> dict[str, Any]:
        answer = await self.client.post("/v1/leads", json=given)
        assert answer.status_code in (200, 201), answer.text
        made: dict[str, Any] = answer.json()
        found: dict[str, Any] = made.get("lead", made)
        return found

    async def owner(self, lead: dict[str, Any]) -> str | None:
        found: str | None = (await self.client.get(f"/v1/leads/{lead['id']}")).json()["owner_id"]
        return found
