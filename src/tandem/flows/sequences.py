"""A rep's mails to a lead, one after the other, until the lead answers or says no.

Each leaves through the ledger, in the name of whoever put the lead in: from their own address where
the company has proven its domain, else from the company's with their name. Whatever the lead does
by itself (a mail at an inlet, a form) ends it, and so does being converted, lost or erased.
"""

from collections.abc import Sequence as Several
from datetime import datetime
from email.utils import formataddr
from uuid import UUID

import msgspec

from tandem.contracts.notifications import MessageBounced, MessageComplained
from tandem.contracts.sales import LeadCaptured, LeadMoved, LeadsMerged
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import MayContact
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.people import User
from tandem.crm.marketing.service import senders
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane
from tandem.crm.notifications.domain.outgoing import Content, Outgoing, Worded, finishes
from tandem.crm.sales.domain.leads import Channel as Way
from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.domain.sequences import Reason, Run, Sequence, Step, feed_of, filled, run_of
from tandem.crm.sales.service import leads, sequences
from tandem.crm.sales.service.sequences import OPEN
from tandem.flows.staff_inbox import tell
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.events import subscribe
from tandem.kernel.jobs import Work, every

KIND = "sequence"
AT_ONCE = 200
MARKETING = "marketing"


async def start(
    tx: Tx, sequence_id: UUID, lead_id: UUID, *, sender_id: UUID | None = None, now: datetime
) -> Run:
    """In the name of `sender_id`, else of whoever asks, else of the lead's owner. Refuses, besides
    what `sequences.start` refuses, a sender who is not here, and a lead who may not be written to.
    """
    lead = await leads.lock_lead(tx, lead_id)
    sender = sender_id or tx.actor.person or lead.owner_id
    if sender is None:
        raise Invalid("Say in whose name.", field="sender_id")
    await identity.check_staff(tx.with_all_grants(), sender, field="sender_id")
    run = await sequences.start(tx, sequence_id, lead_id, sender_id=sender, now=now)
    sequence = await sequences.get_sequence(tx, sequence_id)
    if (why := await _may_not(tx, lead, sequence)) is not None:
        said = "They have not agreed to hear from us." if why is Reason.NO_CONSENT else None
        raise Invalid(said or "They do not want to hear from us.", field="lead_id")
    return run


async def stop(tx: Tx, run_id: UUID, reason: Reason, *, now: datetime) -> Run:
    """By hand; a mail that has not left yet does not leave."""
    run = await sequences.stop_run(tx, run_id, reason, now=now)
    await _take_back(tx.with_all_grants(), run, now)
    return run


@every(30, "sales.send_sequences")
async def send_due(work: Work) -> None:
    """The next mail of every run that is due, each in a transaction of its own."""
    now = work.now()
    async with work.transaction() as tx:
        due = await sequences.list_due(tx, now=now, count=AT_ONCE)
    for run_id in due:
        async with work.transaction() as tx:
            await _send_next(tx, run_id, now)


@subscribe(LeadCaptured, "sequences.stop_answered")
async def stop_answered(tx: Tx, event: LeadCaptured, now: datetime) -> None:
    """They came by themselves: a mail of theirs at an inlet, a form. What staff or a file wrote
    in again is no answer."""
    if event.is_new or event.channel in (Way.MANUAL, Way.IMPORT, Way.API):
        return
    reason = Reason.REPLIED if event.channel == Way.OTHER else Reason.CAME_AGAIN
    await _stop_of(tx, event.lead_id, reason, now)


@subscribe(LeadMoved, "sequences.stop_settled")
async def stop_settled(tx: Tx, event: LeadMoved, now: datetime) -> None:
    if event.kind not in OPEN:
        await _stop_of(tx, event.lead_id, Reason.SETTLED, now)


@subscribe(LeadsMerged, "sequences.stop_merged")
async def stop_merged(tx: Tx, event: LeadsMerged, now: datetime) -> None:
    """One person hears of one sequence: the one that began first."""
    trusted = tx.with_all_grants()
    for run_id in (await sequences.running_of(trusted, event.lead_id))[1:]:
        await _stop(trusted, run_id, Reason.GONE, now)


@subscribe(MessageBounced, "sequences.stop_bounced")
async def stop_bounced(tx: Tx, event: MessageBounced, now: datetime) -> None:
    run_id = run_of(event.feed)
    if run_id is not None and event.bounce == "hard":
        await _stop(tx.with_all_grants(), run_id, Reason.BOUNCED, now)


@subscribe(MessageComplained, "sequences.stop_complained")
async def stop_complained(tx: Tx, event: MessageComplained, now: datetime) -> None:
    run_id = run_of(event.feed)
    if run_id is not None:
        await _stop(tx.with_all_grants(), run_id, Reason.COMPLAINED, now)


