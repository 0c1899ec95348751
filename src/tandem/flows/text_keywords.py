"""STOP, START and HELP, written to one of the company's numbers, are obeyed and answered.

STOP ends every purpose but service by that way, for everybody who has the number: nobody can tell
which of them wrote it. A number that is nobody's is kept as an address that nobody writes to. START
takes back what STOP ended, and nothing that was never agreed to. Where the carrier answers by
itself (Twilio, unless told otherwise) nothing is said twice.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from tandem.contracts.notifications import MessageFailed
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import SERVICE, NewConsent, NewSuppression
from tandem.crm.customers.service.contacts import sharers_of
from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.inbox_names import read_inbox_name
from tandem.crm.notifications.domain.keywords import Keyword, keyword_of
from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.providers import CHANNEL_OF, Kind
from tandem.crm.notifications.domain.reports import READ, Inbound
from tandem.crm.notifications.domain.texts import is_phone
from tandem.crm.notifications.service import providers, reports, templates
from tandem.kernel import inbox
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe, subscribe_many
from tandem.kernel.inbox import WebhookKept

Way = Literal["sms", "whatsapp"]
HEARING = frozenset({Kind.TWILIO, Kind.MSG91, Kind.WHATSAPP})
OPTED_OUT = re.compile(r"(?<!\d)21610(?!\d)")
"""Twilio, error 21610: the recipient has unsubscribed from this sender."""
SOURCE = "a STOP by message"
BACK = "a START by message"
ALWAYS = "marketing"
ANSWERS = {"stop": "text_stopped", "start": "text_resumed", "help": "text_help"}


@subscribe(WebhookKept, "text_keywords.hear")
async def hear(tx: Tx, event: WebhookKept, now: datetime) -> None:
    named = read_inbox_name(event.provider)
    if named is None or named[0] not in HEARING:
        return
    kind, provider_id = named
    kept = await inbox.get(tx, event.webhook_id)
    for told in READ[kind](kept.body):
        if not isinstance(told, Inbound) or not is_phone(told.phone):
            continue
        keyword = keyword_of(told.text)
        if keyword and await reports.hear(tx, provider_id, told, now=now):
            await _obey(tx, kind, provider_id, told, keyword, now)


@subscribe_many(MessageFailed, "text_keywords.hear_refusal")
async def hear_refusal(tx: Tx, events: Sequence[MessageFailed], now: datetime) -> None:
    """Twilio had obeyed a STOP of theirs before we heard of it: it refuses with 21610."""
    for event in events:
        if event.channel != "sms" or not OPTED_OUT.search(event.reason):
            continue
        message = await notifications.get_message(tx, event.message_id)
        if not is_phone(message.recipient):
            continue
        told = Inbound(key=f"refused:{message.id}", phone=message.recipient)
        await _stop(tx, "sms", told, await sharers_of(tx, message.recipient), now)


async def _obey(
    tx: Tx, kind: Kind, provider_id: UUID, told: Inbound, keyword: Keyword, now: datetime
) -> None:
    way = cast("Way", CHANNEL_OF[kind])
    people = await sharers_of(tx, told.phone)
    said_at = min(told.at or now, now)
    is_news = True
    if keyword == "stop":
        is_news = await _stop(tx, way, told, people, said_at)
    elif keyword == "start":
        is_news = await _start(tx, way, told, people, said_at, now)
    if is_news and not told.is_answered and await _is_ours_to_answer(tx, kind, provider_id):
        one = people[0] if len(people) == 1 else None
        await _answer(tx, way, told, ANSWERS[keyword], one, now)


async def _stop(tx: Tx, way: Way, told: Inbound, people: Sequence[UUID], said_at: datetime) -> bool:
    """True if anything ended. What they agreed to after they said it stays."""
    if not people:
        if await customers.find_suppression(tx, way, told.phone) is not None:
            return False
        new = NewSuppression(channel=way, address=told.phone, reason="unsubscribed", detail=SOURCE)
        await customers.suppress(tx, new, now=said_at)
        return True
    return any([await _end(tx, way, told, one, said_at) for one in people])


async def _end(tx: Tx, way: Way, told: Inbound, customer_id: UUID, said_at: datetime) -> bool:
    known = [one for one in await customers.list_consents(tx, customer_id) if one.channel == way]
    states = {ALWAYS: "none"} | {one.purpose: one.state for one in known}
    later = {one.purpose for one in known if one.state == "granted" and one.since > said_at}
    ended = [
        purpose
        for purpose, state in sorted(states.items())
        if purpose != SERVICE and state != "withdrawn" and purpose not in later
    ]
    for purpose in ended:
        await _record(tx, customer_id, purpose, way, told, is_granted=False, said_at=said_at)
    return bool(ended)


async def _start(
    tx: Tx, way: Way, told: Inbound, people: Sequence[UUID], said_at: datetime, now: datetime
) -> bool:
    """True if anything came back: what a STOP had ended, and what was agreed to before it. A STOP
    that they said after it stays."""
    held = await customers.find_suppression(tx, way, told.phone)
    is_back = (
        held is not None
        and held.reason == "unsubscribed"
        and held.detail == SOURCE
        and held.since <= said_at
    )
    if is_back:
        await customers.release(tx, way, told.phone, now=now)
    return any([is_back, *[await _give_back(tx, way, told, one, said_at) for one in people]])


async def _give_back(tx: Tx, way: Way, told: Inbound, customer_id: UUID, said_at: datetime) -> bool:
    is_back = False
    events = [
        one for one in await customers.list_consent_events(tx, customer_id) if one.channel == way
    ]
    for purpose in sorted({one.purpose for one in events}):
        mine = [one for one in events if one.purpose == purpose][:2]
        was_granted = len(mine) > 1 and mine[1].state == "granted"
        is_stopped = mine[0].state == "withdrawn" and mine[0].source == SOURCE
        if was_granted and is_stopped and mine[0].occurred_at <= said_at:
            await _record(tx, customer_id, purpose, way, told, is_granted=True, said_at=said_at)
            is_back = True
    return is_back


async def _record(
    tx: Tx,
    customer_id: UUID,
    purpose: str,
    way: Way,
    told: Inbound,
    *,
    is_granted: bool,
    said_at: datetime,
) -> None:
    new = NewConsent(
        purpose=purpose,
        channel=way,
        is_granted=is_granted,
        notice_version="keyword" if is_granted else "",
        source=BACK if is_granted else SOURCE,
        evidence=f"message {told.key}"[:200],
    )
    await customers.record_consent(tx, customer_id, new, now=said_at)


async def _is_ours_to_answer(tx: Tx, kind: Kind, provider_id: UUID) -> bool:
    if kind is not Kind.TWILIO:
        return True
    way = await providers.find_way(tx, provider_id)
    return way is not None and way.config.get("answers") == "tandem"


async def _answer(
    tx: Tx, way: Way, told: Inbound, kind: str, customer_id: UUID | None, now: datetime
) -> None:
    company = (await identity.get_organisation(tx)).name
    words = await templates.say(tx, kind, Channel.SMS, {"company": company})
    await notifications.plan(
        tx,
        [
            Outgoing(
                dedupe=f"{kind}:{told.key}",
                channel=Channel(way),
                kind=kind,
                purpose=SERVICE,
                customer_id=customer_id,
                recipient=told.phone,
                lane=Lane.TRANSACTIONAL,
                sender_name=company,
                text=words.text,
            )
        ],
        now=now,
    )
