"""What stands where on a printed document. All of it is text; the template only sets it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal
from urllib.parse import quote, urlencode

import msgspec

from tandem.contracts.address import Address
from tandem.scm.invoicing.domain import words
from tandem.scm.invoicing.domain.documents import (
    Amounts,
    Invoice,
    InvoiceLine,
    amounts_of,
    sum_of,
)
from tandem.scm.invoicing.domain.states import state_name, state_tax_name
from tandem.scm.invoicing.domain.tax import percent

HASH_SHOWN = 16
PAYMENT = {"prepaid": "Online, before dispatch", "cod": "Cash on delivery"}
SUPPLY = {
    "B2B": "Business (B2B)",
    "B2C": "Consumer (B2C)",
    "SEZWP": "SEZ, with payment of IGST",
    "SEZWOP": "SEZ, without payment of IGST",
    "EXPWP": "Export, with payment of IGST",
    "EXPWOP": "Export, without payment of IGST",
}
DECLARATION = {
    "SEZWP": "Supply meant for SEZ on payment of integrated tax.",
    "EXPWP": "Supply meant for export on payment of integrated tax.",
    "SEZWOP": "Supply meant for SEZ under letter of undertaking without payment of integrated tax.",
    "EXPWOP": (
        "Supply meant for export under letter of undertaking without payment of integrated tax."
    ),
}
"""CGST Rules r.46, third proviso: the endorsement a zero-rated invoice has to carry."""


Copy = Literal["original", "duplicate", "triplicate"]
COPY_MARKS: Mapping[Copy, str] = {
    "original": "ORIGINAL FOR RECIPIENT",
    "duplicate": "DUPLICATE FOR TRANSPORTER",
    "triplicate": "TRIPLICATE FOR SUPPLIER",
}
"""CGST Rules r.48(1): the three copies of an invoice for goods."""


class Party(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    lines: list[str]
    gstin: str = ""
    pan: str = ""
    contact: str = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of goods. `tax_note` is its rate in words: 2.5% + 2.5%."""

    number: str
    title: str
    sku: str
    hsn: str
    quantity: str
    unit: str
    price: str
    discount: str
    taxable: str
    tax: str
    tax_note: str
    total: str


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    copy_mark: str
    number: str
    day: str
    seller: Party
    buyer: Party
    ship_to: Party
    facts: list[tuple[str, str]]
    has_discount: bool
    has_tax_in_price: bool
    rows: list[Row]
    tax_heads: list[str]
    by_hsn: list[list[str]]
    by_rate: list[list[str]]
    totals: list[tuple[str, str]]
    grand_label: str
    grand_total: str
    settled: list[tuple[str, str]]
    in_words: str
    declaration: str
    bank: list[tuple[str, str]]
    terms: str
    qr: str
    qr_caption: str
    seal: str


def sheet_of(
    invoice: Invoice, *, original_issued_on: date | None = None, copy: Copy = "original"
) -> Sheet:
    """Lay one document out. A credit note also needs the day of its invoice (CGST Rules r.53)."""
    qr, caption = _qr(invoice)
    is_credit = invoice.kind == "CRN"
    return Sheet(
        title=title_of(invoice),
        copy_mark=COPY_MARKS[copy],
        number=invoice.number,
        day=words.day(invoice.issued_on),
        seller=_seller(invoice),
        buyer=_party(invoice.buyer.name, invoice.buyer.address, invoice.buyer.gstin or ""),
        ship_to=_party(invoice.ship_to.name, invoice.ship_to, ""),
        facts=_facts(invoice, original_issued_on),
        has_discount=any(line.discount_minor for line in invoice.lines),
        has_tax_in_price=any(line.price_includes_tax for line in invoice.lines),
        rows=[_row(invoice, line) for line in invoice.lines],
        tax_heads=_tax_heads(invoice),
        by_hsn=_by_hsn(invoice),
        by_rate=_by_rate(invoice),
        totals=_totals(invoice),
        grand_label="Total credited" if is_credit else "Total",
        grand_total=words.with_symbol(invoice.total_minor, invoice.currency),
        settled=[] if is_credit else _settled(invoice),
        in_words=words.in_words(invoice.total_minor, invoice.currency),
        declaration=_declaration(invoice),
        bank=[] if is_credit else _bank(invoice),
        terms=invoice.seller.terms,
        qr=qr,
        qr_caption=caption,
        seal=invoice.hash[:HASH_SHOWN],
    )


