"""A customer: a person, or a company's contact, who may place orders."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE, Address
from tandem.contracts.likeness import Strength
from tandem.crm.customers.domain.contacts import Contact, Key, NewContact
from tandem.crm.customers.domain.records import Tags
from tandem.kernel.errors import Conflict, Gone
from tandem.kernel.patterns import whole

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
CompanyName = Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]
TaxNumber = Annotated[str, msgspec.Meta(min_length=1, max_length=24, pattern=FILLED)]
Notes = Annotated[str, msgspec.Meta(max_length=10_000, pattern=r"^[^\x00]*$")]
Locale = Annotated[str, msgspec.Meta(pattern=whole(r"([a-z]{2,3}(-[A-Z]{2})?)?"))]
"""A language, and a country where it matters: `hi`, `en-IN`. Empty: not known."""
GstTreatment = Literal["", "regular", "unregistered", "sez", "overseas"]
"""What somebody is to GST: registered, not, a unit or developer of a special economic zone (whose
orders are zero-rated, IGST Act s.16), or abroad. Empty: not said, their GSTIN decides."""
SEZ = "sez"
Contacts = Annotated[list[NewContact], msgspec.Meta(max_length=20)]


DuplicateReason = Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)]
"""Why somebody is added in spite of a warning, for the audit."""


class NewAddress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""
    address: Address


Addresses = Annotated[list[NewAddress], msgspec.Meta(max_length=50)]


class NewCustomer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first e-mail, phone and address are the primary ones."""

    name: Name
    company_name: CompanyName = ""
    emails: Contacts = msgspec.field(default_factory=list)
    phones: Contacts = msgspec.field(default_factory=list)
    addresses: Addresses = msgspec.field(default_factory=list)
    gstin: TaxNumber | None = None
    pan: TaxNumber | None = None
    gst_treatment: GstTreatment = ""
    notes: Notes = ""
    locale: Locale = ""
    tags: Tags = []
    custom: dict[str, Any] = {}
    allow_duplicate: bool = False
    duplicate_reason: DuplicateReason = ""


class CustomerChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only the fields given change; a list given replaces the whole list, and of `custom` the keys
    given are written, or taken away with null."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    company_name: CompanyName | msgspec.UnsetType = msgspec.UNSET
    emails: Contacts | msgspec.UnsetType = msgspec.UNSET
    phones: Contacts | msgspec.UnsetType = msgspec.UNSET
    addresses: Addresses | msgspec.UnsetType = msgspec.UNSET
    gstin: TaxNumber | msgspec.UnsetType | None = msgspec.UNSET
    pan: TaxNumber | msgspec.UnsetType | None = msgspec.UNSET
    gst_treatment: GstTreatment | msgspec.UnsetType = msgspec.UNSET
    notes: Notes | msgspec.UnsetType = msgspec.UNSET
    locale: Locale | msgspec.UnsetType = msgspec.UNSET
    tags: Tags | msgspec.UnsetType = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class CustomerDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Who an order says it is for. With `customer_id` the rest is not looked at."""

    resource: ClassVar[str] = "customer"
    field_rules: ClassVar[Mapping[str, str]] = {"email": "emails", "phone": "phones"}

    customer_id: UUID | None = None
    name: str = ""
    email: str | None = None
    phone: str | None = None
    company_name: str = ""
    gstin: str | None = None
    address: Address | None = None


class CustomerAddress(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    label: str
    address: Address


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    resource: ClassVar[str] = "customer"

    id: UUID
    number: str
    name: str
    company_name: str
    emails: list[Contact]
    phones: list[Contact]
    addresses: list[CustomerAddress]
    gstin: str | None
    pan: str | None
    notes: str
    version: int
    created_at: datetime
    updated_at: datetime
    owner_id: UUID | None = None
    team_id: UUID | None = None
    territory_id: UUID | None = None
    tags: list[str] = []
    custom: dict[str, Any] = {}
    merged_into_id: UUID | None = None
    erased_at: datetime | None = None
    locale: str = ""
    gst_treatment: str = ""

    def buys_for_a_zone(self, gstin: str | None = None) -> bool:
        """Whether what they order is for a special economic zone. Under another GSTIN than their
        own they buy as somebody else."""
        return self.gst_treatment == SEZ and gstin in (None, self.gstin)

    @property
    def email(self) -> str | None:
        return _first_good(self.emails)

    @property
    def phone(self) -> str | None:
        return _first_good(self.phones)

    def contact_keys(self) -> Iterator[Key]:
        """What it is recognised by; a phone counts before an e-mail."""
        for contact in self.phones:
            yield "phone", contact.value
        for contact in self.emails:
            yield "email", contact.value


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody we know who may be the same; `matched_on` names what both share (`spelling`: a name
    that sounds the same), `strength` how much that says."""

    id: UUID
    number: str
    name: str
    company_name: str
    matched_on: list[str]
    strength: Strength


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may be known already: whatever is known of them."""

    name: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)] = ""
    email: Annotated[str, msgspec.Meta(max_length=254, pattern=PRINTABLE)] = ""
    phone: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""
    gstin: Annotated[str, msgspec.Meta(max_length=24, pattern=PRINTABLE)] = ""
    postal_code: Annotated[str, msgspec.Meta(max_length=12, pattern=PRINTABLE)] = ""


class PossibleDuplicate(Conflict):
    """Nothing was added. Repeat with `allow_duplicate` if it is another person after all."""

    code = "possible_duplicate"

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        listed = ", ".join(f"{found.name} ({found.number})" for found in candidates[:5])
        super().__init__(
            f"This may be somebody you know already: {listed}. Use that customer, or repeat with "
            "allow_duplicate if it is another person.",
            candidates=[msgspec.to_builtins(found) for found in candidates],
        )


class CustomerMerged(Gone):
    """They live on as somebody else; `merged_into_id` says who."""

    code = "customer_merged"

    def __init__(self, merged_into_id: UUID) -> None:
        super().__init__(
            "This customer was merged into another one.", merged_into_id=str(merged_into_id)
        )


def _first_good(contacts: Sequence[Contact]) -> str | None:
    return next((contact.value for contact in contacts if contact.invalid_at is None), None)
