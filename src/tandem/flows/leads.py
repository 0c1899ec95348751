"""Leads where they need to know the company's own fields, its people and its customers."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.likeness import STRENGTHS, is_telling
from tandem.contracts.sales import LeadCaptured
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Asked, Candidate
from tandem.crm.customers.service.contacts import find_by_contact
from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.leads import (
    Captured,
    Channel,
    Lead,
    LeadAlike,
    LeadChange,
    LeadDraft,
    PossibleDuplicateLead,
)
from tandem.crm.sales.service import leads
from tandem.kernel.actor import Kind
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Ownership

TARGET = "lead"


async def add_lead(
    tx: Tx, draft: LeadDraft, *, channel: Channel = Channel.API, now: datetime
) -> Captured:
    """Refuses an owner who is not there and values that the company's own fields do not take.

    Without an owner it is the maker's until a rule gives it away: a person's, and a key's maker's
    who would not see it else. A key that sees every lead brings others' and leaves them to the
    rules."""
    tx.actor.require("sales.write")
    await check_owner(tx, draft.owner_id)
    custom = await customers.write_custom(
        tx, TARGET, new_id(), draft.custom, {}, holder=leads.holder_of_value
    )
    draft = msgspec.structs.replace(draft, custom=custom)
    return await leads.add_lead(tx, draft, channel=channel, keeper_id=_keeper(tx, draft), now=now)


async def alike_of(tx: Tx, draft: LeadDraft) -> list[LeadAlike]:
    """Leads of this name and customers who may be this person, of those the actor may see. A lead
    with the same e-mail or phone is no other: it becomes one more touch of it."""
    tx.actor.require("sales.write")
    found = await leads.list_named(tx, draft.name) if tx.actor.may("sales.read") else []
    if tx.actor.may("customers.read"):
        asked = Asked(name=draft.name, email=draft.email, phone=draft.phone)
        found = [_as_customer(one) for one in await customers.find_alike(tx, asked)] + found
    return sorted(found, key=lambda one: STRENGTHS.index(one.strength))


async def check_new(tx: Tx, draft: LeadDraft) -> None:
    """Raises PossibleDuplicateLead for somebody new who may be a lead or a customer already."""
    if await leads.is_known(tx, draft):
        return
    alike = await alike_of(tx, draft)
    if is_telling(alike):
        raise PossibleDuplicateLead(alike)


def _as_customer(one: Candidate) -> LeadAlike:
    return LeadAlike(
        thing="customer",
        id=one.id,
        number=one.number,
        name=one.name,
        company_name=one.company_name,
        matched_on=one.matched_on,
        strength=one.strength,
    )


async def update_lead(
    tx: Tx,
    lead_id: UUID,
    to: LeadChange,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Lead:
    """As `leads.update_lead`; of `custom` the keys given are written, or taken away with null."""
    tx.actor.require("sales.write")
    if to.owner_id is not msgspec.UNSET:
        await check_owner(tx, to.owner_id)
    if to.custom is not msgspec.UNSET:
        known = (await leads.lock_lead(tx, lead_id)).custom
        custom = await customers.write_custom(
            tx, TARGET, lead_id, to.custom, known, holder=leads.holder_of_value
        )
        to = msgspec.structs.replace(to, custom=custom)
    return await leads.update_lead(tx, lead_id, to, is_current=is_current, now=now)


def _keeper(tx: Tx, draft: LeadDraft) -> UUID | None:
    actor = tx.actor
    whose = Ownership(id=new_id(), team_id=draft.team_id, territory_id=draft.territory_id)
    is_out_of_sight = not actor.sees("sales.read", whose)
    is_nobodys = actor.kind is Kind.STAFF and draft.team_id is None
    return actor.person if is_out_of_sight or is_nobodys else None


async def check_owner(tx: Tx, owner_id: UUID | None) -> None:
    if owner_id is None:
        return
    await identity.check_staff(tx, owner_id, field="owner_id")


@subscribe(LeadCaptured, "leads.link_customer")
async def link_customer(tx: Tx, event: LeadCaptured, now: datetime) -> None:
    """A lead whose e-mail or phone a customer has is that customer: their orders and clicks count
    for it, and what it agreed to is theirs."""
    trusted = tx.with_all_grants()
    lead = await leads.find_lead(trusted, event.lead_id)
    if lead is None or lead.customer_id is not None:
        return
    for contact in (lead.email, lead.phone):
        found = await find_by_contact(trusted, contact) if contact else None
        if found is not None:
            await leads.link_customer(trusted, lead.id, found[0], now=now)
            return
