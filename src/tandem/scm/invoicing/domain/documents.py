"""Invoices and credit notes as they were issued. Nothing about them changes afterwards."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar, Protocol
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.kernel.errors import Conflict, NotFound
from tandem.scm.invoicing.domain.numbers import Kind
from tandem.scm.invoicing.domain.seller import Seller


class InvoiceMissing(NotFound):
    code = "invoice_not_found"


class RoundOffWrong(Conflict):
    """An order's total is not the sum of its lines: nothing can be invoiced truthfully."""

    code = "order_total_wrong"


class Buyer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    gstin: str | None
    address: Address


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """Amounts in minor units, positive. A credit of value only has the quantity 0."""

    field_rules: ClassVar[Mapping[str, str]] = {
        "unit_price_minor": "invoice.total_minor",
        "discount_minor": "invoice.total_minor",
        "taxable_minor": "invoice.total_minor",
        "cgst_minor": "invoice.total_minor",
        "sgst_minor": "invoice.total_minor",
        "igst_minor": "invoice.total_minor",
        "cess_minor": "invoice.total_minor",
        "total_minor": "invoice.total_minor",
    }

    id: UUID
    line_no: int
    order_line_id: UUID
    original_line_id: UUID | None = None
    sku: str
    title: str
    hsn: str
    unit: str
    quantity: int
    unit_price_minor: int
    price_includes_tax: bool
    discount_minor: int
    tax_class: str
    tax_rate: str
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    igst_minor: int
    cess_minor: int
    total_minor: int


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says before it has a number.

    `fy` as 2026-27. `clause` is the rule that decided the place of supply. `paid_minor` is what the
    buyer had paid when it was issued. `total_minor` is positive for credit notes too: `kind` (INV,
    CRN) gives the sign.
    """

    resource: ClassVar[str] = "invoice"
    field_rules: ClassVar[Mapping[str, str]] = {
        "ship_to": "buyer",
        "paid_minor": "total_minor",
        "taxable_minor": "total_minor",
        "cgst_minor": "total_minor",
        "sgst_minor": "total_minor",
        "igst_minor": "total_minor",
        "cess_minor": "total_minor",
        "round_off_minor": "total_minor",
    }

    id: UUID
    kind: Kind
    series: str
    fy: str
    original_id: UUID | None
    original_number: str | None
    credit_no: int | None
    order_id: UUID
    order_number: str
    customer_id: UUID
    refund_id: UUID | None
    reason: str
    issued_at: datetime
    issued_on: date
    buyer: Buyer
    place_of_supply: str
    supply_kind: str
    clause: str
    is_inter_state: bool
    payment_method: str
    paid_minor: int
    currency: str
    taxable_minor: int
    cgst_minor: int
    sgst_minor: int
    igst_minor: int
    cess_minor: int
    round_off_minor: int
    total_minor: int


class Draft(Facts, frozen=True, kw_only=True):
    """A document worked out whole, lacking only its place in the series."""

    seller: Seller
    ship_to: Address
    lines: list[InvoiceLine]


class InvoiceHead(Facts, frozen=True, kw_only=True):
    """An issued document without its lines: what a list shows.

    `irn` is the reference number the e-invoice portal would give it, empty where none applies
    (sales to consumers). `prev_hash` and `hash` chain the documents of a series and year.
    """

    seq: int
    number: str
    irn: str
    prev_hash: str
    hash: str


class Invoice(InvoiceHead, frozen=True, kw_only=True):
    seller: Seller
    ship_to: Address
    lines: list[InvoiceLine]


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """The money of a line or a document, kind by kind."""

    taxable_minor: int = 0
    cgst_minor: int = 0
    sgst_minor: int = 0
    igst_minor: int = 0
    cess_minor: int = 0

    @property
    def total_minor(self) -> int:
        return self.taxable_minor + self.tax_minor

    @property
    def tax_minor(self) -> int:
        return self.cgst_minor + self.sgst_minor + self.igst_minor + self.cess_minor


class HasAmounts(Protocol):
    @property
    def taxable_minor(self) -> int: ...
    @property
    def cgst_minor(self) -> int: ...
    @property
    def sgst_minor(self) -> int: ...
    @property
    def igst_minor(self) -> int: ...
    @property
    def cess_minor(self) -> int: ...


KINDS_OF_AMOUNT = Amounts.__struct_fields__


def amounts_of(thing: HasAmounts) -> Amounts:
    return Amounts(**{name: getattr(thing, name) for name in KINDS_OF_AMOUNT})


def sum_of(things: Sequence[HasAmounts]) -> Amounts:
    return Amounts(
        **{name: sum(getattr(thing, name) for thing in things) for name in KINDS_OF_AMOUNT}
    )


def less(whole: HasAmounts, part: HasAmounts) -> Amounts:
    return Amounts(**{name: getattr(whole, name) - getattr(part, name) for name in KINDS_OF_AMOUNT})
