"""What members of the staff hear of the suite's events: what is theirs now, who names them, which
clock ran out, what happens to what they follow. What was said is under a link, never in the words.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from tandem.contracts.customers import CustomerAssigned, ImportFailed
from tandem.contracts.marketing import (
    CampaignApprovalAsked,
    CampaignApprovalDecided,
    CampaignPaused,
    JourneyApprovalAsked,
    JourneyApprovalDecided,
)
from tandem.contracts.notifications import ProviderSuspended
from tandem.contracts.payments import DisputeChanged, DisputeDecided, DisputeOpened
from tandem.contracts.sales import LeadAssigned, LeadImportFailed, OpportunityStands
from tandem.contracts.support import (
    ComplaintAssigned,
    ComplaintBreached,
    ComplaintMessageAdded,
    ComplaintStatusChanged,
)
from tandem.contracts.webhooks import WebhookEndpointDisabled
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import following
from tandem.crm.notifications.service.following import Followed
from tandem.flows.followed import page_of
from tandem.flows.mentions import Said, tell_note
from tandem.flows.staff_inbox import tell
from tandem.kernel import history
from tandem.kernel.db import Tx
from tandem.kernel.events import Event, subscribe
from tandem.scm.orders import service as orders
from tandem.scm.support import service as support
from tandem.scm.support.domain.statuses import Origin, Visibility

CONFIGURES = "notifications.configure"
MANAGES_WEBHOOKS = "webhooks.manage"
APPROVES = "marketing.approve"
RESOLVES = "payments.resolve"
STOPPED: Mapping[str, str] = {
    "errors": "too many errors",
    "bounces": "too many bounces",
    "complaints": "too many complaints",
    "outage": "its channel cannot be reached",
    "approval": "somebody else must approve it first",
}


@subscribe(ComplaintAssigned, "tell_staff.complaint_assigned")
async def tell_complaint(tx: Tx, event: ComplaintAssigned, now: datetime) -> None:
    await _tell_owner(
        tx,
        event,
        event.assignee_id,
        record=("complaint", event.complaint_id),
        kind="complaint_assigned",
        title=f"{event.number} is yours now",
        dedupe=f"{event.complaint_id}:{event.assignee_id}:{_day(now)}",
        now=now,
    )


@subscribe(ComplaintBreached, "tell_staff.clock_breached")
async def tell_breach(tx: Tx, event: ComplaintBreached, now: datetime) -> None:
    """Whoever has it, and whoever follows it."""
    people = [event.assignee_id] if event.assignee_id else []
    people += await following.watchers_of(tx, "complaint", event.complaint_id)
    await tell(
        tx,
        people,
        kind="clock_breached",
        title=f"{event.number}: time for the {event.clock} ran out",
        link=f"/complaints/{event.complaint_id}",
        dedupe=f"{event.complaint_id}:{event.clock}:{event.due_at.isoformat()}",
        now=now,
    )


@subscribe(ComplaintMessageAdded, "tell_staff.complaint_message")
async def tell_message(tx: Tx, event: ComplaintMessageAdded, now: datetime) -> None:
    """Notes are read for names; what a buyer writes goes to whoever has or follows it."""
    link = f"/complaints/{event.complaint_id}"
    message = await support.get_message(tx, event.message_id)
    if message.author_kind == "staff":
        said = Said(
            note_id=message.id,
            author_id=message.author_id,
            author_label=message.author_label,
            text=message.body if event.visibility != Visibility.PUBLIC else "",
        )
        await tell_note(tx, "complaint", event.complaint_id, said, now=now)
    if event.origin != Origin.BUYER:
        return
    complaint = await support.get_complaint(tx, event.complaint_id)
    people = await following.watchers_of(tx, "complaint", event.complaint_id)
    people += [complaint.assignee_id] if complaint.assignee_id else []
    await tell(
        tx,
        people,
        kind="followed",
        title=f"{event.number}: the buyer wrote",
        link=link,
        dedupe=f"wrote:{event.message_id}",
        now=now,
    )


@subscribe(ComplaintStatusChanged, "tell_staff.complaint_status")
async def tell_status(tx: Tx, event: ComplaintStatusChanged, now: datetime) -> None:
    await tell(
        tx,
        await following.watchers_of(tx, "complaint", event.complaint_id),
        kind="followed",
        title=f"{event.number} is {event.after.replace('_', ' ')}",
        link=f"/complaints/{event.complaint_id}",
        dedupe=f"status:{event.complaint_id}:{event.before}:{event.after}:{now.isoformat()}",
        now=now,
    )


@subscribe(LeadAssigned, "tell_staff.lead_assigned")
async def tell_lead(tx: Tx, event: LeadAssigned, now: datetime) -> None:
    await _tell_owner(
        tx,
        event,
        event.owner_id,
        record=("lead", event.lead_id),
        kind="lead_assigned",
        title=f"Lead {event.number} is yours now",
        dedupe=f"{event.lead_id}:{event.owner_id}:{_day(now)}",
        now=now,
    )


@subscribe(OpportunityStands, "tell_staff.deal_assigned")
async def tell_deal(tx: Tx, event: OpportunityStands, now: datetime) -> None:
    """Told with every change of a deal: once for each who ever has it."""
    await _tell_owner(
        tx,
        event,
        event.owner_id if event.status == "open" else None,
        record=("deal", event.opportunity_id),
        kind="deal_assigned",
        title="A deal is yours now",
        dedupe=f"deal:{event.opportunity_id}:{event.owner_id}",
        now=now,
    )


@subscribe(CustomerAssigned, "tell_staff.customer_assigned")
async def tell_customer(tx: Tx, event: CustomerAssigned, now: datetime) -> None:
    if event.owner_id is None:
        return
    customer = await customers.get_customer(tx, event.customer_id)
    await _tell_owner(
        tx,
        event,
        event.owner_id,
        record=("customer", event.customer_id),
        kind="customer_assigned",
        title=f"You look after {customer.number} now",
        dedupe=f"customer:{event.customer_id}:{event.owner_id}:{_day(now)}",
        now=now,
    )


@subscribe(CampaignPaused, "tell_staff.campaign_stopped")
async def tell_campaign(tx: Tx, event: CampaignPaused, now: datetime) -> None:
    """A campaign that stopped by itself; who stops one by hand knows it."""
    if event.reason == "by_hand":
        return
    await tell(
        tx,
        [event.owner_id] if event.owner_id else await _who_may(tx, CONFIGURES, now),
        kind="campaign_stopped",
        title=f"A campaign stopped by itself: {STOPPED.get(event.reason, event.reason)}",
        link=f"/campaigns/{event.campaign_id}",
        dedupe=f"stopped:{event.campaign_id}:{now.isoformat()}",
        now=now,
    )


@subscribe(CampaignApprovalAsked, "tell_staff.approval_asked")
async def tell_approvers(tx: Tx, event: CampaignApprovalAsked, now: datetime) -> None:
    """Everybody who may say yes and had no hand in it."""
    able = await _who_may(tx, APPROVES, now)
    await tell(
        tx,
        [one for one in able if one not in event.not_by],
        kind="campaign_approval",
        title=f"{event.name} to {event.people:,} people waits for your approval",
        link=f"/campaigns/{event.campaign_id}#approval",
        dedupe=f"asked:{event.approval_id}",
        now=now,
    )


@subscribe(CampaignApprovalDecided, "tell_staff.approval_decided")
async def tell_of_decision(tx: Tx, event: CampaignApprovalDecided, now: datetime) -> None:
    await tell(
        tx,
        event.told,
        kind="campaign_approval",
        title=f"{event.name} was {'approved' if event.is_approved else 'declined'}",
        link=f"/campaigns/{event.campaign_id}#approval",
        dedupe=f"decided:{event.approval_id}",
        now=now,
    )


@subscribe(JourneyApprovalAsked, "tell_staff.journey_approval_asked")
async def tell_journey_approvers(tx: Tx, event: JourneyApprovalAsked, now: datetime) -> None:
    able = await _who_may(tx, APPROVES, now)
    await tell(
        tx,
        [one for one in able if one not in event.not_by],
        kind="campaign_approval",
        title=f"The journey {event.name} waits for your approval",
        link=f"/journeys/{event.journey_id}#approval",
        dedupe=f"asked:{event.approval_id}",
        now=now,
    )


@subscribe(JourneyApprovalDecided, "tell_staff.journey_approval_decided")
async def tell_of_journey_decision(tx: Tx, event: JourneyApprovalDecided, now: datetime) -> None:
    await tell(
        tx,
        event.told,
        kind="campaign_approval",
        title=f"The journey {event.name} was {'approved' if event.is_approved else 'declined'}",
        link=f"/journeys/{event.journey_id}#approval",
        dedupe=f"decided:{event.approval_id}",
        now=now,
    )


@subscribe(ImportFailed, "tell_staff.import_failed")
async def tell_import(tx: Tx, event: ImportFailed, now: datetime) -> None:
    await _tell_importer(tx, event, f"/customers/import/{event.job_id}", now)


@subscribe(LeadImportFailed, "tell_staff.lead_import_failed")
async def tell_lead_import(tx: Tx, event: LeadImportFailed, now: datetime) -> None:
    await _tell_importer(tx, event, f"/leads/import/{event.job_id}", now)


async def _tell_importer(
    tx: Tx, event: ImportFailed | LeadImportFailed, link: str, now: datetime
) -> None:
    await tell(
        tx,
        [event.user_id] if event.user_id else [],
        kind="import_failed",
        title=f"The import of {event.filename} could not go on",
        body=event.reason,
        link=link,
        dedupe=f"{event.job_id}:{now.isoformat()}",
        now=now,
    )


@subscribe(ProviderSuspended, "tell_staff.provider_refused")
async def tell_provider(tx: Tx, event: ProviderSuspended, now: datetime) -> None:
    """Everybody who can mend the keys, at once."""
    await tell(
        tx,
        await _who_may(tx, CONFIGURES, now),
        kind="provider_refused",
        title=f"{event.name} refuses our keys: no {event.channel} leaves by it",
        body=event.reason,
        link=f"/settings/sending/{event.provider_id}",
        dedupe=f"provider:{event.provider_id}:{_day(now)}",
        now=now,
    )


@subscribe(DisputeOpened, "tell_staff.dispute_opened")
async def tell_dispute(tx: Tx, event: DisputeOpened, now: datetime) -> None:
    """Everybody who decides about payments: a bank's days run from now."""
    await _tell_of_dispute(tx, event, "the buyer's bank disputes a payment", "opened", now)


