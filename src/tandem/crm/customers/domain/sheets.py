"""Customers as rows of a spreadsheet."""

from collections.abc import Mapping, Sequence
from typing import Any

from tandem.crm.customers.domain.custom_fields import CustomField, from_text
from tandem.crm.customers.domain.people import Customer
from tandem.kernel.cells import guarded
from tandem.kernel.errors import Invalid
from tandem.kernel.sheets import filled, listed

PLAIN = ("number", "name", "company_name", "email", "phone", "gstin", "pan", "notes", "tags",
         "locale", "gst_treatment")  # fmt: skip
HOME = ("line1", "line2", "city", "state_code", "postal_code")
NEEDED = {"line1": "its street", "city": "its city", "postal_code": "its PIN code"}
FIELDS = (*PLAIN, *HOME)
KEPT_BY: Mapping[str, str] = {
    "email": "customer.emails",
    "phone": "customer.phones",
    "gstin": "customer.gstin",
    "pan": "customer.pan",
    "notes": "customer.notes",
    **dict.fromkeys(HOME, "customer.addresses"),
}
"""Whose field rule keeps a column from somebody."""
ALIASES: Mapping[str, str] = {
    "e-mail": "email", "mail": "email", "email address": "email", "mobile": "phone",
    "telephone": "phone", "phone number": "phone", "full name": "name", "customer": "name",
    "customer name": "name", "company": "company_name", "address": "line1", "street": "line1",
    "pin": "postal_code", "pin code": "postal_code", "pincode": "postal_code", "zip": "postal_code",
    "town": "city", "state": "state_code", "note": "notes", "language": "locale",
    "customer number": "number", "gst treatment": "gst_treatment",
}  # fmt: skip


def values_of(
    cells: Sequence[str],
    columns: Sequence[str],
    mapping: Mapping[str, str],
    own: Mapping[str, CustomField],
) -> dict[str, Any]:
    """A row's cells as a customer's fields; empty cells say nothing. Raises Invalid."""
    return _shaped(filled(cells, columns, mapping), own)


def _shaped(found: Mapping[str, str], own: Mapping[str, CustomField]) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: found[name]
        for name in (
            "number",
            "name",
            "company_name",
            "gstin",
            "pan",
            "notes",
            "locale",
            "gst_treatment",
        )
        if name in found
    }
    if "gst_treatment" in given:
        given["gst_treatment"] = given["gst_treatment"].lower()
    for kind in ("email", "phone"):
        if kind in found:
            given[f"{kind}s"] = [{"value": found[kind]}]
    if "tags" in found:
        given["tags"] = listed(found["tags"])
    home = {name: found[name] for name in HOME if name in found}
    if home:
        if missing := [said for name, said in NEEDED.items() if name not in home]:
            said = f"An address needs {' and '.join(missing)} too, or leave its columns out."
            raise Invalid(said, field=next(iter(home)))
        given["addresses"] = [{"address": {"name": found.get("name", "Home")[:100], **home}}]
    custom = {
        key: from_text(own[key], found[f"custom.{key}"]) for key in own if f"custom.{key}" in found
    }
    return given | ({"custom": custom} if custom else {})


def export_columns(own: Sequence[CustomField]) -> list[str]:
    return [*FIELDS, *(f"custom.{field.key}" for field in own)]


def export_row(customer: Customer, own: Sequence[CustomField]) -> list[str | int | float]:
    """One customer in the columns that an import knows. Numbers stay numbers."""
    home = customer.addresses[0].address if customer.addresses else None
    phone = customer.phones[0].value if customer.phones else ""
    texts = [
        customer.number, customer.name, customer.company_name,
        customer.emails[0].value if customer.emails else "", phone,
        customer.gstin or "", customer.pan or "", customer.notes, "; ".join(customer.tags),
        customer.locale, customer.gst_treatment,
        *(getattr(home, name) if home else "" for name in HOME),
    ]  # fmt: skip
    return [*(guarded(text) for text in texts), *own_cells(customer.custom, own)]


def own_cells(custom: Mapping[str, Any], own: Sequence[CustomField]) -> list[str | int | float]:
    """A record's own fields as an import reads them. Numbers stay numbers."""
    cells: list[str | int | float] = []
    for field in own:
        value = custom.get(field.key, "")
        if isinstance(value, bool):
            cells.append("yes" if value else "no")
        elif isinstance(value, int | float):
            cells.append(value)
        else:
            cells.append(guarded("; ".join(value) if isinstance(value, list) else value))
    return cells
