"""The desk's settings document."""

from datetime import datetime

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.support.domain.desk import Desk

GET = Query("select version, document from support.settings where org_id = :org_id")

LOCK = Query(
    "select version from support.settings where org_id = :org_id order by org_id for update"
)

SAVE = Query(
    """
    insert into support.settings as held (org_id, document, version, updated_at)
    values (:org_id, :document, 1, :now)
        on conflict (org_id) do update
       set document = excluded.document, version = held.version + 1,
           updated_at = excluded.updated_at
    returning version
    """
)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    document: Desk


async def find(tx: Tx) -> Stored | None:
    """None where the organisation never said anything."""
    return await tx.one_or_none(GET, Stored)


async def lock_version(tx: Tx) -> int:
    """The current version, locked; 0 where nothing is stored yet."""
    version: int | None = await tx.value(LOCK)
    return version or 0


async def save(tx: Tx, desk: Desk, now: datetime) -> int:
    """The new version."""
    version: int = await tx.value(SAVE, document=msgspec.to_builtins(desk), now=now)
    return version
