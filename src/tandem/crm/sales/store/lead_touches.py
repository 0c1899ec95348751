"""Touches and notes of leads."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.leads import LeadNote, Touch
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

ADD = Query(
    """
    insert into sales.lead_touch
           (org_id, id, lead_id, channel, source, utm_source, utm_medium, utm_campaign, utm_term,
            utm_content, referrer, landing, campaign_id, form_id, dedupe, at)
    values (:org_id, :id, :lead_id, :channel, :source, :utm_source, :utm_medium, :utm_campaign,
            :utm_term, :utm_content, :referrer, :landing, :campaign_id, :form_id, :dedupe, :at)
        on conflict (org_id, dedupe) do nothing
    """
)

LIST = Query(
    """
    select id, channel, source, utm_source, utm_medium, utm_campaign, utm_term, utm_content,
           referrer, landing, campaign_id, form_id, at
      from sales.lead_touch
     where org_id = :org_id and lead_id = :lead_id
     order by at, id
     limit 500
    """
)

MOVE = Query(
    "update sales.lead_touch set lead_id = :into where org_id = :org_id and lead_id = :source"
)

ADD_NOTE = Query(
    """
    insert into sales.lead_note (org_id, id, lead_id, text, author_id, author_label, created_at)
    values (:org_id, :id, :lead_id, :text, :author_id, :author_label, :created_at)
    """
)

NOTES = Query(
    """
    select id, text, author_id, author_label, created_at
      from sales.lead_note
     where org_id = :org_id and lead_id = :lead_id
     order by id desc
     limit 200
    """
)

FIND_NOTE = Query(
    """
    select id, text, author_id, author_label, created_at
      from sales.lead_note
     where org_id = :org_id and id = :id
    """
)

DELETE_NOTE = Query(
    "delete from sales.lead_note where org_id = :org_id and lead_id = :lead_id and id = :id"
)

MOVE_NOTES = Query(
    "update sales.lead_note set lead_id = :into where org_id = :org_id and lead_id = :source"
)


async def add(tx: Tx, lead_id: UUID, touch: Touch, *, dedupe: str) -> bool:
    """False where this very touch stands there already."""
    row: dict[str, Any] = msgspec.structs.asdict(touch)
    return bool(await tx.run(ADD, lead_id=lead_id, dedupe=dedupe, **row))


async def list_of(tx: Tx, lead_id: UUID) -> list[Touch]:
    """Oldest first."""
    return await tx.many(LIST, Touch, lead_id=lead_id)


async def move(tx: Tx, source: UUID, into: UUID) -> None:
    await tx.run(MOVE, source=source, into=into)
    await tx.run(MOVE_NOTES, source=source, into=into)


async def add_note(tx: Tx, lead_id: UUID, text: str, now: datetime) -> LeadNote:
    note = LeadNote(
        id=new_id(),
        text=text,
        author_id=tx.actor.user_id,
        author_label=tx.actor.label,
        created_at=now,
    )
    await tx.run(ADD_NOTE, lead_id=lead_id, **msgspec.structs.asdict(note))
    return note


async def find_note(tx: Tx, note_id: UUID) -> LeadNote | None:
    return await tx.one_or_none(FIND_NOTE, LeadNote, id=note_id)


async def notes(tx: Tx, lead_id: UUID) -> list[LeadNote]:
    return await tx.many(NOTES, LeadNote, lead_id=lead_id)


async def delete_note(tx: Tx, lead_id: UUID, note_id: UUID) -> bool:
    return bool(await tx.run(DELETE_NOTE, lead_id=lead_id, id=note_id))
