"""Shipping over HTTP."""

from tandem.scm.shipping.http.accounts import CarrierAccountController, CarrierWebhookController
from tandem.scm.shipping.http.settings import (
    QuoteController,
    ServiceabilityController,
    SettingsController,
)
from tandem.scm.shipping.http.shipments import ManifestController, ShipmentController
from tandem.scm.shipping.http.undelivered import UndeliveredController

__all__ = [
    "CarrierAccountController",
    "CarrierWebhookController",
    "ManifestController",
    "QuoteController",
    "ServiceabilityController",
    "SettingsController",
    "ShipmentController",
    "UndeliveredController",
]
