"""Take in people and companies from elsewhere: find them, add them, fill blanks, let them go.

For flows that decide who may: they pass a trusted transaction. Nothing filled in is overwritten.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomerChanged
from tandem.contracts.likeness import AnyKnown, Known
from tandem.crm.customers.domain import Contact, Customer, CustomerDraft, Key
from tandem.crm.customers.domain.accounts import Account, AccountAlike, NewAccount, normal_domain
from tandem.crm.customers.domain.adopting import (
    Adopted,
    AdoptedCompany,
    CompanyFound,
    Newcomer,
    NewCompany,
    PersonFound,
    blanks,
)
from tandem.crm.customers.domain.records import Note, Owning
from tandem.crm.customers.service.accounts import add_account, get_account
from tandem.crm.customers.service.custom_fields import write_custom
from tandem.crm.customers.service.intake import find_or_add_one
from tandem.crm.customers.store import accounts as account_store
from tandem.crm.customers.store import adopting as store
from tandem.crm.customers.store import known, people, records
from tandem.crm.customers.store import notes as beside
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id
from tandem.kernel.reach import EVERYWHERE, Reach


async def find_person(tx: Tx, new: Newcomer, *, seen: Reach = EVERYWHERE) -> PersonFound:
    """Whoever has the e-mail, else whoever has the phone; and everybody else who may be the
    same: who shares a contact, or of those `seen` has the name."""
    keys = _keys(new)
    holders = {
        key: customer
        for customer in await people.find(tx, [], keys)
        for key in keys
        if " ".join(key) in customer.asked
    }
    found = next((holders[key] for key in keys if key in holders), None)
    probe = _probe(new, tx.started_at)
    traits = known.traits_of(probe)
    alike = await known.people(tx, traits, EVERYWHERE)
    named = alike if seen.is_all else await known.people(tx, traits, seen)
    chosen = None if found is None else found.id
    return PersonFound(
        customer=None if found is None else (await people.get(tx, [found.id]))[0],
        alike=[one for one in _worth_telling(alike, named) if one.id != chosen],
    )


async def adopt_person(
    tx: Tx, new: Newcomer, *, customer_id: UUID | None = None, now: datetime
) -> Adopted:
    """The customer they are, with blanks filled; or a new one with the newcomer's owner.

    Two transactions that bring the same person at once end with one customer.
    """
    if customer_id is None:
        found = (await find_person(tx, new)).customer
        customer_id = None if found is None else found.id
    is_new = False
    if customer_id is None:
        draft = CustomerDraft(
            name=new.name, email=new.email, phone=new.phone, company_name=new.company_name
        )
        added, is_new = await find_or_add_one(tx, draft, now=now)
        customer_id = added.id
    if is_new:
        return Adopted(customer=await _settle(tx, customer_id, new, now), is_new=True)
    customer, filled = await _fill(tx, customer_id, new, now)
    return Adopted(customer=customer, is_new=False, filled=filled)


async def find_company(tx: Tx, new: NewCompany, *, seen: Reach = EVERYWHERE) -> CompanyFound:
    """Whoever has the domain and the name, or one of them; others who may be the same. A name that
    is spelled another way is only told of."""
    domain = _domain(new)
    probe = _account_probe(new, domain, tx.started_at)
    alike = await known.accounts(tx, probe, EVERYWHERE)
    named = alike if seen.is_all else await known.accounts(tx, probe, seen)
    alike.sort(key=lambda one: ("domain" not in one.matched_on, -len(one.matched_on), one.number))
    same = next((one for one in alike if _is_same(one, new)), None)
    return CompanyFound(
        account=None if same is None else await account_store.get(tx, same.id),
        alike=[one for one in _worth_telling(alike, named) if one is not same],
    )


async def adopt_company(
    tx: Tx, new: NewCompany, *, account_id: UUID | None = None, now: datetime
) -> AdoptedCompany:
    """The account it is, or a new one. Whoever brings the same company at once waits."""
    if account_id is not None:
        return AdoptedCompany(account=await get_account(tx, account_id), is_new=False)
    domain = _domain(new)
    await store.lock_company(tx, new.name, domain)
    found = (await find_company(tx, new)).account
    if found is not None:
        return AdoptedCompany(account=found, is_new=False)
    company = NewAccount(name=new.name, domain=domain, custom=new.custom, allow_duplicate=True)
    made = await add_account(tx, company, now=now)
    await records.own(tx, "account", made.id, _owning(new), now)
    return AdoptedCompany(account=await get_account(tx, made.id), is_new=True)


async def keep_notes(tx: Tx, customer_id: UUID, notes: Sequence[Note]) -> list[UUID]:
    """Notes written elsewhere, with their authors and their times; the ids they have here."""
    kept = [msgspec.structs.replace(note, id=new_id()) for note in notes]
    for note in kept:
        await beside.add_note(tx, "customer", customer_id, note)
    if kept:
        await tx.publish(CustomerChanged(customer_id=customer_id))
    return [note.id for note in kept]


async def drop_notes(tx: Tx, customer_id: UUID, ids: Sequence[UUID]) -> None:
    for note_id in ids:
        await beside.remove_note(tx, "customer", customer_id, note_id)


async def empty_again(
    tx: Tx, customer_id: UUID, filled: Mapping[str, Any], *, now: datetime
) -> list[str]:
    """Take back what `adopt_person` filled. The fields that say something else by now, and stay."""
    customer = await people.lock(tx, customer_id)
    if customer is None:
        return list(filled)
    after, kept = customer, []
    for field, value in filled.items():
        emptied = _emptied(after, field, value)
        if emptied is None:
            kept.append(field)
        else:
            after = emptied
    if after != customer:
        await people.update(tx, after, now)
        await tx.publish(CustomerChanged(customer_id=customer_id))
    return kept


async def why_person_stays(
    tx: Tx, customer_id: UUID, *, version: int, notes: Sequence[UUID], but_account: UUID | None
) -> str:
    """What stands in the way of removing somebody who was added at this version; empty for
    nothing. These notes and the roles at this account do not count."""
    customer = await people.lock(tx, customer_id)
    if customer is None:
        return "it is gone already"
    if customer.merged_into_id is not None:
        return "it was merged into another customer"
    if customer.version != version:
        return "it was changed since"
    used = await store.uses_of_person(tx, customer_id, notes=notes, but_account=but_account)
    return f"it has {' and '.join(used)} by now" if used else ""


async def remove_person(tx: Tx, customer_id: UUID) -> None:
    """Somebody of whom `why_person_stays` said nothing."""
    await store.forget_activities(tx, customer_id)
    await people.delete(tx, [customer_id])


async def why_company_stays(
    tx: Tx, account_id: UUID, *, version: int, but_member: UUID | None
) -> str:
    """As for a person; this member does not count."""
    account = await account_store.lock(tx, account_id)
    if account is None:
        return "it is gone already"
    if account.version != version:
        return "it was changed since"
    used = await store.uses_of_company(tx, account_id, but_member=but_member)
    return f"it has {' and '.join(used)} by now" if used else ""


async def remove_company(tx: Tx, account_id: UUID) -> None:
    """One of which `why_company_stays` said nothing; its members have left."""
    await store.delete_company(tx, account_id)


async def _settle(tx: Tx, customer_id: UUID, new: Newcomer, now: datetime) -> Customer:
    customer = await people.lock(tx, customer_id)
    assert customer, "it was added a moment ago"
    custom = await write_custom(tx, "customer", customer_id, new.custom, {})
    if custom or new.tags:
        changed = msgspec.structs.replace(customer, custom=custom, tags=new.tags)
        await people.update_fields(tx, changed, now)
    await records.own(tx, "customer", customer_id, _owning(new), now)
    return (await people.get(tx, [customer_id]))[0]


async def _fill(
    tx: Tx, customer_id: UUID, new: Newcomer, now: datetime
) -> tuple[Customer, dict[str, Any]]:
    customer = await people.lock(tx, customer_id)
    if customer is None:
        raise Invalid("There is no such customer.", field="customer_id")
    held = {key for one in await people.find(tx, [], _keys(new)) for key in one.contact_keys()}
    free: dict[str, bool] = {kind: (kind, value) not in held for kind, value in _keys(new)}
    filled = blanks(customer, new, free)
    if not filled:
        return customer, {}
    custom = {
        field.removeprefix("custom."): value
        for field, value in filled.items()
        if field.startswith("custom.")
    }
    changed = msgspec.structs.replace(
        customer,
        company_name=filled.get("company_name", customer.company_name),
        emails=[Contact(value=filled["email"])] if "email" in filled else customer.emails,
        phones=[Contact(value=filled["phone"])] if "phone" in filled else customer.phones,
        custom=await write_custom(tx, "customer", customer_id, custom, customer.custom),
    )
    await people.update(tx, changed, now)
    await tx.publish(CustomerChanged(customer_id=customer_id))
    return (await people.get(tx, [customer_id]))[0], filled


def _emptied(customer: Customer, field: str, value: Any) -> Customer | None:
    """Without the field, or None where it says something else by now."""
    replace = msgspec.structs.replace
    if field == "company_name":
        return replace(customer, company_name="") if customer.company_name == value else None
    if field in ("email", "phone"):
        contacts = customer.emails if field == "email" else customer.phones
        if [one.value for one in contacts] != [value]:
            return None
        return replace(customer, **{f"{field}s": []})
    key = field.removeprefix("custom.")
    if customer.custom.get(key) != value:
        return None
    return replace(
        customer, custom={name: one for name, one in customer.custom.items() if name != key}
    )


def _owning(new: Newcomer | NewCompany) -> Owning:
    return Owning(owner_id=new.owner_id, team_id=new.team_id, territory_id=new.territory_id)


def _keys(new: Newcomer) -> list[Key]:
    """An e-mail says more than a phone, which a family may share."""
    keys: list[Key] = []
    if new.email:
        keys.append(("email", new.email))
    if new.phone:
        keys.append(("phone", new.phone))
    return keys


def _worth_telling(alike: list[AnyKnown], named: Sequence[Known]) -> list[AnyKnown]:
    """A name that many have is not; nor is the name of somebody out of the asker's sight."""
    in_sight = {one.id for one in named}
    return [
        one
        for one in alike
        if one.strength == "strong" or (one.strength != "faint" and one.id in in_sight)
    ]


def _is_same(one: AccountAlike, new: NewCompany) -> bool:
    return "domain" in one.matched_on or one.name.lower() == new.name.lower()


def _domain(new: NewCompany) -> str | None:
    if not new.domain:
        return None
    try:
        return normal_domain(new.domain)
    except Invalid:
        return None


def _probe(new: Newcomer, now: datetime) -> Customer:
    return Customer(
        id=UUID(int=0),
        number="",
        name=new.name,
        company_name=new.company_name,
        emails=[Contact(value=new.email)] if new.email else [],
        phones=[Contact(value=new.phone)] if new.phone else [],
        addresses=[],
        gstin=None,
        pan=None,
        notes="",
        version=0,
        created_at=now,
        updated_at=now,
    )


def _account_probe(new: NewCompany, domain: str | None, now: datetime) -> Account:
    return Account(
        id=UUID(int=0),
        number="",
        name=new.name,
        domain=domain,
        gstin=None,
        industry="",
        parent_id=None,
        owner_id=None,
        team_id=None,
        territory_id=None,
        tags=[],
        custom={},
        version=0,
        created_at=now,
        updated_at=now,
    )
