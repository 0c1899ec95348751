"""A lead becomes a customer, an account and an opportunity: all in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.accounts import Account, NewMembership
from tandem.crm.customers.domain.adopting import CompanyFound, PersonFound
from tandem.crm.customers.domain.records import Note
from tandem.crm.customers.service import adopting, tasks
from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.converting import Before, Conversion, Ref, What, Wish
from tandem.crm.sales.domain.leads import Lead, LeadNote
from tandem.crm.sales.domain.opportunities import Draft
from tandem.crm.sales.service import converting, leads
from tandem.flows import opportunities
from tandem.flows.convert_lead.finding import (
    alike_of,
    check_theirs,
    company_of,
    find,
    newcomer,
    title_of,
)
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id

ROLE = "Contact"
ROLE_MAX = 60


async def convert(tx: Tx, lead_id: UUID, wish: Wish, *, now: datetime) -> Conversion:
    """All or nothing. The same `wish.id` converts once and answers the same again.

    Refuses what `converting.begin` refuses, a customer, account, pipeline or owner that is not
    there, and a customer or account out of the actor's reach (TheirsAlready).
    """
    begun = await converting.begin(tx, lead_id, wish.id)
    if isinstance(begun, Conversion):
        return begun
    lead, trusted = begun, tx.with_all_grants()
    person, company = await find(trusted, lead, wish, tx.actor.reach("customers.read"))
    check_theirs(tx, person.customer, company.account)
    owner_id = await _owner(trusted, lead)
    refs: list[Ref] = []
    customer = await _customer(trusted, lead, person, owner_id, refs, now)
    account = await _account(trusted, lead, wish, company, owner_id, refs, now)
    if account is not None:
        await _join(trusted, lead, account, customer, refs, now)
    await _keep_notes(trusted, lead, customer, refs)
    deal_id = await _deal(trusted, lead, wish, customer, account, owner_id, refs, now)
    await _move_tasks(trusted, lead, customer, deal_id, refs)
    conversion = Conversion(
        id=wish.id or new_id(),
        lead_id=lead.id,
        customer_id=customer.id,
        account_id=account.id if account else None,
        opportunity_id=deal_id,
        before=Before(
            status_id=lead.status_id,
            customer_id=lead.customer_id,
            account_id=lead.account_id,
            opportunity_id=lead.opportunity_id,
        ),
        refs=refs,
        alike=alike_of(person, company),
        converted_at=now,
        actor_label=tx.actor.label,
    )
    return await converting.finish(tx, lead, conversion, now=now)


async def _owner(tx: Tx, lead: Lead) -> UUID | None:
    """The lead's owner, where they are still here; else whoever converts."""
    if lead.owner_id is not None:
        people = await identity.list_users(tx)
        if any(one.id == lead.owner_id and one.is_active for one in people):
            return lead.owner_id
    return None


async def _customer(
    tx: Tx,
    lead: Lead,
    person: PersonFound,
    owner_id: UUID | None,
    refs: list[Ref],
    now: datetime,
) -> Customer:
    custom = await _custom(tx, lead, "customer")
    done = await adopting.adopt_person(
        tx,
        newcomer(lead, owner_id, custom),
        customer_id=person.customer.id if person.customer else None,
        now=now,
    )
    customer = done.customer
    what: What = "created" if done.is_new else "filled" if done.filled else "linked"
    refs.append(
        Ref(
            thing="customer",
            id=customer.id,
            what=what,
            label=customer.name,
            version=customer.version,
            fields=done.filled,
        )
    )
    return customer


async def _account(
    tx: Tx,
    lead: Lead,
    wish: Wish,
    company: CompanyFound,
    owner_id: UUID | None,
    refs: list[Ref],
    now: datetime,
) -> Account | None:
    if company.account is None and not (wish.has_account and lead.company_name):
        return None
    custom = await _custom(tx, lead, "account")
    done = await adopting.adopt_company(
        tx,
        company_of(lead, owner_id, custom),
        account_id=company.account.id if company.account else None,
        now=now,
    )
    account = done.account
    refs.append(
        Ref(
            thing="account",
            id=account.id,
            what="created" if done.is_new else "linked",
            label=account.name,
            version=account.version,
        )
    )
    return account


