"""Conversions of leads, and opportunities that go again."""

from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.converting import Conversion
from tandem.kernel.db import Query, Tx

CONVERSION: LiteralString = """
    select id, lead_id, customer_id, account_id, opportunity_id, before, refs, alike,
           converted_at, actor_label, undone_at, undone_label, undone
      from sales.conversion
"""

GET = Query(CONVERSION + "where org_id = :org_id and id = :id")
LOCK = Query(CONVERSION + "where org_id = :org_id and id = :id for update")
OF_LEAD = Query(
    CONVERSION + "where org_id = :org_id and lead_id = :lead_id order by converted_at desc limit 50"
)

INSERT = Query(
    """
    insert into sales.conversion
           (org_id, id, lead_id, customer_id, account_id, opportunity_id, before, refs, alike,
            converted_at, actor_label)
    values (:org_id, :id, :lead_id, :customer_id, :account_id, :opportunity_id, :before::jsonb,
            :refs::jsonb, :alike::jsonb, :converted_at, :actor_label)
    """
)

UNDO = Query(
    """
    update sales.conversion
       set undone_at = :undone_at, undone_label = :undone_label, undone = :undone::jsonb
     where org_id = :org_id and id = :id
    """
)

PLACE = Query(
    """
    update sales.opportunity
       set team_id = :team_id, territory_id = :territory_id
     where org_id = :org_id and id = :id
    """
)

USES = Query(
    """
    select array_remove(array[
        case when exists (select from sales.quote q
                           where q.org_id = :org_id and q.opportunity_id = :id)
             then 'quotes' end,
        case when exists (select from sales.opportunity_line n
                           where n.org_id = :org_id and n.opportunity_id = :id)
             then 'lines' end], null) as used
    """
)

WITHDRAW = Query("select sales.withdraw_opportunity(:id, :version) where :org_id::uuid is not null")

OTHER_DEALS = Query(
    """
    select count(*) from sales.opportunity
     where org_id = :org_id and customer_id = :customer_id
       and (:but_id::uuid is null or id <> :but_id)
    """
)

OTHER_LEADS = Query(
    """
    select count(*) from sales.lead
     where org_id = :org_id and id <> :lead_id and merged_into_id is null
       and (customer_id = :customer_id or account_id = :account_id)
    """
)


class _Used(msgspec.Struct, frozen=True):
    used: list[str]


async def find(tx: Tx, conversion_id: UUID) -> Conversion | None:
    return await tx.one_or_none(GET, Conversion, id=conversion_id)


async def lock(tx: Tx, conversion_id: UUID) -> Conversion | None:
    return await tx.one_or_none(LOCK, Conversion, id=conversion_id)


async def of_lead(tx: Tx, lead_id: UUID) -> list[Conversion]:
    """Newest first; all but the newest were undone."""
    return await tx.many(OF_LEAD, Conversion, lead_id=lead_id)


async def insert(tx: Tx, conversion: Conversion) -> None:
    row = msgspec.structs.asdict(conversion)
    for name in ("undone_at", "undone_label", "undone"):
        del row[name]
    for name in ("before", "refs", "alike"):
        row[name] = msgspec.to_builtins(row[name])
    await tx.run(INSERT, **row)


async def undo(tx: Tx, conversion: Conversion) -> None:
    await tx.run(
        UNDO,
        id=conversion.id,
        undone_at=conversion.undone_at,
        undone_label=conversion.undone_label,
        undone=msgspec.to_builtins(conversion.undone),
    )


async def place_opportunity(
    tx: Tx, opportunity_id: UUID, *, team_id: UUID | None, territory_id: UUID | None
) -> None:
    """It belongs where the lead belonged."""
    await tx.run(PLACE, id=opportunity_id, team_id=team_id, territory_id=territory_id)


async def uses_of_opportunity(tx: Tx, opportunity_id: UUID) -> list[str]:
    return (await tx.one(USES, _Used, id=opportunity_id)).used


async def withdraw_opportunity(tx: Tx, opportunity_id: UUID, version: int) -> bool:
    """False where it is closed, or another version by now."""
    return bool(await tx.value(WITHDRAW, id=opportunity_id, version=version))


async def count_others(
    tx: Tx,
    *,
    lead_id: UUID,
    customer_id: UUID,
    account_id: UUID | None,
    opportunity_id: UUID | None,
) -> tuple[int, int]:
    """Deals and leads of this customer or account besides these."""
    deals: int = await tx.value(OTHER_DEALS, customer_id=customer_id, but_id=opportunity_id)
    leads: int = await tx.value(
        OTHER_LEADS, lead_id=lead_id, customer_id=customer_id, account_id=account_id
    )
    return deals, leads
