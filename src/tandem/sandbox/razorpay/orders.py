"""Orders: created, attempted, paid. https://razorpay.com/docs/api/orders/create"""

import json
from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import reading
from tandem.sandbox.razorpay.account import read_account
from tandem.sandbox.razorpay.entities import collection, order_json, payment_json
from tandem.sandbox.razorpay.ledger import find, new_id, now_seconds
from tandem.sandbox.razorpay.refusals import RazorpayRefusal, unknown_id

FIELDS = frozenset({"amount", "currency", "receipt", "notes", "partial_payment", "payment_capture"})
RECEIPT_LENGTH_MAX = 40


def create_order(deps: Dependencies, given: Mapping[str, Any]) -> dict[str, Any]:
    reading.check_fields(given, FIELDS)
    currency = reading.read_currency(given) if given.get("amount") is not None else "INR"
    amount = reading.read_amount(given, currency)
    receipt = reading.read_text(given, "receipt", length_max=RECEIPT_LENGTH_MAX)
    notes = reading.read_notes(given)
    account = read_account(deps)
    with deps.store.transaction():
        if receipt and account.has_unique_receipts and _is_used(deps, receipt):
            raise RazorpayRefusal("The receipt has already been taken.", field="receipt")
        order_id = new_id("order")
        deps.store.run(
            """insert into razorpay_order (id, amount, currency, receipt, notes, is_auto_captured,
                                           created_at)
               values (?, ?, ?, ?, ?, ?, ?)""",
            (
                order_id,
                amount,
                currency,
                receipt,
                json.dumps(notes),
                bool(given.get("payment_capture")) or account.is_auto_capturing,
                now_seconds(deps),
            ),
        )
        return get_order(deps, order_id)


def get_order(deps: Dependencies, order_id: str) -> dict[str, Any]:
    row = find(deps.store, "razorpay_order", order_id)
    if row is None:
        raise unknown_id()
    return order_json(deps.store, row)


def list_orders(deps: Dependencies, query: Mapping[str, Any]) -> dict[str, Any]:
    """Newest first. `receipt` finds orders that contain the value, as the vendor documents."""
    count, skip = reading.read_page(query)
    rows = deps.store.rows(
        """select * from razorpay_order
            where (:receipt is null or instr(coalesce(receipt, ''), :receipt) > 0)
            order by seq desc limit :count offset :skip""",
        {"receipt": query.get("receipt"), "count": count, "skip": skip},
    )
    return collection([order_json(deps.store, row) for row in rows])


def list_payments_of(deps: Dependencies, order_id: str) -> dict[str, Any]:
    get_order(deps, order_id)
    rows = deps.store.rows(
        "select * from razorpay_payment where order_id = ? order by seq desc limit 100",
        (order_id,),
    )
    return collection([payment_json(deps.store, row) for row in rows])


def _is_used(deps: Dependencies, receipt: str) -> bool:
    return bool(
        deps.store.rows("select 1 from razorpay_order where receipt = ? limit 1", (receipt,))
    )
