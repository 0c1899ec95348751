"""Customers one at a time, as people at a desk look after them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomerAdded, CustomerChanged
from tandem.contracts.india import check_address, with_state
from tandem.contracts.likeness import is_telling
from tandem.crm.customers.domain import (
    Candidate,
    Contact,
    Customer,
    CustomerAddress,
    CustomerChange,
    CustomerMerged,
    Key,
    NewAddress,
    NewCustomer,
    PossibleDuplicate,
    check_tax_numbers,
    check_treatment,
    read_contacts,
    starts_of,
)
from tandem.crm.customers.domain.accounts import AccountAlike
from tandem.crm.customers.domain.consents import CHANNELS_OF, address_hash
from tandem.crm.customers.domain.contacts import ContactPoint, Kind, OptedOut
from tandem.crm.customers.domain.records import Owning, tidy_tags
from tandem.crm.customers.service.custom_fields import write_custom
from tandem.crm.customers.store import consents, known, lists
from tandem.crm.customers.store import people as store
from tandem.crm.customers.store.records import own
from tandem.kernel import audit, field_history
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.field_history import FieldChange
from tandem.kernel.fields import changeable, veiled
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

Sort = Literal["name", "-created_at"]

WORDS_MAX = 8
GSTIN_LENGTH = 15
NEWEST = UUID(int=2**128 - 1)


async def add_customer(tx: Tx, new: NewCustomer, *, now: datetime) -> Customer:
    """A new customer. Refuses wrong contacts, addresses and tax numbers.

    Raises PossibleDuplicate with the candidates unless `allow_duplicate`; then the audit keeps who
    was added beside whom.
    """
    tx.actor.require("customers.write")
    gstin, pan = check_tax_numbers(new.gstin, new.pan)
    customer = Customer(
        id=new_id(),
        number="",
        name=new.name.strip(),
        company_name=new.company_name.strip(),
        emails=read_contacts(new.emails, "email"),
        phones=read_contacts(new.phones, "phone"),
        addresses=read_addresses(new.addresses),
        gstin=gstin,
        pan=pan,
        notes=new.notes,
        locale=new.locale,
        gst_treatment=check_treatment(new.gst_treatment, gstin),
        version=1,
        created_at=now,
        updated_at=now,
    )
    customer = msgspec.structs.replace(
        customer,
        tags=tidy_tags(new.tags),
        custom=await write_custom(tx, "customer", customer.id, new.custom, {}),
    )
    traits = known.traits_of(customer)
    await known.hold(tx, traits)
    alike = await known.people(tx, traits, tx.actor.reach("customers.read"))
    if is_telling(alike) and not new.allow_duplicate:
        raise PossibleDuplicate(alike)
    numbers, _ = await store.insert(tx, [customer], now)
    if tx.actor.standing is not None and not tx.actor.reach("customers.read").is_all:
        await own(tx, "customer", customer.id, Owning(owner_id=tx.actor.standing.user_id), now)
    await audit.write(
        tx,
        action="customers.add",
        subject_kind="customer",
        subject_id=customer.id,
        now=now,
        after={"number": numbers[customer.id], "reason": new.duplicate_reason} | beside(alike),
    )
    await tx.publish(CustomerAdded(customer_id=customer.id, name=customer.name))
    return await get_customer(tx, customer.id)


def beside(alike: Sequence[Candidate | AccountAlike]) -> dict[str, Any]:
    """Who was told of and not meant, for the audit."""
    return {
        "in_spite_of": [found.number for found in alike],
        "shared": [f"{' and '.join(found.matched_on)}, {found.strength}" for found in alike],
    }


async def get_customer(tx: Tx, customer_id: UUID) -> Customer:
    """Raises NotFound also where the actor's permission does not reach, and CustomerMerged."""
    tx.actor.require("customers.read")
    found = await store.get(tx, [customer_id])
    return veiled(tx.actor, _reached(tx, found[0] if found else None, "customers.read"))


