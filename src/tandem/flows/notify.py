"""One message on request: an event's name, who, and the facts; words, channels and lane follow."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.crm.customers import service as customers
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain import rendering
from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane, State
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.policy import SendAsk, Verdict
from tandem.crm.notifications.domain.template_versions import TemplateVersion
from tandem.crm.notifications.domain.templates import TEMPLATES, render
from tandem.crm.notifications.service import fallbacks, templates
from tandem.flows.send_policy import decide
from tandem.flows.tell_customer import company_name
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.patterns import whole

SECRETS = frozenset({"driver_code", "sign_in_code", "buyer_code", "door_code", "password_reset"})
"""Codes and keys are made and sent by the suite alone."""
PREFIX = "api:"
DATA_MAX = 40
ASKED_AROUND = timedelta(days=366)

Word = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z][a-z0-9_]{0,59}"))]
KEY = whole(r"[A-Za-z0-9_.:-]{1,120}")
Key = Annotated[str, msgspec.Meta(pattern=KEY)]
Address = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=PRINTABLE)]
Fact = Annotated[str, msgspec.Meta(max_length=500, pattern=PRINTABLE)]


class Recipient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A customer, or addresses. A customer's own addresses are taken where none are named."""

    customer_id: UUID | None = None
    email: Address | None = None
    phone: Address | None = None


