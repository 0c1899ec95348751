"""Codes that stand for a link of one message, short enough for a text."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.marketing.domain.links import Reference
from tandem.kernel.db import Database, Query, Tx

Place = tuple[UUID, UUID | None]
"""A link, and the message it stands in; None: nobody's."""

# A code that exists already, of whomever, is not taken again: another is drawn for that link.
# Written in one order everywhere, so that two who write the same never wait for each other.
PUT = Query(
    """
    with given as (
        select code, link_id, message_id
          from unnest(:codes::text[], :link_ids::uuid[], :message_ids::uuid[])
               as given (code, link_id, message_id)
    ),
    made as (
        insert into marketing.short_link (org_id, code, link_id, message_id, made_at)
        select :org_id, code, link_id, message_id, :now from given order by link_id, message_id
            on conflict do nothing
        returning link_id, message_id, code
    )
    select link_id, message_id, code from made
    union all
    select known.link_id, known.message_id, known.code
      from given
      join marketing.short_link known
        on known.org_id = :org_id and known.link_id = given.link_id
       and (known.message_id = given.message_id
            or known.message_id is null and given.message_id is null)
    """
)

FIND = Query(
    "select org_id, link_id, message_id from marketing.find_short_link(:code)",
    beyond_org="the code in a text message; the organisation follows from it",
)


async def put(
    tx: Tx, codes: Sequence[str], places: Sequence[Place], *, now: datetime
) -> dict[Place, str]:
    """A code for each place; one is absent whose code somebody else has."""
    rows = await tx.records(
        PUT,
        codes=list(codes),
        link_ids=[link_id for link_id, _ in places],
        message_ids=[message_id for _, message_id in places],
        now=now,
    )
    return {(row["link_id"], row["message_id"]): row["code"] for row in rows}


async def find(database: Database, code: str) -> Reference | None:
    rows = await database.look_up(FIND, Reference, code=code)
    return rows[0] if rows else None