async def read_history(tx: Tx, customer_id: UUID) -> list[FieldChange]:
    """Which fields were changed and by whom, the newest first; of somebody erased nothing."""
    customer = await get_customer(tx, customer_id)
    return [] if customer.erased_at else await field_history.read(tx, "customer", customer_id)


async def list_contact_points(tx: Tx, customer_id: UUID) -> list[ContactPoint]:
    """Every e-mail and phone in order, each with the channels it is suppressed for."""
    return await points_of(tx, await get_customer(tx, customer_id))


async def points_of(tx: Tx, customer: Customer) -> list[ContactPoint]:
    """The same for a customer that was read already."""
    org_id = tx.actor.org_id
    lists: tuple[tuple[Kind, list[Contact]], ...] = (
        ("email", customer.emails),
        ("phone", customer.phones),
    )
    hashes: dict[tuple[str, bytes], Key] = {
        (channel, address_hash(org_id, channel, one.value)): (kind, one.value)
        for kind, contacts in lists
        for one in contacts
        for channel in CHANNELS_OF[kind]
    }
    out: dict[Key, list[OptedOut]] = {}
    for held in await consents.suppressed(tx, list(hashes)):
        told = OptedOut(channel=held.channel, reason=held.reason, since=held.since)
        out.setdefault(hashes[held.channel, held.address_hash], []).append(told)
    return [
        ContactPoint(
            kind=kind,
            value=one.value,
            label=one.label,
            is_primary=place == 0,
            invalid_at=one.invalid_at,
            opted_out=out.get((kind, one.value), []),
        )
        for kind, contacts in lists
        for place, one in enumerate(contacts)
    ]


def _reached(tx: Tx, customer: Customer | None, permission: str) -> Customer:
    if customer is None or not tx.actor.reach(permission).holds(customer):
        raise NotFound("There is no such customer.")
    if customer.merged_into_id is not None:
        raise CustomerMerged(customer.merged_into_id)
    return customer


async def lock_customer(tx: Tx, customer_id: UUID) -> Customer:
    tx.actor.require("customers.write")
    return _reached(tx, await store.lock(tx, customer_id), "customers.write")


async def change_customer(
    tx: Tx, customer: Customer, change: CustomerChange, *, now: datetime
) -> Customer:
    """Apply what is given to a customer from `lock_customer`. Orders keep what they copied."""
    tx.actor.require("customers.write")
    given = changeable(tx.actor, "customer", read_change(change, customer))
    if change.custom is not msgspec.UNSET:
        given["custom"] = await write_custom(
            tx, "customer", customer.id, change.custom, customer.custom
        )
    changed = msgspec.structs.replace(customer, **given)
    await store.update(tx, changed, now)
    before, after = msgspec.to_builtins(customer), msgspec.to_builtins(changed)
    await audit.write(
        tx,
        action="customers.change",
        subject_kind="customer",
        subject_id=customer.id,
        now=now,
        before={field: before[field] for field in given},
        after={field: after[field] for field in given},
    )
    await tx.publish(CustomerChanged(customer_id=customer.id))
    return await get_customer(tx, customer.id)


async def list_customers(
    tx: Tx,
    *,
    text: str = "",
    sort: Sort = "name",
    limit: int,
    cursor: str | None = None,
) -> Page[Customer]:
    """By name, or the newest first. A search goes by name: parts of names, the whole number or
    GSTIN, the beginning of a phone or an e-mail."""
    tx.actor.require("customers.read")
    reach = tx.actor.reach("customers.read")
    text = " ".join(text.split()[:WORDS_MAX])
    if sort == "-created_at" and not text:
        before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
        rows = await lists.list_newest(tx, reach, before=before, limit=limit + 1)
        rows = [veiled(tx.actor, row) for row in rows]
        return page_of(rows, limit, lambda customer: [customer.id])
    after: tuple[str, UUID] = ("", store.NOTHING)
    if cursor:
        name, customer_id = decode_cursor(cursor, str, UUID)
        after = name, customer_id
    if text:
        text, starts = _searchable(tx, text)
        rows = await lists.search(tx, reach, text, starts, after=after, limit=limit + 1)
    else:
        rows = await lists.list_by_name(tx, reach, after=after, limit=limit + 1)
    rows = [veiled(tx.actor, row) for row in rows]
    return page_of(rows, limit, lambda customer: (customer.name, customer.id))


