"""Campaigns where they need to know people, words, the policy and the ledger."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import (
    ENDED,
    OUTAGE,
    Campaign,
    Kind,
    Plan,
    Schedule,
    State,
    Variant,
    check_instant,
    with_tags,
)
from tandem.crm.marketing.domain.local_times import begins_at
from tandem.crm.marketing.domain.permissions import SEND, WRITE
from tandem.crm.marketing.domain.recipients import Recipient
from tandem.crm.marketing.domain.recipients import State as Standing
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.attempts import Attempt
from tandem.crm.notifications.domain.messages import Channel, Lane, Message, MessageMissing
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.service import templates
from tandem.flows import audiences, campaign_approval
from tandem.flows.campaign_calls import (
    TESTED,
    body_of,
    check_call,
    check_endpoint,
    check_reachable,
    is_call,
)
from tandem.flows.campaign_letters import EXAMPLE, LINKS
from tandem.flows.campaign_sending import go_on
from tandem.flows.campaign_stopping import BY_HAND
from tandem.flows.campaign_words import check_words, own_words, parameters_of
from tandem.flows.webhook_calls import TEST
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


class TestMessages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To whom to send it first, at least one; a campaign by webhook calls its own address instead,
    once. `customer_id` fills it in as for that person. It counts nowhere."""

    __test__ = False
    addresses: Annotated[
        list[Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=PRINTABLE)]],
        msgspec.Meta(max_length=5),
    ] = []
    variant_id: UUID | None = None
    customer_id: UUID | None = None


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why somebody was or was not written to: what was decided when the campaign came to them,
    and, for a message, what its hand-off found and every try came to."""

    customer_id: UUID
    name: str
    recipient: Recipient
    says: str
    decided: list[dict[str, object]]
    message_state: str
    message_reason: str
    at_hand_off: list[dict[str, object]]
    attempts: list[Attempt]


async def add_campaign(tx: Tx, plan: Plan, *, now: datetime) -> Campaign:
    """Refuses segments and templates that are not there."""
    tx.actor.require(WRITE)
    await _check_plan(tx, plan)
    company = await identity.get_organisation(tx)
    return await marketing.add_campaign(
        tx, with_tags(plan, source=company.slug), currency=company.currency, now=now
    )


async def change_campaign(tx: Tx, campaign: Campaign, plan: Plan, *, now: datetime) -> Campaign:
    tx.actor.require(WRITE)
    await _check_plan(tx, plan)
    company = await identity.get_organisation(tx)
    tagged = with_tags(plan, source=company.slug)
    return await marketing.change_campaign(tx, campaign, tagged, now=now)


async def preview(tx: Tx, campaign_id: UUID, *, now: datetime) -> audiences.AudiencePreview:
    campaign = await marketing.get_campaign(tx, campaign_id)
    return await audiences.preview(tx, campaign, now=now)


async def schedule(tx: Tx, campaign: Campaign, when: Schedule, *, now: datetime) -> Campaign:
    """Promise an hour, or begin at once. Takes a campaign from `lock_campaign`. Refuses
    ApprovalNeeded where the company wants a second person's yes to so many people."""
    tx.actor.require(SEND)
    tx.actor.require_everywhere("customers.read")
    await _check_plan(tx, marketing.plan_of(campaign))
    if campaign.from_address_id is not None:
        await marketing.check_address(tx, campaign.from_address_id)
    await audiences.check_current(tx, campaign)
    await check_reachable(tx, campaign)
    for variant in campaign.variants:
        _check_variant(campaign, variant)
    await campaign_approval.check_approved(tx, campaign)
    check_instant(when.at, "at")
    at, day = await _when(tx, campaign, when.at or now, now)
    made = await marketing.schedule(tx, campaign, at=at, local_day=day, now=now)
    await go_on(tx, campaign.id)
    return made


async def _when(
    tx: Tx, campaign: Campaign, at: datetime, now: datetime
) -> tuple[datetime, date | None]:
    """When it begins; with an hour of everybody's own, by the day that it is here at `at`."""
    if not campaign.local_time or campaign.kind is Kind.WELCOME:
        return at, None
    day = at.astimezone(ZoneInfo((await identity.get_organisation(tx)).time_zone)).date()
    return max(now, begins_at(day, campaign.local_time)), day


