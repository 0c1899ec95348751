"""The e-invoice of a document: INV-01, version 1.1, as the invoice registration portal takes it.

Rules of the schema that a document of ours could break are held here (lengths, characters, units,
prices without tax); those it can only break by what is missing refuse by name. Amounts are rupees.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from tandem.contracts.address import Address
from tandem.kernel.errors import Conflict
from tandem.scm.invoicing.domain.documents import Invoice, InvoiceLine
from tandem.scm.invoicing.domain.states import ABROAD, state_name

VERSION = "1.1"
UNREGISTERED = "URP"
PIN_ABROAD = 999_999
LINES_MAX = 1_000
JSON = msgspec.json.Encoder(decimal_format="number")


class EInvoiceNotApplicable(Conflict):
    """Sales to consumers get none (CGST Rules r.48(4)), nor does what the portal cannot take."""

    code = "e_invoice_not_applicable"


def e_invoice(invoice: Invoice, original: Invoice | None) -> dict[str, Any]:
    """INV-01 of an invoice, or of a credit note with the invoice it takes back.

    Refuses EInvoiceNotApplicable: a sale to a consumer, another currency than rupees, a zone's
    buyer without GSTIN, more lines than the portal takes.
    """
    _check(invoice)
    made: dict[str, Any] = {
        "Version": VERSION,
        "TranDtls": {
            "TaxSch": "GST",
            "SupTyp": invoice.supply_kind,
            "RegRev": "N",
            "IgstOnIntra": "Y" if _is_inter_at_home(invoice) else "N",
        },
        "DocDtls": {
            "Typ": invoice.kind,
            "No": invoice.number,
            "Dt": f"{invoice.issued_on:%d/%m/%Y}",
        },
        "SellerDtls": _seller(invoice),
        "BuyerDtls": _buyer(invoice),
        "ItemList": [_item(line) for line in invoice.lines],
        "ValDtls": _values(invoice),
    }
    if invoice.supply_kind.startswith("EXP"):
        made["ExpDtls"] = {"CntCode": invoice.ship_to.country}
    elif _goes_elsewhere(invoice):
        made["ShipDtls"] = {"LglNm": _text(invoice.ship_to.name, 3, 100), **_place(invoice.ship_to)}
    if original is not None:
        number, day = original.number, f"{original.issued_on:%d/%m/%Y}"
        made["RefDtls"] = {"PrecDocDtls": [{"InvNo": number, "InvDt": day}]}
    return made


def _check(invoice: Invoice) -> None:
    if invoice.supply_kind == "B2C":
        raise EInvoiceNotApplicable("Sales to consumers get no e-invoice.")
    if invoice.currency != "INR":
        raise EInvoiceNotApplicable("The portal takes documents in rupees.")
    if invoice.supply_kind.startswith("SEZ") and not invoice.buyer.gstin:
        raise EInvoiceNotApplicable("A zone's buyer is registered: the order names no GSTIN.")
    if len(invoice.lines) > LINES_MAX:
        raise EInvoiceNotApplicable(f"The portal takes {LINES_MAX} lines at most.")


def _is_inter_at_home(invoice: Invoice) -> bool:
    return invoice.is_inter_state and invoice.place_of_supply == invoice.seller.state_code


def _goes_elsewhere(invoice: Invoice) -> bool:
    """Another door than the buyer's own."""
    there, own = invoice.ship_to, invoice.buyer.address
    return (there.line1, there.postal_code) != (own.line1, own.postal_code)


def _seller(invoice: Invoice) -> dict[str, Any]:
    seller = invoice.seller
    place = _place(seller.address)
    made = {"Gstin": seller.gstin, "LglNm": _text(seller.legal_name, 3, 100), **place}
    made["Loc"] = made["Loc"][:50]
    if seller.trade_name:
        made["TrdNm"] = _text(seller.trade_name, 3, 100)
    if 6 <= len(digits := "".join(filter(str.isdigit, seller.phone))) <= 12:
        made["Ph"] = digits
    if 6 <= len(seller.email) <= 100:
        made["Em"] = seller.email
    return made


