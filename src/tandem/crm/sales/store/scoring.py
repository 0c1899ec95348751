"""Score rules, what leads did, and the points that came of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.scoring import Award, Occurrence, ScoreRule, Threshold
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

RULE: LiteralString = """
    select r.id, r.name, r.area, r.rule, r.points, r.half_life_days, r.expires_days, r.times_max,
           r.is_active, r.version
      from sales.score_rule r
"""

RULES = Query(RULE + "where r.org_id = :org_id order by r.area desc, r.id limit 100")
LOCK_RULE = Query(RULE + "where r.org_id = :org_id and r.id = :id for update")

ADD_RULE = Query(
    """
    insert into sales.score_rule
           (org_id, id, name, area, rule, points, half_life_days, expires_days, times_max,
            is_active, created_at, updated_at)
    values (:org_id, :id, :name, :area, :rule, :points, :half_life_days, :expires_days,
            :times_max, :is_active, :now, :now)
        on conflict (org_id, lower(name)) do nothing
    """
)

SAVE_RULE = Query(
    """
    update sales.score_rule r
       set name = :name, area = :area, rule = :rule, points = :points,
           half_life_days = :half_life_days, expires_days = :expires_days,
           times_max = :times_max, is_active = :is_active, version = version + 1,
           updated_at = :now
     where r.org_id = :org_id and r.id = :id
       and not exists (select from sales.score_rule o
                        where o.org_id = :org_id and lower(o.name) = lower(:name) and o.id <> :id)
    """
)

THRESHOLDS = Query("select thresholds from sales.score_setting where org_id = :org_id")
SAVE_THRESHOLDS = Query(
    """
    insert into sales.score_setting (org_id, thresholds) values (:org_id, :thresholds)
        on conflict (org_id) do update
       set thresholds = excluded.thresholds, version = score_setting.version + 1
    """
)

ADD_OCCURRENCE = Query(
    """
    insert into sales.lead_event (org_id, id, lead_id, kind, dedupe, facts, at)
    values (:org_id, :id, :lead_id, :kind, :dedupe, :facts, :at)
        on conflict (org_id, dedupe) do nothing
    """
)

REMOVE_OCCURRENCE = Query(
    "delete from sales.lead_event where org_id = :org_id and dedupe = :dedupe returning lead_id"
)

OCCURRENCES = Query(
    """
    select e.lead_id, e.kind, e.dedupe, e.facts, e.at
      from unnest(:ids::uuid[]) as asked (lead_id)
     cross join lateral (
           select lead_id, kind, dedupe, facts, at from sales.lead_event
            where org_id = :org_id and lead_id = asked.lead_id
            order by at desc, id
            limit :count) as e
    """
)

LIVE = Query(
    """
    select s.id, s.rule_id, s.rule_version, s.area, s.event_key, s.points, s.reason,
           s.half_life_days, s.at, s.expires_at
      from sales.score_event s
     where s.org_id = :org_id and s.lead_id = :lead_id and s.ended_at is null
       and (s.expires_at is null or s.expires_at > :now)
     order by s.id
    """
)

GIVE = Query(
    """
    insert into sales.score_event
           (org_id, id, lead_id, rule_id, rule_version, area, event_key, points, reason,
            half_life_days, at, expires_at)
    values (:org_id, :id, :lead_id, :rule_id, :rule_version, :area, :event_key, :points, :reason,
            :half_life_days, :at, :expires_at)
        on conflict (org_id, lead_id, rule_id, event_key) where ended_at is null do nothing
    """
)

END = Query(
    """
    update sales.score_event set ended_at = :now
     where org_id = :org_id and id = any(:ids::uuid[]) and ended_at is null
    """
)

END_OLD = Query(
    """
    update sales.score_event set ended_at = :now
     where org_id = :org_id and lead_id = :lead_id and rule_id = :rule_id
       and event_key = :event_key and ended_at is null
    """
)

SET_SCORE = Query(
    """
    update sales.lead
       set score = :fit_score::int + :behaviour_score::int, fit_score = :fit_score,
           behaviour_score = :behaviour_score, score_due_at = :due_at
     where org_id = :org_id and id = :lead_id
    """
)

DUE = Query(
    """
    select id from sales.lead
     where org_id = :org_id and score_due_at <= :now
     order by score_due_at, id
     limit :count
    """
)

PAGE = Query(
    """
    select id from sales.lead
     where org_id = :org_id and merged_into_id is null and erased_at is null
       and (:after_id::uuid is null or id > :after_id)
     order by id
     limit :count
    """
)

MOVE = Query(
    "update sales.lead_event set lead_id = :into where org_id = :org_id and lead_id = :source"
)
MOVE_ADJUSTMENTS = Query(
    """
    update sales.score_event s set lead_id = :into
     where s.org_id = :org_id and s.lead_id = :source and s.rule_id is null and s.ended_at is null
       and not exists (select from sales.score_event o
                        where o.org_id = :org_id and o.lead_id = :into and o.rule_id is null
                          and o.event_key = s.event_key and o.ended_at is null)
    """
)
END_ALL = Query(
    """
    update sales.score_event set ended_at = :now
     where org_id = :org_id and lead_id = :lead_id and ended_at is null
    """
)


class LiveAward(Award, frozen=True, kw_only=True):
    id: UUID


class _Occurred(Occurrence, frozen=True, kw_only=True):
    lead_id: UUID


class _Id(msgspec.Struct):
    id: UUID


async def list_rules(tx: Tx) -> list[ScoreRule]:
    return await tx.many(RULES, ScoreRule)


async def lock_rule(tx: Tx, rule_id: UUID) -> ScoreRule | None:
    return await tx.one_or_none(LOCK_RULE, ScoreRule, id=rule_id)


async def add_rule(tx: Tx, rule_id: UUID, row: dict[str, Any], now: datetime) -> bool:
    return bool(await tx.run(ADD_RULE, id=rule_id, **row, now=now))


async def save_rule(tx: Tx, rule_id: UUID, row: dict[str, Any], now: datetime) -> bool:
    return bool(await tx.run(SAVE_RULE, id=rule_id, **row, now=now))


async def thresholds(tx: Tx) -> list[Threshold] | None:
    found = await tx.value(THRESHOLDS)
    return None if found is None else msgspec.convert(found, list[Threshold])


async def save_thresholds(tx: Tx, given: Sequence[Threshold]) -> None:
    await tx.run(SAVE_THRESHOLDS, thresholds=msgspec.to_builtins(list(given)))


async def add_occurrence(tx: Tx, lead_id: UUID, one: Occurrence) -> bool:
    """False where it is known already."""
    row = msgspec.structs.asdict(one)
    return bool(await tx.run(ADD_OCCURRENCE, id=new_id(), lead_id=lead_id, **row))


async def remove_occurrence(tx: Tx, dedupe: str) -> UUID | None:
    """Whose it was; none where it was not there."""
    lead_id: UUID | None = await tx.value(REMOVE_OCCURRENCE, dedupe=dedupe)
    return lead_id


async def occurrences(
    tx: Tx, lead_ids: Sequence[UUID], *, count: int
) -> dict[UUID, list[Occurrence]]:
    """The newest of each lead, in one statement."""
    found: dict[UUID, list[Occurrence]] = {lead_id: [] for lead_id in lead_ids}
    for row in await tx.many(OCCURRENCES, _Occurred, ids=list(lead_ids), count=count):
        found[row.lead_id].append(row)
    return found


async def live(tx: Tx, lead_id: UUID, now: datetime) -> list[LiveAward]:
    return await tx.many(LIVE, LiveAward, lead_id=lead_id, now=now)


async def give(tx: Tx, lead_id: UUID, award: Award, now: datetime) -> None:
    """In the place of what the rule gave for the same event before, expired or not."""
    await tx.run(
        END_OLD, lead_id=lead_id, rule_id=award.rule_id, event_key=award.event_key, now=now
    )
    await tx.run(GIVE, id=new_id(), lead_id=lead_id, **msgspec.structs.asdict(award))


async def end(tx: Tx, ids: Sequence[UUID], now: datetime) -> None:
    await tx.run(END, ids=list(ids), now=now)


async def set_score(
    tx: Tx, lead_id: UUID, *, fit_score: int, behaviour_score: int, due_at: datetime | None
) -> None:
    await tx.run(
        SET_SCORE,
        lead_id=lead_id,
        fit_score=fit_score,
        behaviour_score=behaviour_score,
        due_at=due_at,
    )


async def due(tx: Tx, now: datetime, *, count: int) -> list[UUID]:
    return [row.id for row in await tx.many(DUE, _Id, now=now, count=count)]


async def page(tx: Tx, after_id: UUID | None, *, count: int) -> list[UUID]:
    return [row.id for row in await tx.many(PAGE, _Id, after_id=after_id, count=count)]


async def hand_over(tx: Tx, source: UUID, into: UUID, now: datetime) -> None:
    """What one did, the other did; its points are given anew there."""
    await tx.run(MOVE, source=source, into=into)
    await tx.run(MOVE_ADJUSTMENTS, source=source, into=into)
    await tx.run(END_ALL, lead_id=source, now=now)
