"""Counts on shelves: locked in one global order (variant, location), changed in one statement."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.ending import Expects
from tandem.scm.inventory.domain import SELLS, Level, Shelf, Taking

LOCK_FOR_SALE = Query(
    """
    select l.variant_id, l.location_id, l.sku, l.on_hand, l.reserved, l.reorder_point,
           p.priority, p.is_active and p.kind = any(:kinds::text[]) as is_selling
      from inventory.level l
      join inventory.location p on p.org_id = l.org_id and p.id = l.location_id
     where l.org_id = :org_id and l.variant_id = any(:variant_ids::uuid[])
     order by l.variant_id, l.location_id   -- one global order: two baskets can never deadlock
       for no key update of l
    """
)

LOCK = Query(
    """
    select l.variant_id, l.location_id, l.sku, l.on_hand, l.reserved, l.reorder_point
      from inventory.level l
      join unnest(:variant_ids::uuid[], :location_ids::uuid[]) as asked (variant_id, location_id)
        on l.variant_id = asked.variant_id and l.location_id = asked.location_id
     where l.org_id = :org_id
     order by l.variant_id, l.location_id
       for no key update of l
    """
)

AVAILABLE = Query(
    """
    select l.variant_id, sum(l.on_hand - l.reserved) as available
      from inventory.level l
      join inventory.location p on p.org_id = l.org_id and p.id = l.location_id
     where l.org_id = :org_id and l.variant_id = any(:variant_ids::uuid[])
       and p.is_active and p.kind = any(:kinds::text[])
     group by l.variant_id
    """
)

HOLD = Query(
    """
    insert into inventory.reservation
           (org_id, order_id, variant_id, location_id, sku, status, held, held_until)
    select :org_id, order_id, variant_id, location_id, sku,
           case when held_until is null then 'allocated' else 'held' end, quantity, held_until
      from unnest(:order_ids::uuid[], :variant_ids::uuid[], :location_ids::uuid[],
                  :skus::text[], :quantities::int[], :held_until::timestamptz[])
           as asked (order_id, variant_id, location_id, sku, quantity, held_until)
        on conflict (org_id, order_id, variant_id, location_id) do update
       set status = excluded.status, held = excluded.held, held_until = excluded.held_until
     where reservation.held = 0
    """
)

TAKE = Query(
    """
    update inventory.level as level
       set reserved = level.reserved + taking.quantity
      from unnest(:variant_ids::uuid[], :location_ids::uuid[], :quantities::int[])
           as taking (variant_id, location_id, quantity)
     where level.org_id = :org_id
       and level.variant_id = taking.variant_id and level.location_id = taking.location_id
    """
)

CHANGE = Query(
    """
    update inventory.level as level
       set on_hand = level.on_hand + change.on_hand, reserved = level.reserved + change.reserved
      from unnest(:variant_ids::uuid[], :location_ids::uuid[], :on_hand::int[], :reserved::int[])
           as change (variant_id, location_id, on_hand, reserved)
     where level.org_id = :org_id
       and level.variant_id = change.variant_id and level.location_id = change.location_id
    """
)

OPEN = Query(
    """
    insert into inventory.level (org_id, variant_id, location_id, sku)
    select :org_id, variant_id, :location_id, sku
      from unnest(:variant_ids::uuid[], :skus::text[]) as new (variant_id, sku)
     order by variant_id
        on conflict (org_id, variant_id, location_id) do nothing
    """
)

LOCK_SETTINGS = Query(
    """
    select version
      from inventory.level
     where org_id = :org_id and variant_id = :variant_id and location_id = :location_id
     order by location_id
       for no key update
    """
)

SET_REORDER_POINT = Query(
    """
    update inventory.level set reorder_point = :reorder_point, version = version + 1
     where org_id = :org_id and variant_id = :variant_id and location_id = :location_id
    """
)

RENAME = Query(
    "update inventory.level set sku = :sku where org_id = :org_id and variant_id = :variant_id"
)

_SHELVES = """
    select l.variant_id, l.location_id, p.code as location_code, l.sku, l.on_hand, l.reserved,
           case when p.is_active and p.kind = any(:kinds::text[])
                then l.on_hand - l.reserved else 0 end as available,
           l.reorder_point, p.is_active and p.kind = any(:kinds::text[]) as is_selling,
           l.version
      from inventory.level l
      join inventory.location p on p.org_id = l.org_id and p.id = l.location_id
     where l.org_id = :org_id
       and (:location_id::uuid is null or l.location_id = :location_id)
       and (not :is_low::boolean
            or (p.is_active and p.kind = any(:kinds::text[])
                and l.on_hand - l.reserved <= l.reorder_point))
       and (l.sku, l.location_id) > (:after_sku::text, :after_location::uuid)
"""

_SHELVES_AS_OF = """
    select l.variant_id, l.location_id, p.code as location_code, l.sku, past.on_hand,
           null::int as reserved, null::int as available, l.reorder_point,
           p.is_active and p.kind = any(:kinds::text[]) as is_selling, l.version
      from inventory.level l
      join inventory.location p on p.org_id = l.org_id and p.id = l.location_id
     cross join lateral (
           select coalesce(sum(e.quantity), 0)::int as on_hand
             from inventory.entry e
            where e.org_id = l.org_id and e.variant_id = l.variant_id
              and e.location_id = l.location_id and e.occurred_at <= :as_of) as past
     where l.org_id = :org_id
       and (:location_id::uuid is null or l.location_id = :location_id)
       and (l.sku, l.location_id) > (:after_sku::text, :after_location::uuid)
