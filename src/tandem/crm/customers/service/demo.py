"""Ten customers of the demo company, at addresses the caller knows."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tandem.contracts.address import Address
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.service.intake import find_or_add
from tandem.kernel.db import Tx

PEOPLE: Sequence[tuple[str, str, str, str, str | None]] = (
    # name, e-mail, phone, company, GSTIN
    ("Ananya Iyer", "ananya.iyer@mail.tandem.test", "+919845010001", "", None),
    ("Rohan Deshpande", "rohan.d@mail.tandem.test", "+919845010002", "", None),
    ("Fatima Sheikh", "fatima.sheikh@mail.tandem.test", "+919845010003", "", None),
    ("Gurpreet Singh", "gurpreet@mail.tandem.test", "+919845010004", "", None),
    ("Lakshmi Narayanan", "lakshmi.n@mail.tandem.test", "+919845010005", "", None),
    ("Meera Kulkarni", "meera@mail.tandem.test", "+919845010006", "", None),
    ("Joseph Fernandes", "joseph.f@mail.tandem.test", "+919845010007", "", None),
    ("Divya Reddy", "divya.reddy@mail.tandem.test", "+919845010008", "", None),
    (
        "Karthik Shetty",
        "orders@kaveri-cafe.tandem.test",
        "+919845010009",
        "Kaveri Café LLP",
        "29AAKFK4821M1ZU",
    ),
    (
        "Nandini Gowda",
        "buying@malnad-stores.tandem.test",
        "+919845010010",
        "Malnad General Stores Pvt Ltd",
        "29AAFCM7316Q1ZR",
    ),
)


async def seed_demo(tx: Tx, addresses: Sequence[Address], now: datetime) -> int:
    """Add the demo customers that are not there yet, each at the next of the addresses."""
    assert addresses, "somebody to deliver to lives somewhere"
    drafts = [
        CustomerDraft(
            name=name,
            email=email,
            phone=phone,
            company_name=company,
            gstin=gstin,
            address=msgspec.structs.replace(
                addresses[place % len(addresses)], name=name, phone=phone
            ),
        )
        for place, (name, email, phone, company, gstin) in enumerate(PEOPLE)
    ]
    found = await find_or_add(tx, drafts, now=now)
    return sum(customer.created_at == now for customer in found)