def title_of(invoice: Invoice) -> str:
    if invoice.kind == "CRN":
        return "Credit note"
    is_exempt = all(line.tax_class == "exempt" for line in invoice.lines)
    # Exempt goods go on a bill of supply (CGST Act s.31(3)(c)); both together, to a consumer, on
    # one document of this name (CGST Rules r.46A).
    if is_exempt:
        return "Bill of supply"
    is_mixed = any(line.tax_class == "exempt" for line in invoice.lines)
    is_consumer = invoice.supply_kind == "B2C"
    return "Invoice-cum-bill of supply" if is_mixed and is_consumer else "Tax invoice"


def upi_link(*, upi_id: str, name: str, amount_minor: int, number: str) -> str:
    """NPCI's UPI linking specification: what a payment app reads from the code."""
    fields = {
        "pa": upi_id,
        "pn": name,
        "am": str(Decimal(amount_minor).scaleb(-2)),
        "cu": "INR",
        "tr": number.replace("/", ""),
        "tn": f"Invoice {number}",
    }
    return "upi://pay?" + urlencode(fields, safe="@", quote_via=quote)


def _seller(invoice: Invoice) -> Party:
    seller = invoice.seller
    legal = [seller.legal_name] if seller.trade_name else []
    contact = " · ".join(part for part in (seller.phone, seller.email, seller.website) if part)
    return Party(
        name=seller.display_name,
        lines=[*legal, *address_lines(seller.address)],
        gstin=seller.gstin,
        pan=seller.pan,
        contact=contact,
    )


def _party(name: str, address: Address, gstin: str) -> Party:
    return Party(name=name, lines=address_lines(address), gstin=gstin)


def address_lines(address: Address) -> list[str]:
    street = ", ".join(part for part in (address.line1, address.line2) if part)
    town = f"{address.city} {address.postal_code}"
    if address.country != "IN":
        return [*_given(street, address.landmark), town, address.country]
    state = f"{state_name(address.state_code)} ({address.state_code})" if address.state_code else ""
    return [*_given(street, address.landmark), *_given(", ".join(_given(town, state)))]


def _given(*parts: str) -> list[str]:
    return [part for part in parts if part]


def _facts(invoice: Invoice, original_issued_on: date | None) -> list[tuple[str, str]]:
    facts = [("Order", invoice.order_number)]
    if invoice.kind == "CRN":
        against = invoice.original_number or ""
        if original_issued_on:
            against += f" of {words.day(original_issued_on)}"
        facts = [("Against invoice", against), *facts]
        facts += [("Reason", invoice.reason)] if invoice.reason else []
    else:
        facts.append(("Payment", PAYMENT.get(invoice.payment_method, invoice.payment_method)))
    return [
        *facts,
        ("Place of supply", f"{state_name(invoice.place_of_supply)} ({invoice.place_of_supply})"),
        ("Supply", SUPPLY.get(invoice.supply_kind, invoice.supply_kind)),
        ("Reverse charge", "No"),
    ]


def _row(invoice: Invoice, line: InvoiceLine) -> Row:
    def money(minor: int) -> str:
        return words.amount(minor, invoice.currency)

    amounts = amounts_of(line)
    mark = "*" if line.price_includes_tax else ""
    return Row(
        number=str(line.line_no),
        title=line.title,
        sku=line.sku,
        hsn=line.hsn,
        quantity=str(line.quantity) if line.quantity else "–",
        unit=line.unit if line.quantity else "",
        price=money(line.unit_price_minor) + mark,
        discount=money(line.discount_minor) if line.discount_minor else "–",
        taxable=money(line.taxable_minor),
        tax=money(amounts.tax_minor),
        tax_note=_tax_note(invoice, line),
        total=money(line.total_minor),
    )


def _tax_note(invoice: Invoice, line: InvoiceLine) -> str:
    rate = Decimal(line.tax_rate)
    cess = " + cess" if line.cess_minor else ""
    if invoice.is_inter_state or not rate:
        return f"{percent(rate)}%{cess}"
    return f"{percent(rate / 2)}% + {percent(rate / 2)}%{cess}"


def _tax_heads(invoice: Invoice) -> list[str]:
    heads = ["IGST"] if invoice.is_inter_state else ["CGST", _state_tax(invoice)]
    return [*heads, "Cess"] if invoice.cess_minor else heads


