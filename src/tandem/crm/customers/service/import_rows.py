"""Rows of a file becoming customers: read, matched by their key, added or changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomerAdded, CustomerChanged
from tandem.contracts.likeness import is_telling
from tandem.crm.customers.domain import (
    Customer,
    CustomerChange,
    NewCustomer,
    check_tax_numbers,
    check_treatment,
    normal_email,
    normal_phone,
    read_contacts,
)
from tandem.crm.customers.domain.custom_fields import CustomField
from tandem.crm.customers.domain.records import tidy_tags
from tandem.crm.customers.domain.sheets import values_of
from tandem.crm.customers.service.custom_fields import write_custom
from tandem.crm.customers.service.people import read_addresses, read_change
from tandem.crm.customers.store import imports as store
from tandem.crm.customers.store import known, people
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.ids import new_id
from tandem.kernel.imports import Chunk, Done, ImportJob
from tandem.kernel.sheets import typed

LISTS = ("emails", "phones", "addresses")


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    row_no: int
    cells: list[str]
    values: dict[str, Any]
    key: str


async def take_chunk(
    tx: Tx, job: ImportJob, chunk: Chunk, own: Sequence[CustomField], *, now: datetime
) -> Done:
    """Look through the rows; when the job runs, write the good ones."""
    done = Done()
    fields = {field.key: field for field in own}
    read = [one for row_no, cells in chunk.rows if (one := _read(job, row_no, cells, fields, done))]
    holders = (
        await store.holders(tx, job.key, [one.key for one in read if one.key]) if job.key else {}
    )
    fresh: list[tuple[_Read, Customer]] = []
    for one in read:
        try:
            await _take(tx, job, one, holders, fresh, own, done, now)
        except Refusal as refusal:
            _refuse(done, job, one.row_no, one.cells, refusal)
    if job.state == "checking":
        await _tell_alike(tx, job, fresh, done)
    else:
        await _add(tx, fresh, done, now)
    return done


async def _tell_alike(
    tx: Tx, job: ImportJob, fresh: Sequence[tuple[_Read, Customer]], done: Done
) -> None:
    rows = {one.row_no: known.traits_of(customer) for one, customer in fresh}
    alike = await known.each(tx, rows)
    cells = {one.row_no: one.cells for one, _ in fresh}
    for row_no, found in alike.items():
        if is_telling(found):
            done.resembles(row_no, cells[row_no], job.column_of("name"), found)


def _read(
    job: ImportJob, row_no: int, cells: list[str], own: Mapping[str, CustomField], done: Done
) -> _Read | None:
    try:
        values = values_of(cells, job.columns, job.mapping, own)
        return _Read(row_no=row_no, cells=cells, values=values, key=_key(job.key, values))
    except Refusal as refusal:
        _refuse(done, job, row_no, cells, refusal)
        return None


def _key(key: str, values: Mapping[str, Any]) -> str:
    match key:
        case "email":
            return normal_email(values["emails"][0]["value"]) if "emails" in values else ""
        case "phone":
            return normal_phone(values["phones"][0]["value"]) if "phones" in values else ""
    return str(values.get("number", "")) if key else ""


async def _take(
    tx: Tx,
    job: ImportJob,
    one: _Read,
    holders: dict[str, UUID],
    fresh: list[tuple[_Read, Customer]],
    own: Sequence[CustomField],
    done: Done,
    now: datetime,
) -> None:
    is_dry = job.state == "checking"
    values = {name: value for name, value in one.values.items() if name != "number"}
    customer_id = holders.get(one.key) if one.key else None
    if customer_id is None:
        customer = await _made(tx, typed(values, NewCustomer), own, now)
        if job.key == "number" and one.key:
            raise Invalid("No customer has this number.", field="number")
        if one.key:
            holders[one.key] = customer.id
        fresh.append((one, customer))
        done.created += 1
        return
    change = typed(values, CustomerChange)
    if is_dry:
        above = next((added for _, added in fresh if added.id == customer_id), None)
        if before := above or next(iter(await people.get(tx, [customer_id])), None):
            await _changed(tx, before, change, own)
        done.updated += 1
        return
    await _add(tx, fresh, done, now)
    fresh.clear()
    await _change(tx, one, customer_id, change, own, done, now)


async def _made(tx: Tx, new: NewCustomer, own: Sequence[CustomField], now: datetime) -> Customer:
    gstin, pan = check_tax_numbers(new.gstin, new.pan)
    customer_id = new_id()
    return Customer(
        id=customer_id,
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
        tags=tidy_tags(new.tags),
        custom=await write_custom(tx, "customer", customer_id, new.custom, {}, fields=own),
        version=1,
        created_at=now,
        updated_at=now,
    )


async def _change(
    tx: Tx,
    one: _Read,
    customer_id: UUID,
    change: CustomerChange,
    own: Sequence[CustomField],
    done: Done,
    now: datetime,
) -> None:
    before = await people.lock(tx, customer_id)
    if before is None:
        raise Invalid("The customer is gone.", field="")
    after = await _changed(tx, before, change, own)
    await people.update(tx, after, now)
    await _note(tx, before, after, now)
    await tx.publish(CustomerChanged(customer_id=customer_id))
    done.updated += 1
    done.wrote(
        one.row_no,
        "updated",
        customer_id,
        version=before.version + 1,
        before=msgspec.to_builtins(before),
    )


async def _note(tx: Tx, before: Customer, after: Customer, now: datetime) -> None:
    """Their history says what a file changed, as it says what somebody did."""
    was, became = msgspec.to_builtins(before), msgspec.to_builtins(after)
    fields = [name for name in was if was[name] != became[name]]
    await audit.write(
        tx,
        action="customers.import",
        subject_kind="customer",
        subject_id=before.id,
        now=now,
        before={name: was[name] for name in fields},
        after={name: became[name] for name in fields},
    )


async def _changed(
    tx: Tx, before: Customer, change: CustomerChange, own: Sequence[CustomField]
) -> Customer:
    """A contact in the file joins those known; it does not take their place."""
    given = read_change(change, before)
    for name in LISTS:
        if name in given:
            given[name] = _joined(getattr(before, name), given[name])
    if change.custom is not msgspec.UNSET:
        given["custom"] = await write_custom(
            tx, "customer", before.id, change.custom, before.custom, fields=own
        )
    return msgspec.structs.replace(before, **given)


def _joined(known: list[Any], given: list[Any]) -> list[Any]:
    def same(one: Any) -> Any:
        return one.address.line1 if hasattr(one, "address") else one.value

    there = {same(one) for one in known}
    return [*known, *(one for one in given if same(one) not in there)]


async def _add(tx: Tx, fresh: Sequence[tuple[_Read, Customer]], done: Done, now: datetime) -> None:
    if not fresh:
        return
    await people.insert(tx, [customer for _, customer in fresh], now)
    await tx.publish(*(CustomerAdded(customer_id=one.id, name=one.name) for _, one in fresh))
    for one, customer in fresh:
        done.wrote(one.row_no, "created", customer.id, version=1)


def _refuse(done: Done, job: ImportJob, row_no: int, cells: list[str], refusal: Refusal) -> None:
    field = (refusal.field or "").partition("[")[0]
    names = {"emails": "email", "phones": "phone", "addresses": "line1"}
    wanted = names.get(field, (refusal.field or "").rpartition("address.")[2] or field)
    done.refuse(row_no, cells, refusal, job.column_of(wanted, field))
