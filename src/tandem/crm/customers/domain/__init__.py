"""People, how they are reached and told apart. Pure: no clock, no I/O."""

from collections.abc import Mapping

from tandem.crm.customers.domain.contacts import (
    Contact,
    EmailWrong,
    Key,
    Kind,
    NewContact,
    PhoneWrong,
    normal_email,
    normal_phone,
    read_contacts,
    starts_of,
)
from tandem.crm.customers.domain.people import (
    Candidate,
    Customer,
    CustomerAddress,
    CustomerChange,
    CustomerDraft,
    NewAddress,
    NewCustomer,
    PossibleDuplicate,
)
from tandem.crm.customers.domain.tax_numbers import GstinWrong, PanWrong, check_tax_numbers

PERMISSIONS: Mapping[str, str] = {
    "customers.read": "See customers with their contacts, addresses and notes.",
    "customers.write": "Add and change customers.",
}

__all__ = [
    "PERMISSIONS",
    "Candidate",
    "Contact",
    "Customer",
    "CustomerAddress",
    "CustomerChange",
    "CustomerDraft",
    "EmailWrong",
    "GstinWrong",
    "Key",
    "Kind",
    "NewAddress",
    "NewContact",
    "NewCustomer",
    "PanWrong",
    "PhoneWrong",
    "PossibleDuplicate",
    "check_tax_numbers",
    "normal_email",
    "normal_phone",
    "read_contacts",
    "starts_of",
]
