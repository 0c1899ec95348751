"""Money in and out, and the papers about it."""

from collections.abc import Iterator

from tandem.contracts.invoicing import CreditNoteIssued, InvoiceIssued
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.crm.analytics.domain.folds.orders import number_of
from tandem.crm.analytics.domain.folds.story import Books, Fact, Known, Story


def payments(story: Story, books: Books) -> Iterator[Fact]:
    """One for each capture and each refund that went through. Cash at the door is a capture too:
    the driver's own word of it is not counted beside it."""
    for known, paid in story.of(PaymentCaptured):
        kind = "cash" if paid.method == "cash" else "payment"
        yield _payment(story, books, known, paid, kind, paid.method, 1)
    for known, back in story.of(RefundProcessed):
        yield _payment(story, books, known, back, "refund", "", -1)


def _payment(
    story: Story,
    books: Books,
    known: Known,
    event: PaymentCaptured | RefundProcessed,
    kind: str,
    method: str,
    sign: int,
) -> Fact:
    day = books.day(known.at)
    amount = books.base(event.amount_minor, event.currency, day)
    values = {
        "key": story.key,
        "at": known.at,
        "on_day": day,
        "order_id": event.order_id,
        "number": number_of(story, event.order_id),
        "kind": kind,
        "method": method,
        "currency": event.currency,
        "amount_base": amount,
        "net_base": None if amount is None else sign * amount,
    }
    match event:
        case PaymentCaptured():
            return Fact("payment", event.payment_id, values)
        case RefundProcessed():
            return Fact("payment", event.refund_id, values)


def invoices(story: Story, books: Books) -> Iterator[Fact]:
    """Credit notes count negative."""
    for known, event in story.of(InvoiceIssued, CreditNoteIssued):
        is_credit = isinstance(event, CreditNoteIssued)
        day = books.day(known.at)
        amount = books.base(event.total_minor, event.currency, day)
        values = {
            "key": story.key,
            "at": known.at,
            "on_day": day,
            "order_id": event.order_id,
            "number": event.number,
            "kind": "credit_note" if is_credit else "invoice",
            "currency": event.currency,
            "net_base": None if amount is None else (-amount if is_credit else amount),
        }
        yield Fact("invoice", event.invoice_id, values)
