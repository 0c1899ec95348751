"""Customers in order: by name, the newest, or by what somebody typed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tandem.crm.customers.domain import Customer
from tandem.crm.customers.store.people import CUSTOMER, NOTHING
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

LIST_BY_NAME = Query(
    CUSTOMER
    + """
     where c.org_id = :org_id and (c.name, c.id) > (:after_name, :after_id)
       and c.merged_into_id is null and """
    + within("c")
    + """
     order by c.name, c.id
     limit :limit
    """
)

LIST_NEWEST = Query(
    CUSTOMER
    + """
     where c.org_id = :org_id and c.id < :before
       and c.merged_into_id is null and """
    + within("c")
    + """
     order by c.id desc
     limit :limit
    """
)

SEARCH = Query(
    CUSTOMER
    + """
      join customers.matching_customers(
               :text, :longest, :patterns::text[], :starts::text[], :after_name, :after_id,
               :limit) as found (customer_id)
        on found.customer_id = c.id
     where c.org_id = :org_id and c.merged_into_id is null and """
    + within("c")
    + """
     order by c.name, c.id
    """
)

IDS = Query(
    """
    select c.id
      from customers.customer c
     where c.org_id = :org_id and c.merged_into_id is null and """
    + within("c")
    + """
     order by c.id desc
     limit :limit
    """
)

IDS_FOUND = Query(
    """
    select c.id
      from customers.customer c
      join customers.matching_customers(
               :text, :longest, :patterns::text[], :starts::text[], :after_name, :after_id,
               :limit) as found (customer_id)
        on found.customer_id = c.id
     where c.org_id = :org_id and c.merged_into_id is null and """
    + within("c")
    + """
     order by c.id desc
    """
)


async def ids(tx: Tx, reach: Reach, *, limit: int) -> list[UUID]:
    return [row["id"] for row in await tx.records(IDS, limit=limit, **reach.params())]


async def ids_found(
    tx: Tx, reach: Reach, text: str, starts: Sequence[str], *, limit: int
) -> list[UUID]:
    asked = {**_asked(text, starts), "after_name": "", "after_id": NOTHING, "limit": limit}
    return [row["id"] for row in await tx.records(IDS_FOUND, **asked, **reach.params())]


async def list_by_name(
    tx: Tx, reach: Reach, *, after: tuple[str, UUID], limit: int
) -> list[Customer]:
    return await tx.many(
        LIST_BY_NAME,
        Customer,
        after_name=after[0],
        after_id=after[1],
        limit=limit,
        **reach.params(),
    )


async def list_newest(tx: Tx, reach: Reach, *, before: UUID, limit: int) -> list[Customer]:
    return await tx.many(LIST_NEWEST, Customer, before=before, limit=limit, **reach.params())


async def search(
    tx: Tx, reach: Reach, text: str, starts: Sequence[str], *, after: tuple[str, UUID], limit: int
) -> list[Customer]:
    """By words of the names, the number or GSTIN, or how a contact starts."""
    return await tx.many(
        SEARCH,
        Customer,
        **_asked(text, starts),
        after_name=after[0],
        after_id=after[1],
        limit=limit,
        **reach.params(),
    )


def _asked(text: str, starts: Sequence[str]) -> dict[str, Any]:
    patterns = [f"%{_literal(word)}%" for word in text.lower().split()]
    return {
        "text": text.upper(),
        "longest": max(patterns, key=len),
        "patterns": patterns,
        "starts": list(starts),
    }


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
