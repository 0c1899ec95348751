"""Outside references: one row per id that another system gave one of our documents.

The fourth identifier of a document (after `id`, `number` and `public_token`): gateway order,
payment, AWB, IRN, shop order number. Unique per system, kind and organisation.
"""

from uuid import UUID

import msgspec

from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.errors import Conflict


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    system: str
    kind: str
    external_id: str
    entity_kind: str
    entity_id: UUID
    order_id: UUID | None = None


class ReferenceTaken(Conflict):
    code = "reference_taken"


ADD = Query(
    """
    insert into kernel.external_ref
           (org_id, system, kind, external_id, entity_kind, entity_id, order_id)
    values (:org_id, :system, :kind, :external_id, :entity_kind, :entity_id, :order_id)
        on conflict (org_id, system, kind, external_id) do update
       set order_id = coalesce(kernel.external_ref.order_id, excluded.order_id)
     where kernel.external_ref.entity_id = excluded.entity_id
    """
)

FIND = Query(
    """
    select system, kind, external_id, entity_kind, entity_id, order_id
      from kernel.external_ref
     where org_id = :org_id and external_id = :external_id
     order by system, kind
    """
)

LIST_OF = Query(
    """
    select system, kind, external_id, entity_kind, entity_id, order_id
      from kernel.external_ref
     where org_id = :org_id and (entity_id = :entity_id or order_id = :entity_id)
     order by system, kind, external_id
    """
)

FIND_ORG = Query(
    "select org_id from kernel.org_of_reference(:system, :kind, :external_id)",
    beyond_org="a provider's call names its own id; the organisation follows from it",
)


class _Org(msgspec.Struct):
    org_id: UUID


async def add(tx: Tx, reference: Reference) -> None:
    """Adding the same again is a no-op; an id that points elsewhere already is refused."""
    if not await tx.run(ADD, **msgspec.structs.asdict(reference)):
        raise ReferenceTaken(
            f"{reference.system} {reference.kind} {reference.external_id} is another record's."
        )


async def find(tx: Tx, external_id: str) -> list[Reference]:
    return await tx.many(FIND, Reference, external_id=external_id)


async def list_of(tx: Tx, entity_id: UUID) -> list[Reference]:
    """Everything that points at this document or at its order."""
    return await tx.many(LIST_OF, Reference, entity_id=entity_id)


async def find_org(database: Database, system: str, kind: str, external_id: str) -> UUID | None:
    rows = await database.look_up(FIND_ORG, _Org, system=system, kind=kind, external_id=external_id)
    return rows[0].org_id if rows else None
