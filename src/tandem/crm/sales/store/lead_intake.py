"""Many leads written at once, with the touch that brought each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

HELD = Query(
    """
    select k.kind, k.value
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
    "delete from sales.lead_key where org_id = :org_id and lead_id = any(:leads::uuid[])"
)

INSERT = Query(
    """
    insert into sales.lead
           (org_id, id, name, company_name, job_title, email, phone, website, city, country,
            description, status_id, kind, source, campaign_id, first_touch, last_touch,
            touch_count, owner_id, team_id, territory_id, tags, custom, created_at, updated_at)
    select :org_id, id, name, company_name, job_title, email, phone, website, city, country,
           description, status_id, kind, source, campaign_id, touch, touch, 1, owner_id, team_id,
           territory_id, tags, custom, :now, :now
      from jsonb_to_recordset(:rows::jsonb)
           as given (place int, id uuid, name text, company_name text, job_title text, email text,
                     phone text, website text, city text, country text, description text,
                     status_id uuid, kind text, source text, campaign_id uuid, touch jsonb,
                     owner_id uuid, team_id uuid, territory_id uuid, tags text[], custom jsonb)
     order by place
    """
)

TOUCH = Query(
    """
    insert into sales.lead_touch
           (org_id, id, lead_id, channel, source, utm_source, utm_medium, utm_campaign, utm_term,
            utm_content, referrer, landing, campaign_id, form_id, dedupe, at)
    select :org_id, id, lead_id, channel, source, utm_source, utm_medium, utm_campaign, utm_term,
           utm_content, referrer, landing, campaign_id, form_id, id::text, at
      from jsonb_to_recordset(:rows::jsonb)
           as given (id uuid, lead_id uuid, channel text, source text, utm_source text,
                     utm_medium text, utm_campaign text, utm_term text, utm_content text,
                     referrer text, landing text, campaign_id uuid, form_id uuid, at timestamptz)
    """
)

Key = tuple[str, str]


async def held(tx: Tx, keys: Sequence[Key]) -> set[Key]:
    """Which of these contacts are some lead's."""
    rows = await tx.records(HELD, **_columns(keys))
    return {(row["kind"], row["value"]) for row in rows}


async def claim(tx: Tx, keys: Mapping[Key, UUID]) -> set[Key]:
    """Those that were free and are these leads' now. Waits for whoever claims the same."""
    rows = await tx.records(CLAIM, leads=list(keys.values()), **_columns(list(keys)))
    return {(row["kind"], row["value"]) for row in rows}


async def let_go(tx: Tx, leads: Sequence[UUID]) -> None:
    await tx.run(LET_GO, leads=list(leads))


async def insert(tx: Tx, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """In this order, so that their numbers follow it."""
    placed = [{**row, "place": place} for place, row in enumerate(rows)]
    await tx.run(INSERT, rows=msgspec.to_builtins(placed), now=now)


async def touch(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    await tx.run(TOUCH, rows=msgspec.to_builtins(list(rows)))


def _columns(keys: Sequence[Key]) -> dict[str, list[str]]:
    return {"kinds": [kind for kind, _ in keys], "values": [value for _, value in keys]}