async def _join(
    tx: Tx, lead: Lead, account: Account, customer: Customer, refs: list[Ref], now: datetime
) -> None:
    """Somebody who belongs there already keeps the role they have."""
    members = await customers.list_members(tx, account.id)
    if any(member.customer_id == customer.id for member in members):
        return
    role = lead.job_title[:ROLE_MAX].strip() or ROLE
    new = NewMembership(customer_id=customer.id, role=role, is_primary=not members)
    await customers.join_account(tx, account.id, new, now=now)
    refs.append(Ref(thing="membership", id=account.id, what="created", label=role))


async def _keep_notes(tx: Tx, lead: Lead, customer: Customer, refs: list[Ref]) -> None:
    notes = [_note(one) for one in reversed(await leads.list_notes(tx, lead.id))]
    if lead.description:
        first = LeadNote(
            id=lead.id,
            text=lead.description,
            author_id=None,
            author_label=lead.source or "Lead",
            created_at=lead.created_at,
        )
        notes.insert(0, _note(first))
    for note_id in await adopting.keep_notes(tx, customer.id, notes):
        refs.append(Ref(thing="note", id=note_id, what="created"))


async def _deal(
    tx: Tx,
    lead: Lead,
    wish: Wish,
    customer: Customer,
    account: Account | None,
    owner_id: UUID | None,
    refs: list[Ref],
    now: datetime,
) -> UUID | None:
    if not wish.has_opportunity:
        return None
    draft = Draft(
        title=wish.title or title_of(lead, account),
        customer_id=customer.id,
        pipeline_id=wish.pipeline_id or await converting.pipeline_of(tx, lead),
        amount_minor=wish.amount_minor,
        close_on=wish.close_on,
        next_step=wish.next_step,
        source=lead.source,
        owner_id=owner_id,
    )
    deal = await opportunities.open_opportunity(tx, draft, now=now)
    await converting.place_opportunity(
        tx, deal.id, team_id=lead.team_id, territory_id=lead.territory_id
    )
    refs.append(
        Ref(
            thing="opportunity",
            id=deal.id,
            what="created",
            label=f"{deal.number} {deal.title}",
            version=deal.version,
        )
    )
    return deal.id


async def _move_tasks(
    tx: Tx, lead: Lead, customer: Customer, deal_id: UUID | None, refs: list[Ref]
) -> None:
    """What is still to be done goes on beside the deal, or the customer; what was done stays."""
    into = ("opportunity", deal_id) if deal_id else ("customer", customer.id)
    for task_id in await tasks.move(tx, ("lead", lead.id), into):
        refs.append(Ref(thing="task", id=task_id, what="moved"))


async def _custom(tx: Tx, lead: Lead, target: str) -> dict[str, Any]:
    """The lead's own fields that the target has too, by key and kind."""
    if not lead.custom:
        return {}
    mine = {one.key: one for one in await customers.list_fields(tx, "lead")}
    theirs = [one for one in await customers.list_fields(tx, target) if one.retired_at is None]
    return {
        one.key: lead.custom[one.key]
        for one in theirs
        if one.key in lead.custom
        and one.key in mine
        and mine[one.key].kind == one.kind
        and _fits(one.options, lead.custom[one.key])
    }


def _fits(options: Sequence[str], value: Any) -> bool:
    """Of a choice only what the other field offers as well."""
    if not options:
        return True
    return all(one in options for one in (value if isinstance(value, list) else [value]))


def _note(note: LeadNote) -> Note:
    return Note(
        id=note.id,
        text=note.text,
        is_pinned=False,
        author_id=note.author_id,
        author_label=note.author_label,
        created_at=note.created_at,
    )
