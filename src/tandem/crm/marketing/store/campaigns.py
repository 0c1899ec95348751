"""Campaigns and their variants."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.campaigns import (
    Campaign,
    Kind,
    Plan,
    State,
    Utm,
    Variant,
)
from tandem.crm.marketing.domain.stopping import Ends
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

CAMPAIGN: LiteralString = """
    select c.id, c.name, c.kind, c.channel, c.endpoint_id, c.purpose, c.state,
           c.state_reason, c.paused_for, c.include_ids, c.exclude_ids, c.is_live, c.scheduled_at,
           (extract(epoch from c.skip_if_later_than) / 60)::int as skip_if_later_minutes,
           c.send_until, c.local_time, c.local_day, c.per_minute, c.holdout_percent,
           c.trial, c.trial_ends_at, c.winner_id, c.winner_says,
           c.from_address_id, c.tracks_clicks, c.tracks_opens, c.is_tracking_people, c.utm,
           jsonb_build_object('errors', c.stop_errors, 'bounces', c.stop_bounces,
                              'complaints', c.stop_complaints) as limits,
           c.budget_minor, c.cost_minor, c.currency, c.owner_id, c.created_by, c.changed_by,
           c.built_through, c.built_at, c.released_at, c.started_at, c.ended_at, c.progress,
           c.version, c.created_at, c.updated_at,
           (select jsonb_agg(jsonb_build_object(
                       'id', v.id, 'position', v.position, 'name', v.name, 'weight', v.weight,
                       'template_version_id', v.template_version_id, 'subject', v.subject,
                       'text', v.text, 'html', v.html) order by v.position)
              from marketing.campaign_variant v
             where v.org_id = :org_id and v.campaign_id = c.id) as variants
      from marketing.campaign c