@subscribe(DisputeChanged, "tell_staff.dispute_changed")
async def tell_dispute_change(tx: Tx, event: DisputeChanged, now: datetime) -> None:
    """What only waits is not told."""
    if event.status == "action_required":
        said = "the dispute needs more evidence"
        await _tell_of_dispute(tx, event, said, f"needed:{now.isoformat()}", now)


@subscribe(DisputeDecided, "tell_staff.dispute_decided")
async def tell_dispute_decision(tx: Tx, event: DisputeDecided, now: datetime) -> None:
    await _tell_of_dispute(tx, event, f"the dispute was {event.outcome}", event.outcome, now)


async def _tell_of_dispute(
    tx: Tx,
    event: DisputeOpened | DisputeChanged | DisputeDecided,
    said: str,
    dedupe: str,
    now: datetime,
) -> None:
    order = await orders.get_order(tx, event.order_id)
    await tell(
        tx,
        await _who_may(tx, RESOLVES, now),
        kind="payment_dispute",
        title=f"{order.number}: {said}",
        link=f"/payments/{event.payment_id}",
        dedupe=f"{event.dispute_id}:{dedupe}",
        now=now,
    )


@subscribe(WebhookEndpointDisabled, "tell_staff.webhook_disabled")
async def tell_webhook(tx: Tx, event: WebhookEndpointDisabled, now: datetime) -> None:
    """Whoever can mend it and save it again."""
    await tell(
        tx,
        await _who_may(tx, MANAGES_WEBHOOKS, now),
        kind="webhook_disabled",
        title=f"No more events go to {event.url[:120]}",
        body=event.reason,
        link="/settings/webhooks",
        dedupe=f"webhook:{event.endpoint_id}:{now.isoformat()}",
        now=now,
    )


async def _who_may(tx: Tx, permission: str, now: datetime) -> list[UUID]:
    return [
        row.user_id
        for row in await identity.access_of_all(tx, now=now)
        if identity.as_actor(tx, row.user_id, row.access).may(permission)
    ]


async def _tell_owner(
    tx: Tx,
    event: Event,
    owner_id: UUID | None,
    *,
    record: tuple[Followed, UUID],
    kind: str,
    title: str,
    dedupe: str,
    now: datetime,
) -> None:
    """Whoever has it follows it; who took it themselves is not told."""
    if owner_id is None:
        return
    await following.follow_for(tx, *record, [owner_id], now=now)
    if owner_id == await history.last_actor(tx, event.topic, event.key()):
        return
    link = page_of(*record)
    await tell(tx, [owner_id], kind=kind, title=title, link=link, dedupe=dedupe, now=now)


def _day(now: datetime) -> str:
    """Given away and back within a day is one occasion."""
    return now.date().isoformat()
