"""A person says no, or yes, under the link they were sent: to what, and by which way.

What is consented to is customers' ledger, what is wanted of the rest notifications' preferences;
the link alone says who it is. Looking changes nothing: mail scanners follow links.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

import msgspec

from tandem.contracts.notifications import MessageEngaged
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer, CustomerMerged
from tandem.crm.customers.domain.consents import SERVICE, Channel, NewConsent
from tandem.crm.notifications.domain.opting_out import LinkUnknown, OptOutLink
from tandem.crm.notifications.service import opting_out, preferences
from tandem.crm.notifications.service.preferences import Choice, Standing
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.events import subscribe

THEMSELVES = "Themselves, by their link"
LINK = "unsubscribe link"
PAGE_NOTICE = "preference page"
MERGES_MAX = 5
WAYS: tuple[Channel, ...] = ("email", "sms", "whatsapp")
ALWAYS_OFFERED = ("marketing",)


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose by one way: whether it comes. `is_linked` is what the link was sent for."""

    purpose: str
    way: str
    is_on: bool
    is_linked: bool


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """All that a person can choose. `addresses` are shown shortened: a link may be passed on."""

    link: OptOutLink
    customer_id: UUID
    ways: list[str]
    addresses: dict[str, str]
    topics: list[Topic]
    service: list[Standing]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    purpose: str
    way: str
    is_on: bool


def actor_of(link: OptOutLink) -> Actor:
    return Actor.system(link.org_id, THEMSELVES)


def purpose_of(token: str) -> str:
    """Raises LinkUnknown."""
    return opting_out.read_token(token).purpose


async def look(database: Database, token: str) -> Preferences:
    """What the person behind the link hears of. Raises LinkUnknown; changes nothing."""
    link = opting_out.read_token(token)
    async with database.transaction(actor_of(link)) as tx:
        return await _preferences(tx, link, await _person(tx, link))


async def say_no(database: Database, token: str, *, now: datetime, address: str = "") -> None:
    """One click (RFC 8058): the purpose it was sent for ends, by every way. Again changes nothing.

    Raises LinkUnknown, also for what cannot be ended: a message that belongs to an order.
    """
    link = opting_out.read_token(token)
    if link.purpose == SERVICE:
        raise LinkUnknown("What belongs to an order is not a subscription.")
    async with database.transaction(actor_of(link)) as tx:
        person = await _person(tx, link)
        ended = await _withdraw(tx, link, person, [link.purpose], now=now, address=address)
        if ended:
            await opting_out.tell_opted_out(tx, link)


async def say_no_to_all(
    database: Database, token: str, *, now: datetime, address: str = ""
) -> None:
    """Every purpose there is, by every way."""
    link = opting_out.read_token(token)
    async with database.transaction(actor_of(link)) as tx:
        person = await _person(tx, link)
        known = await customers.list_consents(tx, person.id)
        purposes = {one.purpose for one in known} | {link.purpose, *ALWAYS_OFFERED}
        ended = await _withdraw(
            tx, link, person, sorted(purposes - {SERVICE}), now=now, address=address
        )
        if ended:
            await opting_out.tell_opted_out(tx, link)


async def choose(
    database: Database,
    token: str,
    wishes: Sequence[Wish],
    choices: Sequence[Choice],
    *,
    now: datetime,
    address: str = "",
) -> None:
    """What the page was sent back with. Only what differs is written; the link's own purpose
    switched off counts as unsubscribing by that message."""
    link = opting_out.read_token(token)
    async with database.transaction(actor_of(link)) as tx:
        person = await _person(tx, link)
        shown = await _preferences(tx, link, person)
        standing = {(one.purpose, one.way): one.is_on for one in shown.topics}
        changed = [
            wish for wish in wishes if standing.get((wish.purpose, wish.way)) == (not wish.is_on)
        ]
        for wish in changed:
            await _record(tx, link, person.id, wish, now=now, address=address)
        if choices:
            await preferences.choose_for_customer(tx, person.id, choices, now=now)
        if any(wish.purpose == link.purpose and not wish.is_on for wish in changed):
            await opting_out.tell_opted_out(tx, link)


@subscribe(MessageEngaged, "opt_out.reported")
async def take_report(tx: Tx, event: MessageEngaged, now: datetime) -> None:
    """Who unsubscribed at the provider, by its link or its button in the mail program, has said no
    as under our own link; what our own link told of already changes nothing."""
    if event.action != "unsubscribed" or event.customer_id is None or event.purpose == SERVICE:
        return
    link = OptOutLink(
        org_id=tx.actor.org_id,
        customer_id=event.customer_id,
        purpose=event.purpose,
        channel=event.channel,
        address_mark="as the provider knows it",
        message_id=event.message_id,
    )
    try:
        person = await _person(tx, link)
    except LinkUnknown:
        return
    await _withdraw(
        tx,
        link,
        person,
        [link.purpose],
        now=now,
        address="",
        source="the provider's report",
        said_at=event.at,
    )


