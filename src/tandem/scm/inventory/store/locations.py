"""Where goods can lie."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.inventory.domain import Location

LIST = Query(
    """
    select id, code, name, kind, priority, address, is_active, version
      from inventory.location
     where org_id = :org_id and (:is_active::boolean is null or is_active = :is_active)
     order by priority, code
     limit 1000
    """
)

FIND = Query(
    """
    select id, code, name, kind, priority, address, is_active, version
      from inventory.location
     where org_id = :org_id and (id = :id::uuid or code = :code::text)
    """
)

LOCK = Query(
    """
    select id, code, name, kind, priority, address, is_active, version
      from inventory.location
     where org_id = :org_id and id = :id
     order by id
       for no key update
    """
)

INSERT = Query(
    """
    insert into inventory.location
           (org_id, id, code, name, kind, priority, address, is_active, created_at)
    values (:org_id, :id, :code, :name, :kind, :priority, :address, :is_active, :now)
        on conflict (org_id, code) do nothing
    """
)

UPDATE = Query(
    """
    update inventory.location
       set name = :name, kind = :kind, priority = :priority, address = :address,
           is_active = :is_active, version = version + 1
     where org_id = :org_id and id = :id
    """
)

HAS_PROMISES = Query(
    """
    select exists (select from inventory.level
                    where org_id = :org_id and location_id = :id and reserved > 0)
    """
)


async def list_all(tx: Tx, *, is_active: bool | None = None) -> list[Location]:
    return await tx.many(LIST, Location, is_active=is_active)


async def find(tx: Tx, *, id: UUID | None = None, code: str | None = None) -> Location | None:  # noqa: A002 - the column's name
    return await tx.one_or_none(FIND, Location, id=id, code=code)


async def lock(tx: Tx, location_id: UUID) -> Location | None:
    return await tx.one_or_none(LOCK, Location, id=location_id)


async def insert(tx: Tx, location: Location, now: datetime) -> bool:
    """False when the code is taken."""
    return bool(
        await tx.run(
            INSERT,
            id=location.id,
            code=location.code,
            name=location.name,
            kind=location.kind,
            priority=location.priority,
            address=location.address,
            is_active=location.is_active,
            now=now,
        )
    )


async def update(tx: Tx, location: Location) -> None:
    await tx.run(
        UPDATE,
        id=location.id,
        name=location.name,
        kind=location.kind,
        priority=location.priority,
        address=location.address,
        is_active=location.is_active,
    )


async def has_promises(tx: Tx, location_id: UUID) -> bool:
    return bool(await tx.value(HAS_PROMISES, id=location_id))
