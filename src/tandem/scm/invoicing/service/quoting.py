"""The tax of carts, before anything is sold. A calculation: it needs no permission."""

from collections.abc import Sequence
from datetime import date, datetime

from tandem.contracts.invoicing import Cart, Quote
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.scm.invoicing.domain.places import place_of_supply
from tandem.scm.invoicing.domain.rates import TimeOfSupply, rate_for, time_of_supply
from tandem.scm.invoicing.domain.seller import SellerMissing
from tandem.scm.invoicing.domain.tax import quote_cart, tax_line
from tandem.scm.invoicing.store import basis as store

RUPEES = "INR"
"""The one currency whose documents are rounded (CGST Act s.170)."""


async def quote(tx: Tx, carts: Sequence[Cart], *, now: datetime) -> list[Quote]:
    """One quote for each cart, at the rates of the seller's day at `now`. One query for all.

    Refuses the whole batch when a line cannot be taxed (`tax_class_unknown`, `line_invalid`), and
    when the company has no tax profile. The refusal names the line and, in `cart`, whose it is.
    """
    basis = await find_basis(tx, carts, now=now)
    return [_quote_one(basis, cart, place) for place, cart in enumerate(carts)]


async def quote_at(
    tx: Tx,
    cart: Cart,
    *,
    supplied_on: date,
    invoiced_on: date,
    paid_on: date | None,
    now: datetime,
) -> tuple[Quote, TimeOfSupply]:
    """One quote at the rates of the day CGST Act s.14 names for these three days."""
    days = [supplied_on, invoiced_on, *([paid_on] if paid_on else [])]
    decided = time_of_supply(
        changed_on=await _last_change(tx, cart, after=min(days), until=max(days)),
        supplied_on=supplied_on,
        invoiced_on=invoiced_on,
        paid_on=paid_on,
    )
    basis = await find_basis(tx, [cart], now=now, on_day=decided.on)
    return _quote_one(basis, cart, 0), decided


async def find_basis(
    tx: Tx, carts: Sequence[Cart], *, now: datetime, on_day: date | None = None
) -> store.Basis:
    classes = sorted({line.tax_class for cart in carts for line in cart.lines})
    basis = await store.find_basis(tx, classes, now=now, on_day=on_day)
    if basis is None:
        raise SellerMissing()
    return basis


async def _last_change(tx: Tx, cart: Cart, *, after: date, until: date) -> date:
    """The last day in the span on which a rate of the cart's classes began.

    Without one it is `after` itself, which puts all three days on the same side.
    """
    classes = {line.tax_class for line in cart.lines}
    began = [
        rate.valid_from
        for rate in await store.list_rates(tx, tax_class=None, on_day=None)
        if rate.tax_class in classes and after < rate.valid_from <= until
    ]
    return max(began, default=after)


def _quote_one(basis: store.Basis, cart: Cart, number: int) -> Quote:
    place = place_of_supply(
        cart, seller_state=basis.state_code, pays_zero_rated_tax=basis.pays_zero_rated_tax
    )
    lines = []
    for index, line in enumerate(cart.lines):
        try:
            rate = rate_for(basis.rates, tax_class=line.tax_class, hsn=line.hsn, on=basis.on_day)
            lines.append(tax_line(line, rate, place))
        except Refusal as refusal:
            refusal.field = f"lines[{index}].{refusal.field or 'tax_class'}"
            refusal.facts["cart"] = number
            raise
    rounds_total = basis.rounds_total and cart.currency == RUPEES
    return quote_cart(lines, place, rounds_total=rounds_total)