async def finish(tx: Tx, worded: Several[Worded]) -> list[Content]:
    """Who it is from, and where an answer goes, asked at the last moment."""
    run_id = run_of(worded[0][0].feed)
    assert run_id, "only a sequence's mails come here"
    trusted = tx.with_all_grants()
    run = await sequences.get_run(trusted, run_id)
    sequence = await sequences.get_sequence(trusted, run.sequence_id)
    sender = await identity.get_user(trusted, run.sender_id)
    headers = {"Reply-To": sequence.reply_to or sender.email}
    if await _is_ours(trusted, sender.email):
        headers["From"] = formataddr((sender.name, sender.email))
    return [
        msgspec.structs.replace(content, headers={**content.headers, **headers})
        for _, content in worded
    ]


finishes(KIND, finish)


async def _send_next(tx: Tx, run_id: UUID, now: datetime) -> None:
    run = await sequences.lock_run(tx, run_id)
    if run is None or run.due_at is None or run.due_at > now:
        return
    sequence = await sequences.get_sequence(tx, run.sequence_id)
    lead = await leads.find_lead(tx, run.lead_id)
    people = {user.id: user for user in await identity.list_users(tx) if user.is_active}
    sender = people.get(run.sender_id)
    why = await _why_not(tx, lead, sender, sequence)
    if why is not None:
        await sequences.end(tx, run, why, now=now)
        return
    assert lead is not None and sender is not None, "or there was a reason"
    if run.sent < len(sequence.steps):
        mail = _mail(run, sequence.steps[run.sent], lead, sender)
        await notifications.plan(tx, [mail], now=now)
    await sequences.went(tx, run, lead, sequence, now=now)


async def _why_not(
    tx: Tx, lead: Lead | None, sender: User | None, sequence: Sequence
) -> Reason | None:
    if lead is None:
        return Reason.GONE
    if lead.kind not in OPEN:
        return Reason.SETTLED
    if sender is None:
        return Reason.SENDER_LEFT
    return await _may_not(tx, lead, sequence)


async def _may_not(tx: Tx, lead: Lead, sequence: Sequence) -> Reason | None:
    """Suppressed or said no: never. Never asked: where the sequence asks for consent."""
    if not lead.email:
        return Reason.NO_ADDRESS
    ask = MayContact(
        channel="email", address=lead.email, purpose=MARKETING, customer_id=lead.customer_id
    )
    [standing] = await customers.may_contact(tx.with_all_grants(), [ask])
    if standing.is_allowed:
        return None
    if standing.reason in ("consent:none", "consent:pending"):
        return Reason.NO_CONSENT if sequence.asks_consent else None
    return Reason.SAID_NO


def _mail(run: Run, step: Step, lead: Lead, sender: User) -> Outgoing:
    words = {
        "name": lead.name or lead.company_name,
        "company": lead.company_name,
        "number": lead.number,
        "sender": sender.name,
    }
    return Outgoing(
        dedupe=f"{run.feed}:{run.sent}",
        channel=Channel.EMAIL,
        kind=KIND,
        purpose=SERVICE,
        customer_id=lead.customer_id,
        recipient=lead.email or "",
        lane=Lane.TRANSACTIONAL,
        feed=run.feed,
        sender_name=sender.name,
        subject=filled(step.subject, words),
        text=filled(step.text, words),
    )


async def _is_ours(tx: Tx, address: str) -> bool:
    """Of a domain that the company has proven: what leaves from it is signed and arrives."""
    domain = address.rpartition("@")[2].lower()
    known = await senders.list_domains(tx)
    return any(one.domain == domain and one.verified_at is not None for one in known)


async def _stop_of(tx: Tx, lead_id: UUID, reason: Reason, now: datetime) -> None:
    trusted = tx.with_all_grants()
    for run_id in await sequences.running_of(trusted, lead_id):
        await _stop(trusted, run_id, reason, now)


async def _stop(tx: Tx, run_id: UUID, reason: Reason, now: datetime) -> None:
    run = await sequences.lock_run(tx, run_id)
    if run is None:
        return
    await sequences.end(tx, run, reason, now=now)
    await _take_back(tx, run, now)
    lead = await leads.find_lead(tx, run.lead_id)
    if lead is not None and reason in (Reason.REPLIED, Reason.CAME_AGAIN):
        await tell(
            tx,
            [run.sender_id],
            kind="lead_answered",
            title=f"{lead.title} answered",
            body=f"The sequence {run.sequence_name} ended after {run.sent} of {run.steps} mails.",
            link=f"/leads/{lead.id}",
            dedupe=str(run.id),
            now=now,
        )


async def _take_back(tx: Tx, run: Run, now: datetime) -> None:
    await notifications.cancel(tx, feed=feed_of(run.id), reason="The sequence has ended.", now=now)
