"""Leads: captured once for each person, changed, read."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadAssigned, LeadChanged, LeadLinked, LeadMoved, LeadNoted
from tandem.crm.sales.domain.leads import (
    AlreadyConverted,
    Captured,
    Channel,
    Lead,
    LeadAlike,
    LeadChange,
    LeadDraft,
    LeadExists,
    LeadFilters,
    LeadMerged,
    LeadNote,
    Order,
    StatusKind,
    Touch,
    check_somebody,
    read_contacts,
)
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.service.assignment_log import assigned_by_hand
from tandem.crm.sales.service.capturing import capture, keys_of
from tandem.crm.sales.service.checklists import check_may_enter
from tandem.crm.sales.service.lead_statuses import status_of
from tandem.crm.sales.store import known_leads
from tandem.crm.sales.store import lead_touches as touches
from tandem.crm.sales.store import leads as store
from tandem.kernel import audit, field_history, history
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.field_history import FieldChange
from tandem.kernel.fields import changeable
from tandem.kernel.history import Happening
from tandem.kernel.pages import Page, decode_cursor, page_of

OWNING = ("owner_id", "team_id", "territory_id")
TIMELINE_MAX = 500
UNKNOWN = "There is no such lead."


async def add_lead(
    tx: Tx,
    draft: LeadDraft,
    *,
    channel: Channel = Channel.API,
    keeper_id: UUID | None = None,
    now: datetime,
) -> Captured:
    """Somebody new, or one more touch of somebody known. Refuses a person whose lead is beyond the
    actor's reach (LeadExists). Custom values were checked by the flow that calls.

    What nobody owns belongs to whoever wrote it in by hand. Else it is the keeper's until a rule
    gives it to somebody; without one it waits for assignment."""
    tx.actor.require(WRITE)
    if channel is Channel.MANUAL and not (draft.owner_id or draft.team_id):
        draft = msgspec.structs.replace(draft, owner_id=tx.actor.person)
    by_default = draft.owner_id is None and keeper_id is not None
    if by_default:
        draft = msgspec.structs.replace(draft, owner_id=keeper_id)
    found = await capture(tx, draft, channel=channel, is_owner_by_default=by_default, now=now)
    if not found.is_new and not tx.actor.sees(READ, found.lead):
        raise LeadExists("Somebody else looks after this person already.", field="email")
    return found


async def list_named(tx: Tx, name: str) -> list[LeadAlike]:
    """Leads in the reader's reach under this name, however it is spelled, the surest first."""
    tx.actor.require(READ)
    return await known_leads.named(tx, name, tx.actor.reach(READ))


async def is_known(tx: Tx, draft: LeadDraft) -> bool:
    """Whether a lead has the draft's e-mail or phone: then it is no new one."""
    email, phone = read_contacts(draft.email, draft.phone)
    return bool(await store.held(tx, keys_of(email, phone)))


async def get_lead(tx: Tx, lead_id: UUID) -> Lead:
    """Refuses with NotFound what is not there or not within the reader's reach, with LeadMerged
    (410) what lives on as another lead."""
    tx.actor.require(READ)
    return _seen(tx, await store.find(tx, lead_id))


async def read_history(tx: Tx, lead_id: UUID) -> list[FieldChange]:
    """Which fields were changed and by whom, the newest first; of an erased lead nothing."""
    lead = await get_lead(tx, lead_id)
    return [] if lead.erased_at else await field_history.read(tx, "lead", lead_id)


async def find_lead(tx: Tx, lead_id: UUID) -> Lead | None:
    """For handlers: the lead as it lives on, whatever it was merged into meanwhile."""
    lead = await store.find(tx, lead_id)
    if lead is not None and lead.merged_into_id is not None:
        lead = await store.find(tx, lead.merged_into_id)
    return lead if lead is not None and lead.erased_at is None else None


async def list_of_customer(tx: Tx, customer_id: UUID) -> list[Lead]:
    """For handlers: every lead that this customer is."""
    return await store.of_customer(tx, customer_id)


