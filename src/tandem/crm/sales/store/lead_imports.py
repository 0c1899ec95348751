"""Leads as a file names them, and those that one brought by mistake."""

from collections.abc import Sequence
from uuid import UUID

from tandem.kernel.db import Query, Tx

BY_NUMBER = Query(
    """
    select number as value, id from sales.lead
     where org_id = :org_id and number = any(:values::text[]) and merged_into_id is null
       and erased_at is null
     order by number
    """
)
BY_CONTACT = Query(
    """
    select k.value, k.lead_id as id from sales.lead_key k
     where k.org_id = :org_id and k.kind = :kind and k.value = any(:values::text[])
     order by k.value
    """
)
WITHDRAW = Query(
    "select id from sales.withdraw_leads(:ids::uuid[]) as id where :org_id::uuid is not null"
)


async def holders(tx: Tx, key: str, values: Sequence[str]) -> dict[str, UUID]:
    """Which lead each value of the key belongs to."""
    if key == "number":
        rows = await tx.records(BY_NUMBER, values=list(values))
    else:
        rows = await tx.records(BY_CONTACT, kind=key, values=list(values))
    return {row["value"]: row["id"] for row in rows}


async def withdraw(tx: Tx, ids: Sequence[UUID]) -> set[UUID]:
    """Delete those that nobody did anything with; which went."""
    return {row["id"] for row in await tx.records(WITHDRAW, ids=list(ids))}
