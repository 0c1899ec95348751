"""Leads from a file: rows read with the company's own fields, statuses and people.

Each good row comes in by the door that forms use, so that one person is one lead whoever sends the
file twice. A dry run takes the same way, and leaves nothing behind.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.contacts import normal_email, normal_phone
from tandem.contracts.likeness import is_telling
from tandem.contracts.sales import LeadImportFailed
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.custom_fields import CustomField, from_text
from tandem.crm.customers.service import tasks
from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.leads import (
    Channel,
    Lead,
    LeadChange,
    LeadDraft,
    StatusKind,
    check_somebody,
    read_contacts,
)
from tandem.crm.sales.domain.permissions import IMPORT
from tandem.crm.sales.domain.submissions import country_of
from tandem.crm.sales.service import capturing_many, lead_imports, lead_statuses, leads
from tandem.kernel import imports, sheets
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.ids import new_id
from tandem.kernel.imports import Chunk, Done, ImportJob, Kind, OwnField, Row
from tandem.kernel.jobs import Work, job

TARGET = "lead"
TEXTS = (
    "name", "company_name", "job_title", "email", "phone", "website", "city", "country",
    "description", "source",
)  # fmt: skip
MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class _Looked(Refusal):
    """The end of a dry run: whatever it wrote is taken back."""

    code = "looked"


class _Desk(msgspec.Struct, frozen=True):
    """What rows are read by: own fields, statuses by name, people by e-mail, leads by key."""

    own: Mapping[str, CustomField]
    statuses: Mapping[str, UUID]
    people: Mapping[str, UUID]
    known: dict[str, UUID]
    ends: frozenset[UUID]
    """Statuses in which nobody begins."""


class _Row(msgspec.Struct, frozen=True):
    row_no: int
    cells: list[str]
    found: dict[str, str]
    key: str


class _Fresh(msgspec.Struct, frozen=True):
    row: _Row
    draft: LeadDraft
    contacts: frozenset[str]


class LeadImports(Kind):
    name = things = "leads"
    permission = IMPORT
    job = "sales.run_import"
    fields = ("number", *TEXTS, "status", "owner", "tags", *MARKS)
    kept_by: ClassVar = {
        name: f"lead.{name}"
        for name in ("email", "phone", "job_title", "website", "description", "lost_reason")
    }
    aliases: ClassVar[Mapping[str, str]] = {
        "e-mail": "email", "mail": "email", "email address": "email", "mobile": "phone",
        "telephone": "phone", "phone number": "phone", "full name": "name", "lead": "name",
        "contact": "name", "contact name": "name", "company": "company_name",
        "organisation": "company_name", "organization": "company_name", "account": "company_name",
        "title": "job_title", "position": "job_title", "url": "website", "web": "website",
        "town": "city", "note": "description", "notes": "description", "comment": "description",
        "lead source": "source", "lead status": "status", "stage": "status", "lead owner": "owner",
        "assigned to": "owner", "owner email": "owner", "lead number": "number",
        "campaign": "utm_campaign",
    }  # fmt: skip
    chunk = 250

    async def own_fields(self, tx: Tx) -> list[OwnField]:
        return [OwnField(field.key, field.label) for field in await _own(tx)]

    async def take(self, tx: Tx, job: ImportJob, chunk: Chunk, *, now: datetime) -> Done:
        done = Done()
        try:
            async with tx.attempt():
                await _take_rows(tx, job, chunk, done, now)
                if job.state == "checking":
                    raise _Looked("The file was looked through.")
        except _Looked:
            added = {row["row_no"] for row in done.rows if row["status"] == "created"}
            done.rows = [row for row in done.rows if row["status"] == "bad"]
            await _tell_alike(tx, job, [one for one in chunk.rows if one[0] in added], done)
        return done

    async def give_back(self, tx: Tx, rows: Sequence[Row], *, now: datetime) -> set[int]:
        """Who came by the file goes where nobody did anything with them; who was changed by it is
        as before where nobody changed the same since."""
        held = await lead_imports.get_many(tx, [row.record_id for row in rows if row.record_id])
        back: set[int] = set()
        for row in rows:
            lead = held.get(row.record_id) if row.record_id else None
            if lead is None or row.before is None:
                continue
            if not lead_imports.is_as_left(lead, row.before["after"]):
                continue
            after = await _given_back(tx, row, lead, now)
            if after is not None:
                back.add(row.row_no)
                held[lead.id] = after
        return back

    def failed(self, job: ImportJob, said: str) -> LeadImportFailed:
        return LeadImportFailed(
            job_id=job.id, filename=job.filename, reason=said, user_id=job.added_by
        )


LEADS = LeadImports()


@job(LEADS.job)
async def run_import(work: Work, job_id: str) -> None:
    await imports.run(work, LEADS, UUID(job_id))


async def _tell_alike(
    tx: Tx, job: ImportJob, rows: Sequence[tuple[int, list[str]]], done: Done
) -> None:
    """Of the rows that add somebody, those under the name of a lead that is there."""
    names = {
        row_no: sheets.filled(cells, job.columns, job.mapping).get("name", "")
        for row_no, cells in rows
    }
    alike = await lead_imports.named_each(tx, names)
    for row_no, cells in rows:
        if is_telling(alike.get(row_no, [])):
            done.resembles(row_no, cells, job.column_of("name"), alike[row_no])


async def _take_rows(tx: Tx, job: ImportJob, chunk: Chunk, done: Done, now: datetime) -> None:
    """New people gather and are written at once; whoever may be known is looked at alone, after
    those before them."""
    read: list[_Row] = []
    for row_no, cells in chunk.rows:
        try:
            found = sheets.filled(cells, job.columns, job.mapping)
            read.append(_Row(row_no, cells, found, _key(job.key, found)))
        except Refusal as refusal:
            _refuse(done, job, row_no, cells, refusal)
    desk = await _desk(tx, job, [row.key for row in read if row.key])
    fresh: list[_Fresh] = []
    contacts: set[str] = set()
    for row in read:
        try:
            new = await _fresh(tx, job, row, desk)
        except Refusal as refusal:
            _refuse(done, job, row.row_no, row.cells, refusal)
            continue
        if new is not None and contacts.isdisjoint(new.contacts):
            fresh.append(new)
            contacts |= new.contacts
            continue
        await _add_all(tx, job, fresh, desk, done, now)
        fresh, contacts = [], set()
        await _take_alone(tx, job, row, desk, done, now)
    await _add_all(tx, job, fresh, desk, done, now)


async def _fresh(tx: Tx, job: ImportJob, row: _Row, desk: _Desk) -> _Fresh | None:
    """The row as somebody new, where nothing but a contact could say that they are not."""
    if row.key and (job.key == "number" or row.key in desk.known):
        return None
    draft = sheets.typed(_values(row.found, desk), LeadDraft)
    email, phone = read_contacts(draft.email, draft.phone)
    check_somebody(draft.name.strip(), draft.company_name.strip(), email, phone)
    if draft.status_id in desk.ends or any(desk.own[key].is_unique for key in draft.custom):
        return None
    custom = await customers.write_custom(
        tx, TARGET, new_id(), draft.custom, {}, fields=list(desk.own.values())
    )
    contacts = frozenset(one for one in (email, phone) if one)
    return _Fresh(row, msgspec.structs.replace(draft, custom=custom), contacts)


async def _add_all(
    tx: Tx, job: ImportJob, fresh: Sequence[_Fresh], desk: _Desk, done: Done, now: datetime
) -> None:
    if not fresh:
        return
    drafts = [one.draft for one in fresh]
    added = await capturing_many.add_new(tx, drafts, channel=Channel.IMPORT, now=now)
    for one, lead in zip(fresh, added, strict=True):
        if lead is None:
            await _take_alone(tx, job, one.row, desk, done, now)
            continue
        if one.row.key:
            desk.known[one.row.key] = lead.id
        left = {"after": lead_imports.written(lead)}
        done.wrote(one.row.row_no, "created", lead.id, before=left)
        done.created += 1


async def _take_alone(
    tx: Tx, job: ImportJob, row: _Row, desk: _Desk, done: Done, now: datetime
) -> None:
    """One row in a savepoint of its own: whole, or refused."""
    try:
        async with tx.attempt():
            await _take(tx, job, row.row_no, row.found, row.key, desk, done, now)
    except Refusal as refusal:
        _refuse(done, job, row.row_no, row.cells, refusal)


async def _desk(tx: Tx, job: ImportJob, keys: Sequence[str]) -> _Desk:
    statuses = await lead_statuses.list_statuses(tx)
    return _Desk(
        own={field.key: field for field in await _own(tx)},
        statuses={one.name.casefold(): one.id for one in statuses},
        people={
            one.email.lower(): one.id for one in await identity.list_users(tx) if one.is_active
        },
        known=await lead_imports.holders(tx, job.key, keys),
        ends=frozenset(one.id for one in statuses if one.kind is StatusKind.CONVERTED),
    )


async def _own(tx: Tx) -> list[CustomField]:
    found = await customers.list_fields(tx.with_all_grants(), TARGET)
    return [field for field in found if field.retired_at is None]


def _key(key: str, found: Mapping[str, str]) -> str:
    match key, found.get(key, ""):
        case "email", value if value:
            return normal_email(value)
        case "phone", value if value:
            return normal_phone(value)
        case _, value:
            return value


async def _take(
    tx: Tx,
    job: ImportJob,
    row_no: int,
    found: Mapping[str, str],
    key: str,
    desk: _Desk,
    done: Done,
    now: datetime,
) -> None:
    values = _values(found, desk)
    lead_id = desk.known.get(key) if key else None
    if lead_id is None and job.key == "number" and key:
        raise Invalid("No lead has this number.", field="number")
    if lead_id is not None:
        await _change(tx, row_no, lead_id, values, desk, done, now)
        return
    lead, is_new = await _add(tx, row_no, values, desk, done, now)
    if key:
        desk.known[key] = lead.id
    if is_new:
        done.created += 1
    else:
        done.updated += 1


def _values(found: Mapping[str, str], desk: _Desk) -> dict[str, Any]:
    """The row as a lead's fields: what is named is looked up, own fields are read by their kind."""
    values: dict[str, Any] = {name: found[name] for name in TEXTS if name in found}
    if "country" in values:
        values["country"] = country_of(values["country"]) or values["country"]
    if "status" in found:
        values["status_id"] = _named(desk.statuses, found["status"].casefold(), "status")
    if "owner" in found:
        values["owner_id"] = _named(desk.people, found["owner"].lower(), "owner")
    if "tags" in found:
        values["tags"] = sheets.listed(found["tags"])
    custom = {
        key: from_text(field, found[f"custom.{key}"])
        for key, field in desk.own.items()
        if f"custom.{key}" in found
    }
    marks = {name: found[name] for name in MARKS if name in found}
    return values | ({"custom": custom} if custom else {}) | ({"touch": marks} if marks else {})


