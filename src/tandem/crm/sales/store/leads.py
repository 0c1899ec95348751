"""Leads: found by what they are recognised by, listed, written whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import Lead, LeadFilters, Order
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

LEAD: LiteralString = """
    select l.id, l.number, l.name, l.company_name, l.job_title, l.email, l.phone, l.website,
           l.city, l.country, l.description, l.status_id, s.name as status_name,
           s.colour as status_colour, l.kind, l.lost_reason, l.source, l.campaign_id,
           l.first_touch, l.last_touch, l.touch_count, l.score, l.fit_score, l.behaviour_score,
           l.score_due_at, l.owner_id, l.team_id, l.territory_id, l.customer_id, l.account_id,
           l.opportunity_id, l.conversion_id, l.converted_at, l.tags, l.custom, l.merged_into_id,
           l.erased_at, l.version, l.created_at, l.updated_at
      from sales.lead l
      join sales.lead_status s on s.org_id = l.org_id and s.id = l.status_id
"""

GET = Query(LEAD + "where l.org_id = :org_id and l.id = any(:ids::uuid[]) order by l.id")
# Locked by itself and read afterwards: whoever waited for a change of status would find no row that
# joins the status it had when the statement began.
LOCK = Query(
    """
    select id from sales.lead
     where org_id = :org_id and id = any(:ids::uuid[])
     order by id
       for no key update
    """
)

FILTERED: LiteralString = (
    """
     where l.org_id = :org_id and l.merged_into_id is null and l.erased_at is null
       and """
    + within("l")
    + """
       and (:kind::text is null or l.kind = :kind)
       and (:status_id::uuid is null or l.status_id = :status_id)
       and (:owner_id::uuid is null or l.owner_id = :owner_id)
       and (not :is_unowned::boolean or l.owner_id is null)
       and (:team_id::uuid is null or l.team_id = :team_id)
       and (:territory_id::uuid is null or l.territory_id = :territory_id)
       and (:customer_id::uuid is null or l.customer_id = :customer_id)
       and (:campaign_id::uuid is null or l.campaign_id = :campaign_id)
       and (:form_id::uuid is null or exists (
               select from sales.lead_touch t
                where t.org_id = :org_id and t.lead_id = l.id and t.form_id = :form_id))
       and (:source::text is null or lower(l.source) = lower(:source))
       and (:tag::text is null or l.tags @> array[:tag::text])
       and (:score_min::int is null or l.score >= :score_min)
       and (:ids::uuid[] is null or l.id = any(:ids))
       and (:words::text is null
            or l.name ilike '%' || :words || '%' or l.company_name ilike '%' || :words || '%'
            or l.number ilike :words || '%'
            or (:seeks_email::boolean and l.email ilike :words || '%')
            or (:seeks_phone::boolean and l.phone like '%' || :words || '%'))
