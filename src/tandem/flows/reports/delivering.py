"""A report for one recipient: made as them, kept for them, and the letter that says so.

The file, the letter and the word that it was sent commit together: a worker that dies over it
leaves nothing behind, and the next try begins anew.
"""

from datetime import datetime
from uuid import UUID

import structlog

from tandem.contracts.analytics import ReportReady
from tandem.crm.analytics.domain.asking import QueryTooSlow, TooManyQueries
from tandem.crm.analytics.domain.exports import LIFE_OF_A_REPORT, Export
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.domain.subscriptions import Delivery, Outcome, Subscription
from tandem.crm.analytics.service import exports, subscriptions
from tandem.crm.identity.domain.people import User
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.service import templates
from tandem.flows.reports.acting import NotHere, as_member, member
from tandem.flows.reports.exporting import keep_report
from tandem.flows.reports.letters import facts_of
from tandem.flows.reports.making import Report, Subject, make, subject_of
from tandem.flows.reports.people import funnel_report, retention_report
from tandem.flows.tell_customer import company_name
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.jobs import Work, every

log = structlog.get_logger()
LATER = (QueryTooSlow, TooManyQueries)


@every(10, "analytics.deliver_reports")
async def deliver_reports(work: Work) -> None:
    async with work.transaction() as tx:
        due = await subscriptions.due_deliveries(tx, now=work.now())
    for delivery_id in due:
        await deliver(work, delivery_id)


async def deliver(work: Work, delivery_id: UUID) -> None:
    """One try. What the database is too busy for is tried again later."""
    now = work.now()
    async with work.transaction() as tx:
        attempts = await subscriptions.claim_delivery(tx, delivery_id, now=now)
    if attempts is None:
        return
    try:
        async with work.transaction() as tx:
            found = await subscriptions.lock_delivery(tx, delivery_id, attempts=attempts)
            if found is not None:
                outcome = await _deliver(tx, work.get(Blobs), found, now)
                await subscriptions.end_delivery(tx, delivery_id, outcome, now=now)
    except LATER as refusal:
        log.info("report_put_off", delivery=str(delivery_id), reason=refusal.detail)


async def _deliver(tx: Tx, blobs: Blobs, delivery: Delivery, now: datetime) -> Outcome:
    subscription = await subscriptions.find_subscription(tx, delivery.subscription_id)
    if subscription is None:
        return Outcome(state="gone", reason="The subscription is gone.")
    try:
        person = await member(tx, delivery.recipient_id)
        theirs = await as_member(tx, delivery.recipient_id, now=now)
        theirs.actor.require(READ)
        report = await _report(tx, theirs, subscription, now)
    except LATER:
        raise
    except NotHere as refusal:
        return Outcome(state="gone", reason=refusal.detail)
    except (Forbidden, NotFound, Invalid) as refusal:
        return Outcome(state="not_allowed", reason=refusal.detail)
    if subscription.draft.skip_empty and report.is_empty:
        return Outcome(state="empty", row_count=0, as_of=report.as_of)
    made = await exports.note(
        theirs,
        subscription.draft.export,
        title=report.title,
        row_count=report.row_count,
        now=now,
        expires_at=now + LIFE_OF_A_REPORT,
    )
    kept = await keep_report(theirs, blobs, made, report, now=now)
    await _tell(tx, subscription, delivery, person, report, kept, now)
    return Outcome(
        state="sent",
        export_id=kept.id,
        row_count=kept.row_count,
        as_of=kept.as_of,
        policy_hash=kept.policy_hash,
        sha256=kept.sha256,
    )


async def _report(tx: Tx, theirs: Tx, subscription: Subscription, now: datetime) -> Report:
    """What its recipient sees of it, for whom `theirs` works."""
    draft = subscription.draft
    if draft.funnel is not None:
        return await funnel_report(theirs, draft.name, draft.funnel, now=now)
    if draft.retention is not None:
        return await retention_report(theirs, draft.name, draft.retention, now=now)
    subject = await _subject(tx, subscription, now)
    return await make(theirs, subject, draft.looking, now=now, as_of=None)


async def _subject(tx: Tx, subscription: Subscription, now: datetime) -> Subject:
    """A dashboard that somebody made is its maker's: gone with them, and then it stops."""
    try:
        owner = tx
        if subscription.draft.query is None:
            owner = await as_member(tx, subscription.owner_id, now=now)
        return await subject_of(owner, subscription.draft.export)
    except (NotHere, NotFound) as refusal:
        reason = "The dashboard, or who made it, is not here any more."
        await subscriptions.stop(tx, subscription.id, reason=reason)
        raise NotFound(reason) from refusal


async def _tell(
    tx: Tx,
    subscription: Subscription,
    delivery: Delivery,
    person: User,
    report: Report,
    kept: Export,
    now: datetime,
) -> None:
    """A letter with the numbers in it, a line under the bell, and an event for webhooks."""
    company = await company_name(tx)
    link = f"/exports/{kept.id}"
    facts = await facts_of(tx, company, subscription, delivery, report, kept)
    said = await templates.say_rows(tx, "report", facts)
    letter = Outgoing(
        dedupe=f"report:{delivery.id}",
        channel=Channel.EMAIL,
        kind="report",
        purpose=SERVICE,
        customer_id=None,
        recipient=person.email,
        lane=Lane.TRANSACTIONAL,
        sender_name=company,
        subject=said.subject,
        text=said.text,
        html=said.html,
    )
    await notifications.plan(tx, [letter], now=now)
    await notifications.tell_staff(
        tx,
        [person.id],
        kind="report",
        title=subscription.name,
        link=link,
        dedupe=f"report:{delivery.id}",
        now=now,
        has_own_mail=True,
    )
    await tx.publish(
        ReportReady(
            subscription_id=subscription.id,
            delivery_id=delivery.id,
            name=subscription.name,
            recipient_id=person.id,
            slot=delivery.slot,
            row_count=kept.row_count or 0,
            sha256=kept.sha256,
            link=link,
        )
    )
