"""Applying what providers tell: once each, only forward, only by whoever carried the message."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.notifications import (
    MessageBounced,
    MessageComplained,
    MessageDelivered,
    MessageEngaged,
    MessageFailed,
)
from tandem.crm.notifications import store as ledger
from tandem.crm.notifications.domain import bounces
from tandem.crm.notifications.domain.messages import Message, State
from tandem.crm.notifications.domain.reports import (
    ENGAGEMENT,
    Inbound,
    Malformed,
    Report,
    What,
    is_progress,
)
from tandem.crm.notifications.domain.returned_mail import Returned, read_returned
from tandem.crm.notifications.domain.verp import message_of
from tandem.crm.notifications.service.handing import settle_sent
from tandem.crm.notifications.service.telling import facts_of
from tandem.crm.notifications.store import providers, receipts
from tandem.kernel.db import Tx
from tandem.kernel.events import Event

WAITS_FOR = timedelta(days=3)
"""How long a report waits for its message; providers tell again for about as long."""
KEPT_FOR = timedelta(days=90)
SWEEP = 200
TALKS_FOR = timedelta(hours=24)

STATES: Mapping[What, State] = {
    What.FAILED: State.FAILED,
    What.DELIVERED: State.DELIVERED,
    What.READ: State.DELIVERED,
    What.SOFT_BOUNCE: State.BOUNCED,
    What.HARD_BOUNCE: State.BOUNCED,
    What.COMPLAINED: State.COMPLAINED,
}
"""What a report makes of a message; others leave it as it is."""
LEFT = frozenset({State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED})
HELD = frozenset({State.SENDING, State.UNKNOWN})


async def take(
    tx: Tx, provider_id: UUID, told: Report | Malformed | Inbound, *, now: datetime
) -> None:
    """Keep one item and apply it; telling it again does nothing."""
    match told:
        case Inbound(is_chat=True):
            at = min(told.at or now, now)
            await receipts.talked(tx, phone_hash(tx.actor.org_id, told.phone), at=at)
        case Inbound():
            return
        case Malformed():
            await _keep(tx, provider_id, told, what="", state="malformed", now=now)
        case Report():
            receipt_id = await _keep(
                tx, provider_id, told, what=told.what, state="waiting", now=now
            )
            if receipt_id is not None:
                await _settle(tx, receipt_id, provider_id, told, now=now)


async def hear(tx: Tx, provider_id: UUID, told: Inbound, *, now: datetime) -> bool:
    """Note that a keyword was heard; False when it was before. It is about no
    message, and what was said is not kept."""
    return (
        await receipts.add(
            tx,
            provider_id=provider_id,
            event_key=f"heard:{told.key}"[:120],
            what="keyword",
            report={},
            state="unclaimed",
            now=now,
        )
        is not None
    )


async def take_returned(
    tx: Tx, provider_id: UUID, raw: bytes, *, secret: str, now: datetime
) -> bool:
    """Mail that came back to a bounce mailbox; False for what proves nothing and changes nothing.

    Proof is a return path with our mark, or, for a machine's report, our Message-ID together with
    its own recipient.
    """
    returned = read_returned(raw)
    if returned is None:
        return False
    named = [message_of(address, secret) for address in returned.addresses]
    message_id = next((one for one in named if one is not None), None)
    if message_id is None and returned.is_standard:
        message_id = await _by_message_id(tx, returned)
    if message_id is None:
        return False
    report = Report(
        key=f"mail:{hashlib.sha256(raw).hexdigest()[:40]}",
        what=returned.what,
        at=None,
        message_id=message_id,
        recipient=returned.recipient,
        detail=returned.detail,
    )
    await take(tx, provider_id, report, now=now)
    return True


async def _by_message_id(tx: Tx, returned: Returned) -> UUID | None:
    for message_id in returned.message_ids:
        message = await ledger.find(tx, message_id)
        is_known = message is not None and bool(returned.recipient)
        if message and is_known and message.recipient.casefold() == returned.recipient:
            return message_id
    return None


async def sweep_waiting(tx: Tx, *, now: datetime) -> int:
    """Reports that were quicker than our own note; those nobody claims are given up."""
    waiting = await receipts.lock_waiting(tx, count=SWEEP)
    for one in waiting:
        report = msgspec.convert(one.report, Report)
        is_over = now - one.received_at > WAITS_FOR
        await _settle(tx, one.id, one.provider_id, report, now=now, is_last=is_over)
    await receipts.forget(tx, before=now - KEPT_FOR)
    return len(waiting)


async def apply_report(tx: Tx, message_id: UUID, report: Report, *, now: datetime) -> bool:
    """Only forward; whoever reports on a message has it, so it is not unknown any more.

    False when it was no news.
    """
    held = await ledger.lock(tx, message_id)
    if held is None:
        return False
    if held.state in HELD:
        theirs = report.provider_message_id or str(held.id)
        await settle_sent(tx, held, provider_message_id=theirs, now=now, outcome="found")
        held = msgspec.structs.replace(held, state=State.SENT, provider_message_id=theirs)
    if report.what in ENGAGEMENT:
        await _note_once(tx, held, report, now)
        await tx.publish(_engaged(held, report, now))
        return True
    if held.state not in LEFT or not is_progress(report.what, held.receipt):
        return False
    await _advance(tx, held, report, now=now)
    return True


async def apply_own_report(tx: Tx, message_id: UUID, report: Report, *, now: datetime) -> bool:
    """Of the installation's own gateway, whose signature covers our id: theirs must fit to it."""
    held = await ledger.find(tx, message_id)
    if held is None or held.provider_message_id not in {None, report.provider_message_id}:
        return False
    return await apply_report(tx, message_id, report, now=now)


