"""Shipping over HTTP."""

from tandem.scm.shipping.http.settings import QuoteController, SettingsController
from tandem.scm.shipping.http.shipments import ManifestController, ShipmentController

__all__ = ["ManifestController", "QuoteController", "SettingsController", "ShipmentController"]
