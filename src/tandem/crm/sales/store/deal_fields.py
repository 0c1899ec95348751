"""The company's own fields of opportunities."""

from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx

SET = Query(
    """
    update sales.opportunity set custom = :custom::jsonb, version = version + 1
     where org_id = :org_id and id = :id
    """
)

HOLDER = Query(
    """
    select id from sales.opportunity
     where org_id = :org_id and id <> :id and custom @> :custom::jsonb
     limit 1
    """
)


async def save(tx: Tx, opportunity_id: UUID, custom: dict[str, Any]) -> None:
    await tx.run(SET, id=opportunity_id, custom=custom)


async def holder(tx: Tx, opportunity_id: UUID, key: str, value: Any) -> UUID | None:
    """Another opportunity that has this value in a field of which each may have one."""
    found: UUID | None = await tx.value(HOLDER, id=opportunity_id, custom={key: value})
    return found
