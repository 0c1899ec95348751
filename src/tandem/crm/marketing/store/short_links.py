"""Codes that stand for a link of one message, short enough for a text."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.marketing.domain.links import Reference
from tandem.kernel.db import Database, Query, Tx

# A code that exists already, of whomever, is not taken again: another is drawn for that link.
PUT = Query(
    """
    with given as (
        select code, link_id
          from unnest(:codes::text[], :link_ids::uuid[]) as given (code, link_id)
    ),
    made as (
        insert into marketing.short_link (org_id, code, link_id, message_id, made_at)
        select :org_id, code, link_id, :message_id, :now from given
            on conflict do nothing
        returning link_id, code
    )
    select link_id, code from made
    union all
    select known.link_id, known.code
      from given
      join marketing.short_link known
        on known.org_id = :org_id and known.link_id = given.link_id
       and known.message_id is not distinct from :message_id::uuid
    """
)

FIND = Query(
    "select org_id, link_id, message_id from marketing.find_short_link(:code)",
    beyond_org="the code in a text message; the organisation follows from it",
)


async def put(
    tx: Tx,
    codes: Sequence[str],
    link_ids: Sequence[UUID],
    *,
    message_id: UUID | None,
    now: datetime,
) -> dict[UUID, str]:
    """A code for each link; a link is absent whose code somebody else has."""
    rows = await tx.records(
        PUT, codes=list(codes), link_ids=list(link_ids), message_id=message_id, now=now
    )
    return {row["link_id"]: row["code"] for row in rows}


async def find(database: Database, code: str) -> Reference | None:
    rows = await database.look_up(FIND, Reference, code=code)
    return rows[0] if rows else None
