"""Refunds: pending, then processed or failed. https://razorpay.com/docs/api/refunds/create-normal

Faults of its own: `refund_pending` leaves one pending, `refund_failed` makes it fail later, and
`refund_busy` says that the same key is still in progress.
"""

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import reading
from tandem.sandbox.razorpay.entities import collection, refund_json
from tandem.sandbox.razorpay.ledger import find, new_id, now_seconds, refunded
from tandem.sandbox.razorpay.notices import tell
from tandem.sandbox.razorpay.payments import get_payment
from tandem.sandbox.razorpay.refusals import RazorpayRefusal, unknown_id

FIELDS = frozenset({"amount", "speed", "notes", "receipt"})
KEY = re.compile(r"[A-Za-z0-9_-]*")
KEY_LENGTH_MIN = 10
SETTLING_SECONDS = 0.3
SIX_MONTHS = 183 * 86_400


def create_refund(
    deps: Dependencies, payment_id: str, given: Mapping[str, Any], key: str | None
) -> dict[str, Any]:
    """The same key and body again answer the first refund; another body is refused."""
    reading.check_fields(given, FIELDS)
    if key is None:
        with deps.store.transaction():
            return _create(deps, payment_id, given)
    _check_key(key)
    if deps.faults.take("razorpay", payment_id, {"refund_busy"}):
        raise RazorpayRefusal(
            "Another request with the same idempotency key is still in progress.", status=409
        )
    request = json.dumps([payment_id, given], sort_keys=True)
    with deps.store.transaction():
        seen = deps.store.row("select * from razorpay_idempotency where key = ?", (key,))
        if seen is not None:
            return _again(deps, seen["request"] == request, seen["refund_id"])
        made = _create(deps, payment_id, given)
        deps.store.run(
            "insert into razorpay_idempotency (key, payment_id, request, refund_id) "
            "values (?, ?, ?, ?)",
            (key, payment_id, request, made["id"]),
        )
        return made


def get_refund(deps: Dependencies, refund_id: str, payment_id: str | None = None) -> dict[str, Any]:
    row = find(deps.store, "razorpay_refund", refund_id)
    if row is None or (payment_id is not None and row["payment_id"] != payment_id):
        raise unknown_id()
    return refund_json(deps.store, row)


def list_refunds(
    deps: Dependencies, query: Mapping[str, Any], payment_id: str | None = None
) -> dict[str, Any]:
    """Newest first."""
    if payment_id is not None:
        get_payment(deps, payment_id)
    count, skip = reading.read_page(query)
    rows = deps.store.rows(
        """select * from razorpay_refund where :payment_id is null or payment_id = :payment_id
            order by seq desc limit :count offset :skip""",
        {"payment_id": payment_id, "count": count, "skip": skip},
    )
    return collection([refund_json(deps.store, row) for row in rows])


def settle(deps: Dependencies, refund_id: str, status: str) -> None:
    """The bank has answered."""
    with deps.store.transaction():
        deps.store.run(
            "update razorpay_refund set status = ?, settles_at = null where id = ?",
            (status, refund_id),
        )
        refund = get_refund(deps, refund_id)
        payment = get_payment(deps, refund["payment_id"])
        _note_refunded(deps, payment)
        tell(deps, f"refund.{status}", refund=refund, payment=payment)


def give_back_uncaptured(deps: Dependencies, payment_id: str) -> None:
    """Authorised and never captured: after three days the money goes back by itself."""
    with deps.store.transaction():
        payment = get_payment(deps, payment_id)
        deps.store.run(
            "update razorpay_payment set status = 'refunded' where id = ?", (payment_id,)
        )
        _insert(deps, payment, payment["amount"], {}, None, "normal", "processed")


def _create(deps: Dependencies, payment_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    payment = get_payment(deps, payment_id)
    if payment["status"] not in {"captured", "refunded"} or not payment["captured"]:
        raise RazorpayRefusal("The payment status should be captured for action to be taken")
    returned = refunded(deps.store, payment_id)
    if returned >= payment["amount"]:
        raise RazorpayRefusal("The payment has been fully refunded already")
    amount = payment["amount"] - returned
    if given.get("amount") is not None:
        amount = reading.read_amount(given, payment["currency"])
    if amount > payment["amount"]:
        raise RazorpayRefusal("The refund amount provided is greater than amount captured")
    if returned + amount > payment["amount"]:
        raise RazorpayRefusal("The total refund amount is greater than the refund payment amount")
    if now_seconds(deps) - payment["created_at"] > SIX_MONTHS:
        raise RazorpayRefusal("The payment is more than 6 months old and cannot be refunded")
    speed = given.get("speed", "normal")
    if speed not in {"normal", "optimum"}:
        raise RazorpayRefusal("The selected speed is invalid.", field="speed")
    receipt = reading.read_text(given, "receipt", length_max=40)
    return _insert(deps, payment, amount, reading.read_notes(given), receipt, speed, "pending")


def _insert(
    deps: Dependencies,
    payment: Mapping[str, Any],
    amount: int,
    notes: Mapping[str, Any],
    receipt: str | None,
    speed: str,
    status: str,
) -> dict[str, Any]:
    refund_id = new_id("rfnd")
    is_stuck = deps.faults.take("razorpay", payment["id"], {"refund_pending"}) is not None
    deps.store.run(
        """insert into razorpay_refund (id, payment_id, amount, currency, notes, receipt, status,
                                        speed, created_at, settles_at)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            refund_id,
            payment["id"],
            amount,
            payment["currency"],
            json.dumps(notes),
            receipt,
            status,
            speed,
            now_seconds(deps),
            None if is_stuck or status != "pending" else time.time() + SETTLING_SECONDS,
        ),
    )
    made = get_refund(deps, refund_id)
    tell(deps, "refund.created", refund=made, payment=get_payment(deps, payment["id"]))
    if status == "processed":
        tell(deps, "refund.processed", refund=made, payment=get_payment(deps, payment["id"]))
    return made


def _note_refunded(deps: Dependencies, payment: Mapping[str, Any]) -> None:
    """A payment given back in full is `refunded`; its order stays `paid`."""
    status = "refunded" if payment["refund_status"] == "full" else "captured"
    deps.store.run("update razorpay_payment set status = ? where id = ?", (status, payment["id"]))


def _again(deps: Dependencies, is_same: bool, refund_id: str) -> dict[str, Any]:
    if not is_same:
        raise RazorpayRefusal(
            "Different request with the same idempotency key has already been processed.",
            source="NA",
            step="NA",
            reason="NA",
        )
    return get_refund(deps, refund_id)


def _check_key(key: str) -> None:
    if len(key) < KEY_LENGTH_MIN:
        raise RazorpayRefusal("The idempotency key must be at least 10 characters long.")
    if not KEY.fullmatch(key):
        raise RazorpayRefusal(
            "The idempotency key must only contain alphanumeric characters, underscores, "
            "and hyphens"
        )