async def holder_of_value(tx: Tx, lead_id: UUID, key: str, value: Any) -> UUID | None:
    """Another lead that has this value of one of the company's own fields already."""
    return await store.unique_holder(tx, lead_id, key, value)


async def lock_lead(tx: Tx, lead_id: UUID) -> Lead:
    """As `get_lead`, for writing: nobody else changes it until the transaction ends."""
    tx.actor.require(WRITE)
    lead = _seen(tx, await store.lock(tx, lead_id))
    tx.actor.require_with(WRITE, lead)
    return lead


async def list_leads(
    tx: Tx,
    filters: LeadFilters,
    *,
    order: Order = Order.NEWEST,
    limit: int,
    cursor: str | None = None,
) -> Page[Lead]:
    """The newest or the hottest first, as far as the reader's records go."""
    tx.actor.require(READ)
    before: tuple[int, UUID] | None = None
    if cursor:
        score, last = decode_cursor(cursor, int, UUID)
        if not -(2**31) <= score < 2**31:
            raise Invalid("This cursor is not one of ours.", field="cursor")
        before = score, last
    rows = await store.list_rows(
        tx, filters, tx.actor.reach(READ), order=order, before=before, count=limit + 1
    )
    return page_of(rows, limit, lambda row: (row.score, row.id))


async def count_leads(tx: Tx, filters: LeadFilters) -> dict[UUID, int]:
    """How many in each status, of those the reader may see."""
    tx.actor.require(READ)
    return await store.count_by_status(tx, filters, tx.actor.reach(READ))


async def ids_of_leads(tx: Tx, filters: LeadFilters, *, limit: int) -> list[UUID]:
    """Those that the list shows with these filters, the newest first, without reading them."""
    tx.actor.require(READ)
    return await store.ids(tx, filters, tx.actor.reach(READ), count=limit)


