"""Settlements: captured money goes to the bank two days later, less fees, refunds and adjustments.

https://razorpay.com/docs/api/settlements. Two days are two days of the movable clock, with no
weekends. Faults of its own, each matched against the id of the thing settled: `recon_missing`
leaves a row out of the answer, `recon_doubled` answers it twice, `recon_wrong_fee` charges ₹1 more
than was settled; `never_settled` keeps a payment out of every settlement.
"""

import secrets
import string
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import reading
from tandem.sandbox.razorpay.entities import collection, settled_json, settlement_json
from tandem.sandbox.razorpay.ledger import find, new_id, now_seconds
from tandem.sandbox.razorpay.notices import tell
from tandem.sandbox.razorpay.refusals import RazorpayRefusal, unknown_id

SETTLES_AFTER_SECONDS = 2 * 86_400
BATCH = 1_000
WRONG_FEE = 100
INDIA = ZoneInfo("Asia/Kolkata")

DUE_PAYMENTS = """
    select p.id, p.amount, p.fee, p.tax from razorpay_payment p
     where p.captured = 1 and p.authorized_at <= ?
       and not exists (select 1 from razorpay_settled s where s.entity_id = p.id)
     order by p.seq limit ?
"""

DUE_REFUNDS = """
    select r.id, r.amount from razorpay_refund r join razorpay_payment p on p.id = r.payment_id
     where r.status = 'processed' and p.captured = 1
       and not exists (select 1 from razorpay_settled s where s.entity_id = r.id)
     order by r.seq limit ?
"""

DUE_ADJUSTMENTS = """
    select a.id, a.amount from razorpay_adjustment a
     where not exists (select 1 from razorpay_settled s where s.entity_id = a.id)
     order by a.seq limit ?
"""


def settle_due(deps: Dependencies) -> None:
    """Make the settlement that is due, if any payment is old enough."""
    due = _due_payments(deps, until=now_seconds(deps) - SETTLES_AFTER_SECONDS)
    if due:
        _settle(deps, due)


def settle_now(deps: Dependencies, again: Sequence[str] = ()) -> dict[str, Any] | None:
    """Everything captured, without the two days; with it, once more, what `again` names."""
    repeated = [_payment_row(deps, payment_id) for payment_id in again]
    return _settle(deps, [*_due_payments(deps, until=now_seconds(deps)), *repeated])


def add_adjustments(deps: Dependencies, *, amount: int, description: str, count: int) -> list[str]:
    """What the vendor adds or takes by itself, such as the outcome of a dispute."""
    made = [new_id("adj") for _ in range(count)]
    with deps.store.transaction():
        for adjustment_id in made:
            deps.store.run(
                "insert into razorpay_adjustment (id, amount, description, created_at) "
                "values (?, ?, ?, ?)",
                (adjustment_id, amount, description, now_seconds(deps)),
            )
    return made


def get_settlement(deps: Dependencies, settlement_id: str) -> dict[str, Any]:
    row = find(deps.store, "razorpay_settlement", settlement_id)
    if row is None:
        raise unknown_id()
    return settlement_json(row)


def list_settlements(deps: Dependencies, query: Mapping[str, Any]) -> dict[str, Any]:
    """Newest first; `from` and `to` are Unix seconds of their making."""
    count, skip = reading.read_page(query)
    rows = deps.store.rows(
        """select * from razorpay_settlement where created_at >= ? and created_at <= ?
            order by seq desc limit ? offset ?""",
        (
            reading.read_number(query, "from", 0, 10**11),
            reading.read_number(query, "to", 10**11, 10**11),
            count,
            skip,
        ),
    )
    return collection([settlement_json(row) for row in rows])


def list_settled(deps: Dependencies, query: Mapping[str, Any]) -> dict[str, Any]:
    """What was settled in a month, or on one of its days in India."""
    count, skip = reading.read_page(query)
    since, until = _period(query)
    rows = deps.store.rows(
        """select s.*, t.utr, t.created_at as settled_at from razorpay_settled s
             join razorpay_settlement t on t.id = s.settlement_id
            where t.created_at >= ? and t.created_at < ? order by s.seq limit ? offset ?""",
        (int(since.timestamp()), int(until.timestamp()), count, skip),
    )
    items: list[dict[str, Any]] = []
    for row in rows:
        items += _with_faults(deps, settled_json(deps.store, row))
    return collection(items)


