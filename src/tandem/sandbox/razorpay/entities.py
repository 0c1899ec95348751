"""Entities as the API and the webhooks show them. Key sets follow the vendor's samples."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from tandem.sandbox.razorpay.ledger import find, notes_of, refunded
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


PROOFS = (
    *("shipping_proof", "billing_proof", "cancellation_proof", "customer_communication"),
    *("proof_of_service", "explanation_letter", "refund_confirmation", "access_activity_log"),
    *("refund_cancellation_policy", "term_and_conditions"),
)
EVIDENCE = ("summary", *PROOFS, "others", "submitted_at")


def dispute_json(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    handed_in = store.row(
        "select content from razorpay_evidence where dispute_id = ?", (row["id"],)
    )
    return {
        "id": row["id"],
        "entity": "dispute",
        "payment_id": row["payment_id"],
        "amount": row["amount"],
        "currency": row["currency"],
        "amount_deducted": row["amount_deducted"],
        "gateway_dispute_id": None,
        "reason_code": row["reason_code"],
        "respond_by": row["respond_by"],
        "status": row["status"],
        "phase": row["phase"],
        "comments": None,
        "created_at": row["created_at"],
        "evidence": {
            "amount": row["amount"],
            **dict.fromkeys(EVIDENCE),
            **json.loads(handed_in["content"] if handed_in is not None else "{}"),
        },
    }


def document_json(row: sqlite3.Row) -> dict[str, Any]:
    fields = ("id", "purpose", "name", "mime_type", "size", "created_at")
    return {"entity": "document", **{name: row[name] for name in fields}}


def settlement_json(row: sqlite3.Row) -> dict[str, Any]:
    """Fees and tax are 0: a normal settlement has them in its rows."""
    return {
        "id": row["id"],
        "entity": "settlement",
        "amount": row["amount"],
        "status": row["status"],
        "fees": 0,
        "tax": 0,
        "utr": row["utr"],
        "created_at": row["created_at"],
    }


def settled_json(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    """A row of the reconciliation: the thing settled, and the settlement it is in."""
    about = _settled_entity(store, row)
    return {
        "entity_id": row["entity_id"],
        "type": row["type"],
        "debit": row["debit"],
        "credit": row["credit"],
        "amount": row["amount"],
        "currency": "INR",
        "fee": row["fee"],
        "tax": row["tax"],
        "on_hold": False,
        "settled": True,
        "created_at": about["created_at"],
        "settled_at": row["settled_at"],
        "settlement_id": row["settlement_id"],
        "posted_at": None,
        "credit_type": "default",
        "description": about["description"],
        "notes": "{}",
        "payment_id": about["payment_id"],
        "settlement_utr": row["utr"],
        "order_id": about["order_id"],
        "order_receipt": about["order_receipt"],
        "method": about["method"],
        "card_network": None,
        "card_issuer": None,
        "card_type": None,
        "dispute_id": about.get("dispute_id"),
    }


def _settled_entity(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    if row["type"] == "adjustment":
        found = find(store, "razorpay_adjustment", row["entity_id"])
        assert found is not None, "a settled adjustment exists"
        nothing = dict.fromkeys(("payment_id", "order_id", "order_receipt", "method"))
        dispute = store.row(
            "select id from razorpay_dispute where adjustment_id = ?", (row["entity_id"],)
        )
        return {
            "created_at": found["created_at"],
            "description": found["description"],
            "dispute_id": dispute["id"] if dispute is not None else None,
            **nothing,
        }
    refund = find(store, "razorpay_refund", row["entity_id"])
    payment_id = refund["payment_id"] if refund is not None else row["entity_id"]
    payment = find(store, "razorpay_payment", payment_id)
    assert payment is not None, "what was settled was paid"
    order = find(store, "razorpay_order", payment["order_id"] or "")
    return {
        "created_at": (refund or payment)["created_at"],
        "description": None,
        "payment_id": payment_id if refund is not None else None,
        "order_id": payment["order_id"],
        "order_receipt": order["receipt"] if order is not None else None,
        "method": payment["method"],
    }


def collection(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"entity": "collection", "count": len(items), "items": list(items)}


def _refund_status(returned: int, amount: int) -> str | None:
    if returned == 0:
        return None
    return "full" if returned >= amount else "partial"