async def update_lead(
    tx: Tx,
    lead_id: UUID,
    to: LeadChange,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Lead:
    """Refuses what was converted, a status that converts, a contact that is another lead's, and
    what `is_current` refuses of the version once nobody else can change it."""
    before = await lock_lead(tx, lead_id)
    if is_current is not None:
        is_current(before.version)
    if before.kind is StatusKind.CONVERTED:
        raise AlreadyConverted("It was converted. Undo the conversion to change it.")
    given = await _read_change(tx, before, to)
    after = msgspec.structs.replace(before, **given)
    changed = [name for name in given if getattr(before, name) != getattr(after, name)]
    if not changed:
        return before
    check_somebody(after.name, after.company_name, after.email, after.phone)
    if "status_id" in changed:
        await check_may_enter(tx, after, await status_of(tx, after.status_id))
    if "email" in changed or "phone" in changed:
        await _move_contacts(tx, after)
    await store.save(tx, after, now)
    if "owner_id" in changed:
        await assigned_by_hand(tx, before, after, now)
    await _tell(tx, before, after, changed)
    await audit.write(
        tx,
        action="sales.lead_changed",
        subject_kind="lead",
        subject_id=lead_id,
        now=now,
        before=_plain(before, changed),
        after=_plain(after, changed),
    )
    return await get_lead(tx, lead_id) if tx.actor.sees(READ, after) else after


async def link_customer(tx: Tx, lead_id: UUID, customer_id: UUID, *, now: datetime) -> Lead:
    """The lead is this customer. Linking twice changes nothing; another customer is refused."""
    lead = await lock_lead(tx, lead_id)
    if lead.customer_id == customer_id:
        return lead
    if lead.customer_id is not None:
        raise Invalid("This lead is another customer already.", field="customer_id")
    await store.save(tx, msgspec.structs.replace(lead, customer_id=customer_id), now)
    await tx.publish(LeadLinked(lead_id=lead.id, number=lead.number, customer_id=customer_id))
    return await get_lead(tx, lead_id)


async def list_touches(tx: Tx, lead_id: UUID) -> list[Touch]:
    """Every time they came, oldest first."""
    await get_lead(tx, lead_id)
    return await touches.list_of(tx, lead_id)


async def timeline(tx: Tx, lead_id: UUID) -> list[Happening]:
    """What happened to it, oldest first, as the event log tells it."""
    await get_lead(tx, lead_id)
    return await history.read(tx, str(lead_id), limit=TIMELINE_MAX)


async def add_note(tx: Tx, lead_id: UUID, text: str, *, now: datetime) -> LeadNote:
    lead = await lock_lead(tx, lead_id)
    note = await touches.add_note(tx, lead.id, text, now)
    await tx.publish(
        LeadNoted(
            lead_id=lead.id,
            number=lead.number,
            note_id=note.id,
            author_id=note.author_id,
            customer_id=lead.customer_id,
        )
    )
    await audit.write(
        tx, action="sales.lead_note_added", subject_kind="lead", subject_id=lead_id, now=now
    )
    return note


async def list_notes(tx: Tx, lead_id: UUID) -> list[LeadNote]:
    """Newest first, 200 at most."""
    await get_lead(tx, lead_id)
    return await touches.notes(tx, lead_id)


async def find_note(tx: Tx, note_id: UUID) -> LeadNote | None:
    """For flows."""
    return await touches.find_note(tx, note_id)


async def remove_note(tx: Tx, lead_id: UUID, note_id: UUID, *, now: datetime) -> None:
    await lock_lead(tx, lead_id)
    if not await touches.delete_note(tx, lead_id, note_id):
        raise NotFound("There is no such note.")
    await audit.write(
        tx, action="sales.lead_note_removed", subject_kind="lead", subject_id=lead_id, now=now
    )


def _seen(tx: Tx, lead: Lead | None) -> Lead:
    if lead is None or not tx.actor.sees(READ, lead):
        raise NotFound(UNKNOWN)
    if lead.merged_into_id is not None:
        raise LeadMerged(lead.merged_into_id)
    return lead


async def _read_change(tx: Tx, lead: Lead, to: LeadChange) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in msgspec.structs.asdict(to).items()
        if value is not msgspec.UNSET
    }
    given = changeable(tx.actor, "lead", given)
    if "email" in given or "phone" in given:
        email, phone = read_contacts(given.get("email", ""), given.get("phone", ""))
        given |= {name: value for name, value in (("email", email), ("phone", phone))
                  if name in given}  # fmt: skip
    if "status_id" in given:
        status = await status_of(tx, given["status_id"])
        if status.kind is StatusKind.CONVERTED:
            raise Invalid("Convert the lead to bring it there.", field="status_id")
        given |= {"kind": status.kind, "status_name": status.name}
        if status.kind is not StatusKind.LOST:
            given["lost_reason"] = ""
    return given


async def _move_contacts(tx: Tx, after: Lead) -> None:
    """The new contacts become the lead's keys; those let go are free for others."""
    keys = keys_of(after.email, after.phone)
    await store.let_go(tx, after.id, kept=keys)
    await store.claim(tx, after.id, keys)
    held = await store.holders(tx, keys)
    if held.get("email", after.id) != after.id:
        raise LeadExists("Another lead has this e-mail. Merge the two.", field="email")


async def _tell(tx: Tx, before: Lead, after: Lead, changed: list[str]) -> None:
    names: dict[str, Any] = {
        "lead_id": after.id,
        "number": after.number,
        "customer_id": after.customer_id,
    }
    if "status_id" in changed:
        await tx.publish(
            LeadMoved(status=after.status_name, kind=after.kind, before=before.status_name, **names)
        )
    if any(name in changed for name in OWNING):
        owning = {name: getattr(after, name) for name in OWNING}
        await tx.publish(LeadAssigned(**owning, **names))
    await tx.publish(LeadChanged(fields=sorted(changed), **names))


def _plain(lead: Lead, names: list[str]) -> dict[str, Any]:
    return {name: msgspec.to_builtins(getattr(lead, name)) for name in names}
