"""The one decision before anything is sent: facts of every service, rules of the company.

Asked for previews when something is planned, and again right before a message is handed over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import CHANNELS, MayContact
from tandem.crm.customers.domain.consents import Channel as ContactChannel
from tandem.crm.customers.service.consents import normal_address
from tandem.crm.identity import service as identity
from tandem.crm.notifications.domain.messages import SERVICE, Channel, Lane
from tandem.crm.notifications.domain.policy import (
    ASKED_MAX,
    Facts,
    SendAsk,
    Sent,
    Verdict,
    Waits,
)
from tandem.crm.notifications.domain.policy import decide as judge
from tandem.crm.notifications.domain.registered import Ask as Words
from tandem.crm.notifications.domain.registered import Verdict as Registered
from tandem.crm.notifications.domain.rules import SendingRules
from tandem.crm.notifications.service import deciding, fallbacks
from tandem.crm.notifications.service.preferences import preference_allows
from tandem.crm.notifications.service.registered import dlt_check
from tandem.flows.call_consent import call_refusals
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.scm.orders.service import waiting as orders
from tandem.scm.payments.service import waiting as payments
from tandem.scm.support.service import waiting as support

NOBODY_WAITS = Waits()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch of asks needs to know, by what it is known of."""

    rules: SendingRules
    zone: ZoneInfo
    zones: dict[UUID, str]
    contact: list[str]
    wanted: list[bool]
    arrived: dict[UUID, str]
    dlt: dict[int, Registered]
    gates: dict[str, datetime]
    sent: dict[UUID, list[Sent]]
    alike: dict[tuple[str, str, str], int]
    waits: dict[UUID, Waits]


async def decide(
    tx: Tx, asks: Sequence[SendAsk], *, now: datetime, with_gates: bool = True
) -> list[Verdict]:
    """A verdict for each ask, in order; at most 1,000, in a fixed small number of queries.

    Asks of one batch count for each other: three promotions to one person under a cap of two are
    two verdicts to send and one not to.
    """
    assert len(asks) <= ASKED_MAX, "ask for a thousand at a time"
    if not asks:
        return []
    known = await _learn(tx.with_all_grants(), asks, now=now, with_gates=with_gates)
    verdicts = []
    for place, ask in enumerate(asks):
        verdict = judge(ask, _facts(ask, known, place), known.rules)
        verdicts.append(verdict)
        if verdict.action == "send":
            _count(ask, known)
    return verdicts


async def _learn(tx: Tx, asks: Sequence[SendAsk], *, now: datetime, with_gates: bool) -> Known:
    people = list({ask.customer_id for ask in asks if ask.customer_id is not None})
    promoted = list(
        {ask.customer_id for ask in asks if ask.purpose != SERVICE and ask.customer_id is not None}
    )
    rules = await deciding.rules_in_force(tx)
    zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
    asking = [ask.message_id for ask in asks if ask.message_id is not None]
    days = max((cap.days for cap in rules.caps), default=0)
    return Known(
        rules=rules,
        zone=zone,
        zones=await deciding.zones_of(tx, people) if people else {},
        contact=await _contact(tx, asks),
        wanted=await preference_allows(tx, asks),
        arrived=await fallbacks.arrived(tx, asking),
        dlt=await _dlt(tx, asks),
        gates=await deciding.shut_gates(tx, now=now) if with_gates else {},
        sent=await deciding.sent_lately(
            tx, promoted, asking=asking, since=now - timedelta(days=days)
        )
        if promoted and days
        else {},
        alike=await deciding.sent_alike(
            tx,
            [ask for ask in asks if ask.lane is not Lane.OTP],
            asking=asking,
            since=now - timedelta(seconds=rules.storm.seconds),
        ),
        waits=await _waits(tx, promoted, rules, today=now.astimezone(zone)) if promoted else {},
    )


def _facts(ask: SendAsk, known: Known, place: int) -> Facts:
    zone = known.zones.get(ask.customer_id) if ask.customer_id else None
    return Facts(
        zone=ZoneInfo(zone) if zone else known.zone,
        contact=known.contact[place],
        is_wanted=known.wanted[place],
        arrived_by=known.arrived.get(ask.message_id, "") if ask.message_id else "",
        dlt=_objection(known.dlt.get(place)),
        promoted_from=known.dlt[place].waits_until(ask.at) if place in known.dlt else None,
        provider_until=known.gates.get(str(ask.channel)),
        sent=known.sent.get(ask.customer_id, ()) if ask.customer_id else (),
        alike=known.alike.get(_alike_key(ask), 0),
        waits=known.waits.get(ask.customer_id, NOBODY_WAITS) if ask.customer_id else NOBODY_WAITS,
    )


def _count(ask: SendAsk, known: Known) -> None:
    key = _alike_key(ask)
    known.alike[key] = known.alike.get(key, 0) + 1
    if ask.customer_id is not None and ask.purpose != SERVICE:
        sent = Sent(purpose=ask.purpose, channel=str(ask.channel), at=ask.at)
        known.sent.setdefault(ask.customer_id, []).append(sent)


def _alike_key(ask: SendAsk) -> tuple[str, str, str]:
    return ask.address, ask.kind, str(ask.channel)


async def _contact(tx: Tx, asks: Sequence[SendAsk]) -> list[str]:
    """What customers say of each address; empty where it may be written to, or is none."""
    places, asked = [], []
    for place, ask in enumerate(asks):
        if str(ask.channel) in CHANNELS and _is_readable(ask):
            places.append(place)
            asked.append(
                MayContact(
                    channel=cast("ContactChannel", str(ask.channel)),
                    address=ask.address,
                    purpose=ask.purpose,
                    customer_id=ask.customer_id,
                )
            )
    contact = await call_refusals(tx, asks)
    for place, standing in zip(places, await customers.may_contact(tx, asked), strict=True):
        contact[place] = "" if standing.is_allowed else standing.reason
    return contact


async def _dlt(tx: Tx, asks: Sequence[SendAsk]) -> dict[int, Registered]:
    """By the ask's place, what its words were registered as."""
    places = [place for place, ask in enumerate(asks) if ask.channel is Channel.SMS and ask.text]
    if not places:
        return {}
    found = await dlt_check(
        tx,
        [
            Words(text=asks[one].text, recipient=asks[one].address, purpose=asks[one].purpose)
            for one in places
        ],
    )
    return dict(zip(places, found, strict=True))


def _objection(found: Registered | None) -> str | None:
    """What keeps words from leaving; empty where nothing does, None where they are not known."""
    if found is None:
        return None
    return "" if found.is_allowed else (found.detail or found.reason)


def _is_readable(ask: SendAsk) -> bool:
    try:
        normal_address(str(ask.channel), ask.address)
    except Refusal:
        return False
    return True


async def _waits(
    tx: Tx, people: Sequence[UUID], rules: SendingRules, *, today: datetime
) -> dict[UUID, Waits]:
    service = rules.service
    complaints = (
        await support.open_complaints_of(tx, people) if service.on_complaint != "send" else {}
    )
    late = (
        await orders.late_orders_of(tx, people, today=today.date())
        if service.on_late_order != "send"
        else {}
    )
    refunds = (
        await orders.orders_among(tx, await payments.orders_with_open_refunds(tx), people)
        if service.on_refund != "send"
        else {}
    )
    return {
        who: Waits(
            complaints=complaints.get(who, ()),
            late_orders=late.get(who, ()),
            refunds=refunds.get(who, ()),
        )
        for who in {*complaints, *late, *refunds}
    }
