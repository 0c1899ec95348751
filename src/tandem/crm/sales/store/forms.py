"""Forms."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.forms import Form
from tandem.kernel.db import Database, Query, Tx

FORM: LiteralString = """
    select f.id, f.slug, f.name, f.title, f.intro, f.button, f.fields, f.consents, f.thanks,
           f.redirect_url, f.source, f.campaign_id, f.owner_id, f.team_id, f.pipeline_id,
           f.allowed_origins, f.needs_confirmation, f.effort, f.is_active, f.version,
           f.created_at, f.updated_at
      from sales.lead_form f
"""

GET = Query(FORM + "where f.org_id = :org_id and f.id = :id")
LOCK = Query(FORM + "where f.org_id = :org_id and f.id = :id for update")
LIST = Query(FORM + "where f.org_id = :org_id order by f.is_active desc, f.id desc limit 200")
COUNT = Query("select count(*) from sales.lead_form where org_id = :org_id")
KEY = Query(
    "select f.signing_key::bytea as key from sales.lead_form f"
    " where f.org_id = :org_id and f.id = :id"
)

FIND = Query(
    "select org_id, id from sales.find_form(:slug)",
    beyond_org="the address of a public form; the organisation follows from it",
)

INSERT = Query(
    """
    insert into sales.lead_form
           (org_id, id, slug, name, title, intro, button, fields, consents, thanks, redirect_url,
            source, campaign_id, owner_id, team_id, pipeline_id, allowed_origins,
            needs_confirmation, effort, is_active, signing_key, created_at, updated_at)
    values (:org_id, :id, :slug, :name, :title, :intro, :button, :fields, :consents, :thanks,
            :redirect_url, :source, :campaign_id, :owner_id, :team_id, :pipeline_id,
            :allowed_origins::text[], :needs_confirmation, :effort, :is_active, :signing_key,
            :now, :now)
    """
)

UPDATE = Query(
    """
    update sales.lead_form
       set name = :name, title = :title, intro = :intro, button = :button, fields = :fields,
           consents = :consents, thanks = :thanks, redirect_url = :redirect_url,
           source = :source, campaign_id = :campaign_id, owner_id = :owner_id,
           team_id = :team_id, pipeline_id = :pipeline_id,
           allowed_origins = :allowed_origins::text[], needs_confirmation = :needs_confirmation,
           effort = :effort, is_active = :is_active, version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)


class Address(msgspec.Struct, frozen=True, kw_only=True):
    org_id: UUID
    id: UUID


PIPELINE = Query(
    """
    select f.pipeline_id
      from sales.lead_touch t
      join sales.lead_form f on f.org_id = t.org_id and f.id = t.form_id
      join sales.pipeline p on p.org_id = f.org_id and p.id = f.pipeline_id
     where t.org_id = :org_id and t.lead_id = :lead_id and p.archived_at is null
     order by t.at desc, t.id desc
     limit 1
    """
)


class _Key(msgspec.Struct):
    key: bytes


async def find_address(database: Database, slug: str) -> Address | None:
    """Whose active form has this address."""
    rows = await database.look_up(FIND, Address, slug=slug)
    return rows[0] if rows else None


async def find(tx: Tx, form_id: UUID) -> Form | None:
    return await tx.one_or_none(GET, Form, id=form_id)


async def lock(tx: Tx, form_id: UUID) -> Form | None:
    return await tx.one_or_none(LOCK, Form, id=form_id)


async def list_forms(tx: Tx) -> list[Form]:
    return await tx.many(LIST, Form)


async def count(tx: Tx) -> int:
    found: int = await tx.value(COUNT)
    return found


async def sealed_key(tx: Tx, form_id: UUID) -> bytes:
    return (await tx.one(KEY, _Key, id=form_id)).key


async def insert(
    tx: Tx, form_id: UUID, slug: str, row: dict[str, Any], key: bytes, now: datetime
) -> None:
    await tx.run(INSERT, id=form_id, slug=slug, **row, signing_key=key, now=now)


async def update(tx: Tx, form_id: UUID, row: dict[str, Any], now: datetime) -> None:
    await tx.run(UPDATE, id=form_id, **row, now=now)


async def pipeline_of_lead(tx: Tx, lead_id: UUID) -> UUID | None:
    found: UUID | None = await tx.value(PIPELINE, lead_id=lead_id)
    return found
