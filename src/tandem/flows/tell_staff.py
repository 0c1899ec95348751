"""What members of the staff hear of the suite's events: what is theirs now, who names them, which
clock ran out, what happens to what they follow. What was said is under a link, never in the words.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.contracts.customers import CustomerAssigned, ImportFailed
from tandem.contracts.marketing import CampaignPaused
from tandem.contracts.notifications import ProviderSuspended
from tandem.contracts.sales import LeadAssigned, LeadImportFailed, OpportunityStands
from tandem.contracts.support import (
    ComplaintAssigned,
    ComplaintBreached,
    ComplaintMessageAdded,
    ComplaintStatusChanged,
)
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.people import User
from tandem.crm.notifications.service import inbox
from tandem.kernel import history
from tandem.kernel.db import Tx
from tandem.kernel.events import Event, subscribe
from tandem.scm.support import service as support
from tandem.scm.support.domain.statuses import Origin, Visibility

MENTION = re.compile(r"(?<![\w@.])@([\w.+-]{2,60}(?:@[\w.-]+)?)")
MENTIONS_MAX = 20
CONFIGURES = "notifications.configure"


@subscribe(ComplaintAssigned, "tell_staff.complaint_assigned")
async def tell_complaint(tx: Tx, event: ComplaintAssigned, now: datetime) -> None:
    await _tell_owner(
        tx,
        event,
        event.assignee_id,
        kind="complaint_assigned",
        title=f"{event.number} is yours now",
        link=f"/complaints/{event.complaint_id}",
        dedupe=f"{event.complaint_id}:{event.assignee_id}:{_day(now)}",
        now=now,
    )


@subscribe(ComplaintBreached, "tell_staff.clock_breached")
async def tell_breach(tx: Tx, event: ComplaintBreached, now: datetime) -> None:
    """Whoever has it, and whoever follows it."""
    people = [event.assignee_id] if event.assignee_id else []
    people += await inbox.watchers_of(tx, "complaint", event.complaint_id)
    await _tell(
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
    """Who is named in a note; and what a buyer writes, to whoever has or follows it."""
    link = f"/complaints/{event.complaint_id}"
    if event.visibility != Visibility.PUBLIC:
        message = await support.get_message(tx, event.message_id)
        named = await mentioned(tx, message.body)
        await tell_mentioned(
            tx,
            [one for one in named if one != message.author_id],
            by=message.author_label,
            where=event.number,
            link=link,
            dedupe=str(event.message_id),
            now=now,
        )
    if event.origin != Origin.BUYER:
        return
    complaint = await support.get_complaint(tx, event.complaint_id)
    people = await inbox.watchers_of(tx, "complaint", event.complaint_id)
    people += [complaint.assignee_id] if complaint.assignee_id else []
    await _tell(
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
    await _tell(
        tx,
        await inbox.watchers_of(tx, "complaint", event.complaint_id),
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
        kind="lead_assigned",
        title=f"Lead {event.number} is yours now",
        link=f"/leads/{event.lead_id}",
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
        kind="deal_assigned",
        title="A deal is yours now",
        link=f"/deals/{event.opportunity_id}",
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
        kind="customer_assigned",
        title=f"You look after {customer.number} now",
        link=f"/customers/{event.customer_id}",
        dedupe=f"customer:{event.customer_id}:{event.owner_id}:{_day(now)}",
        now=now,
    )


@subscribe(CampaignPaused, "tell_staff.campaign_stopped")
async def tell_campaign(tx: Tx, event: CampaignPaused, now: datetime) -> None:
    """A campaign that stopped by itself; who stops one by hand knows it."""
    if event.reason == "by_hand":
        return
    await _tell(
        tx,
        [event.owner_id] if event.owner_id else await _who_may(tx, CONFIGURES, now),
        kind="campaign_stopped",
        title=f"A campaign stopped by itself: too many {event.reason}",
        link=f"/campaigns/{event.campaign_id}",
        dedupe=f"stopped:{event.campaign_id}:{now.isoformat()}",
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
    await _tell(
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
    await _tell(
        tx,
        await _who_may(tx, CONFIGURES, now),
        kind="provider_refused",
        title=f"{event.name} refuses our keys: no {event.channel} leaves by it",
        body=event.reason,
        link=f"/settings/sending/{event.provider_id}",
        dedupe=f"provider:{event.provider_id}:{_day(now)}",
        now=now,
    )


async def mentioned(tx: Tx, text: str) -> list[UUID]:
    """Members named in a note: `@ravi`, `@ravi.kumar` or `@ravi@example.test`. Where a short name
    fits several, nobody is: a whole address says who."""
    names = {found.lower().rstrip(".") for found in MENTION.findall(text)}
    if not names:
        return []
    people = [user for user in await identity.list_users(tx) if user.is_active]
    found = [_called(people, name) for name in sorted(names)[:MENTIONS_MAX]]
    return list(dict.fromkeys(one.id for one in found if one is not None))


async def tell_mentioned(
    tx: Tx,
    people: Sequence[UUID],
    *,
    by: str,
    where: str,
    link: str,
    dedupe: str,
    now: datetime,
) -> None:
    """For whoever keeps notes: `where` is the record's number, `dedupe` the note's id."""
    await _tell(
        tx,
        people,
        kind="mention",
        title=f"{by} names you in {where}",
        link=link,
        dedupe=f"mention:{dedupe}",
        now=now,
    )


def _called(people: Sequence[User], name: str) -> User | None:
    fits = [
        user
        for user in people
        if name
        in {
            user.email.lower(),
            user.email.lower().partition("@")[0],
            user.name.lower().replace(" ", "."),
            user.name.lower().partition(" ")[0],
        }
    ]
    exact = [user for user in fits if user.email.lower() == name]
    return exact[0] if exact else fits[0] if len(fits) == 1 else None


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
    kind: str,
    title: str,
    link: str,
    dedupe: str,
    now: datetime,
) -> None:
    """Not who took it themselves."""
    if owner_id is None or owner_id == await history.last_actor(tx, event.topic, event.key()):
        return
    await _tell(tx, [owner_id], kind=kind, title=title, link=link, dedupe=dedupe, now=now)


async def _tell(
    tx: Tx,
    people: Sequence[UUID],
    *,
    kind: str,
    title: str,
    link: str,
    dedupe: str,
    now: datetime,
    body: str = "",
) -> None:
    if not people:
        return
    zone = (await identity.get_organisation(tx)).time_zone
    await inbox.tell_staff(
        tx,
        people,
        kind=kind,
        title=title,
        body=body,
        link=link,
        dedupe=f"{kind}:{dedupe}",
        now=now,
        zone=zone,
    )


def _day(now: datetime) -> str:
    """Given away and back within a day is one occasion."""
    return now.date().isoformat()
