"""What stands where on a quote's paper: the same A4 sheet as an invoice's."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from tandem.crm.sales.domain.lines import Line
from tandem.crm.sales.domain.quotes import Quote, State
from tandem.scm.invoicing.domain import words
from tandem.scm.invoicing.domain.printing import SUPPLY, Party, Row, Sheet, address_lines
from tandem.scm.invoicing.domain.seller import Seller
from tandem.scm.invoicing.domain.states import state_name, state_tax_name
from tandem.scm.invoicing.domain.tax import percent

PAYMENT = {"prepaid": "Online, after acceptance", "cod": "Cash on delivery"}


def sheet_of(quote: Quote, seller: Seller, *, on: date, link: str) -> Sheet:
    """`on` is the day it is dated, `link` the address that its code opens."""
    is_draft = quote.state is State.DRAFT
    return Sheet(
        title="Quotation",
        copy_mark="DRAFT" if is_draft else f"VALID UNTIL {words.day(quote.valid_until).upper()}",
        number=quote.label,
        day=words.day(on),
        seller=_seller(seller),
        buyer=_buyer(quote),
        ship_to=_ship_to(quote),
        facts=_facts(quote),
        has_discount=any(line.discount_minor for line in quote.lines),
        has_tax_in_price=any(line.price_includes_tax for line in quote.lines),
        rows=[_row(quote, line) for line in quote.lines],
        tax_heads=_heads(quote),
        by_hsn=_by_hsn(quote),
        by_rate=[],
        totals=_totals(quote),
        grand_label="Total",
        grand_total=words.with_symbol(quote.total_minor, quote.currency),
        settled=[],
        in_words=words.in_words(quote.total_minor, quote.currency),
        declaration=quote.note,
        bank=[],
        terms=quote.terms,
        qr=link,
        qr_caption="Scan to accept",
        seal="",
    )


def _seller(seller: Seller) -> Party:
    contact = [part for part in (seller.phone, seller.email, seller.website) if part]
    legal = [seller.legal_name] if seller.trade_name else []
    return Party(
        name=seller.display_name,
        lines=[*legal, *address_lines(seller.address)],
        gstin=seller.gstin,
        pan=seller.pan,
        contact=" · ".join(contact),
    )


def _buyer(quote: Quote) -> Party:
    reached = [part for part in (quote.customer_email, quote.customer_phone) if part]
    return Party(
        name=quote.customer_name or "–", lines=reached or ["–"], gstin=quote.customer_gstin or ""
    )


def _ship_to(quote: Quote) -> Party:
    if quote.ship_to is None:
        return Party(name="As you tell us", lines=["when you accept"])
    return Party(name=quote.ship_to.name, lines=address_lines(quote.ship_to))


def _facts(quote: Quote) -> list[tuple[str, str]]:
    facts = [
        ("Valid until", words.day(quote.valid_until)),
        ("Payment", PAYMENT[quote.payment_method]),
    ]
    if quote.place_of_supply:
        place = f"{state_name(quote.place_of_supply)} ({quote.place_of_supply})"
        facts.append(("Place of supply", place))
        facts.append(("Supply", SUPPLY.get(quote.supply_kind, quote.supply_kind)))
    return facts


def _row(quote: Quote, line: Line) -> Row:
    def money(minor: int) -> str:
        return words.amount(minor, quote.currency)

    rate = Decimal(line.tax_rate)
    half = f"{percent(rate / 2)}% + {percent(rate / 2)}%"
    note = f"{percent(rate)}%" if quote.is_inter_state or not rate else half
    return Row(
        number=str(line.line_no),
        title=line.title,
        sku=line.sku,
        hsn=line.hsn,
        quantity=str(line.quantity),
        unit=line.unit,
        price=money(line.unit_price_minor) + ("*" if line.price_includes_tax else ""),
        discount=money(line.discount_minor) if line.discount_minor else "–",
        taxable=money(line.taxable_minor),
        tax=money(line.tax_minor),
        tax_note=note + (" + cess" if line.cess_minor else ""),
        total=money(line.total_minor),
    )


def _heads(quote: Quote) -> list[str]:
    heads = ["IGST"] if quote.is_inter_state else ["CGST", state_tax_name(quote.place_of_supply)]
    return [*heads, "Cess"] if any(line.cess_minor for line in quote.lines) else heads


def _taxes(quote: Quote, lines: list[Line]) -> list[int]:
    taxes = [sum(line.igst_minor for line in lines)]
    if not quote.is_inter_state:
        taxes = [sum(line.cgst_minor for line in lines), sum(line.sgst_minor for line in lines)]
    cess = sum(line.cess_minor for line in lines)
    return [*taxes, cess] if any(line.cess_minor for line in quote.lines) else taxes


def _by_hsn(quote: Quote) -> list[list[str]]:
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in quote.lines:
        groups[line.hsn, line.tax_rate].append(line)
    rows = []
    for (hsn, rate), lines in sorted(
        groups.items(), key=lambda one: (one[0][0], Decimal(one[0][1]))
    ):
        amounts = [
            sum(line.taxable_minor for line in lines),
            *_taxes(quote, lines),
            sum(line.tax_minor for line in lines),
        ]
        cells = [words.amount(amount, quote.currency) for amount in amounts]
        rows.append([hsn, f"{percent(Decimal(rate))}%", *cells])
    return rows


def _totals(quote: Quote) -> list[tuple[str, str]]:
    rows = [("Taxable value", quote.taxable_minor)]
    rows += list(zip(_heads(quote), _taxes(quote, quote.lines), strict=True))
    if quote.round_off_minor:
        rows.append(("Round off", quote.round_off_minor))
    return [(label, words.amount(minor, quote.currency)) for label, minor in rows]