def _named(known: Mapping[str, UUID], name: str, field: str) -> str:
    if name not in known:
        said = "status of this name" if field == "status" else "member with this e-mail"
        raise Invalid(f"There is no {said}.", field=field)
    return str(known[name])


async def _add(
    tx: Tx, row_no: int, values: Mapping[str, Any], desk: _Desk, done: Done, now: datetime
) -> tuple[Lead, bool]:
    """By the door that forms use: known people get one more touch, and only blanks are filled."""
    draft = sheets.typed(values, LeadDraft)
    before = await lead_imports.known_as(tx, *read_contacts(draft.email, draft.phone))
    custom = await customers.write_custom(
        tx, TARGET, new_id(), draft.custom, {}, fields=list(desk.own.values()),
        holder=leads.holder_of_value,
    )  # fmt: skip
    draft = msgspec.structs.replace(draft, custom=custom)
    captured = await leads.add_lead(tx, draft, channel=Channel.IMPORT, now=now)
    lead = captured.lead
    if captured.is_new or before is None or before.id != lead.id:
        done.wrote(row_no, "created", lead.id, before={"after": lead_imports.written(lead)})
    else:
        done.wrote(row_no, "updated", lead.id, before=lead_imports.changed(before, lead))
    return lead, captured.is_new


async def _change(
    tx: Tx,
    row_no: int,
    lead_id: UUID,
    values: Mapping[str, Any],
    desk: _Desk,
    done: Done,
    now: datetime,
) -> None:
    before = await leads.lock_lead(tx, lead_id)
    change = sheets.typed({k: v for k, v in values.items() if k != "touch"}, LeadChange)
    if change.custom is not msgspec.UNSET:
        custom = await customers.write_custom(
            tx, TARGET, lead_id, change.custom, before.custom, fields=list(desk.own.values()),
            holder=leads.holder_of_value,
        )  # fmt: skip
        change = msgspec.structs.replace(change, custom=custom)
    after = await leads.update_lead(tx, lead_id, change, now=now)
    done.updated += 1
    done.wrote(row_no, "updated", lead_id, before=lead_imports.changed(before, after))


async def _given_back(tx: Tx, row: Row, lead: Lead, now: datetime) -> Lead | None:
    """The lead as it is then; None where it stays as it is."""
    assert row.before, "what was written says what it left"
    if row.status == "created":
        has_tasks = await tasks.count(tx, TARGET, lead.id)
        gone = set() if has_tasks else await lead_imports.withdraw(tx, [lead])
        return lead if lead.id in gone else None
    try:
        async with tx.attempt():
            change = msgspec.convert(row.before["before"], LeadChange)
            return await leads.update_lead(tx, lead.id, change, now=now)
    except Refusal:  # converted, merged or held back by a gate since
        return None


def _refuse(done: Done, job: ImportJob, row_no: int, cells: list[str], refusal: Refusal) -> None:
    field = (refusal.field or "").partition("[")[0].removesuffix("_id")
    done.refuse(row_no, cells, refusal, job.column_of(field))
