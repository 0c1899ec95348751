"""The promise, the shipment's life, zones and calendars. Pure: no clock, no I/O."""

from collections.abc import Mapping

PERMISSIONS: Mapping[str, str] = {
    "shipping.read": "See shipments, labels, scans and promises.",
    "shipping.write": "Create shipments, set carrier numbers and parcels, hand over, call back.",
    "shipping.scan": "Report what happened to a parcel.",
    "shipping.cancel": "Cancel a shipment that was not handed over.",
    "shipping.configure": "Change origins, calendars, cut-offs, zones and transit days.",
}
