"""What invoicing tells the rest of the suite, and the tax question others ask. Data only."""

from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.events import Event


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """`discount_minor` is for the whole line, in the same terms (with or without tax) as the price."""

    hsn: str
    tax_class: str
    quantity: int
    unit_price_minor: int
    price_includes_tax: bool
    discount_minor: int = 0


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """`ship_state` and `bill_state` are GST state codes; empty or "96" is abroad."""

    lines: list[CartLine]
    ship_state: str
    bill_state: str
    ship_country: str = "IN"
    buyer_gstin: str | None = None
    is_sez: bool = False
    currency: str = "INR"


class TaxedLine(msgspec.Struct, frozen=True, kw_only=True):
    taxable_minor: int
    tax_rate: str
    cgst_minor: int
    sgst_minor: int
    igst_minor: int
    cess_minor: int
    total_minor: int


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """`clause` names the rule that decided the place of supply: IGST Act s.10(1)(a), (b), (ca)."""

    lines: list[TaxedLine]
    place_of_supply: str
    supply_kind: str
    clause: str
    taxable_minor: int
    tax_minor: int
    total_minor: int


class InvoiceEvent(Event, frozen=True, kw_only=True):
    order_id: UUID
    invoice_id: UUID
    number: str
    total_minor: int
    currency: str

    def key(self) -> str:
        return str(self.order_id)


class InvoiceIssued(InvoiceEvent, frozen=True, kw_only=True):
    topic: ClassVar[str] = "invoicing.invoice_issued.v1"


class CreditNoteIssued(InvoiceEvent, frozen=True, kw_only=True):
    """`invoice_id` is the credit note; `original_id` the invoice it corrects. Total is positive."""

    topic: ClassVar[str] = "invoicing.credit_note_issued.v1"
    original_id: UUID
    original_number: str