"""
)

LIST = Query(
    LEAD
    + FILTERED
    + """
       and (:before_id::uuid is null or l.id < :before_id)
     order by l.id desc
     limit :count
    """
)

LIST_BY_SCORE = Query(
    LEAD
    + FILTERED
    + """
       and (:before_id::uuid is null or (l.score, l.id) < (:before_score::int, :before_id))
     order by l.score desc, l.id desc
     limit :count
    """
)

COUNTS = Query(
    "select l.status_id, count(*)::int as count from sales.lead l" + FILTERED + "group by 1"
)

IDS = Query("select l.id from sales.lead l" + FILTERED + "order by l.id desc limit :count")

Key = tuple[str, str]
"""A kind of contact and its value, by which a lead is known."""

HOLDERS = Query(
    """
    select k.kind, k.value, k.lead_id
      from sales.lead_key k
      join unnest(:kinds::text[], :values::text[]) as asked (kind, value)
        on asked.kind = k.kind and asked.value = k.value
     where k.org_id = :org_id
    """
)

CLAIM = Query(
    """
    insert into sales.lead_key (org_id, kind, value, lead_id)
    select :org_id, kind, value, lead_id
      from unnest(:kinds::text[], :values::text[], :leads::uuid[]) as given (kind, value, lead_id)
     order by kind, value
        on conflict (org_id, kind, value) do nothing
    returning kind, value
    """
)

LET_GO = Query(
    """
    delete from sales.lead_key k
     where k.org_id = :org_id and k.lead_id = :lead_id
       and not exists (
           select from unnest(:kinds::text[], :values::text[]) as kept (kind, value)
            where kept.kind = k.kind and kept.value = k.value)
    """
)

MOVE_KEYS = Query(
    "update sales.lead_key set lead_id = :into where org_id = :org_id and lead_id = :source"
)

FOLLOW = Query(
    """
    update sales.lead set merged_into_id = :into
     where org_id = :org_id and merged_into_id = :source
    """
)

INSERT = Query(
    """
    insert into sales.lead
           (org_id, id, name, company_name, job_title, email, phone, website, city, country,
            description, status_id, kind, source, owner_id, team_id, territory_id, tags, custom,
            created_at, updated_at)
    values (:org_id, :id, :name, :company_name, :job_title, :email, :phone, :website, :city,
            :country, :description, :status_id, :kind, :source, :owner_id, :team_id,
            :territory_id, :tags::text[], :custom, :now, :now)
    """
)

SAVE = Query(
    """
    update sales.lead
       set name = :name, company_name = :company_name, job_title = :job_title, email = :email,
           phone = :phone, website = :website, city = :city, country = :country,
           description = :description, status_id = :status_id, kind = :kind,
           lost_reason = :lost_reason, source = :source, campaign_id = :campaign_id,
           first_touch = :first_touch::jsonb, last_touch = :last_touch::jsonb,
           touch_count = :touch_count, owner_id = :owner_id, team_id = :team_id,
           territory_id = :territory_id, customer_id = :customer_id, account_id = :account_id,
           opportunity_id = :opportunity_id, conversion_id = :conversion_id,
           converted_at = :converted_at, tags = :tags::text[], custom = :custom::jsonb,
           merged_into_id = :merged_into_id, erased_at = :erased_at, version = version + 1,
           updated_at = :now
     where org_id = :org_id and id = :id
    """
)
SAVED = tuple(name for name in SAVE.names if name not in ("org_id", "now"))

OF_CUSTOMER = Query(
    LEAD
    + """
     where l.org_id = :org_id and l.customer_id = :customer_id and l.merged_into_id is null
     order by l.id
     limit 100
    """
)

UNIQUE_HOLDER = Query(
    """
    select id from sales.lead
     where org_id = :org_id and id <> :id and merged_into_id is null and custom @> :custom::jsonb
     limit 1
    """
)


class Count(msgspec.Struct, frozen=True, kw_only=True):
    status_id: UUID
    count: int


async def find(tx: Tx, lead_id: UUID) -> Lead | None:
    found = await tx.many(GET, Lead, ids=[lead_id])
    return found[0] if found else None


async def get_many(tx: Tx, ids: Sequence[UUID]) -> list[Lead]:
    return await tx.many(GET, Lead, ids=list(ids))


async def lock(tx: Tx, lead_id: UUID) -> Lead | None:
    await tx.records(LOCK, ids=[lead_id])
    return await find(tx, lead_id)


async def lock_many(tx: Tx, ids: Sequence[UUID]) -> list[Lead]:
    await tx.records(LOCK, ids=list(ids))
    return await get_many(tx, ids)


async def list_rows(
    tx: Tx,
    filters: LeadFilters,
    reach: Reach,
    *,
    order: Order,
    before: tuple[int, UUID] | None,
    count: int,
) -> list[Lead]:
    params: dict[str, Any] = {
        **msgspec.structs.asdict(filters),
        **_sought(tx),
        **reach.params(),
        "before_id": before[1] if before else None,
        "count": count,
    }
    if order is Order.SCORE:
        score = before[0] if before else None
        return await tx.many(LIST_BY_SCORE, Lead, before_score=score, **params)
    return await tx.many(LIST, Lead, **params)


async def ids(tx: Tx, filters: LeadFilters, reach: Reach, *, count: int) -> list[UUID]:
    asked = {**msgspec.structs.asdict(filters), **_sought(tx), **reach.params()}
    return [row["id"] for row in await tx.records(IDS, count=count, **asked)]


async def count_by_status(tx: Tx, filters: LeadFilters, reach: Reach) -> dict[UUID, int]:
    asked = {**msgspec.structs.asdict(filters), **_sought(tx), **reach.params()}
    rows = await tx.many(COUNTS, Count, **asked)
    return {row.status_id: row.count for row in rows}


def _sought(tx: Tx) -> dict[str, bool]:
    """Nobody finds somebody by what is hidden from them."""
    return {f"seeks_{name}": not tx.actor.hides("lead", name) for name in ("email", "phone")}


async def holders(tx: Tx, keys: Sequence[Key]) -> dict[str, UUID]:
    """By which of these contacts who is known: kind to lead."""
    rows = await tx.records(HOLDERS, **_columns(keys))
    return {row["kind"]: row["lead_id"] for row in rows}


async def held(tx: Tx, keys: Sequence[Key]) -> set[Key]:
    """Which of these contacts are some lead's."""
    rows = await tx.records(HOLDERS, **_columns(keys))
    return {(row["kind"], row["value"]) for row in rows}


async def claim(tx: Tx, lead_id: UUID, keys: Sequence[Key]) -> set[str]:
    """The kinds that were free and are this lead's now. Waits for whoever claims the same."""
    return {kind for kind, _ in await claim_each(tx, dict.fromkeys(keys, lead_id))}


async def claim_each(tx: Tx, keys: Mapping[Key, UUID]) -> set[Key]:
    """The same for many leads: the contacts that were free, each its lead's now."""
    rows = await tx.records(CLAIM, leads=list(keys.values()), **_columns(list(keys)))
    return {(row["kind"], row["value"]) for row in rows}


async def let_go(tx: Tx, lead_id: UUID, *, kept: Sequence[Key]) -> None:
    await tx.run(LET_GO, lead_id=lead_id, **_columns(kept))


async def move_keys(tx: Tx, source: UUID, into: UUID) -> None:
    await tx.run(MOVE_KEYS, source=source, into=into)


async def follow(tx: Tx, source: UUID, into: UUID) -> None:
    """Whoever was merged into the one is merged into the other."""
    await tx.run(FOLLOW, source=source, into=into)


async def insert(tx: Tx, row: dict[str, Any], now: datetime) -> None:
    await tx.run(INSERT, **row, now=now)


async def save(tx: Tx, lead: Lead, now: datetime) -> None:
    """Write a locked lead whole, its score left out: that follows from its score events."""
    await tx.run(SAVE, **{name: getattr(lead, name) for name in SAVED}, now=now)


async def of_customer(tx: Tx, customer_id: UUID) -> list[Lead]:
    return await tx.many(OF_CUSTOMER, Lead, customer_id=customer_id)


async def unique_holder(tx: Tx, lead_id: UUID, key: str, value: Any) -> UUID | None:
    """Another lead that has this value in a field of which each may have one."""
    found: UUID | None = await tx.value(UNIQUE_HOLDER, id=lead_id, custom={key: value})
    return found


def _columns(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"kinds": [kind for kind, _ in keys], "values": [value for _, value in keys]}
