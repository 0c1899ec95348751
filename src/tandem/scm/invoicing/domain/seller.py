"""The company as it stands on its invoices: its tax profile."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE, Address
from tandem.contracts.india import check_address
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole
from tandem.kernel.zones import zone_names
from tandem.scm.invoicing.domain.identifiers import check_gstin
from tandem.scm.invoicing.domain.numbers import (
    DEFAULT_FORMATS,
    Kind,
    check_format,
    continues,
    could_meet,
)

Name = Annotated[str, msgspec.Meta(min_length=3, max_length=100, pattern=PRINTABLE)]
Short = Annotated[str, msgspec.Meta(max_length=100, pattern=PRINTABLE)]
Format = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=FILLED)]

FORMAT_FIELDS: Mapping[Kind, str] = {"INV": "invoice_format", "CRN": "credit_note_format"}

LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
"""Printable, with line breaks."""


class SellerMissing(Conflict):
    """Without a seller nobody knows which state's tax applies."""

    code = "company_tax_profile_missing"

    def __init__(self) -> None:
        super().__init__("Fill in the company's tax profile first (PUT /v1/company-tax-profile).")


class SellerWrong(Invalid):
    code = "company_tax_profile_invalid"


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """Printed as it is on every document, and copied into it.

    `pays_zero_rated_tax`: exports and supplies to special economic zones carry IGST to be claimed
    back; otherwise `lut_number` is the letter of undertaking they go under. `rounds_total` rounds
    each document in rupees to whole ones. Formats take `{fy}` and one `{seq:06}`.
    """

    legal_name: Name
    trade_name: Short = ""
    gstin: Annotated[str, msgspec.Meta(min_length=15, max_length=15)]
    address: Address
    email: Short = ""
    phone: Annotated[str, msgspec.Meta(max_length=20, pattern=PRINTABLE)] = ""
    website: Short = ""
    upi_id: Annotated[str, msgspec.Meta(pattern=whole(r"([\w.-]{2,64}@[A-Za-z0-9.-]{2,64})?"))] = ""
    bank_name: Short = ""
    bank_account: Annotated[str, msgspec.Meta(pattern=whole(r"[0-9A-Za-z]{0,34}"))] = ""
    bank_ifsc: Annotated[str, msgspec.Meta(pattern=whole(r"([A-Z]{4}0[A-Z0-9]{6})?"))] = ""
    terms: Annotated[str, msgspec.Meta(max_length=1000, pattern=LINES)] = ""
    time_zone: Annotated[str, msgspec.Meta(max_length=64, pattern=PRINTABLE)] = "Asia/Kolkata"
    rounds_total: bool = False
    pays_zero_rated_tax: bool = False
    lut_number: Annotated[str, msgspec.Meta(max_length=30, pattern=PRINTABLE)] = ""
    invoice_format: Format = DEFAULT_FORMATS["INV"]
    credit_note_format: Format = DEFAULT_FORMATS["CRN"]

    @property
    def state_code(self) -> str:
        return self.gstin[:2]

    @property
    def pan(self) -> str:
        return self.gstin[2:12]

    @property
    def display_name(self) -> str:
        return self.trade_name or self.legal_name

    def number_format(self, kind: Kind) -> str:
        return self.invoice_format if kind == "INV" else self.credit_note_format


class SellerProfile(Seller, frozen=True, kw_only=True):
    version: int
    updated_at: datetime

    def as_printed(self) -> Seller:
        """What a document keeps of it."""
        return msgspec.convert(msgspec.to_builtins(self), Seller)


def check_seller(seller: Seller) -> Seller:
    """The same seller, tidied, or a refusal naming the field."""
    gstin = check_gstin(seller.gstin, field="gstin", categories={"regular"})
    check_address(seller.address, field="address")
    if seller.address.state_code != gstin[:2]:
        raise SellerWrong(
            f"The GSTIN belongs to state {gstin[:2]}, the address to {seller.address.state_code}.",
            field="address.state_code",
        )
    if seller.time_zone not in zone_names():
        raise SellerWrong(f"There is no time zone {seller.time_zone!r}.", field="time_zone")
    check_format(seller.invoice_format, field="invoice_format")
    check_format(seller.credit_note_format, field="credit_note_format")
    if could_meet(seller.invoice_format, seller.credit_note_format):
        raise SellerWrong(
            "Invoices and credit notes need formats that never give the same number: let them"
            " differ by more than digits.",
            field="credit_note_format",
        )
    return msgspec.structs.replace(seller, gstin=gstin)


def check_formats_used(seller: Seller, used: Iterable[tuple[Kind, str]]) -> None:
    """Refuse a format that could repeat a number of this year, whichever document has it."""
    for kind, field in FORMAT_FIELDS.items():
        new = seller.number_format(kind)
        for used_kind, old in used:
            if used_kind == kind and continues(old, new):
                continue
            if could_meet(old, new):
                raise SellerWrong(
                    f"Documents of this financial year are numbered by {old!r}; {new!r} could give"
                    " one of their numbers again.",
                    field=field,
                )