async def customers_of(tx: Tx, ids: Sequence[UUID]) -> list[Customer]:
    """Those of them that the actor may see, in the order of their ids."""
    tx.actor.require("customers.read")
    reach = tx.actor.reach("customers.read")
    found = await store.get(tx, ids)
    seen = [one for one in found if reach.holds(one) and one.merged_into_id is None]
    return sorted((veiled(tx.actor, one) for one in seen), key=lambda one: one.id)


async def ids_of_customers(tx: Tx, *, text: str = "", limit: int) -> list[UUID]:
    """Those that the list shows for a search, without reading them."""
    tx.actor.require("customers.read")
    reach = tx.actor.reach("customers.read")
    text = " ".join(text.split()[:WORDS_MAX])
    if not text:
        return await lists.ids(tx, reach, limit=limit)
    text, starts = _searchable(tx, text)
    return await lists.ids_found(tx, reach, text, starts, limit=limit)


def _searchable(tx: Tx, text: str) -> tuple[str, list[str]]:
    """Nobody finds by what is hidden from them: a search would tell as much as the field."""
    if tx.actor.hides("customer", "gstin"):
        text = text[: GSTIN_LENGTH - 1]
    if tx.actor.hides("customer", "phones") or tx.actor.hides("customer", "emails"):
        return text, []
    return text, list(starts_of(text))


def read_addresses(given: list[NewAddress]) -> list[CustomerAddress]:
    found = []
    for place, new in enumerate(given):
        check_address(new.address, field=f"addresses[{place}].address")
        found.append(
            CustomerAddress(id=new_id(), label=new.label.strip(), address=with_state(new.address))
        )
    return found


def read_change(change: CustomerChange, customer: Customer) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for field in ("name", "company_name", "notes", "locale"):
        if (value := getattr(change, field)) is not msgspec.UNSET:
            given[field] = value if field == "notes" else value.strip()
    if change.tags is not msgspec.UNSET:
        given["tags"] = tidy_tags(change.tags)
    if change.emails is not msgspec.UNSET:
        given["emails"] = _keep_flags(read_contacts(change.emails, "email"), customer.emails)
    if change.phones is not msgspec.UNSET:
        given["phones"] = _keep_flags(read_contacts(change.phones, "phone"), customer.phones)
    if change.addresses is not msgspec.UNSET:
        given["addresses"] = read_addresses(change.addresses)
    if change.gstin is not msgspec.UNSET or change.pan is not msgspec.UNSET:
        gstin = customer.gstin if change.gstin is msgspec.UNSET else change.gstin
        pan = change.pan
        if pan is msgspec.UNSET:
            pan = None if change.gstin else customer.pan
        given["gstin"], given["pan"] = check_tax_numbers(gstin, pan)
    if change.gst_treatment is not msgspec.UNSET:
        given["gst_treatment"] = change.gst_treatment
    if "gstin" in given or "gst_treatment" in given:
        check_treatment(
            given.get("gst_treatment", customer.gst_treatment),
            given.get("gstin", customer.gstin),
        )
    return given


def _keep_flags(contacts: list[Contact], known: list[Contact]) -> list[Contact]:
    """A contact that stays is as reachable as it was."""
    flags = {contact.value: contact.invalid_at for contact in known}
    return [
        msgspec.structs.replace(contact, invalid_at=flags.get(contact.value))
        for contact in contacts
    ]
