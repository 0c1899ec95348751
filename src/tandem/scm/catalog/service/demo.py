"""Sixty products of an Indian general store, so that a fresh installation has something to sell.

`demo.csv` goes in by the same import that customers use. HSN codes and tax classes are those of a
shop in 2026; GST is in the price (MRP).
"""

import csv
import io
from datetime import datetime
from importlib.resources import files

from tandem.kernel.db import Tx
from tandem.scm.catalog import store
from tandem.scm.catalog.service.imports import import_products


async def seed_demo(tx: Tx, now: datetime) -> int:
    """Add the demo variants whose SKU is not there yet; returns how many were added."""
    text = files("tandem.scm.catalog.service").joinpath("demo.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    known = {found.sku for found in await store.facts(tx, [row["sku"] for row in rows])}
    held = io.StringIO()
    sheet = csv.DictWriter(held, fieldnames=list(rows[0]))
    sheet.writeheader()
    sheet.writerows(row for row in rows if row["sku"] not in known)
    result = await import_products(
        tx, io.BytesIO(held.getvalue().encode()), is_dry_run=False, now=now
    )
    assert result.failed == 0, f"the demo's own rows are good: {result.errors}"
    return result.created