def _state_tax(invoice: Invoice) -> str:
    return state_tax_name(invoice.place_of_supply)


def _taxes(invoice: Invoice, amounts: Amounts) -> list[int]:
    if invoice.is_inter_state:
        taxes = [amounts.igst_minor]
    else:
        taxes = [amounts.cgst_minor, amounts.sgst_minor]
    return [*taxes, amounts.cess_minor] if invoice.cess_minor else taxes


def _grouped(lines: Sequence[InvoiceLine], *names: str) -> dict[tuple[str, ...], Amounts]:
    groups: dict[tuple[str, ...], list[InvoiceLine]] = defaultdict(list)
    for line in lines:
        groups[tuple(getattr(line, name) for name in names)].append(line)
    return {key: sum_of(groups[key]) for key in groups}


def _by_hsn(invoice: Invoice) -> list[list[str]]:
    """HSN, rate, value, each tax, all taxes: the table 12 of the return, as printed."""
    groups = _grouped(invoice.lines, "hsn", "tax_rate")
    ordered = sorted(groups.items(), key=lambda entry: (entry[0][0], Decimal(entry[0][1])))
    return [[hsn, f"{rate}%", *_money_cells(invoice, amounts)] for (hsn, rate), amounts in ordered]


def _by_rate(invoice: Invoice) -> list[list[str]]:
    groups = _grouped(invoice.lines, "tax_rate")
    ordered = sorted(groups.items(), key=lambda entry: Decimal(entry[0][0]))
    return [[f"{rate}%", *_money_cells(invoice, amounts)] for (rate,), amounts in ordered]


def _money_cells(invoice: Invoice, amounts: Amounts) -> list[str]:
    cells = [amounts.taxable_minor, *_taxes(invoice, amounts), amounts.tax_minor]
    return [words.amount(cell, invoice.currency) for cell in cells]


def _totals(invoice: Invoice) -> list[tuple[str, str]]:
    rows = [("Taxable value", invoice.taxable_minor)]
    rows += list(zip(_tax_heads(invoice), _taxes(invoice, amounts_of(invoice)), strict=True))
    if invoice.round_off_minor:
        rows.append(("Round off", invoice.round_off_minor))
    return [(label, words.amount(minor, invoice.currency)) for label, minor in rows]


def _settled(invoice: Invoice) -> list[tuple[str, str]]:
    due = invoice.total_minor - invoice.paid_minor
    paid = words.with_symbol(invoice.paid_minor, invoice.currency)
    if due <= 0:
        return [("Paid", paid)]
    shown = [("Paid", paid)] if invoice.paid_minor else []
    return [*shown, ("To pay on delivery", words.with_symbol(due, invoice.currency))]


def _declaration(invoice: Invoice) -> str:
    text = DECLARATION.get(invoice.supply_kind, "")
    if text and invoice.seller.lut_number and invoice.supply_kind.endswith("WOP"):
        return f"{text} LUT {invoice.seller.lut_number}."
    return text


def _bank(invoice: Invoice) -> list[tuple[str, str]]:
    seller = invoice.seller
    known = [
        ("Bank", seller.bank_name),
        ("Account", seller.bank_account),
        ("IFSC", seller.bank_ifsc),
        ("UPI", seller.upi_id),
    ]
    return [(label, value) for label, value in known if value]


def _qr(invoice: Invoice) -> tuple[str, str]:
    """A UPI code while something is to pay; otherwise the document's facts, to check it against."""
    due = invoice.total_minor - invoice.paid_minor
    seller = invoice.seller
    if invoice.kind == "INV" and due > 0 and seller.upi_id and invoice.currency == "INR":
        link = upi_link(
            upi_id=seller.upi_id, name=seller.display_name, amount_minor=due, number=invoice.number
        )
        return link, "Scan to pay by UPI"
    facts = {
        "SellerGstin": seller.gstin,
        "BuyerGstin": invoice.buyer.gstin or "URP",
        "DocNo": invoice.number,
        "DocTyp": invoice.kind,
        "DocDt": invoice.issued_on.strftime("%d/%m/%Y"),
        "TotInvVal": str(Decimal(invoice.total_minor).scaleb(-2)),
        "Seal": invoice.hash[:HASH_SHOWN],
    }
    return msgspec.json.encode(facts).decode(), "Scan to check"
