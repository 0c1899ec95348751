"""Whom a file's rows mean, and who is as an import left them."""

from collections.abc import Sequence
from uuid import UUID

from tandem.kernel.db import Query, Tx

BY_NUMBER = Query(
    """
    select number, id from customers.customer
     where org_id = :org_id and number = any(:numbers::text[]) and merged_into_id is null
     order by number
    """
)

BY_CONTACT = Query(
    """
    select k.value, k.customer_id
      from customers.contact_key k
     where k.org_id = :org_id and k.kind = :kind and k.value = any(:values::text[])
     order by k.value
    """
)

UNTOUCHED = Query(
    """
    select c.id
      from unnest(:ids::uuid[], :versions::int[]) as made (id, version)
      join customers.customer c
        on c.org_id = :org_id and c.id = made.id and c.version = made.version
     where not exists (select from customers.purchase p
                        where p.org_id = :org_id and p.customer_id = c.id)
       and not exists (select from customers.note n
                        where n.org_id = :org_id and n.subject_id = c.id)
       and not exists (select from customers.consent s
                        where s.org_id = :org_id and s.customer_id = c.id)
     order by c.id for update of c
    """
)


async def holders(tx: Tx, key: str, values: Sequence[str]) -> dict[str, UUID]:
    """Which customer each value of the key belongs to."""
    if key == "number":
        found = await tx.records(BY_NUMBER, numbers=list(values))
    else:
        found = await tx.records(BY_CONTACT, kind=key, values=list(values))
    return {row[0]: row[1] for row in found}


async def untouched(tx: Tx, ids: Sequence[UUID], versions: Sequence[int]) -> set[UUID]:
    """Of customers an import wrote, those nobody did anything with since; locked."""
    found = await tx.records(UNTOUCHED, ids=list(ids), versions=list(versions))
    return {row["id"] for row in found}
