"""Who a lead is here already, and what a conversion would do."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.accounts import Account
from tandem.crm.customers.domain.adopting import (
    CompanyFound,
    Newcomer,
    NewCompany,
    PersonFound,
    domain_of,
)
from tandem.crm.customers.service import adopting
from tandem.crm.sales.domain.converting import Alike, TheirsAlready, Wish
from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.service import converting, leads
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound, Refusal
from tandem.kernel.reach import Owned, Reach


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversion would do. Without a customer or an account a new one is made; without
    `company` there is no account; without a pipeline it is the first. `missing` is what keeps it
    from being done, if anything."""

    lead: Lead
    customer: Customer | None
    customer_name: str
    account: Account | None
    company: str
    title: str
    alike: list[Alike]
    pipeline_id: UUID | None = None
    missing: str = ""
    missing_field: str = ""


async def preview(tx: Tx, lead_id: UUID, wish: Wish) -> Outlook:
    """Nothing is written, and nothing held."""
    lead = await leads.get_lead(tx, lead_id)
    trusted = tx.with_all_grants()
    seen = tx.actor.reach("customers.read")
    person, company = await find(trusted, lead, wish, seen)
    missing, field = "", ""
    try:
        await converting.check_gate(trusted, lead)
        check_theirs(tx, person.customer, company.account)
    except Refusal as refusal:
        missing, field = refusal.detail, refusal.field or ""
    return Outlook(
        lead=lead,
        customer=person.customer,
        customer_name=person.customer.name if person.customer else name_of(lead),
        account=company.account,
        company=lead.company_name if wish.has_account else "",
        title=wish.title or title_of(lead),
        alike=alike_of(person, company),
        pipeline_id=wish.pipeline_id or await converting.pipeline_of(trusted, lead),
        missing=missing,
        missing_field=field,
    )


async def find(tx: Tx, lead: Lead, wish: Wish, seen: Reach) -> tuple[PersonFound, CompanyFound]:
    """Who they are here: those named, the one the lead is linked to, or those that fit. By name
    alone only those `seen` are told of."""
    person = await adopting.find_person(tx, newcomer(lead, None, {}), seen=seen)
    named = wish.customer_id or lead.customer_id
    if named is not None:
        chosen = await _named_customer(tx, named)
        others = [one for one in person.alike if one.id != chosen.id]
        person = PersonFound(customer=chosen, alike=others)
    company = CompanyFound(account=None, alike=[])
    if wish.has_account and wish.account_id is not None:
        company = CompanyFound(account=await _named_account(tx, wish.account_id), alike=[])
    elif wish.has_account and lead.company_name:
        company = await adopting.find_company(tx, company_of(lead, None, {}), seen=seen)
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


def check_theirs(tx: Tx, customer: Customer | None, account: Account | None) -> None:
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


def newcomer(lead: Lead, owner_id: UUID | None, custom: Mapping[str, Any]) -> Newcomer:
    return Newcomer(
        name=name_of(lead),
        company_name=lead.company_name,
        email=lead.email,
        phone=lead.phone,
        tags=lead.tags,
        custom=dict(custom),
        owner_id=owner_id,
        team_id=lead.team_id,
        territory_id=lead.territory_id,
    )


def company_of(lead: Lead, owner_id: UUID | None, custom: Mapping[str, Any]) -> NewCompany:
    return NewCompany(
        name=lead.company_name,
        domain=domain_of(lead.website, lead.email),
        custom=dict(custom),
        owner_id=owner_id,
        team_id=lead.team_id,
        territory_id=lead.territory_id,
    )


def alike_of(person: PersonFound, company: CompanyFound) -> list[Alike]:
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


def name_of(lead: Lead) -> str:
    return lead.title


def title_of(lead: Lead, account: Account | None = None) -> str:
    return account.name if account else lead.company_name or lead.title
