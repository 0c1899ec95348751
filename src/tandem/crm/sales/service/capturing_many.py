"""Many new people at once, as a file brings them: what `capturing` does one by one, for those of
whom nothing is known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import LeadCaptured
from tandem.crm.sales.domain.lead_statuses import Status
from tandem.crm.sales.domain.leads import (
    Channel,
    Lead,
    LeadDraft,
    Touch,
    check_somebody,
    read_contacts,
    told,
)
from tandem.crm.sales.domain.permissions import WRITE
from tandem.crm.sales.service.capturing import PLAIN, channel_word, check_begins, keys_of, touch_of
from tandem.crm.sales.service.lead_statuses import status_of
from tandem.crm.sales.store import lead_intake as store
from tandem.crm.sales.store import leads
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id

Keys = list[tuple[str, str]]


class _New(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    draft: LeadDraft
    keys: Keys
    touch: Touch
    status: Status


async def add_new(
    tx: Tx, drafts: Sequence[LeadDraft], *, channel: Channel, now: datetime
) -> list[Lead | None]:
    """A lead for each draft, in order; None where somebody has one of its contacts already, earlier
    drafts included: `add_lead` finds out who. Custom values were checked by the flow that calls.

    Refuses what `add_lead` refuses of a draft, for all of them."""
    tx.actor.require(WRITE)
    statuses = {one: await _entered(tx, one) for one in {draft.status_id for draft in drafts}}
    asked = [_read(draft, statuses[draft.status_id], channel, now) for draft in drafts]
    made = await _free(tx, asked)
    await store.insert(tx, [_row(one) for one in made.values()], now)
    await store.touch(tx, [_touch_row(one) for one in made.values()])
    found = {lead.id: lead for lead in await leads.get_many(tx, [one.id for one in made.values()])}
    await tx.publish(*(_told(found[one.id], one.touch) for one in made.values()))
    return [found[made[place].id] if place in made else None for place in range(len(drafts))]


async def _entered(tx: Tx, status_id: UUID | None) -> Status:
    status = await status_of(tx, status_id)
    check_begins(status)
    return status


def _read(draft: LeadDraft, status: Status, channel: Channel, now: datetime) -> _New:
    email, phone = read_contacts(draft.email, draft.phone)
    check_somebody(draft.name.strip(), draft.company_name.strip(), email, phone)
    return _New(
        id=new_id(),
        draft=draft,
        keys=keys_of(email, phone),
        touch=touch_of(draft, channel, None, now),
        status=status,
    )


async def _free(tx: Tx, asked: Sequence[_New]) -> dict[int, _New]:
    """Those whose contacts were nobody's and are theirs now, by their place."""
    taken = await leads.held(tx, [key for one in asked for key in one.keys])
    wanted: dict[tuple[str, str], UUID] = {}
    free: dict[int, _New] = {}
    for place, one in enumerate(asked):
        if taken.isdisjoint(one.keys):
            free[place] = one
            wanted |= dict.fromkeys(one.keys, one.id)
        taken.update(one.keys)
    claimed = await leads.claim_each(tx, wanted)
    late = {place: one for place, one in free.items() if not claimed.issuperset(one.keys)}
    if late:  # somebody else was faster: they are known after all
        await store.let_go(tx, [one.id for one in late.values()])
    return {place: one for place, one in free.items() if place not in late}


def _row(one: _New) -> dict[str, Any]:
    contacts = dict(one.keys)
    touch = one.touch
    source = one.draft.source or (touch.source or touch.utm_source or channel_word(touch))[:60]
    return {name: getattr(one.draft, name) for name in PLAIN} | {
        "id": one.id,
        "email": contacts.get("email"),
        "phone": contacts.get("phone"),
        "status_id": one.status.id,
        "kind": one.status.kind,
        "source": source,
        "campaign_id": touch.campaign_id,
        "touch": told(touch),
    }


def _touch_row(one: _New) -> dict[str, Any]:
    return {**msgspec.structs.asdict(one.touch), "lead_id": one.id}


def _told(lead: Lead, touch: Touch) -> LeadCaptured:
    names: Mapping[str, Any] = {
        name: getattr(touch, name)
        for name in ("channel", "source", "utm_source", "utm_medium", "utm_campaign",
                     "campaign_id", "form_id")
    }  # fmt: skip
    return LeadCaptured(
        lead_id=lead.id,
        number=lead.number,
        customer_id=lead.customer_id,
        is_new=True,
        touch_id=touch.id,
        owner_id=lead.owner_id,
        **names,
    )