def _buyer(invoice: Invoice) -> dict[str, Any]:
    """Whoever buys from abroad stands at the place and PIN the portal knows for that."""
    buyer = invoice.buyer
    made = {
        "Gstin": buyer.gstin or UNREGISTERED,
        "LglNm": _text(buyer.name, 3, 100),
        "Pos": invoice.place_of_supply,
        **_place(buyer.address),
    }
    if invoice.supply_kind.startswith("EXP"):
        made |= {"Gstin": UNREGISTERED, "Pos": ABROAD, "Stcd": ABROAD, "Pin": PIN_ABROAD}
    return made


def _place(address: Address) -> dict[str, Any]:
    is_here = address.country == "IN"
    state = address.state_code if is_here else ABROAD
    pin = address.postal_code.replace(" ", "")
    made = {
        "Addr1": _text(address.line1, 3, 100, state_name(state)),
        "Loc": _text(address.city, 3, 100, state_name(state)),
        "Pin": int(pin) if is_here and pin.isdigit() else PIN_ABROAD,
        "Stcd": state,
    }
    if len(address.line2) >= 3:
        made["Addr2"] = _text(address.line2, 3, 100)
    return made


def _item(line: InvoiceLine) -> dict[str, Any]:
    """A price that includes tax, or what is credited of one, stands as the value it leaves. A
    credit of value alone, which has no goods, is one of `OTH`. Cess is told as an amount."""
    quantity, unit = (line.quantity, line.unit) if line.quantity else (1, "OTH")
    gross = line.unit_price_minor * line.quantity
    is_plain = not line.price_includes_tax and gross - line.discount_minor == line.taxable_minor
    before = gross if is_plain else line.taxable_minor
    return {
        "SlNo": str(line.line_no),
        "PrdDesc": _text(line.title, 3, 300, line.sku),
        "IsServc": "Y" if line.hsn.startswith("99") else "N",
        "HsnCd": line.hsn,
        "Qty": Decimal(quantity),
        "Unit": unit,
        "UnitPrice": _thousandths(before, quantity),
        "TotAmt": _rupees(before),
        "Discount": _rupees(line.discount_minor if is_plain else 0),
        "AssAmt": _rupees(line.taxable_minor),
        "GstRt": Decimal(line.tax_rate),
        "IgstAmt": _rupees(line.igst_minor),
        "CgstAmt": _rupees(line.cgst_minor),
        "SgstAmt": _rupees(line.sgst_minor),
        "CesNonAdvlAmt": _rupees(line.cess_minor),
        "TotItemVal": _rupees(line.total_minor),
    }


def _values(invoice: Invoice) -> dict[str, Any]:
    return {
        "AssVal": _rupees(invoice.taxable_minor),
        "CgstVal": _rupees(invoice.cgst_minor),
        "SgstVal": _rupees(invoice.sgst_minor),
        "IgstVal": _rupees(invoice.igst_minor),
        "CesVal": _rupees(invoice.cess_minor),
        "RndOffAmt": _rupees(invoice.round_off_minor),
        "TotInvVal": _rupees(invoice.total_minor),
    }


def _rupees(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def _thousandths(minor: int, quantity: int) -> Decimal:
    price = Decimal(minor).scaleb(-2) / quantity
    return price.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)


def _text(given: str, shortest: int, longest: int, more: str = "") -> str:
    """Without the two characters the schema has not, and long enough."""
    text = "".join(" " if sign in '"\\' else sign for sign in given).strip()
    if len(text) < shortest:
        text = f"{text} {more}".strip().ljust(shortest, ".")
    return text[:longest].strip()


def bulk(documents: Sequence[dict[str, Any]]) -> bytes:
    """As the portal's bulk upload takes them: a list."""
    return JSON.encode(list(documents))
