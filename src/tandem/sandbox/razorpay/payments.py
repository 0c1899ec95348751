"""Payments: created, authorised, captured, or failed and perhaps authorised late after all.

https://razorpay.com/docs/api/payments/capture. Fees are 2 % and 18 % GST on them.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import reading
from tandem.sandbox.razorpay.entities import collection, order_json, payment_json
from tandem.sandbox.razorpay.ledger import find, new_id, now_seconds
from tandem.sandbox.razorpay.notices import tell
from tandem.sandbox.razorpay.outcomes import Outcome
from tandem.sandbox.razorpay.refusals import RazorpayRefusal, unknown_id

FEE_PERCENT = 2
GST_PERCENT = 18


def attempt(
    deps: Dependencies, order_id: str, outcome: Outcome, *, email: str, contact: str
) -> dict[str, Any]:
    """One try to pay an order in the checkout. Refused once the order is paid, and while another
    payment of it is authorised."""
    with deps.store.transaction():
        order = find(deps.store, "razorpay_order", order_id)
        if order is None:
            raise unknown_id()
        _check_open(deps, order)
        payment_id = new_id("pay")
        now = now_seconds(deps)
        late_at = now + outcome.late_seconds if outcome.late_seconds else None
        deps.store.run(
            """insert into razorpay_payment
                      (id, order_id, amount, currency, status, method, details, email, contact,
                       error, created_at, late_at)
               values (?, ?, ?, ?, 'created', ?, ?, ?, ?, ?, ?, ?)""",
            (
                payment_id,
                order_id,
                order["amount"],
                order["currency"],
                outcome.method,
                json.dumps(outcome.details),
                email or None,
                contact or None,
                json.dumps(msgspec.to_builtins(outcome.error) if outcome.error else {}),
                now,
                late_at,
            ),
        )
        deps.store.run(
            """update razorpay_order set status = 'attempted', attempts = attempts + 1
                where id = ?""",
            (order_id,),
        )
        if outcome.error:
            deps.store.run(
                "update razorpay_payment set status = 'failed' where id = ?", (payment_id,)
            )
            tell(deps, "payment.failed", payment=get_payment(deps, payment_id))
        else:
            authorize(deps, payment_id)
    return get_payment(deps, payment_id)


def authorize(deps: Dependencies, payment_id: str) -> None:
    """The bank said yes, at once or late. Where the account captures by itself, that follows; the
    fault `captured_first` makes it so, and tells of the capture before the authorisation."""
    with deps.store.transaction():
        deps.store.run(
            """update razorpay_payment
                  set status = 'authorized', authorized_at = ?, late_at = null
                where id = ? and status in ('created', 'failed')""",
            (now_seconds(deps), payment_id),
        )
        authorized = get_payment(deps, payment_id)
        order = find(deps.store, "razorpay_order", authorized["order_id"])
        assert order is not None, "a payment of the checkout has an order"
        is_first = deps.faults.take("razorpay", payment_id, {"captured_first"}) is not None
        if is_first or order["is_auto_captured"]:
            _take(deps, payment_id)
        if is_first:
            _tell_captured(deps, payment_id)
        tell(deps, "payment.authorized", payment=authorized)
        if order["is_auto_captured"] and not is_first:
            _tell_captured(deps, payment_id)


def capture(deps: Dependencies, payment_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    reading.check_fields(given, {"amount", "currency"})
    row = find(deps.store, "razorpay_payment", payment_id)
    if row is None:
        raise unknown_id()
    amount = reading.read_amount(given, row["currency"])
    currency = given.get("currency", "INR")
    if row["status"] in {"captured", "refunded"}:
        raise RazorpayRefusal("This payment has already been captured")
    if row["status"] != "authorized":
        raise RazorpayRefusal(
            "Only payments which have been authorized and not yet captured can be captured"
        )
    if amount != row["amount"]:
        raise RazorpayRefusal(
            "Capture amount must be equal to the amount authorized", field="amount"
        )
    if currency != row["currency"]:
        raise RazorpayRefusal("Payment currency mismatch", field="currency")
    with deps.store.transaction():
        _take(deps, payment_id)
        _tell_captured(deps, payment_id)
    return get_payment(deps, payment_id)


def get_payment(deps: Dependencies, payment_id: str) -> dict[str, Any]:
    row = find(deps.store, "razorpay_payment", payment_id)
    if row is None:
        raise unknown_id()
    return payment_json(deps.store, row)


def list_payments(deps: Dependencies, query: Mapping[str, Any]) -> dict[str, Any]:
    """Newest first."""
    count, skip = reading.read_page(query)
    rows = deps.store.rows(
        "select * from razorpay_payment order by seq desc limit ? offset ?", (count, skip)
    )
    return collection([payment_json(deps.store, row) for row in rows])


def fee_of(amount: int) -> tuple[int, int]:
    """The fee with its GST, and the GST in it."""
    fee = amount * FEE_PERCENT // 100
    tax = fee * GST_PERCENT // 100
    return fee + tax, tax


def _check_open(deps: Dependencies, order: sqlite3.Row) -> None:
    if order["status"] == "paid":
        raise RazorpayRefusal(
            "Your payment has been declined as the order is already paid. "
            "Please initiate the payment with a new order."
        )
    waiting = deps.store.rows(
        "select 1 from razorpay_payment where order_id = ? and status = 'authorized' limit 1",
        (order["id"],),
    )
    if waiting:
        raise RazorpayRefusal("A payment for this order is already authorized")


def _take(deps: Dependencies, payment_id: str) -> None:
    payment = get_payment(deps, payment_id)
    fee, tax = fee_of(payment["amount"])
    deps.store.run(
        """update razorpay_payment set status = 'captured', captured = 1, fee = ?, tax = ?
            where id = ?""",
        (fee, tax, payment_id),
    )
    deps.store.run("update razorpay_order set status = 'paid' where id = ?", (payment["order_id"],))


def _tell_captured(deps: Dependencies, payment_id: str) -> None:
    payment = get_payment(deps, payment_id)
    order = find(deps.store, "razorpay_order", payment["order_id"])
    assert order is not None, "a payment of the checkout has an order"
    tell(deps, "payment.captured", payment=payment)
    tell(deps, "order.paid", payment=payment, order=order_json(deps.store, order))
