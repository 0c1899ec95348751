"""Whom a batch of orders is for: known people are found, new ones added, nobody twice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomerAdded
from tandem.crm.customers.domain import (
    Contact,
    Customer,
    CustomerAddress,
    CustomerDraft,
    Key,
    check_tax_numbers,
    normal_email,
    normal_phone,
)
from tandem.crm.customers.store import people as store
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


async def find_or_add(tx: Tx, drafts: Sequence[CustomerDraft], *, now: datetime) -> list[Customer]:
    """The customer of each draft, in order: by id, else by phone, else by e-mail, else a new one.

    One query when all are known, three when some are new. A customer found is left as it is: what
    a stranger types into an order must not change whom we write to. Asks no permission of its own:
    whoever may place an order may say for whom. Raises NotFound for an unknown id, Invalid for a
    draft without a name, EmailWrong, PhoneWrong, GstinWrong.
    """
    asked = [_keys(draft) for draft in drafts]
    known, by_id = await _find(tx, drafts, asked)
    fresh: dict[UUID, Customer] = {}
    chosen: list[Customer] = []
    await _follow_merges(tx, by_id)
    for draft, keys in zip(drafts, asked, strict=True):
        customer = _known(draft, keys, known, by_id)
        if customer is None:
            customer = _new(draft, keys, now)
            fresh[customer.id] = customer
            known.update(dict.fromkeys(keys, customer))
        chosen.append(customer)
    if fresh:
        settled = await _add(tx, fresh, now)
        chosen = [settled.get(customer.id, customer) for customer in chosen]
    return chosen


async def find_or_add_one(tx: Tx, draft: CustomerDraft, *, now: datetime) -> tuple[Customer, bool]:
    """As `find_or_add`, and whether it was this call that added them."""
    keys = _keys(draft)
    known, by_id = await _find(tx, [draft], [keys])
    found = _known(draft, keys, known, by_id)
    if found is not None:
        return found, False
    new = _new(draft, keys, now)
    settled = (await _add(tx, {new.id: new}, now))[new.id]
    return settled, settled.id == new.id


def _keys(draft: CustomerDraft) -> list[Key]:
    if draft.customer_id is not None:
        return []
    keys: list[Key] = []
    if draft.phone:
        keys.append(("phone", normal_phone(draft.phone)))
    if draft.email:
        keys.append(("email", normal_email(draft.email)))
    return keys


async def _find(
    tx: Tx, drafts: Sequence[CustomerDraft], asked: Sequence[Sequence[Key]]
) -> tuple[dict[Key, Customer], dict[UUID, Customer]]:
    ids = {draft.customer_id for draft in drafts if draft.customer_id is not None}
    keys = sorted({key for each in asked for key in each})
    found = await store.find(tx, list(ids), keys)
    return _holders(found), {customer.id: customer for customer in found}


async def _follow_merges(tx: Tx, by_id: dict[UUID, Customer]) -> None:
    """Whoever still knows somebody by an id from before a merge means the survivor."""
    merged = {one.id: one.merged_into_id for one in by_id.values() if one.merged_into_id}
    if not merged:
        return
    survivors = {one.id: one for one in await store.get(tx, list(merged.values()))}
    by_id.update({old: survivors[into] for old, into in merged.items()})


def _holders(found: Sequence[store.Found]) -> dict[Key, Customer]:
    return {
        key: customer
        for customer in found
        for key in customer.contact_keys()
        if " ".join(key) in customer.asked
    }


def _known(
    draft: CustomerDraft,
    keys: Sequence[Key],
    known: Mapping[Key, Customer],
    by_id: Mapping[UUID, Customer],
) -> Customer | None:
    if draft.customer_id is None:
        return next((known[key] for key in keys if key in known), None)
    if draft.customer_id not in by_id:
        raise NotFound("There is no such customer.", field="customer_id")
    return by_id[draft.customer_id]


def _new(draft: CustomerDraft, keys: Sequence[Key], now: datetime) -> Customer:
    name = draft.name.strip()
    if not name:
        raise Invalid("A new customer needs a name.", field="name")
    gstin, pan = check_tax_numbers(draft.gstin, None)
    homes = [draft.address] if draft.address else []
    return Customer(
        id=new_id(),
        number="",
        name=name,
        company_name=draft.company_name.strip(),
        emails=[Contact(value=value) for kind, value in keys if kind == "email"],
        phones=[Contact(value=value) for kind, value in keys if kind == "phone"],
        addresses=[CustomerAddress(id=new_id(), label="", address=home) for home in homes],
        gstin=gstin,
        pan=pan,
        notes="",
        version=1,
        created_at=now,
        updated_at=now,
    )


async def _add(tx: Tx, fresh: Mapping[UUID, Customer], now: datetime) -> dict[UUID, Customer]:
    """Write the new ones. Where another order added the same person first, take that one.

    Both inserted the contact as a key; the second waited for the first to commit, and lost.
    """
    numbers, claimed = await store.insert(tx, list(fresh.values()), now)
    lost = {
        customer.id: [key for key in customer.contact_keys() if key not in claimed]
        for customer in fresh.values()
    }
    settled = {
        customer.id: msgspec.structs.replace(customer, number=numbers[customer.id])
        for customer in fresh.values()
    }
    if any(lost.values()):
        keys = sorted({key for each in lost.values() for key in each})
        holders = _holders(await store.find(tx, [], keys))
        beaten = {customer_id: each[0] for customer_id, each in lost.items() if each}
        await store.delete(tx, list(beaten))
        settled |= {customer_id: holders[key] for customer_id, key in beaten.items()}
    await tx.publish(
        *(
            CustomerAdded(customer_id=customer.id, name=customer.name)
            for customer_id, customer in settled.items()
            if customer.id == customer_id
        )
    )
    return settled
