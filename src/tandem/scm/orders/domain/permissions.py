"""What may be allowed to a role here."""

from collections.abc import Mapping

PERMISSIONS: Mapping[str, str] = {
    "orders.read": "See orders, their lines and their timeline.",
    "orders.write": "Place orders, quote, confirm drafts, hold and annotate.",
    "orders.cancel": "Cancel an order before it ships.",
    "orders.configure": "Change how orders are numbered and how long unpaid ones wait.",
}
