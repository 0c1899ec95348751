"""Whom a campaign is for, looked at before it leaves: how many, and why others get nothing."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.marketing.domain.campaigns import Campaign
from tandem.crm.marketing.domain.splitting import is_held_out, variant_for
from tandem.flows import campaign_policy
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound

LOOKED_AT_MAX = 5_000
"""People whom the policy is asked about; of more, an even sample."""
ASKED_AT_ONCE = 1_000


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is will_send, holdout, or why somebody gets nothing or waits."""

    reason: str
    count: int


class AudiencePreview(msgspec.Struct, frozen=True, kw_only=True):
    """`parts` add up to `total`. Estimated from an even sample where there are too many to ask
    about each. Nothing is written."""

    total: int
    is_estimated: bool
    will_send: int
    parts: list[Part]
    variants: dict[str, int]


async def check_segments(tx: Tx, ids: Sequence[UUID], *, field: str) -> None:
    """Refuses a segment that is not there: another company's is not either."""
    for segment_id in ids:
        try:
            await customers.get_segment(tx, segment_id)
        except NotFound as reason:
            raise NotFound("There is no such segment.", field=field) from reason


async def preview(tx: Tx, campaign: Campaign, *, now: datetime) -> AudiencePreview:
    """How many it would reach if it left now, and how many not, by reason."""
    include, exclude = campaign.include_ids, campaign.exclude_ids
    total = await customers.count_audience(tx, include, exclude)
    every_nth = max(1, -(-total // LOOKED_AT_MAX))
    ids = await customers.audience_sample(
        tx, include, exclude, every_nth=every_nth, count=LOOKED_AT_MAX * 2
    )
    reasons: Counter[str] = Counter()
    shares: Counter[str] = Counter()
    for start in range(0, len(ids), ASKED_AT_ONCE):
        await _judge(tx, campaign, ids[start : start + ASKED_AT_ONCE], reasons, shares, now)
    parts = _scaled(reasons, total)
    return AudiencePreview(
        total=total,
        is_estimated=every_nth > 1,
        will_send=parts.get("will_send", 0),
        parts=[Part(reason=reason, count=count) for reason, count in parts.items()],
        variants=_scaled(shares, parts.get("will_send", 0)),
    )


async def _judge(
    tx: Tx,
    campaign: Campaign,
    ids: Sequence[UUID],
    reasons: Counter[str],
    shares: Counter[str],
    now: datetime,
) -> None:
    asked = [one for one in ids if not is_held_out(campaign.id, one, campaign.holdout_percent)]
    reasons["holdout"] += len(ids) - len(asked)
    people = list((await customers.reachable(tx, asked)).values())
    verdicts = await campaign_policy.judge(tx, campaign, people, now=now)
    for person, verdict in zip(people, verdicts, strict=True):
        reasons[verdict.reason if verdict.action != "send" else "will_send"] += 1
        if verdict.action == "send":
            shares[variant_for(campaign.id, person.id, campaign.variants).name] += 1


def _scaled(counted: Counter[str], whole: int) -> dict[str, int]:
    """To the whole, by largest remainder: the parts add up. Most first."""
    asked = sum(counted.values())
    if not asked:
        return {}
    exact = {name: count * whole / asked for name, count in counted.items() if count}
    floors = {name: int(value) for name, value in exact.items()}
    left = whole - sum(floors.values())
    for name in sorted(exact, key=lambda one: floors[one] - exact[one])[:left]:
        floors[name] += 1
    return dict(sorted(floors.items(), key=lambda one: (one[0] != "will_send", -one[1])))
