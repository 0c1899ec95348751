"""A customer with contacts and addresses: reading, and writing whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from tandem.crm.customers.domain import (
    Contact,
    Customer,
    Key,
)
from tandem.kernel.db import Query, Tx

NOTHING = UUID(int=0)

# The kind of a contact only chooses among somebody's own: as a condition it would let a table that
# the planner knows nothing of yet be read by kind and value, everybody's for each customer.

CUSTOMER: LiteralString = """
    select c.id, c.number, c.name, c.company_name, c.gstin, c.pan, c.notes, c.version,
           c.owner_id, c.team_id, c.territory_id, c.tags, c.custom, c.merged_into_id, c.erased_at,
           c.created_at, c.updated_at, c.locale, c.gst_treatment,
           coalesce((select jsonb_agg(jsonb_build_object(
                            'value', p.value, 'label', p.label, 'invalid_at', p.invalid_at)
                            order by p.position) filter (where p.kind = 'email')
                       from customers.contact_point p
                      where p.org_id = :org_id and p.customer_id = c.id),
                    '[]'::jsonb) as emails,
           coalesce((select jsonb_agg(jsonb_build_object(
                            'value', p.value, 'label', p.label, 'invalid_at', p.invalid_at)
                            order by p.position) filter (where p.kind = 'phone')
                       from customers.contact_point p
                      where p.org_id = :org_id and p.customer_id = c.id),
                    '[]'::jsonb) as phones,
           coalesce((select jsonb_agg(jsonb_build_object(
                            'id', a.id, 'label', a.label, 'address', a.address)
                            order by a.position)
                       from customers.address a
                      where a.org_id = :org_id and a.customer_id = c.id),
                    '[]'::jsonb) as addresses
      from customers.customer c