"""

GET = Query(CAMPAIGN + "where c.org_id = :org_id and c.id = :id")
LOCK = Query("select 1 from marketing.campaign where org_id = :org_id and id = :id for update")

LIST = Query(
    CAMPAIGN
    + """
     where c.org_id = :org_id
       and (:state::text is null or c.state = :state)
       and (:kind::text is null or c.kind = :kind)
       and (:words::text is null or c.name ilike '%' || :words || '%')
       and (:before_id::uuid is null or c.id < :before_id)
     order by c.id desc
     limit :count
    """
)

AT_WORK = Query(
    """
    select id
      from marketing.campaign
     where org_id = :org_id
       and (state in ('building', 'sending')
            or state = 'scheduled' and (scheduled_at <= :now or (not is_live and built_at is null)))
     order by scheduled_at, id
     limit 100
    """
)

SENDING_BY = Query(
    CAMPAIGN
    + """
     where c.org_id = :org_id and c.channel = :channel and c.state in ('building', 'sending')
     order by c.id
     limit 100
       for update of c
    """
)

CALLING = Query(
    """
    select name
      from marketing.campaign
     where org_id = :org_id and endpoint_id = :endpoint_id
       and state not in ('done', 'cancelled', 'expired')
     order by id
     limit 50
    """
)

WAITING_FOR_WAY = Query(
    CAMPAIGN
    + """
     where c.org_id = :org_id and c.paused_for = 'outage'
     order by c.id
     limit 100
       for update of c
    """
)

GREETING = Query(
    CAMPAIGN
    + """
     where c.org_id = :org_id and c.kind = 'welcome' and c.state in ('sending', 'paused')
       and :segment_id = any(c.include_ids)
     order by c.id
     limit 20
    """
)

INSERT = Query(
    """
    insert into marketing.campaign
           (org_id, id, name, kind, channel, endpoint_id, purpose, state, include_ids,
            exclude_ids, is_live, skip_if_later_than, send_until, local_time, per_minute,
            holdout_percent, trial, from_address_id, tracks_clicks, tracks_opens,
            is_tracking_people, utm,
            stop_errors, stop_bounces, stop_complaints, budget_minor, cost_minor, currency,
            owner_id, created_by, changed_by, created_at, updated_at)
    values (:org_id, :id, :name, :kind, :channel, :endpoint_id, :purpose, 'draft', :include_ids,
            :exclude_ids, :is_live, make_interval(mins => :skip_if_later_minutes::int), :send_until,
            :local_time, :per_minute, :holdout_percent, :trial::jsonb, :from_address_id,
            :tracks_clicks, :tracks_opens, :is_tracking_people, :utm::jsonb, :stop_errors,
            :stop_bounces, :stop_complaints, :budget_minor, :cost_minor, :currency, :owner_id,
            :author, :author, :now, :now)
    """
)

SAVE_PLAN = Query(
    """
    update marketing.campaign
       set name = :name, kind = :kind, channel = :channel, endpoint_id = :endpoint_id,
           purpose = :purpose,
           include_ids = :include_ids, exclude_ids = :exclude_ids, is_live = :is_live,
           skip_if_later_than = make_interval(mins => :skip_if_later_minutes::int),
           send_until = :send_until, local_time = :local_time, per_minute = :per_minute,
           holdout_percent = :holdout_percent, trial = :trial::jsonb,
           from_address_id = :from_address_id, tracks_clicks = :tracks_clicks,
           tracks_opens = :tracks_opens, is_tracking_people = :is_tracking_people,
           utm = :utm::jsonb, stop_errors = :stop_errors, stop_bounces = :stop_bounces,
           stop_complaints = :stop_complaints, budget_minor = :budget_minor,
           cost_minor = :cost_minor, changed_by = :author, version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id
    """
)

SAVE_STATE = Query(
    """
    update marketing.campaign
       set state = :state, state_reason = :state_reason, paused_for = :paused_for,
           scheduled_at = :scheduled_at, local_day = :local_day,
           built_through = :built_through, built_at = :built_at, released_at = :released_at,
           started_at = :started_at, ended_at = :ended_at, trial_ends_at = :trial_ends_at,
           winner_id = :winner_id, winner_says = :winner_says, per_minute = :per_minute,
           cost_minor = :cost_minor, budget_minor = :budget_minor, version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id
    """
)

SAVE_PROGRESS = Query(
    """
    update marketing.campaign
       set built_through = coalesce(:built_through, built_through), updated_at = :now
     where org_id = :org_id and id = :id
    """
)

NOTE_PROGRESS = Query(
    """
    update marketing.campaign set progress = :progress
     where org_id = :org_id and id = :id and progress <> :progress
    """
)

DROP_VARIANTS = Query(
    "delete from marketing.campaign_variant where org_id = :org_id and campaign_id = :campaign_id"
)

ADD_VARIANT = Query(
    """
    insert into marketing.campaign_variant
           (org_id, id, campaign_id, position, name, weight, template_version_id, subject, text,
            html)
    values (:org_id, :id, :campaign_id, :position, :name, :weight, :template_version_id, :subject,
            :text, :html)
    """
)

STOP_BASE = Query("select stop_base from marketing.campaign where org_id = :org_id and id = :id")
SAVE_STOP_BASE = Query(
    "update marketing.campaign set stop_base = :base where org_id = :org_id and id = :id"
)

USES_ADDRESS = Query(
    """
    select count(*)
      from marketing.campaign
     where org_id = :org_id and from_address_id = :address_id
       and state in ('scheduled', 'building', 'sending', 'paused')
    """
)


async def find(tx: Tx, campaign_id: UUID) -> Campaign | None:
    return await tx.one_or_none(GET, Campaign, id=campaign_id)


async def lock(tx: Tx, campaign_id: UUID) -> Campaign | None:
    """Whoever reads it this way is alone with it until the end of their transaction."""
    if await tx.value(LOCK, id=campaign_id) is None:
        return None
    return await find(tx, campaign_id)


async def list_campaigns(
    tx: Tx,
    *,
    state: State | None,
    kind: Kind | None,
    words: str | None,
    before_id: UUID | None,
    count: int,
) -> list[Campaign]:
    return await tx.many(
        LIST, Campaign, state=state, kind=kind, words=words, before_id=before_id, count=count
    )


async def at_work(tx: Tx, now: datetime) -> list[UUID]:
    """Campaigns that have something to do now, by their hour."""
    return [row["id"] for row in await tx.records(AT_WORK, now=now)]


async def sending_by(tx: Tx, channel: str) -> list[Campaign]:
    """Locked."""
    return await tx.many(SENDING_BY, Campaign, channel=channel)


async def calling(tx: Tx, endpoint_id: UUID) -> list[str]:
    rows = await tx.records(CALLING, endpoint_id=endpoint_id)
    return [row["name"] for row in rows]


async def waiting_for_way(tx: Tx) -> list[Campaign]:
    """Those that stand still because their channel could not be reached; locked."""
    return await tx.many(WAITING_FOR_WAY, Campaign)


async def greeting(tx: Tx, segment_id: UUID) -> list[Campaign]:
    """Welcome campaigns that are on and greet whoever enters this segment."""
    return await tx.many(GREETING, Campaign, segment_id=segment_id)


async def insert(
    tx: Tx,
    campaign_id: UUID,
    plan: Plan,
    *,
    currency: str,
    owner_id: UUID | None,
    author: UUID | None,
    now: datetime,
) -> None:
    """`author` is the person behind it, also where a key made it, which then owns it."""
    await tx.run(
        INSERT,
        id=campaign_id,
        currency=currency,
        owner_id=owner_id,
        author=author,
        now=now,
        **_planned(plan),
    )
    await _add_variants(tx, campaign_id, plan)


async def save_plan(
    tx: Tx, campaign_id: UUID, plan: Plan, *, author: UUID | None, now: datetime
) -> None:
    await tx.run(SAVE_PLAN, id=campaign_id, author=author, now=now, **_planned(plan))
    await tx.run(DROP_VARIANTS, campaign_id=campaign_id)
    await _add_variants(tx, campaign_id, plan)


async def save_state(tx: Tx, campaign: Campaign, now: datetime) -> None:
    """Write where a campaign from `lock` has got to."""
    names = (
        "id",
        "state",
        "state_reason",
        "paused_for",
        "scheduled_at",
        "local_day",
        "built_through",
        "built_at",
        "released_at",
        "started_at",
        "ended_at",
        "trial_ends_at",
        "winner_id",
        "winner_says",
        "per_minute",
        "cost_minor",
        "budget_minor",
    )
    await tx.run(SAVE_STATE, now=now, **{name: getattr(campaign, name) for name in names})


async def save_progress(tx: Tx, campaign_id: UUID, built_through: UUID, now: datetime) -> None:
    await tx.run(SAVE_PROGRESS, id=campaign_id, built_through=built_through, now=now)


async def note_progress(tx: Tx, campaign_id: UUID, progress: dict[str, int]) -> bool:
    """False where nothing has changed."""
    return bool(await tx.run(NOTE_PROGRESS, id=campaign_id, progress=progress))


async def stop_base(tx: Tx, campaign_id: UUID) -> Ends:
    """What had come to an end when somebody last let it go on."""
    return msgspec.convert(await tx.value(STOP_BASE, id=campaign_id) or {}, Ends)


async def save_stop_base(tx: Tx, campaign_id: UUID, ends: Ends) -> None:
    await tx.run(SAVE_STOP_BASE, id=campaign_id, base=msgspec.to_builtins(ends))


async def uses_address(tx: Tx, address_id: UUID) -> int:
    """How many campaigns that have not ended leave from this address."""
    found: int = await tx.value(USES_ADDRESS, address_id=address_id)
    return found


def _planned(plan: Plan) -> dict[str, Any]:
    row = msgspec.structs.asdict(plan)
    limits = row.pop("limits")
    del row["variants"]
    return {
        **row,
        "utm": msgspec.to_builtins(row["utm"] or Utm()),
        "trial": msgspec.to_builtins(row["trial"]),
        "stop_errors": limits.errors,
        "stop_bounces": limits.bounces,
        "stop_complaints": limits.complaints,
    }


async def _add_variants(tx: Tx, campaign_id: UUID, plan: Plan) -> Sequence[Variant]:
    made = []
    for position, new in enumerate(plan.variants):
        variant = Variant(id=new_id(), position=position, **msgspec.structs.asdict(new))
        await tx.run(ADD_VARIANT, campaign_id=campaign_id, **msgspec.structs.asdict(variant))
        made.append(variant)
    return made
