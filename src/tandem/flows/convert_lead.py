"""A lead becomes a customer, an account and an opportunity, in one transaction; and back again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.accounts import Account, NewMembership
from tandem.crm.customers.domain.adopting import (
    CompanyFound,
    Newcomer,
    NewCompany,
    PersonFound,
    domain_of,
)
from tandem.crm.customers.domain.records import Note
from tandem.crm.customers.service import adopting
from tandem.crm.identity import service as identity
from tandem.crm.sales.domain.converting import (
    Alike,
    Before,
    Conversion,
    Ref,
    TheirsAlready,
    Undone,
    What,
    Wish,
)
from tandem.crm.sales.domain.leads import Lead, LeadNote
from tandem.crm.sales.domain.opportunities import Draft
from tandem.crm.sales.service import converting, leads
from tandem.flows import opportunities
from tandem.flows.customer_holders import Person
from tandem.flows.customer_records import export_complaints, export_orders
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.ids import new_id
from tandem.kernel.reach import Owned

ROLE = "Contact"
BUILT_ON = {"orders": export_orders, "complaints": export_complaints}
"""What others may have built on a customer since, besides customers and sales themselves."""
ROLE_MAX = 60


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversion would do. Without a customer or an account a new one is made; without
    `company` there is no account; `missing` is what keeps it from being done, if anything."""

    lead: Lead
    customer: Customer | None
    customer_name: str
    account: Account | None
    company: str
    title: str
    alike: list[Alike]
    missing: str = ""
    missing_field: str = ""


async def preview(tx: Tx, lead_id: UUID, wish: Wish) -> Outlook:
    """Nothing is written, and nothing held."""
    lead = await leads.get_lead(tx, lead_id)
    trusted = tx.with_all_grants()
    person, company = await _find(trusted, lead, wish)
    missing, field = "", ""
    try:
        await converting.check_gate(trusted, lead)
        _check_theirs(tx, person.customer, company.account)
    except Refusal as refusal:
        missing, field = refusal.detail, refusal.field or ""
    return Outlook(
        lead=lead,
        customer=person.customer,
        customer_name=person.customer.name if person.customer else _name(lead),
        account=company.account,
        company=lead.company_name if wish.has_account else "",
        title=wish.title or _title(lead),
        alike=_alike(person, company),
        missing=missing,
        missing_field=field,
    )


async def convert(tx: Tx, lead_id: UUID, wish: Wish, *, now: datetime) -> Conversion:
    """All or nothing. The same `wish.id` converts once and answers the same again.

    Refuses what `converting.begin` refuses, a customer, account, pipeline or owner that is not
    there, and a customer or account out of the actor's reach (TheirsAlready).
    """
    begun = await converting.begin(tx, lead_id, wish.id)
    if isinstance(begun, Conversion):
        return begun
    lead, trusted = begun, tx.with_all_grants()
    person, company = await _find(trusted, lead, wish)
    _check_theirs(tx, person.customer, company.account)
    owner_id = await _owner(trusted, lead)
    refs: list[Ref] = []
    customer = await _customer(trusted, lead, person, owner_id, refs, now)
    account = await _account(trusted, lead, wish, company, owner_id, refs, now)
    if account is not None:
        await _join(trusted, lead, account, customer, refs, now)
    await _keep_notes(trusted, lead, customer, refs)
    deal_id = await _deal(trusted, lead, wish, customer, account, owner_id, refs, now)
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
        alike=_alike(person, company),
        converted_at=now,
        actor_label=tx.actor.label,
    )
    return await converting.finish(tx, lead, conversion, now=now)


async def undo(tx: Tx, conversion_id: UUID, *, now: datetime) -> Conversion:
    """The lead is what it was; what the conversion made goes, unless somebody built on it since:
    then it stays, and the answer says why. Refuses what was undone already."""
    conversion, lead = await converting.begin_undo(tx, conversion_id)
    trusted = tx.with_all_grants()
    undone: list[Undone] = []
    for ref in conversion.refs_of("opportunity", "created"):
        undone.append(_undone(ref, await converting.remove_opportunity(trusted, ref)))
    deal_stays = next((one for one in undone if one.reason), None)
    person_stays = await _why_person_stays(trusted, conversion, deal_stays)
    company_stays = await _why_company_stays(trusted, conversion, deal_stays)
    notes = [ref.id for ref in conversion.refs_of("note")]
    await adopting.drop_notes(trusted, conversion.customer_id, notes)
    made_person = conversion.refs_of("customer", "created")
    made_company = conversion.refs_of("account", "created")
    for ref in conversion.refs_of("membership"):
        # Somebody who stays keeps the role at a company that stays, if both came with the deal.
        both_stay = bool(made_person and person_stays and made_company and company_stays)
        reason = "both sides of it are kept" if both_stay else ""
        if not both_stay:
            reason = await _leave(trusted, conversion.customer_id, ref)
        undone.append(_undone(ref, reason))
    for ref in made_person:
        if not person_stays:
            await adopting.remove_person(trusted, ref.id)
        undone.append(_undone(ref, person_stays))
    for ref in conversion.refs_of("customer", "filled"):
        kept = await adopting.empty_again(trusted, ref.id, ref.fields, now=now)
        for field in ref.fields:
            said = "it says something else by now" if field in kept else ""
            undone.append(_undone(msgspec.structs.replace(ref, label=field), said))
    for ref in made_company:
        if not company_stays:
            await adopting.remove_company(trusted, ref.id)
        undone.append(_undone(ref, company_stays))
    over = msgspec.structs.replace(
        conversion, undone_at=now, undone_label=tx.actor.label, undone=undone
    )
    return await converting.finish_undo(tx, lead, over, now=now)


