"""Two demo warehouses and their opening stock."""

from collections.abc import Sequence
from datetime import datetime

from tandem.contracts.address import Address
from tandem.contracts.catalog import VariantFacts
from tandem.kernel.db import Tx
from tandem.scm.inventory.domain import Location
from tandem.scm.inventory.service.locations import add_location, find_location
from tandem.scm.inventory.service.shelves import open_stock, set_reorder_point

MAIN = Address(
    name="Tandem Demo Traders, Warehouse",
    line1="Plot 7, 2nd Stage Industrial Area",
    city="Bengaluru",
    state_code="29",
    postal_code="560001",
    phone="+918041230001",
)
SECOND = Address(
    name="Tandem Demo Traders, Mumbai",
    line1="Unit 12, Saki Vihar Road",
    city="Mumbai",
    state_code="27",
    postal_code="400072",
    phone="+912241230002",
)
EVERY_FIFTH = 5


async def seed_demo(
    tx: Tx, variants: Sequence[VariantFacts], now: datetime, *, origin: Address | None = None
) -> list[Location]:
    """Open both warehouses (the first at `origin` if given) and fill them; safe to run again."""
    if await find_location(tx, "BLR"):
        return []
    main = await add_location(
        tx,
        code="BLR",
        name="Bengaluru warehouse",
        kind="warehouse",
        priority=1,
        address=origin or MAIN,
        now=now,
    )
    second = await add_location(
        tx,
        code="BOM",
        name="Mumbai warehouse",
        kind="warehouse",
        priority=2,
        address=SECOND,
        now=now,
    )
    names = {variant.variant_id: variant.sku for variant in variants}
    some = dict(list(names.items())[::EVERY_FIFTH])
    await open_stock(tx, variants=names, location_id=main.id, quantity=240, now=now)
    await open_stock(tx, variants=some, location_id=second.id, quantity=60, now=now)
    for variant_id in names:
        await set_reorder_point(tx, variant_id=variant_id, location_id=main.id, reorder_point=20)
    return [main, second]