"""

GET = Query(CUSTOMER + "where c.org_id = :org_id and c.id = any(:ids::uuid[]) order by c.id")

LOCK = Query("select 1 from customers.customer where org_id = :org_id and id = :id for update")

FIND = Query(
    """
    with asked as (
        select kind, value,
               -- One look-up by key for each: a join may read the whole table while it is new.
               (select k.customer_id from customers.contact_key k
                 where k.org_id = :org_id and k.kind = contact.kind and k.value = contact.value)
               as customer_id
          from unnest(:kinds::text[], :values::text[]) as contact (kind, value)
    ),
    known as (
        select kind, value, customer_id from asked where customer_id is not null
    ),
    wanted as (
        select customer_id, array_agg(kind || ' ' || value) as asked from known group by customer_id
        union all
        select id, '{}' from unnest(:ids::uuid[]) as named (id)
         where id not in (select customer_id from known)
    )
    """
    + CUSTOMER.replace("select c.id,", "select wanted.asked, c.id,", 1)
    + "join wanted on wanted.customer_id = c.id where c.org_id = :org_id"
)

# Keys go in sorted, so that two orders with the same two new contacts cannot wait for each other.
INSERT = Query(
    """
    with added as (
        insert into customers.customer
               (org_id, id, name, company_name, gstin, pan, notes, tags, custom, locale,
                gst_treatment, created_at, updated_at)
        select :org_id, id, name, company_name, gstin, pan, notes,
               coalesce(tags, '{}'), coalesce(custom, '{}'), coalesce(locale, ''),
               coalesce(gst_treatment, ''), :now::timestamptz, :now::timestamptz
          from jsonb_to_recordset(:customers::jsonb)
               as given (id uuid, name text, company_name text, gstin text, pan text, notes text,
                         tags text[], custom jsonb, locale text, gst_treatment text)
        returning id, number
    ),
    points as (
        insert into customers.contact_point (org_id, customer_id, kind, value, label, position)
        select :org_id, customer_id, kind, value, label, position
          from jsonb_to_recordset(:points::jsonb)
               as given (customer_id uuid, kind text, value text, label text, position int)
    ),
    claimed as (
        insert into customers.contact_key (org_id, kind, value, customer_id)
        select :org_id, kind, value, customer_id
          from jsonb_to_recordset(:points::jsonb)
               as given (customer_id uuid, kind text, value text)
         order by kind, value
            on conflict (org_id, kind, value) do nothing
        returning kind, value
    ),
    homes as (
        insert into customers.address (org_id, id, customer_id, label, position, address)
        select :org_id, id, customer_id, label, position, address
          from jsonb_to_recordset(:addresses::jsonb)
               as given (id uuid, customer_id uuid, label text, position int, address jsonb)
    )
    select (select jsonb_object_agg(id, number) from added) as numbers,
           coalesce((select jsonb_agg(kind || ' ' || value) from claimed), '[]'::jsonb) as claimed
    """
)

DELETE = Query("delete from customers.customer where org_id = :org_id and id = any(:ids::uuid[])")

UPDATE = Query(
    """
    update customers.customer
       set name = :name, company_name = :company_name, gstin = :gstin, pan = :pan,
           notes = :notes, tags = :tags::text[], custom = :custom::jsonb, locale = :locale,
           gst_treatment = :gst_treatment,
           version = version + 1, updated_at = :now
     where org_id = :org_id and id = :id
    """
)

DROP_POINTS = Query(
    """
    delete from customers.contact_point p
     where p.org_id = :org_id and p.customer_id = :id
       and not exists (
           select from unnest(:kinds::text[], :values::text[]) as kept (kind, value)
            where kept.kind = p.kind and kept.value = p.value)
    """
)

KEEP_POINTS = Query(
    """
    insert into customers.contact_point as held
           (org_id, customer_id, kind, value, label, position)
    select :org_id, customer_id, kind, value, label, position
      from jsonb_to_recordset(:points::jsonb)
           as given (customer_id uuid, kind text, value text, label text, position int)
        on conflict (org_id, customer_id, kind, value) do update
       set label = excluded.label, position = excluded.position
    """
)

DROP_KEYS = Query(
    """
    delete from customers.contact_key k
     where k.org_id = :org_id and k.customer_id = :id
       and not exists (
           select from customers.contact_point p
            where p.org_id = :org_id and p.customer_id = :id
              and p.kind = k.kind and p.value = k.value)
    returning kind, value
    """
)

CLAIM_KEYS = Query(
    """
    insert into customers.contact_key (org_id, kind, value, customer_id)
    select :org_id, p.kind, p.value, p.customer_id
      from customers.contact_point p
     where p.org_id = :org_id and p.customer_id = :id
     order by p.kind, p.value
        on conflict (org_id, kind, value) do nothing
    """
)

INHERIT_KEYS = Query(
    """
    insert into customers.contact_key (org_id, kind, value, customer_id)
    select distinct on (p.kind, p.value) :org_id, p.kind, p.value, p.customer_id
      from unnest(:kinds::text[], :values::text[]) as freed (kind, value)
      join customers.contact_point p
        on p.org_id = :org_id and p.kind = freed.kind and p.value = freed.value
     order by p.kind, p.value, p.customer_id
        on conflict (org_id, kind, value) do nothing
    """
)

DROP_ADDRESSES = Query("delete from customers.address where org_id = :org_id and customer_id = :id")

INSERT_ADDRESSES = Query(
    """
    insert into customers.address (org_id, id, customer_id, label, position, address)
    select :org_id, id, customer_id, label, position, address
      from jsonb_to_recordset(:addresses::jsonb)
           as given (id uuid, customer_id uuid, label text, position int, address jsonb)
    """
)


class Found(Customer, frozen=True, kw_only=True):
    """A customer, and which of the asked contacts ("phone +91…") brought it up."""

    asked: list[str]


async def get(tx: Tx, ids: Sequence[UUID]) -> list[Customer]:
    return await tx.many(GET, Customer, ids=list(ids))


async def lock(tx: Tx, customer_id: UUID) -> Customer | None:
    if await tx.value(LOCK, id=customer_id) is None:
        return None
    return (await get(tx, [customer_id]))[0]


async def find(tx: Tx, ids: Sequence[UUID], keys: Sequence[Key]) -> list[Found]:
    """Customers by id, and the holders of these contacts."""
    return await tx.many(FIND, Found, ids=list(ids), **columns_of(keys))


async def insert(
    tx: Tx, customers: Sequence[Customer], now: datetime
) -> tuple[Mapping[UUID, str], set[Key]]:
    """Write new customers in one statement: their numbers, and the contacts now theirs to hold.

    A contact that is missing from the answer belongs to somebody else already.
    """
    found = (
        await tx.records(
            INSERT,
            customers=[_row(customer) | _extras(customer) for customer in customers],
            points=[point for customer in customers for point in _points(customer)],
            addresses=[row for customer in customers for row in _addresses(customer)],
            now=now,
        )
    )[0]
    numbers = {UUID(customer_id): number for customer_id, number in found["numbers"].items()}
    return numbers, {_key(text) for text in found["claimed"]}


async def delete(tx: Tx, ids: Sequence[UUID]) -> None:
    await tx.run(DELETE, ids=list(ids))


async def update(tx: Tx, customer: Customer, now: datetime) -> None:
    """Write a locked customer whole; a contact it lets go of passes to whoever shares it."""
    row = _row(customer)
    await tx.run(UPDATE, **row, **_whole(customer), now=now)
    keys = list(customer.contact_keys())
    await tx.run(DROP_POINTS, id=customer.id, **columns_of(keys))
    await tx.run(KEEP_POINTS, points=_points(customer))
    freed = [
        (record["kind"], record["value"]) for record in await tx.records(DROP_KEYS, id=customer.id)
    ]
    await tx.run(CLAIM_KEYS, id=customer.id)
    await tx.run(INHERIT_KEYS, **columns_of(freed))
    await tx.run(DROP_ADDRESSES, id=customer.id)
    await tx.run(INSERT_ADDRESSES, addresses=_addresses(customer))


async def update_fields(tx: Tx, customer: Customer, now: datetime) -> None:
    """Write a locked customer's own columns; contacts and addresses stay as they are."""
    await tx.run(UPDATE, **_row(customer), **_whole(customer), now=now)


