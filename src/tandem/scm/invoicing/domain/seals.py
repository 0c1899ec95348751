"""The hash chain over issued documents: change one, and every later hash of its series is wrong."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

GENESIS = "0" * 64
"""What the first document of a series and year has before it."""

SEALED_HEAD = [
    "id",
    "kind",
    "series",
    "fy",
    "seq",
    "number",
    "original_id",
    "original_number",
    "credit_no",
    "order_id",
    "order_number",
    "customer_id",
    "refund_id",
    "reason",
    "issued_at",
    "issued_on",
    "seller",
    "buyer",
    "ship_to",
    "place_of_supply",
    "supply_kind",
    "clause",
    "is_inter_state",
    "payment_method",
    "paid_minor",
    "currency",
    "taxable_minor",
    "cgst_minor",
    "sgst_minor",
    "igst_minor",
    "cess_minor",
    "round_off_minor",
    "total_minor",
    "irn",
]
SEALED_LINE = [
    "id",
    "line_no",
    "order_line_id",
    "original_line_id",
    "sku",
    "title",
    "hsn",
    "unit",
    "quantity",
    "unit_price_minor",
    "price_includes_tax",
    "discount_minor",
    "tax_class",
    "tax_rate",
    "taxable_minor",
    "cgst_minor",
    "sgst_minor",
    "igst_minor",
    "cess_minor",
    "total_minor",
]
"""These lists are part of every hash already made: a later field is never added to them."""


def seal(prev_hash: str, columns: Mapping[str, Any]) -> str:
    """SHA-256 over the hash before and the columns as stored, keys sorted, as JSON."""
    content = {
        "prev_hash": prev_hash,
        "head": {name: columns[name] for name in SEALED_HEAD},
        "lines": [{name: line[name] for name in SEALED_LINE} for line in columns["lines"]],
    }
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
