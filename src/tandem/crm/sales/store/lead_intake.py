"""Many leads written at once, with the touch that brought each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

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


async def let_go(tx: Tx, leads: Sequence[UUID]) -> None:
    await tx.run(LET_GO, leads=list(leads))


async def insert(tx: Tx, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """In this order, so that their numbers follow it."""
    placed = [{**row, "place": place} for place, row in enumerate(rows)]
    await tx.run(INSERT, rows=msgspec.to_builtins(placed), now=now)


async def touch(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    await tx.run(TOUCH, rows=msgspec.to_builtins(list(rows)))