async def settle_keys(tx: Tx, ids: Sequence[UUID]) -> None:
    """After contacts changed hands: keys of contacts let go pass to whoever shares them."""
    freed: list[tuple[str, str]] = []
    for customer_id in ids:
        dropped = await tx.records(DROP_KEYS, id=customer_id)
        freed += [(record["kind"], record["value"]) for record in dropped]
    for customer_id in ids:
        await tx.run(CLAIM_KEYS, id=customer_id)
    await tx.run(INHERIT_KEYS, **columns_of(freed))


def columns_of(keys: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    return {"kinds": [kind for kind, _ in keys], "values": [value for _, value in keys]}


def _key(text: str) -> Key:
    kind, _, value = text.partition(" ")
    return ("phone" if kind == "phone" else "email"), value


def _row(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "company_name": customer.company_name,
        "gstin": customer.gstin,
        "pan": customer.pan,
        "notes": customer.notes,
    }


def _extras(customer: Customer) -> dict[str, Any]:
    """Only what is there: an order's new buyer has none of it, and need not carry it."""
    return {name: value for name, value in _whole(customer).items() if value}


def _whole(customer: Customer) -> dict[str, Any]:
    return {
        "tags": customer.tags,
        "custom": customer.custom,
        "locale": customer.locale,
        "gst_treatment": customer.gst_treatment,
    }


def _points(customer: Customer) -> list[dict[str, Any]]:
    of_kind: Sequence[tuple[str, Sequence[Contact]]] = (
        ("email", customer.emails),
        ("phone", customer.phones),
    )
    return [
        {"customer_id": customer.id, "kind": kind, "value": contact.value,
         "label": contact.label, "position": position}
        for kind, contacts in of_kind
        for position, contact in enumerate(contacts)
    ]  # fmt: skip


def _addresses(customer: Customer) -> list[dict[str, Any]]:
    return [
        {"customer_id": customer.id, "id": home.id, "label": home.label, "position": position,
         "address": home.address}
        for position, home in enumerate(customer.addresses)
    ]  # fmt: skip
