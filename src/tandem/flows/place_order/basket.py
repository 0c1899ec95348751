"""What is asked for: an order as a shop, a form or a script sends it."""

from typing import Annotated
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE, Address
from tandem.contracts.orders import PaymentMethod
from tandem.kernel.patterns import whole

QUANTITY_MAX = 100_000
LINES_MAX = 200
DISCOUNT_MAX = 10**12

Sku = Annotated[
    str, msgspec.Meta(min_length=1, max_length=64, pattern=FILLED, examples=["TEA-ASSAM-250"])
]
Word = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z0-9][a-z0-9_.-]*"), max_length=40)]
Discount = Annotated[int, msgspec.Meta(ge=0, le=DISCOUNT_MAX)]


class Line(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    sku: Sku
    quantity: Annotated[int, msgspec.Meta(ge=1, le=QUANTITY_MAX)]


Lines = Annotated[list[Line], msgspec.Meta(min_length=1, max_length=LINES_MAX)]


class Buyer(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A new customer, or one we know by the telephone number or the e-mail address."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]
    email: Annotated[str, msgspec.Meta(max_length=254, pattern=PRINTABLE)] | None = None
    phone: Annotated[str, msgspec.Meta(max_length=20, pattern=PRINTABLE)] | None = None
    gstin: Annotated[str, msgspec.Meta(max_length=15, pattern=PRINTABLE)] | None = None


class OutsideId(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What another system calls this order: its id in a shop, a marketplace, an ERP."""

    system: Word
    kind: Word = "order"
    external_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=FILLED)]


class NewOrder(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Give `customer_id` or `customer`. Prices are the catalogue's; the discount is in the same
    terms (with or without tax) and is shared over the lines in proportion.

    Without `ship_to` it goes to the first address of the customer named by id; an address without
    `state_code` lies in its PIN's state. `is_sez` says whether it is for a unit or developer of a
    special economic zone (IGST Act s.7(5)(b)); left out, the customer's `gst_treatment` does, as
    long as the order names no other GSTIN than theirs. A draft (`is_draft`) holds no stock and
    waits for its confirmation.
    """

    customer_id: UUID | None = None
    customer: Buyer | None = None
    lines: Lines
    ship_to: Address | None = None
    bill_to: Address | None = None
    payment_method: PaymentMethod = "prepaid"
    channel: Word = "api"
    discount_minor: Discount = 0
    note: Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    references: Annotated[list[OutsideId], msgspec.Meta(max_length=10)] = []
    is_sez: bool | None = None
    is_draft: bool = False


class OrderQuestion(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An order half typed: whatever is known of where it goes and who buys. A customer's GSTIN and
    treatment count where the question itself says nothing."""

    customer_id: UUID | None = None
    lines: Lines
    postal_code: Annotated[str, msgspec.Meta(max_length=12, pattern=PRINTABLE)] = ""
    state_code: Annotated[str, msgspec.Meta(pattern=whole(r"(\d{2})?"))] = ""
    country: Annotated[str, msgspec.Meta(pattern=whole("[A-Z]{2}"))] = "IN"
    gstin: Annotated[str, msgspec.Meta(max_length=15, pattern=PRINTABLE)] | None = None
    is_sez: bool | None = None
    discount_minor: Discount = 0