async def pause(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """One that stands still for an outage then waits for somebody to resume it."""
    says = f"Paused by {tx.actor.label}."
    if campaign.paused_for == OUTAGE:
        paused = await marketing.stay_paused(tx, campaign, says=says, now=now)
    else:
        paused = await marketing.pause(tx, campaign, reason=BY_HAND, says=says, now=now)
    await _set_feed(tx, campaign, is_paused=True, now=now)
    return paused


async def resume(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    tx.actor.require(SEND)
    if campaign.built_at is None:
        await audiences.check_current(tx, campaign)
    await campaign_approval.check_approved(tx, campaign)
    resumed = await marketing.resume(tx, campaign, now=now)
    await _set_feed(tx, campaign, is_paused=False, now=now)
    await go_on(tx, campaign.id)
    return resumed


async def cancel(tx: Tx, campaign: Campaign, *, now: datetime) -> Campaign:
    """What waits in the ledger is taken back too; what a worker has in hand leaves."""
    cancelled = await marketing.cancel(tx, campaign, now=now)
    await notifications.cancel(
        tx.with_all_grants(),
        feed=campaign.feed,
        reason="The campaign was cancelled.",
        now=now,
    )
    return cancelled


async def set_pace(
    tx: Tx, campaign: Campaign, *, per_minute: int | None, now: datetime
) -> Campaign:
    """How many leave in a minute at most, from now on."""
    tx.actor.require(SEND)
    if campaign.state in ENDED:
        raise Invalid("It has ended.", field="per_minute")
    changed = await marketing.set_pace(tx, campaign, per_minute=per_minute, now=now)
    await _set_feed(tx, changed, is_paused=campaign.state is State.PAUSED, now=now)
    return changed


async def send_test(tx: Tx, campaign: Campaign, test: TestMessages, *, now: datetime) -> list[UUID]:
    """As it would look, to people of one's own; outside every count, cap and limit."""
    tx.actor.require(SEND)
    variant = _variant(campaign, test.variant_id)
    person = EXAMPLE
    if test.customer_id is not None:
        known = await customers.reachable(tx, [test.customer_id])
        if test.customer_id not in known:
            raise Invalid("There is no such customer.", field="customer_id")
        person = known[test.customer_id]
    company = (await identity.get_organisation(tx)).name
    parameters = parameters_of(person, company=company, links=LINKS)
    _check_variant(campaign, variant)
    await check_reachable(tx, campaign)
    words: dict[str, Any]
    addresses = test.addresses
    if is_call(campaign):
        addresses = [TESTED]
        words = {
            "text": body_of(campaign, variant, person, parameters),
            "parameters": {"endpoint_id": str(campaign.endpoint_id)},
        }
    elif not addresses:
        raise Invalid("Give one to five addresses.", field="addresses")
    elif variant.template_version_id is None:
        made = own_words(campaign, variant, parameters)
        words = {"subject": f"[Test] {made.subject}", "text": made.text, "html": made.html}
    else:
        words = {"template_version_id": variant.template_version_id, "parameters": parameters}
    occasion = new_id()
    outgoing = [
        Outgoing(
            dedupe=f"campaign_test:{occasion}:{place}",
            channel=Channel(campaign.channel.value),
            kind=TEST,
            purpose="service",
            customer_id=None,
            recipient=address,
            lane=Lane.TRANSACTIONAL,
            sender_name=company,
            **words,
        )
        for place, address in enumerate(addresses)
    ]
    return await notifications.plan(tx.with_all_grants(), outgoing, now=now)


async def explain(tx: Tx, campaign_id: UUID, customer_id: UUID) -> Explanation:
    recipient = await marketing.get_recipient(tx, campaign_id, customer_id)
    trusted = tx.with_all_grants()
    sees_all = tx.actor.reach("customers.read").is_all
    known = await customers.reachable(tx, [customer_id]) if sees_all else {}
    message: Message | None = None
    attempts: list[Attempt] = []
    if recipient.message_id is not None:
        try:
            message = await notifications.get_message(trusted, recipient.message_id)
            attempts = await notifications.list_attempts(trusted, recipient.message_id)
        except MessageMissing:
            message = None
    return Explanation(
        customer_id=customer_id,
        name=known[customer_id].name if customer_id in known else "",
        recipient=recipient,
        says=_says(recipient, message),
        decided=await marketing.trace(tx, campaign_id, customer_id),
        message_state=message.state if message else "",
        message_reason=(message.error or message.reason) if message else "",
        at_hand_off=msgspec.to_builtins(message.trace) if message else [],
        attempts=attempts,
    )


STATES = tuple(Standing)
REASONS = {
    "will_send": "Will get it",
    "holdout": "Held out, to compare",
    "no_address": "No address for this channel",
    "no_consent": "Has not agreed to this",
    "suppressed": "Address is suppressed",
    "capped": "Has had enough messages lately",
    "quiet": "Quiet hours: waits",
    "preference": "Turned this kind off",
    "complaint_open": "Has an open complaint",
    "late_order": "Waits for a late order",
    "refund_open": "Waits for a refund",
    "dlt": "No registered template fits",
    "promotional_hours": "Promotions by text leave from 10 to 21",
    "collapsed": "Too many alike at once",
    "provider_down": "The way out is down: waits",
    "consented": "Has agreed already",
    "expired": "Its time had passed",
    "cancelled": "The campaign was cancelled",
    "gone": "No longer a customer",
    "words": "The words do not fit this person",
}
"""What each reason says to a person."""


def reason_says(reason: str) -> str:
    return REASONS.get(reason, reason.replace("_", " ").capitalize())


def _says(recipient: Recipient, message: Message | None) -> str:
    states = {
        "planned": "Waits for its turn."
        if recipient.variant_id
        else "Waits for the trial to end: then the better variant is sent.",
        "holdout": "Held out on purpose, so that the campaign's effect can be told.",
        "queued": "Decided to send; waits in the ledger.",
        "held": f"Waits: {reason_says(recipient.reason).lower()}.",
        "sent": "The provider took it.",
        "delivered": "The provider says that it arrived.",
        "bounced": "It came back.",
        "complained": "They called it spam.",
        "failed": "It could not be handed over.",
        "unknown": "It may have arrived: no answer came after the hand-over. Not sent again.",
        "skipped": f"Not sent: {reason_says(recipient.reason).lower()}.",
    }
    said = states[recipient.state]
    return f"{said} {message.error}".strip() if message and message.error else said


def _check_variant(campaign: Campaign, variant: Variant) -> None:
    """Refuses words of its own that could not be filled."""
    if is_call(campaign):
        check_call(variant)
    elif variant.template_version_id is None:
        check_words(campaign.channel, variant)


def _variant(campaign: Campaign, variant_id: UUID | None) -> Variant:
    if variant_id is None:
        return campaign.variants[0]
    for variant in campaign.variants:
        if variant.id == variant_id:
            return variant
    raise Invalid("The campaign has no such variant.", field="variant_id")


async def _check_plan(tx: Tx, plan: Plan) -> None:
    """What it names is there: what is another company's is not."""
    await audiences.check_segments(tx, plan.include_ids, field="include_ids")
    await audiences.check_segments(tx, plan.exclude_ids, field="exclude_ids")
    await check_endpoint(tx, plan)
    if plan.from_address_id is not None:
        await marketing.get_address(tx, plan.from_address_id)
    wanted = [one.template_version_id for one in plan.variants if one.template_version_id]
    known = await templates.versions(tx, wanted) if wanted else {}
    for version_id in wanted:
        found = known.get(version_id)
        if found is None:
            raise NotFound("There is no such template.", field="variants")
        if found.channel != plan.channel.value or found.published_at is None:
            raise Invalid(
                f"{found.key} has no published words for {plan.channel}.", field="variants"
            )


async def _set_feed(tx: Tx, campaign: Campaign, *, is_paused: bool, now: datetime) -> None:
    await notifications.set_feed(
        tx.with_all_grants(),
        campaign.feed,
        per_minute=campaign.per_minute,
        is_paused=is_paused,
        reason=BY_HAND if is_paused else "",
        now=now,
    )
