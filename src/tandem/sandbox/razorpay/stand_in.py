"""Plugs the stand-in into the sandbox."""

from collections.abc import Sequence
from functools import partial

from litestar.types import ControllerRouterHandler

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import Target
from tandem.sandbox.razorpay import ledger, notices, sweep
from tandem.sandbox.razorpay.api import (
    DisputesController,
    DocumentsController,
    LinksController,
    RazorpayController,
)
from tandem.sandbox.razorpay.checkout import CheckoutController
from tandem.sandbox.razorpay.desk import AccountController
from tandem.sandbox.razorpay.refusals import fault_body

OWN_FAULTS = frozenset(
    {
        "captured_first",
        "callback_lost",
        "refund_busy",
        "refund_pending",
        "refund_failed",
        "never_settled",
        "recon_missing",
        "recon_doubled",
        "recon_wrong_fee",
    }
)
"""Matched against the payment's id; `callback_lost` against the order's: the browser never comes
back after paying. The four of settlements match the id of what was settled."""


def prepare(deps: Dependencies) -> None:
    deps.store.create(ledger.DDL)
    deps.faults.declare(
        Target(
            name="razorpay",
            prefix="/razorpay",
            kinds=OWN_FAULTS,
            error_body=fault_body,
            has_webhooks=True,
        )
    )
    deps.webhooks.declare("razorpay", sign=notices.sign)
    deps.background.append(partial(sweep.run, deps))


def routes() -> Sequence[ControllerRouterHandler]:
    return [
        RazorpayController,
        DisputesController,
        DocumentsController,
        LinksController,
        CheckoutController,
        AccountController,
    ]
