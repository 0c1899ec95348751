"""What happens by itself: banks answer, late authorisations arrive, forgotten ones go back, and
what was captured is settled."""

import asyncio
import time

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.razorpay import links, payments, refunds, settlements
from tandem.sandbox.razorpay.ledger import now_seconds

PAUSE_SECONDS = 0.2
BATCH = 50
AUTO_REFUND_SECONDS = 3 * 86_400
"""https://razorpay.com/docs/payments/payments/capture-settings: uncaptured for three days."""


async def run(deps: Dependencies) -> None:
    while True:
        sweep(deps)
        await asyncio.sleep(PAUSE_SECONDS)


def sweep(deps: Dependencies) -> None:
    """Everything that is due, a bounded number of each."""
    for refund_id, payment_id in _due_refunds(deps):
        failed = deps.faults.take("razorpay", payment_id, {"refund_failed"}) is not None
        refunds.settle(deps, refund_id, "failed" if failed else "processed")
    now = now_seconds(deps)
    for payment_id in _ids(deps, "status = 'failed' and late_at <= ?", now):
        payments.authorize(deps, payment_id)
    forgotten = "status = 'authorized' and authorized_at <= ?"
    for payment_id in _ids(deps, forgotten, now - AUTO_REFUND_SECONDS):
        refunds.give_back_uncaptured(deps, payment_id)
    settlements.settle_due(deps)
    links.expire_due(deps)


def _due_refunds(deps: Dependencies) -> list[tuple[str, str]]:
    rows = deps.store.rows(
        """select id, payment_id from razorpay_refund
            where status = 'pending' and settles_at <= ? order by seq limit ?""",
        (time.time(), BATCH),
    )
    return [(row["id"], row["payment_id"]) for row in rows]


def _ids(deps: Dependencies, condition: str, until: int) -> list[str]:
    rows = deps.store.rows(
        f"select id from razorpay_payment where {condition} order by seq limit ?", (until, BATCH)
    )
    return [row["id"] for row in rows]
