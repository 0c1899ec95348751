"""GST as arithmetic and documents as values. Pure: no clock, no database, no network."""

from collections.abc import Mapping

PERMISSIONS: Mapping[str, str] = {
    "invoicing.read": "See invoices and credit notes, print them and audit their numbers.",
    "invoicing.issue": "Issue the invoice of an order.",
    "invoicing.credit": "Issue credit notes against an invoice.",
    "invoicing.configure": "Change the company's tax profile, number formats and own tax rates.",
}
