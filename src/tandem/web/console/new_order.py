"""Taking an order: customer, items with stock, price, tax and date as they are typed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post

from tandem.contracts.address import Address
from tandem.contracts.india import check_address, states_of_pin, with_state
from tandem.contracts.orders import OrderSnapshot
from tandem.crm.customers import service as customers
from tandem.flows.place_order.basket import Buyer, Line, NewOrder, OrderQuestion, OutsideId
from tandem.flows.place_order.placing import place_orders
from tandem.flows.place_order.quoting import OrderQuote, quote_order
from tandem.kernel import references
from tandem.kernel.actor import Actor
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.fields import is_kept
from tandem.kernel.http import COMPUTES, Now, Transaction
from tandem.kernel.ids import new_id, parse_id
from tandem.web.console.addresses import STATE_OPTIONS, address_values, read_address
from tandem.web.console.forms import (
    NO_PROBLEM,
    Problem,
    convert,
    minor_of,
    problem_of,
    read_form,
)
from tandem.web.rendering import page, redirect

AnyRequest = Request[Any, Any, Any]
LINES_MAX = 200
WORDS: Mapping[str, str] = {
    "name": "Give the buyer's name.",
    "quantity": "A quantity is a whole number from 1 to 100,000.",
    "sku": "Choose a product.",
    "note": "A note has 2,000 characters at most.",
}
PROBLEMS: Mapping[str, str] = {
    "unknown_sku": "There is no such SKU.",
    "not_for_sale": "This product is off sale.",
    "insufficient_stock": "Not enough in stock.",
}


class NewOrderPage(Controller):
    path = "/orders"
    include_in_schema = False

    @get("/new")
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        tx.actor.require("orders.write")
        values = await _start(tx, request.query_params.get("customer", ""))
        return await _page(request, tx, values, now=now)

    @post("/quote", status_code=200, opt=COMPUTES)
    async def quote(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """The lines and sums for what is typed so far. Writes nothing."""
        form = await read_form(request)
        quote, said = await _quote(tx, form, now)
        return page(
            request,
            "console/new_order_quote.html",
            quote=quote,
            said=said,
            problems=PROBLEMS,
            currency=quote.currency if quote else "INR",
        )

    @post("/new", status_code=200)
    async def place(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        form = await read_form(request)
        if before := await _sent_before(tx, form.get("form_id", "")):
            return redirect(request, f"/orders/{before}")
        try:
            outcome = (await place_orders(tx, [_ask(form, tx.actor)], now=now))[0]
            if isinstance(outcome, Refusal):
                raise outcome
        except Refusal as refusal:
            problem = problem_of(refusal, form)
            return await _page(request, tx, form, now=now, problem=problem, status=refusal.status)
        return redirect(request, f"/orders/{outcome.id}", toast=_said(outcome))


def _said(order: OrderSnapshot) -> str:
    if order.status == "pending_payment":
        return f"{order.number} is placed. Send the buyer its pay link."
    return f"{order.number} is placed."


async def _start(tx: Tx, customer: str) -> dict[str, str]:
    """An empty form, or one for a customer."""
    values = {"form_id": str(new_id()), "payment_method": "prepaid"}
    try:
        found = await customers.get_customer(tx, UUID(customer)) if customer else None
    except ValueError:
        found = None
    if found is None:
        return values
    home = found.addresses[0].address if found.addresses else None
    return {
        **values,
        "customer_id": str(found.id),
        "customer_label": found.name,
        **address_values(home, "ship_"),
    }


async def _sent_before(tx: Tx, form_id: str) -> UUID | None:
    """The order this very form became: a second click must not become a second order."""
    for reference in await references.find(tx, form_id) if form_id else []:
        if (reference.system, reference.kind) == ("console", "form"):
            return reference.order_id
    return None


def _lines(form: Mapping[str, str]) -> list[Line]:
    try:
        given = msgspec.json.decode(form.get("lines") or "[]", type=list[dict[str, Any]])
    except msgspec.DecodeError as reason:
        raise Invalid("The lines could not be read.", field="lines") from reason
    if len(given) > LINES_MAX:
        raise Invalid(f"An order has {LINES_MAX} lines at most.", field="lines")
    return [convert(line, Line, WORDS) for line in given]


def _ask(form: Mapping[str, str], actor: Actor) -> NewOrder:
    lines = _lines(form)
    if not lines:
        raise Invalid("Add at least one product.", field="lines")
    customer_id = form.get("customer_id", "")
    buyer = None if customer_id else _buyer(form)
    name = buyer.name if buyer else form.get("customer_label", "")
    # Who may not say where it goes sends it where the customer lives.
    ship_to = None if is_kept(actor, "order.ship_to") else _ship_to(form, name)
    method: Literal["prepaid", "cod"] = "cod" if form.get("payment_method") == "cod" else "prepaid"
    given: dict[str, Any] = {
        "customer_id": _known(customer_id) if customer_id else None,
        "customer": buyer,
        "lines": lines,
        "ship_to": ship_to,
        "payment_method": method,
        "channel": "console",
        "discount_minor": _discount(form),
        "note": form.get("note", ""),
    }
    if parse_id(form.get("form_id", "")):
        given["references"] = [
            OutsideId(system="console", kind="form", external_id=form["form_id"])
        ]
    return convert(given, NewOrder, WORDS)


def _known(customer_id: str) -> UUID:
    found = parse_id(customer_id)
    if found is None:
        raise Invalid("There is no such customer.", field="customer")
    return found


def _buyer(form: Mapping[str, str]) -> Buyer:
    if not form.get("name"):
        raise Invalid("Choose the customer, or give a name for a new one.", field="customer")
    if not (form.get("phone") or form.get("email")):
        raise Invalid("Give a phone number or an e-mail address.", field="phone")
    given: dict[str, Any] = {
        "name": form["name"],
        "phone": form.get("phone") or None,
        "email": form.get("email") or None,
        "gstin": form.get("gstin") or None,
    }
    return convert(given, Buyer, WORDS)


def _ship_to(form: Mapping[str, str], name: str) -> Address:
    address = read_address(form, "ship_", name=name[:100])
    if address is None:
        raise Invalid("Where does it go? Give street, PIN code and city.", field="ship_line1")
    check_address(address, field="ship_to")
    return with_state(address)


def _discount(form: Mapping[str, str]) -> int:
    text = form.get("discount", "")
    amount = minor_of(text, field="discount") if text else 0
    if amount < 0:
        raise Invalid("A discount is not negative.", field="discount")
    return amount


async def _quote(tx: Tx, form: Mapping[str, str], now: datetime) -> tuple[OrderQuote | None, str]:
    """The quote, or the reason why there is none."""
    try:
        lines = _lines(form)
        if not lines:
            return None, ""
        pin = form.get("ship_postal_code", "")
        states = states_of_pin(pin)
        customer_id = parse_id(form.get("customer_id", ""))
        question = OrderQuestion(
            customer_id=customer_id,
            lines=lines,
            postal_code=pin if len(pin) == 6 else "",
            state_code=form.get("ship_state_code") or (states[0] if states else ""),
            gstin=None if customer_id else form.get("gstin") or None,
            discount_minor=_discount(form),
        )
        return await quote_order(tx, question, now=now), ""
    except Refusal as refusal:
        return None, refusal.detail


async def _page(
    request: AnyRequest,
    tx: Tx,
    values: Mapping[str, str],
    *,
    now: datetime,
    problem: Problem = NO_PROBLEM,
    status: int = 200,
) -> Response[Any]:
    quote, said = await _quote(tx, values, now)
    return page(
        request,
        "console/new_order.html",
        status=status,
        values=values,
        problem=problem,
        states=STATE_OPTIONS,
        quote=quote,
        said=said,
        problems=PROBLEMS,
        currency=quote.currency if quote and quote.currency else "INR",
    )
