"""Payment links and UPI QR codes: made, paid, closed, expired by the movable clock.

https://razorpay.com/docs/api/payments/payment-links, https://razorpay.com/docs/api/qr-codes. Paying
is the desk's: `POST /sandbox/razorpay/links/{id}/payment`. What is paid is captured at once.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import orders, payments, reading
from tandem.sandbox.razorpay.entities import collection
from tandem.sandbox.razorpay.ledger import find, new_id, notes_of, now_seconds
from tandem.sandbox.razorpay.notices import tell
from tandem.sandbox.razorpay.outcomes import outcome_of
from tandem.sandbox.razorpay.refusals import RazorpayRefusal, unknown_id

LINK_FIELDS = frozenset(
    {
        "amount",
        "currency",
        "accept_partial",
        "first_min_partial_amount",
        "expire_by",
        "reference_id",
        "description",
        "customer",
        "notify",
        "reminder_enable",
        "notes",
        "callback_url",
        "callback_method",
        "upi_link",
    }
)
QR_FIELDS = frozenset(
    {
        "type",
        "name",
        "usage",
        "fixed_amount",
        "payment_amount",
        "description",
        "customer_id",
        "close_by",
        "notes",
    }
)
LINK_AHEAD_SECONDS = 15 * 60
QR_AHEAD_SECONDS = (2 * 60, 2 * 3600)
LIVE = ("created", "partially_paid", "active")


def create_link(deps: Dependencies, given: Mapping[str, Any]) -> dict[str, Any]:
    reading.check_fields(given, LINK_FIELDS)
    amount = reading.read_amount(given, "INR")
    currency = reading.read_currency(given)
    reference = reading.read_text(given, "reference_id", length_max=40)
    expires_at = given.get("expire_by") or None
    if expires_at and expires_at < now_seconds(deps) + LINK_AHEAD_SECONDS:
        raise RazorpayRefusal(
            "expire_by should be at least 15 minutes after current time", field="expire_by"
        )
    with deps.store.transaction():
        if reference and deps.store.row(
            "select 1 from razorpay_link where reference = ?", (reference,)
        ):
            raise RazorpayRefusal(
                f"payment link with given reference_id: ({reference}) already exists",
                field="reference_id",
            )
        return _insert(deps, "plink", given, amount, currency, reference, "created", expires_at)


def create_code(deps: Dependencies, given: Mapping[str, Any]) -> dict[str, Any]:
    """`close_by` is clipped to between two minutes and two hours ahead, as the vendor does."""
    reading.check_fields(given, QR_FIELDS)
    if given.get("type") != "upi_qr" or given.get("usage") not in {"single_use", "multiple_use"}:
        raise RazorpayRefusal("The selected type or usage is invalid.", field="type")
    if given["usage"] == "single_use" and not given.get("fixed_amount"):
        raise RazorpayRefusal("The fixed amount field is required.", field="fixed_amount")
    amount = reading.read_amount({"amount": given.get("payment_amount")}, "INR")
    soonest, latest = (now_seconds(deps) + seconds for seconds in QR_AHEAD_SECONDS)
    close_by = min(max(int(given.get("close_by") or latest), soonest), latest)
    with deps.store.transaction():
        return _insert(deps, "qr", given, amount, "INR", None, "active", close_by)


def get_one(deps: Dependencies, link_id: str) -> dict[str, Any]:
    return _json(deps, _row(deps, link_id))


def list_links(deps: Dependencies, query: Mapping[str, Any]) -> dict[str, Any]:
    rows = deps.store.rows(
        """select * from razorpay_link where kind = 'plink' and (? is null or reference = ?)
            order by seq desc limit 100""",
        (query.get("reference_id"), query.get("reference_id")),
    )
    return {"payment_links": [_json(deps, row) for row in rows]}


def list_codes(deps: Dependencies, query: Mapping[str, Any]) -> dict[str, Any]:
    count, skip = reading.read_page(query)
    rows = deps.store.rows(
        """select * from razorpay_link where kind = 'qr' and created_at >= ?
            order by seq desc limit ? offset ?""",
        (reading.read_number(query, "from", 0, 10**11), count, skip),
    )
    return collection([_json(deps, row) for row in rows])


def list_payments_of(deps: Dependencies, link_id: str) -> dict[str, Any]:
    _row(deps, link_id)
    return collection([payments.get_payment(deps, name) for name in _paid_by(deps, link_id)])


def close(deps: Dependencies, link_id: str, *, status: str, reason: str) -> dict[str, Any]:
    row = _row(deps, link_id)
    if row["status"] not in LIVE:
        raise RazorpayRefusal(f"Payment link is {row['status']} already and cannot be closed")
    with deps.store.transaction():
        _end(deps, row, status, reason)
    return get_one(deps, link_id)


def notify(deps: Dependencies, link_id: str, medium: str) -> dict[str, Any]:
    row = _row(deps, link_id)
    if medium not in {"sms", "email"} or row["status"] not in LIVE:
        raise RazorpayRefusal("Notification cannot be sent for this payment link")
    deps.store.run(
        "insert into razorpay_link_notice (link_id, medium) values (?, ?)", (link_id, medium)
    )
    return {"success": True}


def notices_of(deps: Dependencies, link_id: str) -> list[str]:
    rows = deps.store.rows(
        "select medium from razorpay_link_notice where link_id = ? order by seq", (link_id,)
    )
    return [row["medium"] for row in rows]


def pay(deps: Dependencies, link_id: str, amount: int | None) -> dict[str, Any]:
    """Somebody scans the code or opens the link, and pays all or, where it may be, a part."""
    row = _row(deps, link_id)
    paid = sum(payments.get_payment(deps, name)["amount"] for name in _paid_by(deps, link_id))
    left = row["amount"] - paid
    part = left if amount is None else amount
    is_partial = bool(json.loads(row["request"]).get("accept_partial"))
    if row["status"] not in LIVE or part > left or (part < left and not is_partial):
        raise RazorpayRefusal("Payment link cannot be paid")
    is_code = row["kind"] == "qr"
    with deps.store.transaction():
        order = orders.create_order(
            deps, {"amount": part, "currency": row["currency"], "payment_capture": True}
        )
        outcome = outcome_of({"method": "upi", "vpa": "success@razorpay"})
        payment = payments.attempt(deps, order["id"], outcome, email="", contact="")
        deps.store.run(
            "insert into razorpay_link_payment (payment_id, link_id) values (?, ?)",
            (payment["id"], link_id),
        )
        if part == left:
            _end(deps, row, "closed" if is_code else "paid", "paid", is_told=False)
        else:
            deps.store.run(
                "update razorpay_link set status = 'partially_paid' where id = ?", (link_id,)
            )
        found = payments.get_payment(deps, payment["id"])
        if is_code:
            tell(deps, "qr_code.credited", payment=found, qr_code=get_one(deps, link_id))
        else:
            event = "payment_link.paid" if part == left else "payment_link.partially_paid"
            told = {"payment_link": get_one(deps, link_id), "payment": found}
            tell(deps, event, **told, order=orders.get_order(deps, order["id"]))
    return found


def expire_due(deps: Dependencies) -> None:
    for row in deps.store.rows(
        """select * from razorpay_link
            where status in ('created', 'partially_paid', 'active') and expires_at <= ?
            order by seq limit 50""",
        (now_seconds(deps),),
    ):
        with deps.store.transaction():
            _end(deps, row, "closed" if row["kind"] == "qr" else "expired", "expired")


def _insert(
    deps: Dependencies,
    kind: str,
    given: Mapping[str, Any],
    amount: int,
    currency: str,
    reference: str | None,
    status: str,
    expires_at: int | None,
) -> dict[str, Any]:
    link_id = new_id(kind)
    deps.store.run(
        """insert into razorpay_link (id, kind, request, amount, currency, reference, notes,
                                      status, expires_at, created_at)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            link_id,
            kind,
            json.dumps(dict(given)),
            amount,
            currency,
            reference,
            json.dumps(reading.read_notes(given)),
            status,
            expires_at,
            now_seconds(deps),
        ),
    )
    return get_one(deps, link_id)


