"""The calls to the gateway: claim the row, call with no transaction open, record what came of it.

None of these raises over a gateway's trouble: what could not be decided is put off in its own row,
and a sweep takes it up again, also after the death of whoever had it in hand.
"""

from tandem.scm.payments.jobs.calls import (
    capture_payment,
    fetch_payment,
    open_gateway_order,
    reconcile,
    send_refund,
    watch_uncaptured,
)
from tandem.scm.payments.jobs.disputes import watch_disputes
from tandem.scm.payments.jobs.links import remind_link, watch_links, work_on_link
from tandem.scm.payments.jobs.settlements import fetch_settlements, watch_settlements

__all__ = [
    "capture_payment",
    "fetch_payment",
    "fetch_settlements",
    "open_gateway_order",
    "reconcile",
    "remind_link",
    "send_refund",
    "watch_disputes",
    "watch_links",
    "watch_settlements",
    "watch_uncaptured",
    "work_on_link",
]
