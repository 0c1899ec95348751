"""What leads do anywhere in the suite becomes points; points fade; rules that change count anew."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.contracts.marketing import CampaignClicked, CampaignOpened, EngagementRejudged
from tandem.contracts.orders import OrderPlaced
from tandem.contracts.sales import LeadCaptured, LeadChanged, LeadsMerged
from tandem.crm.customers import service as customers
from tandem.crm.sales.domain.scoring import NewBehaviour, Occurrence
from tandem.crm.sales.service import leads, scoring
from tandem.kernel import jobs, rules
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.jobs import Work, every, job

BATCH = 100


async def vocabulary(tx: Tx) -> rules.Vocabulary:
    """The suite's words for score rules and the company's own fields of leads."""
    fields = await customers.list_fields(tx.with_all_grants(), "lead")
    return scoring.vocabulary([field.for_rules() for field in fields])


async def note_behaviour(tx: Tx, lead_id: UUID, new: NewBehaviour, *, now: datetime) -> None:
    """Something a lead did, told by another system. Counts once by its id."""
    lead = await leads.lock_lead(tx, lead_id)
    facts = {"url": new.url, "name": new.name}
    one = Occurrence(
        kind=new.kind,
        dedupe=f"api:{lead.id}:{new.id}",
        facts={name: value for name, value in facts.items() if value},
        at=min(new.at, now) if new.at and new.at.tzinfo else now,
    )
    if await scoring.note_occurrence(tx, lead.id, one):
        await scoring.score(tx, lead.id, await vocabulary(tx), now=now)


@subscribe(LeadCaptured, "score_leads.count_capture")
async def count_capture(tx: Tx, event: LeadCaptured, now: datetime) -> None:
    trusted = tx.with_all_grants()
    lead = await leads.find_lead(trusted, event.lead_id)
    if lead is None:
        return
    if event.form_id is not None:
        facts = {"form_id": str(event.form_id), "utm_source": event.utm_source}
        one = Occurrence(
            kind="form_submitted", dedupe=f"touch:{event.touch_id}", facts=facts, at=now
        )
        await scoring.note_occurrence(trusted, lead.id, one)
    await scoring.score(trusted, lead.id, await vocabulary(trusted), now=now)


@subscribe(LeadChanged, "score_leads.score_changed")
async def score_changed(tx: Tx, event: LeadChanged, now: datetime) -> None:
    await scoring.score(tx, event.lead_id, await vocabulary(tx), now=now)


@subscribe(LeadsMerged, "score_leads.hand_over")
async def hand_over(tx: Tx, event: LeadsMerged, now: datetime) -> None:
    await scoring.hand_over(tx, event.loser_id, event.lead_id, now=now)
    await scoring.score(tx, event.lead_id, await vocabulary(tx), now=now)


@subscribe(CampaignClicked, "score_leads.count_click")
async def count_click(tx: Tx, event: CampaignClicked, now: datetime) -> None:
    """A person's click; a scanner's is none."""
    if event.verdict == "human":
        facts = {"campaign_id": str(event.campaign_id or ""), "url": event.url}
        await _count(tx, event.customer_id, "email_clicked", event.engagement_id, facts, event.at)


@subscribe(CampaignOpened, "score_leads.count_open")
async def count_open(tx: Tx, event: CampaignOpened, now: datetime) -> None:
    if event.verdict == "human":
        facts = {"campaign_id": str(event.campaign_id or "")}
        await _count(tx, event.customer_id, "email_opened", event.engagement_id, facts, event.at)


@subscribe(EngagementRejudged, "score_leads.take_back")
async def take_back(tx: Tx, event: EngagementRejudged, now: datetime) -> None:
    """It was a machine after all: its points go."""
    if event.verdict != "bot" or event.customer_id is None:
        return
    for lead in await leads.list_of_customer(tx, event.customer_id):
        lead_id = await scoring.forget_occurrence(tx, f"{event.engagement_id}:{lead.id}")
        if lead_id is not None:
            await scoring.score(tx, lead_id, await vocabulary(tx), now=now)


@subscribe(OrderPlaced, "score_leads.count_order")
async def count_order(tx: Tx, event: OrderPlaced, now: datetime) -> None:
    facts = {"total": event.total_minor / 100}
    await _count(tx, event.customer_id, "order_placed", event.order_id, facts, now)


async def _count(
    tx: Tx,
    customer_id: UUID | None,
    kind: str,
    event_id: UUID,
    facts: dict[str, Any],
    at: datetime,
) -> None:
    """For every lead that this customer is; once, by the event's id."""
    if customer_id is None:
        return
    for lead in await leads.list_of_customer(tx, customer_id):
        one = Occurrence(kind=kind, dedupe=f"{event_id}:{lead.id}", facts=facts, at=at)
        if await scoring.note_occurrence(tx, lead.id, one):
            await scoring.score(tx, lead.id, await vocabulary(tx), now=tx.started_at)


@every(60, "sales.decay_scores")
async def decay_scores(work: Work) -> None:
    """Points that are halved or gone by now. Each lead in a transaction of its own."""
    now = work.now()
    async with work.transaction() as tx:
        due = await scoring.list_due(tx, now)
        words = await vocabulary(tx)
    for lead_id in due:
        async with work.transaction() as tx:
            await scoring.score(tx, lead_id, words, now=now)


@job(scoring.RESCORE)
async def rescore(work: Work, after: str = "") -> None:
    """Every lead by the rules as they are; a batch at a time, then the next one."""
    async with work.transaction() as tx:
        words = await vocabulary(tx)
        ids = await scoring.page_of_leads(tx, UUID(after) if after else None, count=BATCH)
        for lead_id in ids:
            await scoring.score(tx, lead_id, words, now=work.now())
        if len(ids) == BATCH:
            await jobs.enqueue(tx, scoring.RESCORE, after=str(ids[-1]))
