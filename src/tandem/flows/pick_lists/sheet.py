"""From shipments and what their orders hold to what is picked where. Pure."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from tandem.contracts.shipping import ShipmentItem
from tandem.scm.inventory.domain import Location, Reservation
from tandem.scm.shipping.domain.shipments import Shipment


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a pick are for one shipment."""

    shipment_id: UUID
    shipment_number: str
    order_number: str
    quantity: int


class Pick(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU at one place; `quantity` is what its shares come to."""

    sku: str
    title: str
    quantity: int
    shares: list[Share]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A location and what is taken there, by SKU. Without a `code` nothing is held anywhere."""

    code: str
    name: str
    picks: list[Pick]


class _Portion(msgspec.Struct, frozen=True, kw_only=True):
    location_id: UUID | None
    item: ShipmentItem
    shipment: Shipment
    quantity: int


def places_of(
    chosen: Sequence[Shipment],
    *,
    waiting: Sequence[Shipment],
    held: Sequence[Reservation],
    locations: Sequence[Location],
) -> list[Place]:
    """In the order in which orders take from the shelves: by priority, then code; each by SKU.

    `waiting` are all shipments of the same orders that have not left: what an order holds at two
    places is shared out over them, the oldest first, so that two of them never send to one piece.
    """
    wanted = {shipment.id for shipment in chosen}
    portions = [each for each in _shared_out(waiting, held) if each.shipment.id in wanted]
    known = {place.id: place for place in locations}
    found: dict[UUID | None, list[_Portion]] = {}
    for portion in portions:
        found.setdefault(portion.location_id, []).append(portion)

    def walk(location_id: UUID | None) -> tuple[bool, int, str]:
        place = known.get(location_id) if location_id else None
        return (place is None, place.priority if place else 0, place.code if place else "")

    return [
        _place(known.get(location_id) if location_id else None, found[location_id])
        for location_id in sorted(found, key=walk)
    ]


def _shared_out(waiting: Sequence[Shipment], held: Sequence[Reservation]) -> list[_Portion]:
    left: dict[tuple[UUID, UUID], list[tuple[UUID, int]]] = {}
    for row in held:
        left.setdefault((row.order_id, row.variant_id), []).append((row.location_id, row.held))
    portions = []
    for shipment in sorted(waiting, key=lambda one: one.id):
        for item in shipment.items:
            shelves = left.get((shipment.order_id, item.variant_id), [])
            for location_id, quantity in _taken(shelves, item.quantity):
                portions.append(
                    _Portion(
                        location_id=location_id, item=item, shipment=shipment, quantity=quantity
                    )
                )
    return portions


def _taken(shelves: list[tuple[UUID, int]], wanted: int) -> list[tuple[UUID | None, int]]:
    """From one shelf after another, which are emptied meanwhile; the rest from nowhere."""
    taken: list[tuple[UUID | None, int]] = []
    while wanted and shelves:
        location_id, there = shelves.pop(0)
        count = min(wanted, there)
        taken.append((location_id, count))
        wanted -= count
        if there > count:
            shelves.insert(0, (location_id, there - count))
    if wanted:
        taken.append((None, wanted))
    return taken


def _place(location: Location | None, portions: Sequence[_Portion]) -> Place:
    by_sku: dict[tuple[str, UUID], list[_Portion]] = {}
    for portion in portions:
        by_sku.setdefault((portion.item.sku, portion.item.variant_id), []).append(portion)
    return Place(
        code=location.code if location else "",
        name=location.name if location else "",
        picks=[_pick(by_sku[key]) for key in sorted(by_sku)],
    )


def _pick(portions: Sequence[_Portion]) -> Pick:
    first = portions[0].item
    shares = _shares(portions)
    return Pick(
        sku=first.sku,
        title=first.title,
        quantity=sum(share.quantity for share in shares),
        shares=shares,
    )


def _shares(portions: Sequence[_Portion]) -> list[Share]:
    totals: dict[UUID, int] = {}
    shipments: Mapping[UUID, Shipment] = {one.shipment.id: one.shipment for one in portions}
    for portion in portions:
        totals[portion.shipment.id] = totals.get(portion.shipment.id, 0) + portion.quantity
    return [
        Share(
            shipment_id=shipment_id,
            shipment_number=shipments[shipment_id].number,
            order_number=shipments[shipment_id].order_number,
            quantity=quantity,
        )
        for shipment_id, quantity in totals.items()
    ]