async def is_given_up(tx: Tx, message_id: UUID, *, now: datetime) -> bool:
    """The address of a soft bounce has taken nothing for days."""
    held = await ledger.find(tx, message_id)
    if held is None:
        return False
    ended = await receipts.ended_at(
        tx,
        held.recipient,
        held.channel,
        taken_before=now - bounces.TAKEN_AFTER,
        count=bounces.IN_A_ROW,
    )
    return bounces.is_given_up(ended)


def is_talking_since(at: datetime | None, now: datetime) -> bool:
    return at is not None and now - at < TALKS_FOR


def phone_hash(org_id: UUID, phone: str) -> bytes:
    return hashlib.sha256(org_id.bytes + phone.encode()).digest()


async def _settle(
    tx: Tx,
    receipt_id: UUID,
    provider_id: UUID,
    report: Report,
    *,
    now: datetime,
    is_last: bool = False,
) -> None:
    message_id = await _message_of(tx, provider_id, report)
    if message_id is None:
        state = "unclaimed" if is_last else "waiting"
        await receipts.settle(tx, receipt_id, state=state, message_id=None)
        return
    is_news = await apply_report(tx, message_id, report, now=now)
    state = "applied" if is_news else "stale"
    await receipts.settle(tx, receipt_id, state=state, message_id=message_id)


async def _message_of(tx: Tx, provider_id: UUID, report: Report) -> UUID | None:
    """A message of ours that this very provider carried."""
    message_id = report.message_id
    if message_id is None and report.provider_message_id:
        message_id = await receipts.find_message(tx, report.provider_message_id)
    if message_id is None or not await providers.was_carried_by(tx, message_id, provider_id):
        return None
    return message_id


async def _keep(
    tx: Tx,
    provider_id: UUID,
    told: Report | Malformed,
    *,
    what: str,
    state: str,
    now: datetime,
) -> UUID | None:
    report: dict[str, Any] = msgspec.to_builtins(told)
    return await receipts.add(
        tx,
        provider_id=provider_id,
        event_key=told.key[:120] or "none",
        what=what,
        report=report,
        state=state,
        now=now,
    )


async def _note_once(tx: Tx, held: Message, report: Report, now: datetime) -> None:
    """That it was opened, and that something in it was clicked, are lines of its history; how often
    and by whom is marketing's to know."""
    known = {one.outcome for one in await ledger.list_attempts(tx, held.id)}
    if report.what not in known:
        await ledger.add_attempt(tx, held, outcome=report.what, detail="", now=now)


async def _advance(tx: Tx, held: Message, report: Report, *, now: datetime) -> None:
    state = STATES.get(report.what, held.state)
    is_trouble = state in {State.FAILED, State.BOUNCED, State.COMPLAINED}
    after = msgspec.structs.replace(
        held, receipt=report.what, state=state, error=report.detail if is_trouble else ""
    )
    await ledger.settle(tx, after, is_erased=held.is_secret, now=now)
    await ledger.add_attempt(tx, held, outcome=report.what, detail=report.detail, now=now)
    if state is not held.state or report.what is What.HARD_BOUNCE:
        await tx.publish(*_told(held, report, state))


def _told(held: Message, report: Report, state: State) -> list[Event]:
    facts = facts_of(held)
    match state:
        case State.DELIVERED:
            return [MessageDelivered(**facts)]
        case State.BOUNCED:
            bounce = "hard" if report.what is What.HARD_BOUNCE else "soft"
            return [MessageBounced(**facts, bounce=bounce, reason=report.detail)]
        case State.COMPLAINED:
            return [MessageComplained(**facts)]
        case State.FAILED:
            return [MessageFailed(**facts, reason=report.detail or "The provider gave it up.")]
        case _:
            return []


def _engaged(held: Message, report: Report, now: datetime) -> MessageEngaged:
    return MessageEngaged(
        **facts_of(held),
        action=ENGAGEMENT[report.what],
        at=report.at or now,
        url=report.url,
        user_agent=report.user_agent,
        address=report.address,
    )
