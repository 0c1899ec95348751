"""Whom a campaign is for, looked at before it leaves: how many, and why others get nothing."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain.campaigns import Campaign, CampaignIncomplete, Kind
from tandem.crm.marketing.domain.local_times import begins_at, moment
from tandem.crm.marketing.domain.splitting import is_held_out, variant_for
from tandem.crm.marketing.domain.trials import is_sampled
from tandem.crm.notifications.service import deciding
from tandem.flows import campaign_policy
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound

LOOKED_AT_MAX = 5_000
"""People whom the policy is asked about; of more, an even sample."""
ASKED_AT_ONCE = 1_000
AFTER_TRIAL = "The better one, after the trial"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` is will_send, holdout, or why somebody gets nothing or waits."""

    reason: str
    count: int


class ZonePart(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is when they get it; None: their hour is missed. `count` of those who will get it."""

    time_zone: str
    count: int
    at: datetime | None


class AudiencePreview(msgspec.Struct, frozen=True, kw_only=True):
    """`parts` add up to `total`. Estimated from an even sample where there are too many to ask
    about each. Nothing is written."""

    total: int
    is_estimated: bool
    will_send: int
    parts: list[Part]
    variants: dict[str, int]
    zones: list[ZonePart] = []
    """By zone, first come first, where it leaves at an hour of everybody's own."""


async def check_segments(tx: Tx, ids: Sequence[UUID], *, field: str) -> None:
    """Refuses a segment that is not there: another company's is not either."""
    for segment_id in ids:
        try:
            await customers.get_segment(tx, segment_id)
        except NotFound as reason:
            raise NotFound("There is no such segment.", field=field) from reason


async def check_current(tx: Tx, campaign: Campaign) -> None:
    """Refuses segments that do not follow their people any more: whoever should be left out by now
    would be written to."""
    for field in ("include_ids", "exclude_ids"):
        for segment_id in getattr(campaign, field):
            segment = await customers.get_segment(tx.with_all_grants(), segment_id)
            if segment.retired_at is not None:
                raise CampaignIncomplete(f"The segment {segment.name} is retired.", field=field)
            if segment.error:
                detail = f"The segment {segment.name} is not up to date: {segment.error}"
                raise CampaignIncomplete(detail, field=field)


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
    zones: Counter[str] = Counter()
    day = campaign.local_day or now.astimezone(await _zone(tx)).date()
    for start in range(0, len(ids), ASKED_AT_ONCE):
        await _judge(tx, campaign, ids[start : start + ASKED_AT_ONCE], reasons, shares, zones, now)
    parts = _scaled(reasons, total)
    return AudiencePreview(
        total=total,
        is_estimated=every_nth > 1,
        will_send=parts.get("will_send", 0),
        parts=[Part(reason=reason, count=count) for reason, count in parts.items()],
        variants=_scaled(shares, parts.get("will_send", 0)),
        zones=_by_zone(campaign, _scaled(zones, parts.get("will_send", 0)), day, now),
    )


async def _judge(
    tx: Tx,
    campaign: Campaign,
    ids: Sequence[UUID],
    reasons: Counter[str],
    shares: Counter[str],
    zones: Counter[str],
    now: datetime,
) -> None:
    asked = [one for one in ids if not is_held_out(campaign.id, one, campaign.holdout_percent)]
    reasons["holdout"] += len(ids) - len(asked)
    people = list((await customers.reachable(tx, asked)).values())
    verdicts = await campaign_policy.judge(tx, campaign, people, now=now)
    known = await deciding.zones_of(tx, [one.id for one in people]) if campaign.local_time else {}
    here = (await _zone(tx)).key if campaign.local_time else ""
    for person, verdict in zip(people, verdicts, strict=True):
        reasons[verdict.reason if verdict.action != "send" else "will_send"] += 1
        if verdict.action == "send":
            shares[_share_of(campaign, person.id)] += 1
            zones[known.get(person.id, here)] += 1


def _share_of(campaign: Campaign, customer_id: UUID) -> str:
    """The variant that is theirs by name; who waits for the end of a trial has none yet."""
    trial = campaign.trial
    if trial is not None and not is_sampled(campaign.id, customer_id, trial.sample_percent):
        return AFTER_TRIAL
    return variant_for(campaign.id, customer_id, campaign.variants).name


async def _zone(tx: Tx) -> ZoneInfo:
    return ZoneInfo((await identity.get_organisation(tx)).time_zone)


def _by_zone(
    campaign: Campaign, counted: dict[str, int], day: date, now: datetime
) -> list[ZonePart]:
    if not campaign.local_time:
        return []
    begin = max(now, begins_at(day, campaign.local_time))
    wanted = None if campaign.kind is Kind.WELCOME else day
    found = [
        ZonePart(
            time_zone=name,
            count=count,
            at=moment(
                campaign.local_time, wanted, ZoneInfo(name), begin, late_max=campaign.late_max
            ),
        )
        for name, count in counted.items()
    ]
    return sorted(found, key=lambda one: (one.at is None, one.at or begin, one.time_zone))


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
