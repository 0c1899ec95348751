"""Goods in, counts corrected, and what the shelves say now or said then."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from tandem.contracts.inventory import StockAdjusted
from tandem.kernel import audit as trail
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.fields import check_changeable
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.inventory.domain import (
    COUNT_MAX,
    SELLS,
    Audit,
    Entry,
    Kind,
    Level,
    Location,
    OutOfStock,
    Promised,
    Reason,
    Shelf,
    TooMany,
    crossings,
)
from tandem.scm.inventory.service.locations import get_location
from tandem.scm.inventory.store import ledger, levels

SEQ_MAX = 2**63 - 1
FIRST = ("", UUID(int=0))


async def receive(
    tx: Tx,
    *,
    variant_id: UUID,
    sku: str,
    location_id: UUID,
    quantity: int,
    note: str = "",
    now: datetime,
) -> Level:
    """Goods came in: on hand rises by `quantity` (at least 1)."""
    tx.actor.require("inventory.adjust")
    assert quantity > 0, "receiving nothing is refused where the number was read"
    location = await get_location(tx, location_id)
    return await _move(
        tx, variant_id, sku, location, quantity, kind=Kind.RECEIVED, reason="", note=note, now=now
    )


async def adjust(
    tx: Tx,
    *,
    variant_id: UUID,
    sku: str,
    location_id: UUID,
    quantity: int,
    reason: Reason,
    note: str = "",
    now: datetime,
) -> Level:
    """Correct a count by `quantity` (signed, not 0) for a reason; `other` needs a note.

    Refuses with OutOfStock when fewer lie there, with Promised when goods that orders hold would
    be gone.
    """
    tx.actor.require("inventory.adjust")
    assert quantity, "correcting by nothing is refused where the number was read"
    if reason is Reason.OTHER and not note.strip():
        raise Invalid("Say in the note why the count changes.", field="note")
    location = await get_location(tx, location_id)
    level = await _move(
        tx,
        variant_id,
        sku,
        location,
        quantity,
        kind=Kind.ADJUSTED,
        reason=reason,
        note=note,
        now=now,
    )
    await trail.write(
        tx,
        action="inventory.adjust",
        subject_kind="variant",
        subject_id=variant_id,
        now=now,
        before={"on_hand": level.on_hand - quantity, "location": location.code},
        after={"on_hand": level.on_hand, "reason": reason, "note": note},
    )
    return level


async def open_stock(
    tx: Tx, *, variants: Mapping[UUID, str], location_id: UUID, quantity: int, now: datetime
) -> None:
    """Opening stock for many variants (id → SKU) at once: `quantity` of each, as received."""
    tx.actor.require("inventory.adjust")
    await levels.open_levels(tx, variants, location_id)
    locked = await levels.lock(tx, [(variant_id, location_id) for variant_id in variants])
    await levels.change(tx, dict.fromkeys(locked, (quantity, 0)))
    lines = [
        ledger.Line(
            variant_id=level.variant_id,
            location_id=location_id,
            sku=level.sku,
            quantity=quantity,
            balance=level.on_hand + quantity,
        )
        for level in locked.values()
    ]
    await ledger.append(tx, lines, kind=Kind.RECEIVED, cause_kind="opening", cause_id=None, now=now)
    await tx.publish(
        *(
            StockAdjusted(
                variant_id=line.variant_id,
                sku=line.sku,
                location_id=location_id,
                quantity=quantity,
                reason="opening",
            )
            for line in lines
        )
    )


async def lock_level(tx: Tx, *, variant_id: UUID, location_id: UUID) -> int:
    """The version of what is set by hand on this shelf, which nobody else sets meanwhile."""
    tx.actor.require("inventory.configure")
    version = await levels.lock_settings(tx, (variant_id, location_id))
    if version is None:
        raise NotFound("This variant has no shelf at this location.")
    return version


async def set_reorder_point(
    tx: Tx, *, variant_id: UUID, location_id: UUID, reorder_point: int
) -> None:
    tx.actor.require("inventory.configure")
    check_changeable(tx.actor, "stock", "reorder_point")
    if not await levels.set_reorder_point(tx, (variant_id, location_id), reorder_point):
        raise NotFound("This variant has no shelf at this location.")


async def rename_variant(tx: Tx, *, variant_id: UUID, sku: str) -> None:
    """The catalogue changed a SKU: levels follow, ledger and holds keep the name of their day."""
    await levels.rename(tx, variant_id, sku)


async def list_stock(
    tx: Tx,
    *,
    sku: str | None = None,
    location_id: UUID | None = None,
    is_low: bool = False,
    as_of: datetime | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Shelf]:
    """Shelves by SKU. With `as_of`, what lay there at that instant by the ledger."""
    tx.actor.require("inventory.read")
    sku_seen, location_seen = decode_cursor(cursor, str, UUID) if cursor else FIRST
    rows = await levels.list_shelves(
        tx,
        sku=sku,
        location_id=location_id,
        is_low=is_low,
        as_of=as_of,
        after=(sku_seen, location_seen),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda shelf: (shelf.sku, shelf.location_id))


async def list_entries(
    tx: Tx,
    *,
    sku: str | None = None,
    location_id: UUID | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Entry]:
    """The ledger, newest first."""
    tx.actor.require("inventory.read")
    before = decode_cursor(cursor, int)[0] if cursor else SEQ_MAX
    if not 0 <= before <= SEQ_MAX:
        raise Invalid("This cursor is not one of ours.", field="cursor")
    rows = await ledger.list_entries(
        tx, sku=sku, location_id=location_id, before=before, limit=limit + 1
    )
    return page_of(rows, limit, lambda entry: (entry.seq,))


async def audit(tx: Tx) -> Audit:
    """Do the counts equal what ledger and holds add up to? Lists 200 differences at most."""
    tx.actor.require("inventory.read")
    counted = await ledger.counts(tx)
    differences = await ledger.differences(tx)
    return Audit(
        levels=counted.levels,
        entries=counted.entries,
        is_consistent=not differences,
        differences=differences,
    )


async def _move(
    tx: Tx,
    variant_id: UUID,
    sku: str,
    location: Location,
    quantity: int,
    *,
    kind: Kind,
    reason: str,
    note: str,
    now: datetime,
) -> Level:
    place = (variant_id, location.id)
    await levels.open_levels(tx, {variant_id: sku}, location.id)
    level = (await levels.lock(tx, [place]))[place]
    level.is_selling = location.is_active and location.kind in SELLS
    level.priority = location.priority
    before = level.available
    level.on_hand += quantity
    _check_counts(level)
    await levels.change(tx, {place: (quantity, 0)})
    line = ledger.Line(
        variant_id=variant_id,
        location_id=location.id,
        sku=sku,
        quantity=quantity,
        balance=level.on_hand,
    )
    await ledger.append(
        tx, [line], kind=kind, cause_kind="hand", cause_id=None, now=now, reason=reason, note=note
    )
    await tx.publish(
        StockAdjusted(
            variant_id=variant_id,
            sku=sku,
            location_id=location.id,
            quantity=quantity,
            reason=reason or kind,
        ),
        *crossings(level, before),
    )
    return level


def _check_counts(level: Level) -> None:
    if level.on_hand < 0:
        raise OutOfStock({level.sku: -level.on_hand})
    if level.on_hand > COUNT_MAX:
        raise TooMany(f"A shelf counts up to {COUNT_MAX:,}.", field="quantity")
    if level.available < 0:
        raise Promised(
            f"Orders hold {level.reserved} of {level.sku} here; release or move them first.",
            sku=level.sku,
            reserved=level.reserved,
        )
