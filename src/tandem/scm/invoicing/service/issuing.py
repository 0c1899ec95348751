"""Issuing: everything is worked out first, the number is taken last, and then nothing changes."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from tandem.contracts.invoicing import InvoiceIssued
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel import numbering
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.scm.invoicing.domain.documents import Buyer, Draft, Invoice, sum_of
from tandem.scm.invoicing.domain.identifiers import irn
from tandem.scm.invoicing.domain.numbers import document_number, financial_year
from tandem.scm.invoicing.domain.places import place_of_supply
from tandem.scm.invoicing.domain.sales import cart_of, invoice_lines, round_off
from tandem.scm.invoicing.domain.seals import GENESIS, seal
from tandem.scm.invoicing.service.quoting import find_basis
from tandem.scm.invoicing.service.selling import get_seller
from tandem.scm.invoicing.store import documents as store

WITHOUT_IRN = frozenset({"B2C"})
"""Sales to consumers get no invoice reference number (CGST Rules r.48(4))."""


async def issue_for_order(tx: Tx, order: OrderSnapshot, *, now: datetime) -> Invoice:
    """Issue the order's invoice, numbered in the financial year of the company's own day.

    Asking again returns the invoice that is there. Refuses `company_tax_profile_missing`,
    `order_total_wrong`, `number_series_full`.
    """
    tx.actor.require("invoicing.issue")
    await store.lock_order(tx, order.id)
    if found := await store.find_of_order(tx, order.id):
        return found
    invoice = await seal_and_insert(tx, await _draft(tx, order, now))
    await tx.publish(
        InvoiceIssued(
            order_id=order.id,
            invoice_id=invoice.id,
            number=invoice.number,
            total_minor=invoice.total_minor,
            currency=invoice.currency,
        )
    )
    return invoice


async def seal_and_insert(tx: Tx, draft: Draft) -> Invoice:
    """Take the series' next number, chain the document to the one before, write it.

    The counter's row stays locked from here to the commit, which is what makes the series gap-free
    and the chain single; a rollback gives the number back.
    """
    seq = await numbering.take(tx, kind=f"invoicing.{draft.series}", period=draft.fy)
    number = document_number(draft.seller.number_format(draft.kind), fy=draft.fy, seq=seq)
    before = await store.hash_before(tx, series=draft.series, fy=draft.fy, seq=seq) or GENESIS
    given: dict[str, Any] = {
        "seq": seq,
        "number": number,
        "irn": _irn_of(draft, number),
        "prev_hash": before,
    }
    columns = {**_columns(draft), **given}
    columns["hash"] = seal(before, columns)
    await store.insert(tx, columns)
    return Invoice(**{**msgspec.structs.asdict(draft), **given, "hash": columns["hash"]})


async def _draft(tx: Tx, order: OrderSnapshot, now: datetime) -> Draft:
    profile = await get_seller(tx)
    cart = cart_of(order, seller_state=profile.state_code)
    basis = await find_basis(tx, [cart], now=now)
    place = place_of_supply(
        cart, seller_state=basis.state_code, pays_zero_rated_tax=basis.pays_zero_rated_tax
    )
    lines = invoice_lines(
        order,
        place=place,
        rates=basis.rates,
        on_day=basis.on_day,
        ids=[new_id() for _ in order.lines],
    )
    amounts, rounded = sum_of(lines), round_off(order, lines)
    return Draft(
        id=new_id(),
        kind="INV",
        series="INV",
        fy=financial_year(basis.on_day),
        original_id=None,
        original_number=None,
        credit_no=None,
        order_id=order.id,
        order_number=order.number,
        customer_id=order.customer_id,
        refund_id=None,
        reason="",
        issued_at=now.astimezone(UTC),
        issued_on=basis.on_day,
        seller=profile.as_printed(),
        buyer=Buyer(name=order.bill_to.name, gstin=order.customer_gstin, address=order.bill_to),
        ship_to=order.ship_to,
        place_of_supply=place.state,
        supply_kind=place.supply_kind,
        clause=place.clause,
        is_inter_state=place.is_inter_state,
        payment_method=order.payment_method,
        paid_minor=order.paid_minor,
        currency=order.currency,
        **msgspec.structs.asdict(amounts),
        round_off_minor=rounded,
        total_minor=amounts.total_minor + rounded,
        lines=lines,
    )


def _columns(draft: Draft) -> dict[str, Any]:
    """As stored: structures become JSON, ids and days stay what they are."""
    columns = msgspec.structs.asdict(draft)
    for name in ("seller", "buyer", "ship_to", "lines"):
        columns[name] = msgspec.to_builtins(columns[name])
    return columns


def _irn_of(draft: Draft, number: str) -> str:
    if draft.supply_kind in WITHOUT_IRN:
        return ""
    return irn(seller_gstin=draft.seller.gstin, fy=draft.fy, kind=draft.kind, number=number)
