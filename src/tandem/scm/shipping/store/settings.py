"""The settings document of an organisation."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id
from tandem.scm.shipping.domain.configuration import Configuration

READ_NEWER = Query(
    """
    select version, stamp, case when stamp <> :known then document end as document
      from shipping.settings
     where org_id = :org_id
    """
)

LOCK = Query(
    "select version from shipping.settings where org_id = :org_id order by org_id for update"
)

SAVE = Query(
    """
    insert into shipping.settings as held (org_id, document, stamp, version, updated_at)
    values (:org_id, :document, :stamp, 1, :now)
        on conflict (org_id) do update
       set document = excluded.document, stamp = excluded.stamp, version = held.version + 1,
           updated_at = excluded.updated_at
    returning version
    """
)


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """`document` is None where the stamp is the one the reader knows already."""

    version: int
    stamp: UUID
    document: Configuration | None


async def read_newer(tx: Tx, known: UUID) -> Stored | None:
    """None where the organisation never said anything."""
    return await tx.one_or_none(READ_NEWER, Stored, known=known)


async def lock_version(tx: Tx) -> int:
    """The current version, locked; 0 where nothing is stored yet."""
    version: int | None = await tx.value(LOCK)
    return version or 0


async def save(tx: Tx, configuration: Configuration, now: datetime) -> int:
    """The new version."""
    document = msgspec.to_builtins(configuration)
    version: int = await tx.value(SAVE, document=document, stamp=new_id(), now=now)
    return version
