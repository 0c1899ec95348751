"""Entities as the API and the webhooks show them. Key sets follow the vendor's samples."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from tandem.sandbox.razorpay.ledger import notes_of, refunded
from tandem.sandbox.store import Store


def order_json(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    paid = row["amount"] if row["status"] == "paid" else 0
    return {
        "id": row["id"],
        "entity": "order",
        "amount": row["amount"],
        "amount_paid": paid,
        "amount_due": row["amount"] - paid,
        "currency": row["currency"],
        "receipt": row["receipt"],
        "offer_id": None,
        "status": row["status"],
        "attempts": row["attempts"],
        "notes": notes_of(row),
        "created_at": row["created_at"],
    }


def payment_json(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    details = json.loads(row["details"])
    error = json.loads(row["error"]) if row["status"] == "failed" else {}
    returned = refunded(store, row["id"])
    return {
        "id": row["id"],
        "entity": "payment",
        "amount": row["amount"],
        "currency": row["currency"],
        "status": row["status"],
        "order_id": row["order_id"],
        "invoice_id": None,
        "international": False,
        "method": row["method"],
        "amount_refunded": returned,
        "refund_status": _refund_status(returned, row["amount"]),
        "captured": bool(row["captured"]),
        "description": details.get("description"),
        "card_id": details.get("card_id"),
        "bank": details.get("bank"),
        "wallet": None,
        "vpa": details.get("vpa"),
        "email": row["email"],
        "contact": row["contact"],
        "notes": [],
        "fee": row["fee"],
        "tax": row["tax"],
        "error_code": error.get("code"),
        "error_description": error.get("description"),
        "error_source": error.get("source"),
        "error_step": error.get("step"),
        "error_reason": error.get("reason"),
        "acquirer_data": details.get("acquirer_data", {}),
        "created_at": row["created_at"],
        **({"card": details["card"]} if "card" in details else {}),
    }


def refund_json(_: Store, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "entity": "refund",
        "amount": row["amount"],
        "currency": row["currency"],
        "payment_id": row["payment_id"],
        "notes": notes_of(row),
        "receipt": row["receipt"],
        "acquirer_data": {"arn": None},
        "created_at": row["created_at"],
        "batch_id": None,
        "status": row["status"],
        "speed_processed": "normal",
        "speed_requested": row["speed"],
    }


def collection(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"entity": "collection", "count": len(items), "items": list(items)}


def _refund_status(returned: int, amount: int) -> str | None:
    if returned == 0:
        return None
    return "full" if returned >= amount else "partial"
