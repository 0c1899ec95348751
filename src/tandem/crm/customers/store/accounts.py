"""Accounts and who belongs to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from tandem.crm.customers.domain.accounts import Account, Membership
from tandem.kernel.db import Query, Tx
from tandem.kernel.reach import Reach, within

_ACCOUNT: LiteralString = """
    select a.id, a.number, a.name, a.domain, a.gstin, a.industry, a.parent_id, a.owner_id,
           a.team_id, a.territory_id, a.tags, a.custom, a.version, a.created_at, a.updated_at
      from customers.account a
"""

GET = Query(_ACCOUNT + "where a.org_id = :org_id and a.id = :id")

LOCK = Query(_ACCOUNT + "where a.org_id = :org_id and a.id = :id order by a.id for update")

_FOUND: LiteralString = """
     where a.org_id = :org_id
       and (:text = '' or strpos(lower(a.name), lower(:text)) > 0 or a.number = upper(:text)
            or (:seeks_domain::boolean and a.domain = lower(:text))
            or (:seeks_gstin::boolean and a.gstin = upper(:text)))
       and """ + within("a")

IDS = Query("select a.id from customers.account a" + _FOUND + " order by a.id desc limit :limit")

LIST = Query(
    _ACCOUNT
    + _FOUND
    + """
       and (lower(a.name), a.id) > (lower(:after_name), :after_id)
     order by lower(a.name), a.id
     limit :limit
    """
)

CHILDREN = Query(
    _ACCOUNT
    + "where a.org_id = :org_id and a.parent_id = :id order by lower(a.name), a.id limit 200"
)

ABOVE = Query(
    """
    with recursive above (id, depth) as (
        select :id::uuid, 0
        union all
        select a.parent_id, above.depth + 1
          from above
          join customers.account a on a.org_id = :org_id and a.id = above.id
         where a.parent_id is not null and above.depth < 12
    )
    select id from above order by depth
    """
)

INSERT = Query(
    """
    insert into customers.account
           (org_id, id, name, domain, gstin, industry, parent_id, owner_id, tags, custom,
            created_at, updated_at)
    values (:org_id, :id, :name, :domain, :gstin, :industry, :parent_id, :owner_id,
            :tags::text[], :custom::jsonb, :now, :now)
    """
)

UPDATE = Query(
    """
    update customers.account
       set name = :name, domain = :domain, gstin = :gstin, industry = :industry,
           parent_id = :parent_id, tags = :tags::text[], custom = :custom::jsonb,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

_MEMBERSHIP: LiteralString = """
    select m.account_id, a.name as account_name, m.customer_id, c.name as customer_name, m.role,
           m.is_primary, m.since
      from customers.account_contact m
      join customers.account a on a.org_id = :org_id and a.id = m.account_id
      join customers.customer c on c.org_id = :org_id and c.id = m.customer_id
"""

MEMBERS = Query(
    _MEMBERSHIP
    + """
     where m.org_id = :org_id and m.account_id = :account_id
     order by m.is_primary desc, c.name, m.role
     limit 1000
    """
)

MEMBERSHIPS = Query(
    _MEMBERSHIP
    + """
     where m.org_id = :org_id and m.customer_id = :customer_id
     order by a.name, m.role
     limit 200
    """
)

RELEASE_PRIMARY = Query(
    """
    update customers.account_contact
       set is_primary = false
     where org_id = :org_id and account_id = :account_id and is_primary
    """
)

JOIN = Query(
    """
    insert into customers.account_contact
           (org_id, account_id, customer_id, role, is_primary, since)
    values (:org_id, :account_id, :customer_id, :role, :is_primary, :now)
        on conflict (org_id, account_id, customer_id, role) do update
       set is_primary = excluded.is_primary
    """
)

LEAVE = Query(
    """
    delete from customers.account_contact
     where org_id = :org_id and account_id = :account_id and customer_id = :customer_id
       and (:role::text is null or role = :role)
    """
)


async def get(tx: Tx, account_id: UUID) -> Account | None:
    return await tx.one_or_none(GET, Account, id=account_id)


async def lock(tx: Tx, account_id: UUID) -> Account | None:
    return await tx.one_or_none(LOCK, Account, id=account_id)


async def list_accounts(
    tx: Tx, reach: Reach, *, text: str, after: tuple[str, UUID], limit: int
) -> list[Account]:
    return await tx.many(
        LIST,
        Account,
        after_name=after[0],
        after_id=after[1],
        limit=limit,
        **_sought(tx, text),
        **reach.params(),
    )


async def ids(tx: Tx, reach: Reach, *, text: str, limit: int) -> list[UUID]:
    found = await tx.records(IDS, limit=limit, **_sought(tx, text), **reach.params())
    return [row["id"] for row in found]


def _sought(tx: Tx, text: str) -> dict[str, Any]:
    """Nobody finds by what is hidden from them."""
    seeks = {f"seeks_{name}": not tx.actor.hides("account", name) for name in ("domain", "gstin")}
    return {"text": text, **seeks}


async def children(tx: Tx, account_id: UUID) -> list[Account]:
    return await tx.many(CHILDREN, Account, id=account_id)


async def above(tx: Tx, account_id: UUID) -> list[UUID]:
    """The account itself and whoever stands above it, nearest first."""
    return [row["id"] for row in await tx.records(ABOVE, id=account_id)]


_WRITTEN: Sequence[str] = ("id", "name", "domain", "gstin", "industry", "parent_id", "tags")


async def insert(tx: Tx, account: Account, now: datetime) -> None:
    row = {name: getattr(account, name) for name in _WRITTEN}
    await tx.run(INSERT, **row, owner_id=account.owner_id, custom=account.custom, now=now)


async def update(tx: Tx, account: Account, now: datetime) -> None:
    row = {name: getattr(account, name) for name in _WRITTEN}
    await tx.run(UPDATE, **row, custom=account.custom, now=now)


async def members(tx: Tx, account_id: UUID) -> list[Membership]:
    return await tx.many(MEMBERS, Membership, account_id=account_id)


async def memberships(tx: Tx, customer_id: UUID) -> list[Membership]:
    return await tx.many(MEMBERSHIPS, Membership, customer_id=customer_id)


async def join(
    tx: Tx, account_id: UUID, customer_id: UUID, *, role: str, is_primary: bool, now: datetime
) -> None:
    if is_primary:
        await tx.run(RELEASE_PRIMARY, account_id=account_id)
    row = {"account_id": account_id, "customer_id": customer_id, "role": role}
    await tx.run(JOIN, **row, is_primary=is_primary, now=now)


async def leave(tx: Tx, account_id: UUID, customer_id: UUID, role: str | None) -> bool:
    return bool(await tx.run(LEAVE, account_id=account_id, customer_id=customer_id, role=role))
