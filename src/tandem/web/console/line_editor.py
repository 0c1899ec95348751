"""Lines of a deal or a quote in a form: products chosen by type-ahead, prices and discounts as
typed, and what it all comes to as it is typed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, post

from tandem.contracts.address import Address
from tandem.contracts.india import states_of_pin
from tandem.contracts.invoicing import Quote
from tandem.crm.sales.domain.lines import LINES_MAX, Line, LineDraft
from tandem.flows.deal_lines import Buyer, priced
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import COMPUTES, Now, Transaction
from tandem.kernel.money import CURRENCIES
from tandem.web.console.forms import convert, decimal_text, minor_of, read_form
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
WORDS: Mapping[str, str] = {
    "quantity": "A quantity is a whole number from 1 to 100,000.",
    "sku": "Choose a product.",
    "unit_price_minor": "A price is not negative.",
    "discount_minor": "A discount is not negative.",
    "discount_percent": "A discount lies between 0 and 100 %.",
}
Short = Annotated[str, msgspec.Meta(max_length=200)]


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it stands in the form."""

    sku: Short
    title: Short = ""
    quantity: int | Short = 1
    price: Short = ""
    discount: Short = ""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, and what came of it where the lines could be priced."""

    typed: Typed
    line: Line | None


class Worked(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[Row]
    quote: Quote | None
    currency: str
    said: str = ""


class PricingPage(Controller):
    path = "/quotes/pricing"
    include_in_schema = False

    @post(status_code=200, opt=COMPUTES)
    async def price(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The lines and sums for what is typed so far. Writes nothing."""
        tx.actor.require("sales.write")
        form = await read_form(request)
        worked = await work_out(tx, form, currency=_currency(form), now=now)
        return page(request, "console/line_rows.html", worked=worked)


async def work_out(tx: Tx, form: Mapping[str, str], *, currency: str, now: datetime) -> Worked:
    """Never refuses: says what is wrong, and shows the lines as typed."""
    typed: list[Typed] = []
    try:
        typed = typed_lines(form)
        drafts = [_draft(line, at, currency) for at, line in enumerate(typed)]
        lines, quote = await priced(tx, drafts, buyer=_buyer(form), currency=currency, now=now)
    except Refusal as refusal:
        rows = [Row(typed=line, line=None) for line in typed]
        return Worked(rows=rows, quote=None, currency=currency, said=refusal.detail)
    rows = [Row(typed=one, line=line) for one, line in zip(typed, lines, strict=True)]
    return Worked(rows=rows, quote=quote, currency=currency)


def read_lines(form: Mapping[str, str], currency: str) -> list[LineDraft]:
    return [_draft(line, at, currency) for at, line in enumerate(typed_lines(form))]


def typed_lines(form: Mapping[str, str]) -> list[Typed]:
    try:
        given = msgspec.json.decode(form.get("lines") or "[]", type=list[Typed])
    except msgspec.DecodeError as reason:
        raise Invalid("The lines could not be read.", field="lines") from reason
    if len(given) > LINES_MAX:
        raise Invalid(f"It has {LINES_MAX} lines at most.", field="lines")
    return given


def lines_text(lines: Sequence[Line], currency: str) -> str:
    """Lines as the form holds them."""
    typed = [
        Typed(
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            price=decimal_text(line.unit_price_minor, currency),
            discount=decimal_text(line.discount_minor, currency) if line.discount_minor else "",
        )
        for line in lines
    ]
    return msgspec.json.encode(typed).decode()


def _draft(line: Typed, place: int, currency: str) -> LineDraft:
    values: dict[str, Any] = {"sku": line.sku, "quantity": line.quantity}
    if line.price.strip():
        values["unit_price_minor"] = minor_of(
            line.price, field=f"lines[{place}].price", currency=currency
        )
    discount = line.discount.strip()
    if discount.endswith("%"):
        values["discount_percent"] = discount.removesuffix("%").strip()
    elif discount:
        values["discount_minor"] = minor_of(
            discount, field=f"lines[{place}].discount", currency=currency
        )
    return convert(values, LineDraft, WORDS)


def _buyer(form: Mapping[str, str]) -> Buyer:
    """Where it goes, as far as it is typed: only the state matters here."""
    pin = form.get("ship_postal_code", "")
    states = states_of_pin(pin)
    state = form.get("ship_state_code") or (states[0] if states else "")
    gstin, is_sez = form.get("customer_gstin") or None, form.get("is_sez") == "true"
    if not state:
        return Buyer(gstin=gstin, is_sez=is_sez)
    place = Address(name="-", line1="-", city="-", postal_code=pin or "000", state_code=state)
    return Buyer(ship_to=place, gstin=gstin, is_sez=is_sez)


def _currency(form: Mapping[str, str]) -> str:
    text = form.get("currency", "INR")
    return text if text in CURRENCIES else "INR"
