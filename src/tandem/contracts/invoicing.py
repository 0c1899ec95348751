"""What invoicing tells the rest of the suite, and the tax question others ask. Data only."""

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.events import Event

TAX_CLASSES: Mapping[str, str] = {
    "standard": "18% goods and services, and whatever is listed nowhere else",
    "merit": "5% goods: packaged food, medicines, everyday needs",
    "reduced": "goods of the 12% list, 5% since 22 September 2025",
    "higher": "goods of the 28% list, 18% since 22 September 2025",
    "demerit": "luxuries of the 28% list, 40% since 22 September 2025",
    "precious": "3%: gold, silver, jewellery",
    "rough_stones": "0.25%: unworked diamonds and stones",
    "exempt": "no tax: fresh food, books, nil-rated and exempt goods",
}
"""What a variant's `tax_class` may say; the dated rates behind it are invoicing's."""


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """`discount_minor` is for the whole line, with or without tax as the price is."""

    hsn: str
    tax_class: str
    quantity: int
    unit_price_minor: int
    price_includes_tax: bool
    discount_minor: int = 0


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """`ship_state` and `bill_state` are GST state codes; "96" is abroad, empty is not known."""

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
    """`clause` names the rule that decided the place of supply: IGST Act s.10(1)(a), (b), (ca).

    `supply_kind` is the portal's: B2B, B2C, SEZWP, SEZWOP, EXPWP, EXPWOP. `total_minor` contains
    `round_off_minor`, which is not zero only where the company rounds documents to whole rupees.
    """

    lines: list[TaxedLine]
    place_of_supply: str
    supply_kind: str
    clause: str
    is_inter_state: bool
    taxable_minor: int
    tax_minor: int
    total_minor: int
    round_off_minor: int = 0


class InvoiceEvent(Event, frozen=True, kw_only=True):
    resource: ClassVar[str] = "invoice"

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
    """`invoice_id` is the credit note, `original_id` the invoice corrected. Total positive."""

    topic: ClassVar[str] = "invoicing.credit_note_issued.v1"
    original_id: UUID
    original_number: str
