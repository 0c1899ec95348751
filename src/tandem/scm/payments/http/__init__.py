"""Payments over HTTP: for staff, for the gateway's webhooks, for the buyer's pay page."""

from tandem.scm.payments.http.disputes import PaymentDisputesController
from tandem.scm.payments.http.exceptions import PaymentExceptionsController
from tandem.scm.payments.http.pay import PayController
from tandem.scm.payments.http.payments import PaymentsController
from tandem.scm.payments.http.settings import PaymentSettingsController
from tandem.scm.payments.http.settlements import (
    SettlementExceptionsController,
    SettlementsController,
)
from tandem.scm.payments.http.webhooks import RazorpayWebhooksController

__all__ = [
    "PayController",
    "PaymentDisputesController",
    "PaymentExceptionsController",
    "PaymentSettingsController",
    "PaymentsController",
    "RazorpayWebhooksController",
    "SettlementExceptionsController",
    "SettlementsController",
]
