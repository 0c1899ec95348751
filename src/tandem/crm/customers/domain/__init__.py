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
    Asked,
    Candidate,
    Customer,
    CustomerAddress,
    CustomerChange,
    CustomerDraft,
    CustomerMerged,
    NewAddress,
    NewCustomer,
    PossibleDuplicate,
)
from tandem.crm.customers.domain.tax_numbers import (
    GstinWrong,
    PanWrong,
    TreatmentWrong,
    check_tax_numbers,
    check_treatment,
)

PERMISSIONS: Mapping[str, str] = {
    "customers.read": "See customers with their contacts, addresses and notes.",
    "customers.write": "Add and change customers, accounts, notes, tasks and files.",
    "customers.assign": "Say whose a customer or an account is.",
    "customers.segment": "Define segments and who is on lists.",
    "customers.erase": "Erase a person, and hand out everything known of them.",
    "customers.import": "Take customers in from files, and take imports back.",
    "customers.export": "Hand out customers as files.",
    "customers.merge": "Merge two customers into one, and part them again.",
    "customers.suppress": "Suppress addresses, and release them.",
    "customers.configure": "Define the organisation's own fields.",
}

__all__ = [
    "PERMISSIONS",
    "Asked",
    "Candidate",
    "Contact",
    "Customer",
    "CustomerAddress",
    "CustomerChange",
    "CustomerDraft",
    "CustomerMerged",
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
    "TreatmentWrong",
    "check_tax_numbers",
    "check_treatment",
    "normal_email",
    "normal_phone",
    "read_contacts",
    "starts_of",
]