def _row(deps: Dependencies, link_id: str) -> sqlite3.Row:
    row = find(deps.store, "razorpay_link", link_id)
    if row is None:
        raise unknown_id()
    return row


def _end(
    deps: Dependencies, row: sqlite3.Row, status: str, reason: str, *, is_told: bool = True
) -> None:
    deps.store.run(
        "update razorpay_link set status = ?, close_reason = ? where id = ?",
        (status, reason, row["id"]),
    )
    if not is_told:
        return
    if row["kind"] == "qr":
        tell(deps, "qr_code.closed", qr_code=get_one(deps, row["id"]))
    else:
        tell(deps, f"payment_link.{status}", payment_link=get_one(deps, row["id"]))


def _paid_by(deps: Dependencies, link_id: str) -> list[str]:
    rows = deps.store.rows(
        "select payment_id from razorpay_link_payment where link_id = ?", (link_id,)
    )
    return [row["payment_id"] for row in rows]


def _json(deps: Dependencies, row: sqlite3.Row) -> dict[str, Any]:
    request = json.loads(row["request"])
    paid = [payments.get_payment(deps, name) for name in _paid_by(deps, row["id"])]
    received = sum(one["amount"] for one in paid)
    page = f"{deps.settings.base_url}/razorpay/links/{row['id']}"
    if row["kind"] == "qr":
        return {
            "id": row["id"],
            "entity": "qr_code",
            "created_at": row["created_at"],
            "name": request.get("name"),
            "usage": request["usage"],
            "type": "upi_qr",
            "image_url": page,
            "payment_amount": row["amount"],
            "status": row["status"],
            "description": request.get("description"),
            "fixed_amount": bool(request.get("fixed_amount")),
            "payments_amount_received": received,
            "payments_count_received": len(paid),
            "notes": notes_of(row),
            "customer_id": None,
            "close_by": row["expires_at"],
            "closed_at": None,
            "close_reason": row["close_reason"],
        }
    return {
        "accept_partial": bool(request.get("accept_partial")),
        "amount": row["amount"],
        "amount_paid": received,
        "cancelled_at": 0,
        "created_at": row["created_at"],
        "currency": row["currency"],
        "customer": request.get("customer") or {},
        "description": request.get("description") or "",
        "expire_by": row["expires_at"] or 0,
        "expired_at": 0,
        "first_min_partial_amount": 0,
        "id": row["id"],
        "notes": notes_of(row),
        "notify": request.get("notify") or {},
        "payments": [
            {
                "amount": one["amount"],
                "created_at": one["created_at"],
                "method": one["method"],
                "payment_id": one["id"],
                "status": one["status"],
            }
            for one in paid
        ],
        "reference_id": row["reference"] or "",
        "reminder_enable": bool(request.get("reminder_enable")),
        "reminders": [],
        "short_url": page,
        "status": row["status"],
        "updated_at": row["created_at"],
        "upi_link": False,
        "user_id": "",
    }
