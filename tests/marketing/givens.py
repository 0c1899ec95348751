"""Campaigns in a few words: people, a list of them, a draft, and a worker's turn."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.customers.domain.segments import NewSegment
from tandem.crm.identity import service as identity
from tandem.flows.campaign_sending import step
from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database, Query
from tandem.kernel.jobs import Work

Json = dict[str, Any]
WORDS = {
    "name": "A",
    "subject": "Fresh leaves for {{ customer.first_name }}",
    "html": '<html><body><p>Hello {{ name }}, <a href="https://shop.example.test/spring?x=1">look'
    '</a> and <a href="https://shop.example.test/tea">taste</a>.</p></body></html>',
}

TOLD = Query(
    """
    select topic from kernel.event
     where org_id = :org_id and topic like 'marketing.%'
       and topic <> 'marketing.campaign_progressed.v1'
     order by seq
    """
)


class Hands(Clock):
    """A Monday at three in the afternoon in India, where the companies of tests are."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


class Company(msgspec.Struct, frozen=True, kw_only=True):
    client: httpx.AsyncClient
    database: Database
    actor: Actor
    work: Work
    hands: Any

    async def people(
        self, count: int, *, consent: Sequence[int] | None = None, prefix: str = "p"
    ) -> list[UUID]:
        """With e-mail addresses; those at `consent` (all, without it) agreed to marketing."""
        now = self.hands.now()
        drafts = [
            CustomerDraft(name=f"Person {n}", email=f"{prefix}{n}@example.test")
            for n in range(count)
        ]
        agreed = range(count) if consent is None else consent
        async with self.database.transaction(self.actor) as tx:
            made = await customers.find_or_add(tx, drafts, now=now)
            for place in agreed:
                yes = NewConsent(
                    purpose="marketing", channel="email", is_granted=True, source="test"
                )
                await customers.record_consent(tx, made[place].id, yes, now=now)
        return [one.id for one in made]

    async def segment(self, ids: Sequence[UUID], name: str = "Everybody") -> UUID:
        now = self.hands.now()
        async with self.database.transaction(self.actor) as tx:
            made = await customers.add_segment(tx, NewSegment(name=name), now=now)
            locked = await customers.lock_segment(tx, made.id)
            if ids:
                await customers.add_to_segment(tx, locked, list(ids), now=now)
        return made.id

    async def draft(self, segment_id: UUID | None = None, **plan: Any) -> Json:
        include = {"include_ids": [str(segment_id)]} if segment_id else {}
        body = {"name": "Spring", "variants": [WORDS], **include, **plan}
        answer = await self.client.post("/v1/campaigns", json=body)
        assert answer.status_code == 201, answer.text
        made: Json = answer.json()
        return made

    async def schedule(self, campaign: Json, at: datetime | None = None) -> Json:
        body = {"at": at.isoformat()} if at else {}
        answer = await self.client.put(f"/v1/campaigns/{campaign['id']}/schedule", json=body)
        assert answer.status_code == 200, answer.text
        made: Json = answer.json()
        return made

    async def turn(self, campaign: Json) -> None:
        """What a worker does with the campaign when its job comes."""
        await step(self.work, campaign["id"])

    async def read(self, campaign: Json) -> Json:
        found: Json = (await self.client.get(f"/v1/campaigns/{campaign['id']}")).json()
        return found

    async def states(self, campaign: Json) -> Counter[str]:
        """Everybody of it by state, or by state and reason where they were left out."""
        path = f"/v1/campaigns/{campaign['id']}/recipients"
        found: Counter[str] = Counter()
        cursor = None
        while True:
            more: dict[str, str] = {"cursor": cursor} if cursor else {}
            page = (await self.client.get(path, params={"limit": 200, **more})).json()
            for one in page["items"]:
                found[":".join(filter(None, (one["state"], one["reason"])))] += 1
            cursor = page["next"]
            if cursor is None:
                return found

    async def hire_admin(self, email: str) -> None:
        async with self.work.transaction() as tx:
            await identity.add_user(
                tx,
                email=email,
                name="Boss",
                password="correct horse battery staple 9",
                role_key="admin",
                now=self.hands.now(),
            )

    async def told(self) -> list[str]:
        async with self.database.transaction(self.actor) as tx:
            return [row["topic"].split(".")[1] for row in await tx.records(TOLD)]
