"""What working leads and deals keeps of a person: names in conversions, and which records to look
beside."""

from uuid import UUID

from tandem.kernel.db import Query, Tx

RECORDS = Query(
    """
    select 'lead' as kind, l.id from sales.lead l
     where l.org_id = :org_id and l.customer_id = :customer_id
    union
    select 'lead', c.lead_id from sales.conversion c
     where c.org_id = :org_id and c.customer_id = :customer_id
    union
    select 'opportunity', o.id from sales.opportunity o
     where o.org_id = :org_id and o.customer_id = :customer_id
    """
)

# What was made, linked and kept stays on record by id; nobody's name stays with it.
FORGET_NAMES = Query(
    """
    update sales.conversion c
       set refs = (select coalesce(jsonb_agg((one - 'label' - 'fields')
                                             || jsonb_build_object('label', '')), '[]')
                     from jsonb_array_elements(c.refs) as ref (one)),
           undone = (select coalesce(jsonb_agg(one || jsonb_build_object('label', '')), '[]')
                       from jsonb_array_elements(c.undone) as done (one)),
           alike = '[]'
     where c.org_id = :org_id
       and (c.customer_id = :customer_id
            or c.alike @> jsonb_build_array(jsonb_build_object('id', :customer_id::uuid::text)))
    """
)

CONVERSIONS = Query(
    """
    select id, lead_id, converted_at, undone_at from sales.conversion
     where org_id = :org_id and customer_id = :customer_id
     order by converted_at
     limit 100
    """
)


async def records_of(tx: Tx, customer_id: UUID) -> dict[str, list[UUID]]:
    """Their leads and deals, those of undone conversions too."""
    found: dict[str, list[UUID]] = {"lead": [], "opportunity": []}
    for row in await tx.records(RECORDS, customer_id=customer_id):
        found[row["kind"]].append(row["id"])
    return found


async def forget_names(tx: Tx, customer_id: UUID) -> int:
    return await tx.run(FORGET_NAMES, customer_id=customer_id)


async def conversions_of(tx: Tx, customer_id: UUID) -> list[dict[str, object]]:
    rows = await tx.records(CONVERSIONS, customer_id=customer_id)
    return [dict(row) for row in rows]
