"""Goods in and counts corrected, by SKU and location code, as people in a warehouse name them."""

from datetime import datetime

from tandem.contracts.catalog import VariantFacts
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.scm.catalog import service as catalog
from tandem.scm.inventory import service as inventory
from tandem.scm.inventory.domain import Level, Location, Reason


async def receive(
    tx: Tx, *, sku: str, location: str, quantity: int, note: str, now: datetime
) -> Level:
    """Refuses a SKU or a location code that does not exist."""
    tx.actor.require("inventory.adjust")
    variant, place = await _found(tx, sku, location)
    return await inventory.receive(
        tx,
        variant_id=variant.variant_id,
        sku=variant.sku,
        location_id=place.id,
        quantity=quantity,
        note=note,
        now=now,
    )


async def adjust(
    tx: Tx, *, sku: str, location: str, quantity: int, reason: Reason, note: str, now: datetime
) -> Level:
    """Refuses a SKU or a location code that does not exist, and what inventory refuses."""
    tx.actor.require("inventory.adjust")
    if not quantity:
        raise Invalid("A correction by 0 corrects nothing.", field="quantity")
    variant, place = await _found(tx, sku, location)
    return await inventory.adjust(
        tx,
        variant_id=variant.variant_id,
        sku=variant.sku,
        location_id=place.id,
        quantity=quantity,
        reason=reason,
        note=note,
        now=now,
    )


async def _found(tx: Tx, sku: str, code: str) -> tuple[VariantFacts, Location]:
    variant = (await catalog.facts(tx, [sku])).get(sku)
    if variant is None:
        raise Invalid(f"There is no SKU {sku}.", field="sku")
    location = await inventory.find_location(tx, code)
    if location is None:
        raise Invalid(f"There is no location {code}.", field="location")
    return variant, location