"""

_IN_ORDER = " order by l.sku, l.location_id limit :limit"

# One statement with an optional SKU would be planned for the case without and read every shelf.
LIST = Query(_SHELVES + _IN_ORDER)
LIST_OF_SKU = Query(_SHELVES + " and l.sku = :sku" + _IN_ORDER)
LIST_AS_OF = Query(_SHELVES_AS_OF + _IN_ORDER)
LIST_OF_SKU_AS_OF = Query(_SHELVES_AS_OF + " and l.sku = :sku" + _IN_ORDER)

Place = tuple[UUID, UUID]
"""(variant, location): a level's key."""


async def lock_for_sale(tx: Tx, variant_ids: Sequence[UUID]) -> list[Level]:
    """Every level of these variants, locked; those that may not sell are marked."""
    rows = await tx.records(LOCK_FOR_SALE, variant_ids=list(variant_ids), kinds=list(SELLS))
    return [Level(**row) for row in rows]


async def lock(tx: Tx, places: Sequence[Place]) -> dict[Place, Level]:
    unique = sorted(set(places))
    rows = await tx.many(
        LOCK,
        Level,
        variant_ids=[variant for variant, _ in unique],
        location_ids=[location for _, location in unique],
    )
    return {(level.variant_id, level.location_id): level for level in rows}


async def available(tx: Tx, variant_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What can be sold of each variant over all selling locations; unknown ones are absent."""
    rows = await tx.records(AVAILABLE, variant_ids=list(variant_ids), kinds=list(SELLS))
    return {row["variant_id"]: int(row["available"]) for row in rows}


async def take(tx: Tx, takings: Sequence[Taking], *, otherwise: Callable[[], Exception]) -> None:
    """Write holds and their levels' new counts at the transaction's end. `otherwise` is raised
    there when one of the orders holds something already."""
    totals: dict[Place, int] = {}
    for taking in takings:
        place = (taking.level.variant_id, taking.level.location_id)
        totals[place] = totals.get(place, 0) + taking.quantity
    await tx.later(
        HOLD,
        order_ids=[taking.order_id for taking in takings],
        variant_ids=[taking.level.variant_id for taking in takings],
        location_ids=[taking.level.location_id for taking in takings],
        skus=[taking.level.sku for taking in takings],
        quantities=[taking.quantity for taking in takings],
        held_until=[taking.held_until for taking in takings],
        expects=Expects(len(takings), otherwise),
    )
    await tx.later(
        TAKE,
        variant_ids=[variant for variant, _ in totals],
        location_ids=[location for _, location in totals],
        quantities=list(totals.values()),
    )


async def change(tx: Tx, changes: Mapping[Place, tuple[int, int]]) -> None:
    """Add (on hand, reserved) to each level; the caller holds their locks."""
    touched = await tx.run(
        CHANGE,
        variant_ids=[variant for variant, _ in changes],
        location_ids=[location for _, location in changes],
        on_hand=[on_hand for on_hand, _ in changes.values()],
        reserved=[reserved for _, reserved in changes.values()],
    )
    assert touched == len(changes), "every changed level was locked a moment ago"


async def open_levels(tx: Tx, variants: Mapping[UUID, str], location_id: UUID) -> None:
    """Give each variant (id → SKU) an empty shelf at the location where it has none."""
    await tx.run(
        OPEN,
        variant_ids=list(variants),
        skus=list(variants.values()),
        location_id=location_id,
    )


async def lock_settings(tx: Tx, place: Place) -> int | None:
    """The version of what is set on a shelf by hand; None where there is none."""
    variant_id, location_id = place
    found: int | None = await tx.value(
        LOCK_SETTINGS, variant_id=variant_id, location_id=location_id
    )
    return found


async def set_reorder_point(tx: Tx, place: Place, reorder_point: int) -> bool:
    variant_id, location_id = place
    return bool(
        await tx.run(
            SET_REORDER_POINT,
            variant_id=variant_id,
            location_id=location_id,
            reorder_point=reorder_point,
        )
    )


async def rename(tx: Tx, variant_id: UUID, sku: str) -> None:
    await tx.run(RENAME, variant_id=variant_id, sku=sku)


async def list_shelves(
    tx: Tx,
    *,
    sku: str | None,
    location_id: UUID | None,
    is_low: bool,
    as_of: datetime | None,
    after: tuple[str, UUID],
    limit: int,
) -> list[Shelf]:
    asked: dict[str, Any] = {
        "kinds": list(SELLS),
        "location_id": location_id,
        "after_sku": after[0],
        "after_location": after[1],
        "limit": limit,
    }
    asked |= {"is_low": is_low} if as_of is None else {"as_of": as_of}
    if sku is None:
        return await tx.many(LIST if as_of is None else LIST_AS_OF, Shelf, **asked)
    return await tx.many(
        LIST_OF_SKU if as_of is None else LIST_OF_SKU_AS_OF, Shelf, sku=sku, **asked
    )
