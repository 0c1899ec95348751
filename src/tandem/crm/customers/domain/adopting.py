"""People and companies that come from elsewhere, from a lead say: who they are here already."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.accounts import Account, AccountAlike
from tandem.crm.customers.domain.people import Candidate, Customer

FREE_MAIL = frozenset(
    {
        "gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.in", "yahoo.in", "ymail.com",
        "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "aol.com",
        "proton.me", "protonmail.com", "rediffmail.com", "zoho.com", "gmx.com", "mail.com",
    }
)  # fmt: skip
"""Domains of mailboxes for everybody: they say nothing about a company."""


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as they are known elsewhere; e-mail and phone in their normal forms."""

    name: str
    company_name: str = ""
    email: str | None = None
    phone: str | None = None
    tags: list[str] = []
    custom: dict[str, Any] = {}
    owner_id: UUID | None = None
    team_id: UUID | None = None
    territory_id: UUID | None = None


class NewCompany(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    domain: str | None = None
    custom: dict[str, Any] = {}
    owner_id: UUID | None = None
    team_id: UUID | None = None
    territory_id: UUID | None = None


class PersonFound(msgspec.Struct, frozen=True, kw_only=True):
    """Who they are here, if anybody; and others who may be the same."""

    customer: Customer | None
    alike: list[Candidate]


class CompanyFound(msgspec.Struct, frozen=True, kw_only=True):
    account: Account | None
    alike: list[AccountAlike]


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """`filled` are the blanks that the newcomer filled, by field, custom ones as `custom.key`."""

    customer: Customer
    is_new: bool
    filled: dict[str, Any] = {}


class AdoptedCompany(msgspec.Struct, frozen=True, kw_only=True):
    account: Account
    is_new: bool


def domain_of(website: str, email: str | None) -> str | None:
    """Where a company lives on the net, if a website or a mailbox of its own tells."""
    host = website.strip().lower().partition("//")[2] or website.strip().lower()
    host = host.partition("/")[0].partition(":")[0].removeprefix("www.")
    if "." in host and " " not in host and len(host) <= 253:
        return host
    mailbox = (email or "").partition("@")[2]
    return mailbox if mailbox and mailbox not in FREE_MAIL else None


def blanks(customer: Customer, new: Newcomer, free: Mapping[str, bool]) -> dict[str, Any]:
    """What the newcomer knows and the customer lacks; what is filled in stays as it is.

    `free` says of e-mail and phone whether nobody else has it.
    """
    filled: dict[str, Any] = {}
    if new.company_name and not customer.company_name:
        filled["company_name"] = new.company_name
    if new.email and not customer.emails and free.get("email"):
        filled["email"] = new.email
    if new.phone and not customer.phones and free.get("phone"):
        filled["phone"] = new.phone
    for key, value in new.custom.items():
        if key not in customer.custom:
            filled[f"custom.{key}"] = value
    return filled
