"""Whose fields a page shows: what a role hides is no filter, no order and no value there."""

from collections.abc import Iterable, Mapping
from typing import Any

from tandem.kernel.http.fields import shows

OF_PAGES: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account",),
    "campaigns": ("campaign",),
    "complaints": ("complaint",),
    "customers": ("customer",),
    "deals": ("opportunity", "quote"),
    "deliveries": ("delivery",),
    "dispatch": ("delivery", "driver"),
    "forecast": ("opportunity",),
    "invoices": ("invoice",),
    "leads": ("lead",),
    "messages": ("message",),
    "orders": ("order",),
    "payments": ("payment",),
    "products": ("product", "stock"),
    "quotes": ("quote",),
    "shipments": ("shipment",),
    "stock": ("stock", "product"),
    "variants": ("product",),
}
"""The first part of a page's address, and what it is about."""


def tell(pages: Iterable[Any]) -> None:
    """Have each page say whose fields it shows."""
    for page in pages:
        path = getattr(page, "path", "")
        area = path.strip("/").partition("/")[0] if isinstance(path, str) else ""
        if resources := OF_PAGES.get(area):
            said = page.__dict__.get("opt") or {}
            page.opt = {**said, **shows(*resources)}
