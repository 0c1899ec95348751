"""Disputes: a bank asks a captured payment back. https://razorpay.com/docs/api/disputes

They begin, and move, at the desk: banks do as they like. Whoever was paid may accept one, which is
then lost, or contest it with documents, which puts it under review. A lost one is taken from the
next settlement, as the vendor takes it from the balance.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import reading, settlements
from tandem.sandbox.razorpay.entities import PROOFS, collection, dispute_json, document_json
from tandem.sandbox.razorpay.ledger import find, new_id, now_seconds
from tandem.sandbox.razorpay.notices import tell
from tandem.sandbox.razorpay.payments import get_payment
from tandem.sandbox.razorpay.refusals import RazorpayRefusal, unknown_id

DAY = 86_400
SUMMARY_MAX = 1_000
DOCUMENT_TYPES = frozenset({"image/jpeg", "image/png", "application/pdf"})
DOCUMENT_BYTES_MAX = 5 * 1024 * 1024
MOVES = {
    "open": {"under_review", "won", "lost", "closed"},
    "under_review": {"action_required", "won", "lost", "closed"},
    "action_required": {"under_review", "won", "lost", "closed"},
}
"""The vendor shows one that needs action as open; its event has the name."""


class NewDispute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of the payment, unless a part of it."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=10**12)] | None = None
    reason_code: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = (
        "goods_or_services_not_received_or_partially_received"
    )
    phase: Literal["fraud", "retrieval", "chargeback", "pre_arbitration", "arbitration"] = (
        "chargeback"
    )
    respond_in_days: Annotated[int, msgspec.Meta(ge=0, le=90)] = 7


def open_dispute(deps: Dependencies, payment_id: str, asked: NewDispute) -> dict[str, Any]:
    """Refuses a payment that was not captured, and more than it was."""
    payment = get_payment(deps, payment_id)
    if not payment["captured"]:
        raise RazorpayRefusal("Only captured payments are disputed.")
    amount = asked.amount or payment["amount"]
    if amount > payment["amount"]:
        raise RazorpayRefusal("The disputed amount is more than the payment.", field="amount")
    now = now_seconds(deps)
    dispute_id = new_id("disp")
    with deps.store.transaction():
        deps.store.run(
            """insert into razorpay_dispute (id, payment_id, amount, currency, reason_code, phase,
                                             respond_by, created_at)
               values (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                dispute_id,
                payment_id,
                amount,
                payment["currency"],
                asked.reason_code,
                asked.phase,
                now + asked.respond_in_days * DAY,
                now,
            ),
        )
        made = get_dispute(deps, dispute_id)
        tell(deps, "payment.dispute.created", payment=payment, dispute=made)
    return made


def move_dispute(deps: Dependencies, dispute_id: str, status: str) -> dict[str, Any]:
    """The bank, or the vendor's desk, says how it stands now."""
    before = get_dispute(deps, dispute_id)
    if status not in MOVES.get(before["status"], set()):
        raise RazorpayRefusal(f"A dispute that is {before['status']} does not become {status}.")
    is_lost = status == "lost"
    with deps.store.transaction():
        adjustment_id = None
        if is_lost:
            [adjustment_id] = settlements.add_adjustments(
                deps, amount=-before["amount"], description=f"Dispute {dispute_id} lost", count=1
            )
        deps.store.run(
            "update razorpay_dispute set status = ?, amount_deducted = ?, adjustment_id = ? "
            "where id = ?",
            (status, before["amount"] if is_lost else 0, adjustment_id, dispute_id),
        )
        after = get_dispute(deps, dispute_id)
        payment = get_payment(deps, before["payment_id"])
        tell(deps, f"payment.dispute.{status}", payment=payment, dispute=after)
    return after


def accept(deps: Dependencies, dispute_id: str) -> dict[str, Any]:
    """https://razorpay.com/docs/api/disputes/accept"""
    _check_answerable(deps, dispute_id)
    return move_dispute(deps, dispute_id, "lost")


