"""Shipping over HTTP."""

from tandem.scm.shipping.http.settings import (
    QuoteController,
    ServiceabilityController,
    SettingsController,
)
from tandem.scm.shipping.http.shipments import ManifestController, ShipmentController

__all__ = [
    "ManifestController",
    "QuoteController",
    "ServiceabilityController",
    "SettingsController",
    "ShipmentController",
]
