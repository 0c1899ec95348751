"""Who has this address or phone number? For flows that write to customers."""

import re
from uuid import UUID

from tandem.crm.customers.domain.contacts import normal_email, normal_phone
from tandem.kernel.db import Query, Tx
from tandem.kernel.errors import Invalid

FIND = Query(
    """
    select customer_id from customers.contact_key
     where org_id = :org_id and kind = :kind and value = :value
    """
)

SHARERS = Query(
    """
    select p.customer_id
      from customers.contact_point p
      join customers.customer c on c.org_id = :org_id and c.id = p.customer_id
     where p.org_id = :org_id and p.kind = 'phone' and p.value = :phone
       and num_nulls(c.merged_into_id, c.erased_at) = 2
     order by p.customer_id
     limit 100
    """
)

ADDRESS = Query(
    """
    select value from customers.contact_point
     where org_id = :org_id and customer_id = :customer_id and kind = 'email'
       and invalid_at is null
     order by position limit 1
    """
)


async def address_of(tx: Tx, customer_id: UUID) -> str | None:
    """The e-mail address that reaches them, if one does."""
    found: str | None = await tx.value(ADDRESS, customer_id=customer_id)
    return found


async def find_by_contact(tx: Tx, contact: str) -> tuple[UUID, str, str] | None:
    """(the customer, `email` or `phone`, its normal form); none for what is no address either."""
    kind = "email" if re.search("@", contact) else "phone"
    try:
        value = normal_email(contact) if kind == "email" else normal_phone(contact)
    except Invalid:
        return None
    customer_id: UUID | None = await tx.value(FIND, kind=kind, value=value)
    return (customer_id, kind, value) if customer_id else None


async def sharers_of(tx: Tx, phone: str) -> list[UUID]:
    """Everybody with this phone, whosever its orders are; a hundred at most."""
    return [row["customer_id"] for row in await tx.records(SHARERS, phone=normal_phone(phone))]