async def _person(tx: Tx, link: OptOutLink) -> Customer:
    """Whoever they are by now. A link to somebody erased leads nowhere; they stay suppressed."""
    customer_id = link.customer_id
    for _ in range(MERGES_MAX):
        try:
            found = await customers.get_customer(tx, customer_id)
        except CustomerMerged as merged:
            customer_id = UUID(merged.facts["merged_into_id"])
            continue
        except NotFound as missing:
            raise LinkUnknown("This link leads to nobody any more.") from missing
        if found.erased_at is not None:
            raise LinkUnknown("This link leads to nobody any more.")
        return found
    raise LinkUnknown("This link leads to nobody any more.")


async def _preferences(tx: Tx, link: OptOutLink, person: Customer) -> Preferences:
    consents = {
        (one.purpose, one.channel): one.state
        for one in await customers.list_consents(tx, person.id)
    }
    addresses = _addresses(person)
    ways = [way for way in WAYS if way in addresses]
    offered = sorted({purpose for purpose, _ in consents} | {link.purpose, *ALWAYS_OFFERED})
    return Preferences(
        link=link,
        customer_id=person.id,
        ways=list(ways),
        addresses=addresses,
        topics=[
            Topic(
                purpose=purpose,
                way=way,
                is_on=consents.get((purpose, way)) == "granted",
                is_linked=(purpose, way) == (link.purpose, link.channel),
            )
            for purpose in offered
            if purpose != SERVICE
            for way in ways
        ],
        service=[
            one for one in await preferences.customer_choices(tx, person.id) if one.way in ways
        ],
    )


def _addresses(person: Customer) -> dict[str, str]:
    found: dict[str, str] = {}
    if person.emails:
        found["email"] = _shortened_email(person.emails[0].value)
    if person.phones:
        found["sms"] = found["whatsapp"] = f"…{person.phones[0].value[-4:]}"
    return found


def _shortened_email(email: str) -> str:
    local, _, domain = email.partition("@")
    return f"{local[:1]}…@{domain}"


async def _withdraw(
    tx: Tx,
    link: OptOutLink,
    person: Customer,
    purposes: Sequence[str],
    *,
    now: datetime,
    address: str,
    source: str = LINK,
    said_at: datetime | None = None,
) -> bool:
    """By every way that was ever spoken of, and by the link's own; True if anything ended. What
    they agreed to after `said_at` stays."""
    known = await customers.list_consents(tx, person.id)
    states = {(one.purpose, one.channel): one.state for one in known}
    for purpose in purposes:
        states.setdefault((purpose, link.channel), "none")
    renewed = {
        (one.purpose, one.channel)
        for one in known
        if said_at is not None and one.state == "granted" and one.since > said_at
    }
    ended = [
        (purpose, channel)
        for (purpose, channel), state in sorted(states.items())
        if purpose in purposes and state != "withdrawn" and (purpose, channel) not in renewed
    ]
    for purpose, channel in ended:
        wish = Wish(purpose=purpose, way=channel, is_on=False)
        await _record(tx, link, person.id, wish, now=now, address=address, source=source)
    return bool(ended)


async def _record(
    tx: Tx,
    link: OptOutLink,
    customer_id: UUID,
    wish: Wish,
    *,
    now: datetime,
    address: str,
    source: str = LINK,
) -> None:
    sent = f", message {link.message_id}" if link.message_id else ""
    await customers.record_consent(
        tx,
        customer_id,
        NewConsent(
            purpose=wish.purpose,
            channel=cast("Channel", wish.way),
            is_granted=wish.is_on,
            notice_version=PAGE_NOTICE if wish.is_on else "",
            source=source if not wish.is_on else "preference page",
            evidence=f"{link.purpose} by {link.channel}, address {link.address_mark}{sent}",
        ),
        now=now,
        ip=address,
    )


async def _move(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    """A copy with the stricter of both; the loser's own stay for an undone merge."""
    if ids is None:
        await preferences.move_customer(tx, source, into)
    return []


async def _erase(tx: Tx, person: Person, now: datetime) -> Erased:
    return Erased(erased=await preferences.forget_customer(tx, person.customer_id))


async def _export(tx: Tx, person: Person) -> list[dict[str, object]]:
    standing = await preferences.customer_choices(tx, person.customer_id)
    return [msgspec.to_builtins(one) for one in standing if one.decided_by == "person"]


register(Holder(name="preferences", move=_move, erase=_erase, export=_export))