def _undone(ref: Ref, reason: str) -> Undone:
    return Undone(thing=ref.thing, id=ref.id, label=ref.label, is_removed=not reason, reason=reason)


async def _why_person_stays(tx: Tx, conversion: Conversion, deal_stays: Undone | None) -> str:
    """Empty where nobody built on somebody that the conversion added."""
    for ref in conversion.refs_of("customer", "created"):
        if deal_stays is not None:
            return "its deal is kept"
        if await converting.has_other_work(tx, conversion):
            return "it has other deals or leads by now"
        person = Person(customer_id=ref.id)
        for name, export in BUILT_ON.items():
            if await export(tx, person):
                return f"it has {name} by now"
        notes = [note.id for note in conversion.refs_of("note")]
        return await adopting.why_person_stays(
            tx, ref.id, version=ref.version, notes=notes, but_account=conversion.account_id
        )
    return ""


async def _why_company_stays(tx: Tx, conversion: Conversion, deal_stays: Undone | None) -> str:
    for ref in conversion.refs_of("account", "created"):
        if deal_stays is not None:
            return "its deal is kept"
        if await converting.has_other_work(tx, conversion):
            return "it has other deals or leads by now"
        return await adopting.why_company_stays(
            tx, ref.id, version=ref.version, but_member=conversion.customer_id
        )
    return ""


async def _leave(tx: Tx, customer_id: UUID, ref: Ref) -> str:
    try:
        await customers.leave_account(tx, ref.id, customer_id, role=ref.label)
    except NotFound:
        return "it ended already"
    return ""


async def _find(tx: Tx, lead: Lead, wish: Wish) -> tuple[PersonFound, CompanyFound]:
    """Who they are here: those named, the one the lead is linked to, or those that fit."""
    person = await adopting.find_person(tx, _newcomer(lead, None, {}))
    named = wish.customer_id or lead.customer_id
    if named is not None:
        chosen = await _named_customer(tx, named)
        others = [one for one in person.alike if one.id != chosen.id]
        person = PersonFound(customer=chosen, alike=others)
    company = CompanyFound(account=None, alike=[])
    if wish.has_account and wish.account_id is not None:
        company = CompanyFound(account=await _named_account(tx, wish.account_id), alike=[])
    elif wish.has_account and lead.company_name:
        company = await adopting.find_company(tx, _company(lead, None, {}))
    return person, company


async def _named_customer(tx: Tx, customer_id: UUID) -> Customer:
    try:
        return await customers.get_customer(tx, customer_id)
    except Refusal as reason:
        raise Invalid("There is no such customer.", field="customer_id") from reason


async def _named_account(tx: Tx, account_id: UUID) -> Account:
    try:
        return await customers.get_account(tx, account_id)
    except NotFound as reason:
        raise Invalid("There is no such account.", field="account_id") from reason


def _check_theirs(tx: Tx, customer: Customer | None, account: Account | None) -> None:
    """What is not for the actor's eyes is not theirs to link to."""
    found: tuple[tuple[Owned | None, str], ...] = (
        (customer, "customer_id"),
        (account, "account_id"),
    )
    for record, field in found:
        if record is not None and not tx.actor.sees("customers.read", record):
            raise TheirsAlready(
                "A colleague looks after them already. Ask whoever leads both of you to convert "
                "this lead, or to hand them over.",
                field=field,
            )


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
        _newcomer(lead, owner_id, custom),
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
        _company(lead, owner_id, custom),
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
        title=wish.title or _title(lead, account),
        customer_id=customer.id,
        pipeline_id=wish.pipeline_id,
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


def _newcomer(lead: Lead, owner_id: UUID | None, custom: Mapping[str, Any]) -> Newcomer:
    return Newcomer(
        name=_name(lead),
        company_name=lead.company_name,
        email=lead.email,
        phone=lead.phone,
        tags=lead.tags,
        custom=dict(custom),
        owner_id=owner_id,
        team_id=lead.team_id,
        territory_id=lead.territory_id,
    )


def _company(lead: Lead, owner_id: UUID | None, custom: Mapping[str, Any]) -> NewCompany:
    return NewCompany(
        name=lead.company_name,
        domain=domain_of(lead.website, lead.email),
        custom=dict(custom),
        owner_id=owner_id,
        team_id=lead.team_id,
        territory_id=lead.territory_id,
    )


def _alike(person: PersonFound, company: CompanyFound) -> list[Alike]:
    return [
        *(
            Alike(
                thing="customer",
                id=one.id,
                number=one.number,
                name=one.name,
                matched_on=one.matched_on,
            )
            for one in person.alike
        ),
        *(
            Alike(
                thing="account",
                id=one.id,
                number=one.number,
                name=one.name,
                matched_on=one.matched_on,
            )
            for one in company.alike
        ),
    ]


def _note(note: LeadNote) -> Note:
    return Note(
        id=note.id,
        text=note.text,
        is_pinned=False,
        author_id=note.author_id,
        author_label=note.author_label,
        created_at=note.created_at,
    )


def _name(lead: Lead) -> str:
    return lead.title


def _title(lead: Lead, account: Account | None = None) -> str:
    return account.name if account else lead.company_name or lead.title