class NewNotification(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`event` is a template's key, `key` names the occasion: the same key again sends nothing, and
    by it the message is cancelled. Without `channels`: every one that has words and an address.

    With `fallback_after_minutes` the channels are tried one after the other, in the order named:
    the next one only where the one before has failed, or has not been delivered within so long.
    """

    event: Word
    recipient: Recipient
    data: Annotated[dict[Word, Fact], msgspec.Meta(max_length=DATA_MAX)] = {}
    key: Key | None = None
    channels: Annotated[list[Channel], msgspec.Meta(max_length=4)] = []
    fallback_after_minutes: Annotated[int, msgspec.Meta(ge=1, le=7 * 24 * 60)] | None = None
    purpose: Word = SERVICE
    locale: Annotated[str, msgspec.Meta(pattern=whole(r"([A-Za-z]{2,3}(-[A-Za-z]{2,4})?)?"))] = ""
    not_before: datetime | None = None
    not_after: datetime | None = None


class Notified(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `reason` says why it will not leave, where that is known by now."""

    id: UUID
    channel: Channel
    state: State
    reason: str


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    messages: list[Notified]


class NoSuchEvent(NotFound):
    """No template has this name, or none for these channels."""

    code = "event_not_found"


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """May this be sent now? With a customer and no address, their own is taken."""

    channel: Channel
    purpose: Word = "marketing"
    kind: Word = "campaign"
    lane: Lane = Lane.BULK
    customer_id: UUID | None = None
    address: Address | None = None
    at: datetime | None = None
    text: Annotated[str, msgspec.Meta(max_length=1600, pattern=r"^[^\x00]*$")] = ""
    """Words of a text message, to be compared with what was registered."""


async def notify(tx: Tx, new: NewNotification, *, now: datetime) -> Notification:
    """Plan the messages; they leave when this has committed.

    Refuses with Forbidden, NoSuchEvent, NotFound for the customer, and Invalid for facts that are
    missing or cannot stand where the words use them.
    """
    tx.actor.require("notifications.send")
    if new.event in SECRETS:
        raise Invalid("Codes are sent by the suite alone.", field="event")
    check_times(new, now)
    if new.fallback_after_minutes and len(set(new.channels)) < 2:
        raise Invalid("Name two channels at least, in their order.", field="channels")
    key = new.key or str(new_id())
    name, addresses = await _addresses(tx, new.recipient)
    facts = {"company": await company_name(tx), "name": name or "there", **new.data}
    in_order = list(dict.fromkeys(new.channels)) if new.fallback_after_minutes else []
    outgoing = [
        one
        for channel in in_order or sorted(set(new.channels) or set(addresses))
        if (one := await _outgoing(tx, new, channel, addresses.get(channel, ""), facts, key))
    ]
    if not outgoing:
        raise NoSuchEvent("There is no template of this name for these channels.")
    ids = await notifications.plan(tx, _one_by_one(new, outgoing, now), now=now)
    if new.fallback_after_minutes:
        await fallbacks.stand_by(tx, ids[1:])
    return Notification(key=key, messages=[await _state(tx, message_id) for message_id in ids])


def _one_by_one(
    new: NewNotification, outgoing: Sequence[Outgoing], now: datetime
) -> Sequence[Outgoing]:
    if not new.fallback_after_minutes:
        return outgoing
    step = timedelta(minutes=new.fallback_after_minutes)
    first = new.not_before or now
    return [
        msgspec.structs.replace(one, not_before=first + place * step)
        for place, one in enumerate(outgoing)
    ]


async def cancel(tx: Tx, key: str, *, now: datetime) -> None:
    """Take back what was asked for under this key and has not left. NotFound when there is none."""
    is_key = re.fullmatch(KEY, key) is not None
    gone = is_key and await notifications.cancel(
        tx, dedupe=f"{PREFIX}{key}", reason="Cancelled on request.", now=now
    )
    if not gone:
        raise NotFound("Nothing that was asked for under this key still waits.")


async def dry_run(tx: Tx, asks: Sequence[Ask], *, now: datetime) -> list[Verdict]:
    """What the send policy would decide, with every rule's word; nothing is planned or counted."""
    tx.actor.require("notifications.read")
    return await decide(tx, [await _ask(tx, ask, now) for ask in asks], now=now)


async def _ask(tx: Tx, ask: Ask, now: datetime) -> SendAsk:
    if ask.at is not None and (ask.at.tzinfo is None or abs(ask.at - now) > ASKED_AROUND):
        raise Invalid("Say a time within a year of now, with its zone.", field="at")
    address = ask.address or ""
    if ask.customer_id is not None and ask.channel is Channel.WEBHOOK:
        address = (await customers.get_customer(tx, ask.customer_id)).number
    elif ask.customer_id is not None:
        _, addresses = await _addresses(tx, Recipient(customer_id=ask.customer_id))
        address = address or addresses.get(ask.channel, "")
    return SendAsk(
        customer_id=ask.customer_id,
        channel=ask.channel,
        address=address,
        purpose=ask.purpose,
        kind=ask.kind,
        lane=ask.lane,
        at=ask.at or now,
        text=ask.text,
    )


def check_times(new: NewNotification, now: datetime) -> None:
    for field in ("not_before", "not_after"):
        at = getattr(new, field)
        if at is not None and (at.tzinfo is None or abs(at - now) > ASKED_AROUND):
            raise Invalid("Say a time within a year of now, with its zone.", field=field)
    if new.not_before and new.not_after and new.not_after <= new.not_before:
        raise Invalid("It would expire before it may leave.", field="not_after")


async def _addresses(tx: Tx, to: Recipient) -> tuple[str, dict[Channel, str]]:
    """The name, and where each channel reaches them."""
    name, email, phone = "", to.email, to.phone
    if to.customer_id is not None:
        person = await customers.get_customer(tx, to.customer_id)
        name = person.name.split()[0] if person.name.split() else ""
        email, phone = email or person.email, phone or person.phone
    if not email and not phone:
        raise Invalid("There is nobody to write to: nobody with an address.", field="recipient")
    found = {Channel.EMAIL: email or "", Channel.SMS: phone or "", Channel.WHATSAPP: phone or ""}
    return name, {channel: address for channel, address in found.items() if address}


async def _outgoing(
    tx: Tx,
    new: NewNotification,
    channel: Channel,
    address: str,
    facts: Mapping[str, str],
    key: str,
) -> Outgoing | None:
    """None where the event has no words for the channel."""
    locale = new.locale or await customers.locale_of(tx, new.recipient.customer_id)
    version = await templates.find_version(tx, new.event, channel=channel, locale=locale)
    own = TEMPLATES.get(new.event)
    if version is None and (own is None or channel not in own.channels):
        return None
    said = _ready(new.event, channel, facts) if version is None else _later(version, facts)
    return Outgoing(
        dedupe=f"{PREFIX}{key}",
        channel=channel,
        kind=new.event,
        purpose=new.purpose,
        customer_id=new.recipient.customer_id,
        recipient=address,
        lane=Lane.TRANSACTIONAL,
        sender_name=facts["company"],
        not_before=new.not_before,
        not_after=new.not_after,
        **said,
    )


def _later(version: TemplateVersion, facts: Mapping[str, str]) -> dict[str, Any]:
    """Filled in when it leaves; tried now, so that what is missing is said to whoever asks."""
    rendering.render(version, facts)
    return {"template_version_id": version.id, "parameters": dict(facts)}


def _ready(event: str, channel: Channel, facts: Mapping[str, str]) -> dict[str, Any]:
    for name, value in facts.items():
        if name.endswith("_link") and not value.startswith("/"):
            raise Invalid(f"{name} is a path of this installation: /…", field="data")
    from jinja2 import UndefinedError

    try:
        words = render(event, channel, facts)
    except UndefinedError as reason:
        raise Invalid(f"The words need one more fact: {reason}", field="data") from reason
    return {"subject": words.subject, "text": words.text, "html": words.html}


async def _state(tx: Tx, message_id: UUID) -> Notified:
    message = await notifications.find_planned(tx, message_id)
    return Notified(
        id=message.id, channel=message.channel, state=message.state, reason=message.reason
    )
