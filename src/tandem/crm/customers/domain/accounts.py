"""An account: a company that people belong to, under one that may own it."""

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.contracts.likeness import Strength
from tandem.crm.customers.domain.people import DuplicateReason, Name, TaxNumber
from tandem.crm.customers.domain.records import Tags
from tandem.kernel.errors import Conflict, Invalid

Domain = Annotated[str, msgspec.Meta(min_length=3, max_length=260, pattern=PRINTABLE)]
Industry = Annotated[str, msgspec.Meta(max_length=80, pattern=PRINTABLE)]
Role = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=FILLED)]
Custom = dict[str, Any]
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

DEPTH_MAX = 10
CONTACTS_MAX = 1_000


class NewAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    domain: Domain | None = None
    gstin: TaxNumber | None = None
    industry: Industry = ""
    parent_id: UUID | None = None
    tags: Tags = []
    custom: Custom = {}
    allow_duplicate: bool = False
    duplicate_reason: DuplicateReason = ""


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name | msgspec.UnsetType = msgspec.UNSET
    domain: Domain | msgspec.UnsetType | None = msgspec.UNSET
    gstin: TaxNumber | msgspec.UnsetType | None = msgspec.UNSET
    industry: Industry | msgspec.UnsetType = msgspec.UNSET
    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    tags: Tags | msgspec.UnsetType = msgspec.UNSET
    custom: Custom | msgspec.UnsetType = msgspec.UNSET


class Account(msgspec.Struct, frozen=True, kw_only=True):
    resource: ClassVar[str] = "account"

    id: UUID
    number: str
    name: str
    domain: str | None
    gstin: str | None
    industry: str
    parent_id: UUID | None
    owner_id: UUID | None
    team_id: UUID | None
    territory_id: UUID | None
    tags: list[str]
    custom: Custom
    version: int
    created_at: datetime
    updated_at: datetime


class NewMembership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    customer_id: UUID
    role: Role = "Contact"
    is_primary: bool = False


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's role at an account; the names are as they are now."""

    account_id: UUID
    account_name: str
    customer_id: UUID
    customer_name: str
    role: str
    is_primary: bool
    since: datetime


class AccountAlike(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: str
    name: str
    matched_on: list[str]
    strength: Strength


class PossibleDuplicateAccount(Conflict):
    """Nothing was added. Repeat with `allow_duplicate` if it is another company after all."""

    code = "possible_duplicate"

    def __init__(self, alike: list[AccountAlike]) -> None:
        listed = ", ".join(f"{found.name} ({found.number})" for found in alike[:5])
        super().__init__(
            f"This may be a company you know already: {listed}.",
            candidates=[msgspec.to_builtins(found) for found in alike],
        )


class AccountCircle(Invalid):
    """An account cannot stand above itself."""

    code = "account_circle"


def normal_domain(text: str) -> str:
    """`https://www.Acme.in/about` is acme.in."""
    host = re.sub(r"^[a-z]+://", "", text.strip().lower()).partition("/")[0].partition(":")[0]
    host = host.removeprefix("www.")
    if len(host) > 253 or not _DOMAIN.fullmatch(host):
        raise Invalid(f"{text.strip()[:60]!r} is not a domain such as acme.in.", field="domain")
    return host