def contest(deps: Dependencies, dispute_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """https://razorpay.com/docs/api/disputes/contest. A draft is kept, no more."""
    before = _check_answerable(deps, dispute_id)
    reading.check_fields(given, {"amount", "summary", "others", "action", *PROOFS})
    action = given.get("action", "draft")
    if action not in {"draft", "submit"}:
        raise RazorpayRefusal("The selected action is invalid.", field="action")
    if "amount" in given:
        amount = reading.read_amount(given, before["currency"])
        if amount > before["amount"]:
            raise RazorpayRefusal("Contest amount is more than the dispute.", field="amount")
    reading.read_text(given, "summary", length_max=SUMMARY_MAX)
    kept = {name: value for name, value in before["evidence"].items() if value is not None}
    evidence = {**kept, **{name: value for name, value in given.items() if name != "action"}}
    _check_documents(deps, evidence, is_final=action == "submit")
    if action == "submit":
        evidence["submitted_at"] = now_seconds(deps)
    with deps.store.transaction():
        deps.store.run(
            "insert or replace into razorpay_evidence (dispute_id, content) values (?, ?)",
            (dispute_id, json.dumps(evidence)),
        )
        if action == "submit":
            return move_dispute(deps, dispute_id, "under_review")
    return get_dispute(deps, dispute_id)


def add_document(
    deps: Dependencies, *, purpose: str, name: str, mime_type: str, size: int
) -> dict[str, Any]:
    """https://razorpay.com/docs/api/documents. Its bytes are not kept."""
    if purpose != "dispute_evidence":
        raise RazorpayRefusal("The selected purpose is invalid.", field="purpose")
    if mime_type not in DOCUMENT_TYPES or not 0 < size <= DOCUMENT_BYTES_MAX:
        raise RazorpayRefusal("The file is of a wrong type or size.", field="file")
    document_id = new_id("doc")
    deps.store.run(
        """insert into razorpay_document (id, purpose, name, mime_type, size, created_at)
           values (?, ?, ?, ?, ?, ?)""",
        (document_id, purpose, name, mime_type, size, now_seconds(deps)),
    )
    return get_document(deps, document_id)


def get_document(deps: Dependencies, document_id: str) -> dict[str, Any]:
    row = find(deps.store, "razorpay_document", document_id)
    if row is None:
        raise unknown_id()
    return document_json(row)


def _check_answerable(deps: Dependencies, dispute_id: str) -> dict[str, Any]:
    found = get_dispute(deps, dispute_id)
    if found["status"] not in {"open", "action_required"}:
        raise RazorpayRefusal(f"Action not allowed when dispute is in {found['status']} status")
    if found["respond_by"] < now_seconds(deps):
        raise RazorpayRefusal("The respond by date of the dispute is over")
    return found


def _check_documents(deps: Dependencies, evidence: Mapping[str, Any], *, is_final: bool) -> None:
    named: list[str] = []
    for proof in PROOFS:
        named += evidence.get(proof) or []
    for other in evidence.get("others") or []:
        named += other.get("document_ids") or []
    for document_id in named:
        get_document(deps, document_id)
    if is_final and not named:
        raise RazorpayRefusal("At least one evidence document is required to submit")


def get_dispute(deps: Dependencies, dispute_id: str) -> dict[str, Any]:
    row = find(deps.store, "razorpay_dispute", dispute_id)
    if row is None:
        raise unknown_id()
    return dispute_json(deps.store, row)


def list_disputes(deps: Dependencies, query: Mapping[str, Any]) -> dict[str, Any]:
    """Newest first."""
    count, skip = reading.read_page(query)
    rows = deps.store.rows(
        "select * from razorpay_dispute order by seq desc limit ? offset ?", (count, skip)
    )
    return collection([dispute_json(deps.store, row) for row in rows])
