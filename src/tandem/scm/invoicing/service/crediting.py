"""Credit notes: one per refund, never more than the invoice, line by line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from tandem.contracts.invoicing import CreditNoteIssued
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.ownership import sees_order
from tandem.scm.invoicing.domain.crediting import (
    CreditItem,
    NothingToCredit,
    Part,
    check_left,
    credit_all,
    credit_amount,
    credit_items,
)
from tandem.scm.invoicing.domain.documents import (
    Draft,
    Invoice,
    InvoiceLine,
    InvoiceMissing,
    sum_of,
)
from tandem.scm.invoicing.domain.numbers import financial_year
from tandem.scm.invoicing.domain.rates import business_date
from tandem.scm.invoicing.service.issuing import seal_and_insert
from tandem.scm.invoicing.service.reading import get_issued
from tandem.scm.invoicing.service.selling import get_seller
from tandem.scm.invoicing.store import documents as store


async def credit_order(
    tx: Tx,
    *,
    order: OrderSnapshot,
    amount_minor: int | None,
    refund_id: UUID | None,
    reason: str,
    now: datetime,
    items: Sequence[CreditItem] | None = None,
) -> Invoice:
    """Issue a credit note against the order's invoice and return it.

    By `items` for goods that came back, by `amount_minor` (with tax) for a part of the value, by
    neither for all that is left. The same `refund_id` returns the credit note that is there, and so
    does asking for all that is left when nothing is. Refuses `invoice_not_found`,
    `nothing_to_credit`, `credit_exceeds_invoice`.
    """
    tx.actor.require("invoicing.credit")
    await store.lock_order(tx, order.id)
    invoice = await store.find_of_order(tx, order.id)
    if invoice is None:
        raise InvoiceMissing(f"Order {order.number} has no invoice to credit.")
    if refund_id and (found := await store.find_of_refund(tx, refund_id)):
        return found
    notes = await store.list_credit_notes(tx, invoice.id)
    try:
        parts = await _parts(tx, invoice, notes, amount_minor, items)
    except NothingToCredit:
        if amount_minor is None and items is None and notes:
            return await get_issued(tx, notes[-1].id)
        raise
    return await _issue(tx, invoice, parts, notes, refund_id, reason, now)


async def credit_invoice(
    tx: Tx,
    invoice_id: UUID,
    *,
    amount_minor: int | None,
    items: Sequence[CreditItem] | None,
    reason: str,
    now: datetime,
) -> Invoice:
    """The same by hand, from an invoice. Every call is a credit note of its own."""
    tx.actor.require("invoicing.credit")
    invoice = await get_issued(tx, invoice_id)
    if not await sees_order(tx, "invoicing.read", invoice.order_id):
        raise InvoiceMissing("There is no such invoice.")
    if invoice.kind != "INV":
        raise NothingToCredit("A credit note is not credited. Name the invoice.")
    await store.lock_order(tx, invoice.order_id)
    notes = await store.list_credit_notes(tx, invoice.id)
    parts = await _parts(tx, invoice, notes, amount_minor, items)
    return await _issue(tx, invoice, parts, notes, None, reason, now)


async def creditable(tx: Tx, order_id: UUID) -> int | None:
    """What the order's invoice still leaves to credit; None without an invoice."""
    invoice = await store.find_of_order(tx, order_id)
    if invoice is None:
        return None
    notes = await store.list_credit_notes(tx, invoice.id)
    return invoice.total_minor - sum(note.total_minor for note in notes)


async def _parts(
    tx: Tx,
    invoice: Invoice,
    notes: Sequence[store.CreditNoteFacts],
    amount_minor: int | None,
    items: Sequence[CreditItem] | None,
) -> list[Part]:
    before = await store.credited_lines(tx, invoice.id)
    if items is not None:
        return credit_items(invoice.lines, before, items)
    left = invoice.total_minor - sum(note.total_minor for note in notes)
    if amount_minor is None or amount_minor == left:
        return credit_all(invoice.lines, before)
    check_left(amount_minor, left)
    return credit_amount(invoice.lines, before, amount_minor)


async def _issue(
    tx: Tx,
    invoice: Invoice,
    parts: Sequence[Part],
    notes: Sequence[store.CreditNoteFacts],
    refund_id: UUID | None,
    reason: str,
    now: datetime,
) -> Invoice:
    note = await seal_and_insert(
        tx, await _draft(tx, invoice, parts, notes, refund_id, reason, now)
    )
    await tx.publish(
        CreditNoteIssued(
            order_id=note.order_id,
            invoice_id=note.id,
            number=note.number,
            total_minor=note.total_minor,
            currency=note.currency,
            original_id=invoice.id,
            original_number=invoice.number,
        )
    )
    return note


async def _draft(
    tx: Tx,
    invoice: Invoice,
    parts: Sequence[Part],
    notes: Sequence[store.CreditNoteFacts],
    refund_id: UUID | None,
    reason: str,
    now: datetime,
) -> Draft:
    """The original's place of supply, kind of tax and rates stay, whatever changed since."""
    profile = await get_seller(tx)
    issued_on = business_date(now, profile.time_zone)
    lines = [_line(number, part) for number, part in enumerate(parts, start=1)]
    amounts = sum_of(lines)
    rounded = _round_off(invoice, notes, amounts.total_minor)
    return Draft(
        id=new_id(),
        kind="CRN",
        series="CRN",
        fy=financial_year(issued_on),
        original_id=invoice.id,
        original_number=invoice.number,
        credit_no=len(notes) + 1,
        order_id=invoice.order_id,
        order_number=invoice.order_number,
        customer_id=invoice.customer_id,
        refund_id=refund_id,
        reason=reason,
        issued_at=now.astimezone(UTC),
        issued_on=issued_on,
        seller=profile.as_printed(),
        buyer=invoice.buyer,
        ship_to=invoice.ship_to,
        place_of_supply=invoice.place_of_supply,
        supply_kind=invoice.supply_kind,
        clause=invoice.clause,
        is_inter_state=invoice.is_inter_state,
        payment_method=invoice.payment_method,
        paid_minor=0,
        currency=invoice.currency,
        **msgspec.structs.asdict(amounts),
        round_off_minor=rounded,
        total_minor=amounts.total_minor + rounded,
        lines=lines,
    )


def _round_off(
    invoice: Invoice, notes: Sequence[store.CreditNoteFacts], credited_minor: int
) -> int:
    """The invoice's rounding goes back with the last of its lines, earlier only where a note
    would otherwise give more than the invoice took.
    """
    lines_before = sum(note.total_minor - note.round_off_minor for note in notes)
    left = invoice.total_minor - sum(note.total_minor for note in notes)
    if lines_before + credited_minor < invoice.total_minor - invoice.round_off_minor:
        return min(0, left - credited_minor)
    return left - credited_minor


def _line(number: int, part: Part) -> InvoiceLine:
    is_whole = part.amounts.total_minor == part.line.total_minor and part.quantity
    discount = part.line.discount_minor if is_whole else 0
    return msgspec.structs.replace(
        part.line,
        id=new_id(),
        line_no=number,
        original_line_id=part.line.id,
        quantity=part.quantity,
        discount_minor=discount,
        **msgspec.structs.asdict(part.amounts),
        total_minor=part.amounts.total_minor,
    )
