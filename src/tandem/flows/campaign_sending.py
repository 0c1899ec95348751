"""A campaign at work: its people written down, decided about and put into the ledger, in batches.

Each batch is one transaction that also says how far it got, so a worker may die anywhere: the next
one goes on from there, and nobody is written to twice. One worker at a time per campaign.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.customers import SegmentEntered
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.customers.domain.consents import ConsentAsk
from tandem.crm.identity import service as identity
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import Campaign, CampaignIncomplete, Kind, State, written
from tandem.crm.marketing.domain.local_times import moment
from tandem.crm.marketing.domain.recipients import Decided, Recipient
from tandem.crm.marketing.domain.recipients import State as Standing
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain import rendering
from tandem.crm.notifications.domain.messages import Channel, Lane, Step
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.policy import Verdict
from tandem.crm.notifications.domain.template_versions import ParameterWrong, TemplateVersion
from tandem.crm.notifications.service import deciding, templates
from tandem.flows import audiences, campaign_approval, campaign_policy
from tandem.flows.campaign_calls import address_of, body_of, is_call
from tandem.flows.campaign_words import parameters_of, version_of
from tandem.flows.message_links import way_out
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.jobs import Work, every, job

STEP = "marketing.step"
BUILT_AT_ONCE = 5_000
RELEASED_AT_ONCE = 500
BATCHES_MAX = 20
"""Of one job; then it makes room for others and goes on as a new one."""
STALE = "segments"
"""Why a campaign stopped whose segments do not follow their people any more."""
COUNTED_EVERY = 5
"""Batches; counting a hundred thousand people takes as long as releasing some."""


@every(5, "marketing.campaigns")
async def sweep(work: Work) -> None:
    """Campaigns whose hour has come, and those a dead worker left behind."""
    async with work.transaction() as tx:
        for campaign_id in await marketing.at_work(tx, work.now()):
            await go_on(tx, campaign_id)


async def go_on(tx: Tx, campaign_id: UUID) -> None:
    """Have a worker look at the campaign once this commits."""
    await jobs.enqueue(tx, STEP, dedupe=str(campaign_id), campaign_id=str(campaign_id))


@job(STEP)
async def step(work: Work, campaign_id: str) -> None:
    for batch in range(BATCHES_MAX):
        async with work.transaction() as tx:
            campaign = await marketing.lock_campaign(tx, UUID(campaign_id))
            goes_on = await _take_step(tx, campaign, work.now())
            if not goes_on or batch % COUNTED_EVERY == 0:
                await marketing.note_progress(tx, campaign)
            if not goes_on:
                return
    async with work.transaction() as tx:
        await go_on(tx, UUID(campaign_id))


@subscribe(SegmentEntered, "marketing.welcome")
async def welcome(tx: Tx, event: SegmentEntered, now: datetime) -> None:
    """Whoever enters is greeted once by each campaign, however often they leave and come back."""
    for campaign in await marketing.greeting(tx, event.segment_id):
        await marketing.plan_recipients(tx, campaign, [event.customer_id], now=now)
        await go_on(tx, campaign.id)


async def _take_step(tx: Tx, campaign: Campaign, now: datetime) -> bool:
    """One batch, or one move; whether there is more to do at once."""
    if campaign.state is State.SCHEDULED:
        return await _wait(tx, campaign, now)
    if campaign.state is State.BUILDING:
        if campaign.built_at is not None:
            await campaign_approval.set_off(tx, campaign, now=now)
            return True
        return await _build_current(tx, campaign, now)
    if campaign.state is State.SENDING:
        return await _release(tx, campaign, now)
    return False


async def _build_current(tx: Tx, campaign: Campaign, now: datetime) -> bool:
    """One more page of its people; it stops where its segments do not follow theirs any more."""
    try:
        await audiences.check_current(tx, campaign)
    except CampaignIncomplete as reason:
        await marketing.pause(tx, campaign, reason=STALE, says=reason.detail, now=now)
        return False
    await _build(tx, campaign, now)
    return True


async def _wait(tx: Tx, campaign: Campaign, now: datetime) -> bool:
    assert campaign.scheduled_at, "what is scheduled has an hour"
    if campaign.is_too_late(now):
        await marketing.expire(tx, campaign, now=now)
        return False
    if campaign.scheduled_at <= now:
        await notifications.set_feed(
            tx, campaign.feed, per_minute=campaign.per_minute, is_paused=False, now=now
        )
        await marketing.begin(tx, campaign, now=now)
        return True
    if campaign.is_live or campaign.built_at:
        return False
    built = await _build(tx, campaign, now)
    return built.built_at is None


async def _build(tx: Tx, campaign: Campaign, now: datetime) -> Campaign:
    if campaign.kind is Kind.WELCOME:
        return await marketing.note_built(tx, campaign, through=None, is_done=True, now=now)
    ids = await customers.audience_page(
        tx,
        campaign.include_ids,
        campaign.exclude_ids,
        after=campaign.built_through,
        count=BUILT_AT_ONCE,
    )
    await marketing.plan_recipients(tx, campaign, ids, now=now)
    return await marketing.note_built(
        tx,
        campaign,
        through=ids[-1] if ids else None,
        is_done=len(ids) < BUILT_AT_ONCE,
        now=now,
    )


async def _release(tx: Tx, campaign: Campaign, now: datetime) -> bool:
    if campaign.is_on_trial(now):
        return False
    taken = await marketing.take_planned(tx, campaign, RELEASED_AT_ONCE)
    if taken:
        decided = await _decide(tx, campaign, taken, now)
        await marketing.decide(tx, campaign, decided, now=now)
        return True
    if campaign.kind is Kind.WELCOME:
        return False
    if await marketing.go_on_with_trial(tx, campaign, now=now):
        return True
    if await marketing.waits_for_trial(tx, campaign.id):
        return False
    if campaign.released_at is None:
        await marketing.note_released(tx, campaign, now=now)
        campaign = await marketing.lock_campaign(tx, campaign.id)
    if not await marketing.has_open(tx, campaign.id):
        await marketing.finish(tx, campaign, now=now)
    return False


async def _decide(
    tx: Tx, campaign: Campaign, taken: Sequence[Recipient], now: datetime
) -> list[Decided]:
    """Ask the policy about each, and plan messages for those it lets pass, in one statement."""
    if campaign.send_until is not None and campaign.send_until <= now:
        return [_left_out(one, "expired") for one in taken]
    known = await customers.reachable(tx, [one.customer_id for one in taken])
    people = [known[one.customer_id] for one in taken if one.customer_id in known]
    verdicts = await campaign_policy.judge(tx, campaign, people, now=now)
    moments = await moments_of(tx, campaign, [person.id for person in people], now)
    by_id = dict(zip((person.id for person in people), verdicts, strict=True))
    company = (await identity.get_organisation(tx)).name
    own = {
        variant.id: version_of(campaign.channel, variant)
        for variant in campaign.variants
        if variant.template_version_id is None and not is_call(campaign)
    }
    spoken = await _spoken(tx, campaign, people)
    letters: list[tuple[Recipient, Verdict, Outgoing]] = []
    decided = []
    for one in taken:
        verdict = by_id.get(one.customer_id)
        if verdict is None:
            decided.append(_left_out(one, "gone"))
        elif verdict.action == "skip":
            decided.append(_left_out(one, verdict.reason, verdict.trace))
        elif moments.get(one.customer_id, now) is None:
            decided.append(_left_out(one, "expired", verdict.trace))
        else:
            try:
                person = known[one.customer_id]
                letter = await _letter(tx, campaign, one, person, own, spoken, company, now)
            except ParameterWrong as reason:
                decided.append(_left_out(one, "words", [*verdict.trace, _unfit(reason)]))
                continue
            not_before = max(moments.get(person.id) or now, verdict.until or now)
            letters.append((one, verdict, msgspec.structs.replace(letter, not_before=not_before)))
    ids = await notifications.plan(tx, [letter for _, _, letter in letters], now=now)
    for (one, verdict, _), message_id in zip(letters, ids, strict=True):
        decided.append(
            Decided(
                customer_id=one.customer_id,
                state=Standing.HELD if verdict.action == "hold" else Standing.QUEUED,
                reason=verdict.reason,
                message_id=message_id,
                trace=_told(verdict.trace),
            )
        )
    return decided


async def _spoken(
    tx: Tx, campaign: Campaign, people: Sequence[Reachable]
) -> dict[tuple[UUID, str], UUID]:
    """Which words of the variants' templates speak the people's languages."""
    chosen = [one.template_version_id for one in campaign.variants if one.template_version_id]
    locales = {person.locale for person in people}
    return await templates.in_languages(tx, [(one, said) for one in chosen for said in locales])


async def moments_of(
    tx: Tx, campaign: Campaign, customer_ids: Sequence[UUID], now: datetime
) -> dict[UUID, datetime | None]:
    """When each gets it by their own clock; None: their hour is missed. Empty where it leaves for
    all at once."""
    if not campaign.local_time or not customer_ids:
        return {}
    here = (await identity.get_organisation(tx)).time_zone
    zones = await deciding.zones_of(tx, customer_ids)
    at = {
        name: moment(
            campaign.local_time, campaign.local_day, ZoneInfo(name), now, late_max=campaign.late_max
        )
        for name in {here, *zones.values()}
    }
    return {who: at[zones.get(who, here)] for who in customer_ids}


async def _letter(
    tx: Tx,
    campaign: Campaign,
    one: Recipient,
    person: Reachable,
    own: Mapping[UUID, TemplateVersion],
    spoken: Mapping[tuple[UUID, str], UUID],
    company: str,
    now: datetime,
) -> Outgoing:
    variant = next(each for each in campaign.variants if each.id == one.variant_id)
    asks = campaign.kind is Kind.OPT_IN
    links = way_out(tx.actor.org_id, person, campaign.purpose, _asked_by(campaign, person))
    if asks:
        links |= await _confirm_link(tx, campaign, person, now)
    parameters = parameters_of(person, company=company, links=links)
    words: dict[str, Any] = {}
    if is_call(campaign):
        words = {
            "text": body_of(campaign, variant, person, parameters),
            "parameters": {"endpoint_id": str(campaign.endpoint_id)},
        }
    elif variant.template_version_id is not None:
        chosen = variant.template_version_id
        words = {
            "template_version_id": spoken.get((chosen, person.locale), chosen),
            "parameters": parameters,
        }
    else:
        made = rendering.render(own[variant.id], parameters)
        words = {"subject": made.subject, "text": made.text, "html": made.html}
    return Outgoing(
        dedupe=f"{campaign.feed}:{person.id}",
        channel=Channel(campaign.channel.value),
        kind=campaign_policy.kind_of(campaign),
        purpose=campaign_policy.purpose_of(campaign),
        customer_id=person.id,
        recipient=address_of(campaign, person),
        lane=Lane.BULK,
        feed=campaign.feed,
        sender_name=company,
        not_after=campaign.send_until,
        **words,
    )


def _asked_by(campaign: Campaign, person: Reachable) -> str:
    """By which channel a way out of the purpose is offered: a call offers that of their e-mail."""
    if is_call(campaign):
        return "email" if person.email else "sms"
    return campaign.channel.value


def _unfit(reason: ParameterWrong) -> Step:
    return Step(rule="words", outcome="skipped", detail=reason.detail)


async def _confirm_link(
    tx: Tx, campaign: Campaign, person: Reachable, now: datetime
) -> dict[str, str]:
    ask = ConsentAsk(
        purpose=campaign.purpose,
        channel=written(campaign.channel),
        notice_version=f"campaign {campaign.id}",
    )
    return {"confirm_link": f"/consent/{await customers.ask_consent(tx, person.id, ask, now=now)}"}


def _left_out(one: Recipient, reason: str, trace: Sequence[Step] = ()) -> Decided:
    return Decided(
        customer_id=one.customer_id,
        state=Standing.SKIPPED,
        reason=reason,
        message_id=None,
        trace=_told(trace or [Step(rule=reason, outcome="skipped")]),
    )


def _told(trace: Sequence[Step]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = msgspec.to_builtins(trace)
    return told