def _period(query: Mapping[str, Any]) -> tuple[datetime, datetime]:
    year = reading.read_number(query, "year", 0, 9999)
    month = reading.read_number(query, "month", 0, 12)
    day = reading.read_number(query, "day", 0, 31)
    try:
        start = date(year, month, day or 1)
    except ValueError as reason:
        raise RazorpayRefusal("The year and month fields are required.", field="year") from reason
    next_month = date(year + month // 12, month % 12 + 1, 1)
    end = start + timedelta(days=1) if day else next_month
    return _midnight(start), _midnight(end)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=INDIA)


def _with_faults(deps: Dependencies, row: dict[str, Any]) -> list[dict[str, Any]]:
    name = row["entity_id"]
    if deps.faults.take("razorpay", name, {"recon_missing"}):
        return []
    if deps.faults.take("razorpay", name, {"recon_wrong_fee"}):
        row = row | {"fee": row["fee"] + WRONG_FEE, "credit": row["credit"] - WRONG_FEE}
    return [row, row] if deps.faults.take("razorpay", name, {"recon_doubled"}) else [row]


def _due_payments(deps: Dependencies, *, until: int) -> list[dict[str, Any]]:
    due = []
    for row in deps.store.rows(DUE_PAYMENTS, (until, BATCH)):
        if deps.faults.take("razorpay", row["id"], {"never_settled"}):
            _add_row(deps, None, {"entity_id": row["id"], "type": "payment", "credit": 0})
        else:
            due.append(_payment_row(deps, row["id"]))
    return due


def _payment_row(deps: Dependencies, payment_id: str) -> dict[str, Any]:
    row = find(deps.store, "razorpay_payment", payment_id)
    if row is None or not row["captured"]:
        raise unknown_id()
    fee, tax = row["fee"] or 0, row["tax"] or 0
    return {
        "entity_id": payment_id,
        "type": "payment",
        "amount": row["amount"],
        "credit": row["amount"] - fee,
        "fee": fee,
        "tax": tax,
    }


def _settle(deps: Dependencies, settled: list[dict[str, Any]]) -> dict[str, Any] | None:
    """None while refunds outweigh what came in: the vendor waits for more."""
    for row in deps.store.rows(DUE_REFUNDS, (BATCH,)):
        settled.append(
            {
                "entity_id": row["id"],
                "type": "refund",
                "amount": row["amount"],
                "debit": row["amount"],
            }
        )
    for row in deps.store.rows(DUE_ADJUSTMENTS, (BATCH,)):
        side = "credit" if row["amount"] >= 0 else "debit"
        amount = abs(row["amount"])
        settled.append(
            {"entity_id": row["id"], "type": "adjustment", "amount": amount, side: amount}
        )
    amount = sum(row.get("credit", 0) - row.get("debit", 0) for row in settled)
    if amount <= 0:
        return None
    with deps.store.transaction():
        settlement_id = new_id("setl")
        deps.store.run(
            "insert into razorpay_settlement (id, amount, utr, created_at) values (?, ?, ?, ?)",
            (settlement_id, amount, _utr(deps), now_seconds(deps)),
        )
        for settled_row in settled:
            _add_row(deps, settlement_id, settled_row)
        made = get_settlement(deps, settlement_id)
        tell(deps, "settlement.processed", settlement=made)
    return made


def _add_row(deps: Dependencies, settlement_id: str | None, row: Mapping[str, Any]) -> None:
    deps.store.run(
        """insert into razorpay_settled (settlement_id, entity_id, type, amount, credit, debit,
                                         fee, tax)
           values (?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            settlement_id,
            row["entity_id"],
            row["type"],
            row.get("amount", 0),
            row.get("credit", 0),
            row.get("debit", 0),
            row.get("fee", 0),
            row.get("tax", 0),
        ),
    )


def _utr(deps: Dependencies) -> str:
    """Ten digits and six letters or digits, as the vendor's samples have it."""
    alphabet = string.ascii_lowercase + string.digits
    return f"{now_seconds(deps)}{''.join(secrets.choice(alphabet) for _ in range(6))}"
