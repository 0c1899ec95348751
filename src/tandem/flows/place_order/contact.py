"""How the buyer of one order is reached, as the order itself says."""

import msgspec

from tandem.crm.customers.domain import check_tax_numbers, normal_email, normal_phone
from tandem.flows.place_order.basket import Buyer


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """In normal form; empty where the customer's own record is to be used."""

    name: str = ""
    email: str | None = None
    phone: str | None = None
    gstin: str | None = None


NOBODY = Contact()


def contact_of(buyer: Buyer | None) -> Contact:
    """Refuses EmailWrong, PhoneWrong, GstinWrong."""
    if buyer is None:
        return NOBODY
    return Contact(
        name=buyer.name.strip(),
        email=normal_email(buyer.email, field="customer.email") if buyer.email else None,
        phone=normal_phone(buyer.phone, field="customer.phone") if buyer.phone else None,
        gstin=check_tax_numbers(buyer.gstin, None, field="customer.gstin")[0],
    )
