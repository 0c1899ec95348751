"""Orders that want to be shipped, and the settings of the specification's worked dates."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.kernel.ids import new_id
from tandem.scm.shipping.domain.configuration import Configuration, Origin

INDIA = ZoneInfo("Asia/Kolkata")

WAREHOUSE = Address(
    name="Tandem Demo Traders",
    line1="4 Richmond Road",
    city="Bengaluru",
    state_code="29",
    postal_code="560025",
    phone="+918041112222",
)
HOME = Address(
    name="Asha Rao",
    line1="12 Church Street",
    line2="Flat 4B",
    landmark="Metro station",
    city="Bengaluru",
    state_code="29",
    postal_code="560001",
    phone="+919845012345",
)

AT_BENGALURU = Configuration(origins=[Origin(name="Bengaluru hub", address=WAREHOUSE)])


def india(text: str) -> datetime:
    """An instant from Indian wall-clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=INDIA)


def line(quantity: int = 2, total_minor: int = 20_000, **changes: Any) -> OrderLine:
    given: dict[str, Any] = {
        "id": new_id(),
        "line_no": 1,
        "variant_id": new_id(),
        "sku": "TEA-250",
        "title": "Assam Tea, 250 g",
        "hsn": "0902",
        "unit": "NOS",
        "quantity": quantity,
        "unit_price_minor": total_minor // quantity,
        "price_includes_tax": True,
        "discount_minor": 0,
        "taxable_minor": total_minor,
        "tax_class": "merit",
        "tax_rate": "5",
        "cgst_minor": 0,
        "sgst_minor": 0,
        "igst_minor": 0,
        "cess_minor": 0,
        "total_minor": total_minor,
        "weight_grams": 290,
        **changes,
    }
    return OrderLine(**given)


def order(*lines: OrderLine, **changes: Any) -> OrderSnapshot:
    bought = list(lines) or [line()]
    total = sum(each.total_minor for each in bought)
    given: dict[str, Any] = {
        "id": new_id(),
        "number": "R1001",
        "public_token": "x" * 22,
        "customer_id": new_id(),
        "customer_name": "Asha Rao",
        "customer_email": "asha@example.com",
        "customer_phone": "+919845012345",
        "customer_gstin": None,
        "channel": "console",
        "currency": "INR",
        "payment_method": "prepaid",
        "status": "confirmed",
        "payment_status": "paid",
        "fulfilment_status": "unfulfilled",
        "is_on_hold": False,
        "ship_to": HOME,
        "bill_to": HOME,
        "place_of_supply": "29",
        "lines": bought,
        "discount_minor": 0,
        "taxable_minor": total,
        "tax_minor": 0,
        "total_minor": total,
        "paid_minor": total,
        "refunded_minor": 0,
        "placed_at": datetime(2026, 11, 20, 5, 0, tzinfo=UTC),
        "expires_at": None,
        "promised_on": date(2026, 11, 24),
        "note": "",
        "version": 1,
        **changes,
    }
    return OrderSnapshot(**given)


def cod(*lines: OrderLine, **changes: Any) -> OrderSnapshot:
    return order(*lines, payment_method="cod", payment_status="none", paid_minor=0, **changes)


def with_number(given: OrderSnapshot, number: str) -> OrderSnapshot:
    return msgspec.structs.replace(given, id=new_id(), number=number)
