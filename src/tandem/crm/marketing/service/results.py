"""What came of a campaign."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.marketing.domain.campaigns import Campaign, Variant
from tandem.crm.marketing.domain.permissions import READ
from tandem.crm.marketing.domain.recipients import Count
from tandem.crm.marketing.domain.results import Result, Stats, wilson, winner
from tandem.crm.marketing.store import engagement, recipients
from tandem.crm.marketing.store.engagement import Sum
from tandem.kernel.db import Tx


async def stats(tx: Tx, campaign: Campaign, *, human_only: bool, now: datetime) -> Stats:
    """Counted now, from the rows themselves. `human_only` leaves out what machines did."""
    tx.actor.require(READ)
    counts = await recipients.counts(tx, campaign.id)
    sums = await engagement.sums(tx, campaign.feed)
    variants = [_result(one, counts, sums, human_only=human_only) for one in campaign.variants]
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for count in counts:
        states[count.state] += count.count
        if count.reason:
            reasons[count.reason] += count.count
    clicks = _messages(sums, "click", human_only=True)
    return Stats(
        is_human_only=human_only,
        total=sum(states.values()),
        states=dict(states),
        reasons=dict(reasons.most_common()),
        variants=variants,
        winner=winner(variants, started_at=campaign.started_at, now=now),
        human_clicks=_events(sums, "click", "human"),
        bot_clicks=_events(sums, "click", "bot"),
        human_opens=_events(sums, "open", "human"),
        bot_opens=_events(sums, "open", "bot"),
        links=await engagement.clicks(tx, campaign.feed, human_only=human_only),
        budget_minor=campaign.budget_minor,
        cost_minor=campaign.cost_minor,
        cost_per_click_minor=round(campaign.cost_minor / clicks) if clicks else None,
        currency=campaign.currency,
    )


def _result(
    variant: Variant, counts: Sequence[Count], sums: Sequence[Sum], *, human_only: bool
) -> Result:
    by_state: Counter[str] = Counter()
    for count in counts:
        if count.variant_id == variant.id:
            by_state[count.state] += count.count
    reached = by_state["sent"] + by_state["delivered"] + by_state["complained"]
    clicked = min(_messages(sums, "click", human_only=human_only, of=variant.id), reached)
    low, high = wilson(clicked, reached)
    return Result(
        variant_id=variant.id,
        name=variant.name,
        planned=sum(by_state.values()),
        reached=reached,
        delivered=by_state["delivered"],
        bounced=by_state["bounced"],
        complained=by_state["complained"],
        failed=by_state["failed"],
        unknown=by_state["unknown"],
        skipped=by_state["skipped"],
        opened=_messages(sums, "open", human_only=human_only, of=variant.id),
        clicked=clicked,
        unsubscribed=_messages(sums, "unsubscribe", human_only=False, of=variant.id),
        click_rate=clicked / reached if reached else 0.0,
        click_low=low,
        click_high=high,
    )


def _messages(sums: Sequence[Sum], kind: str, *, human_only: bool, of: UUID | None = None) -> int:
    """Messages; one that a person and a machine clicked counts once for each where both count."""
    return sum(
        one.messages
        for one in sums
        if one.type == kind
        and (of is None or one.variant_id == of)
        and (one.verdict == "human" or not human_only)
    )


def _events(sums: Sequence[Sum], kind: str, verdict: str) -> int:
    return sum(one.events for one in sums if one.type == kind and one.verdict == verdict)
