"""Shelves, what lies on them, who holds what, and the sums between them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.inventory import (
    Demand,
    Hold,
    StockCameBack,
    StockCrossing,
    StockRanLow,
    StockRanOut,
)
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.events import Event

PERMISSIONS: Mapping[str, str] = {
    "inventory.read": "See locations, stock levels and the stock ledger.",
    "inventory.adjust": "Receive goods and correct counts by hand, with a reason.",
    "inventory.configure": "Add and change locations and reorder points.",
}

COUNT_MAX = 1_000_000_000
"""More than this on one shelf is a typing mistake (`countable` in the schema)."""

LocationKind = Literal["warehouse", "store", "vendor", "quarantine"]
SELLS: frozenset[str] = frozenset({"warehouse", "store"})


class Status(StrEnum):
    """A reservation's: `held` may expire, `allocated` is paid for (or to be paid at the door)."""

    HELD = "held"
    ALLOCATED = "allocated"
    SHIPPED = "shipped"
    RELEASED = "released"
    EXPIRED = "expired"


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.HELD: frozenset({Status.ALLOCATED, Status.SHIPPED, Status.RELEASED, Status.EXPIRED}),
    Status.ALLOCATED: frozenset({Status.SHIPPED, Status.RELEASED}),
    Status.SHIPPED: frozenset(),
    Status.RELEASED: frozenset({Status.HELD, Status.ALLOCATED}),
    Status.EXPIRED: frozenset({Status.HELD, Status.ALLOCATED}),
}
assert MOVES.keys() == set(Status), "every status states its moves, even if it has none"


class Kind(StrEnum):
    """Of a ledger entry."""

    RECEIVED = "received"
    ADJUSTED = "adjusted"
    SHIPPED = "shipped"
    RETURNED = "returned"


class Reason(StrEnum):
    """Why a count is corrected by hand; `other` needs a note."""

    COUNT = "count"
    DAMAGED = "damaged"
    LOST = "lost"
    FOUND = "found"
    EXPIRED = "expired"
    SAMPLE = "sample"
    OTHER = "other"


class OutOfStock(Conflict):
    """Not all of a hold can be covered; nothing of it was taken."""

    code = "insufficient_stock"

    def __init__(self, missing: Mapping[str, int]) -> None:
        listed = ", ".join(f"{sku} (short by {count})" for sku, count in missing.items())
        super().__init__(f"Not enough stock: {listed}.", missing=dict(missing))
        self.missing = dict(missing)


class AlreadyHeld(Conflict):
    code = "already_reserved"


class NotReserved(Conflict):
    """More is to leave than the order holds: its hold expired, was released, or is used up."""

    code = "not_reserved"


class HoldExpired(Conflict):
    code = "reservation_expired"


class Promised(Conflict):
    """The correction would take goods that orders hold."""

    code = "stock_is_promised"


class TooMany(Invalid):
    code = "too_many"


class LocationCodeTaken(Conflict):
    code = "location_code_taken"


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Orders take from active warehouses and stores, the lowest priority number first."""

    id: UUID
    code: str
    name: str
    kind: LocationKind
    priority: int
    address: Address | None
    is_active: bool
    version: int


class Level(msgspec.Struct, kw_only=True):
    """One variant at one location. Mutable on purpose: a batch of holds takes from it in turn."""

    resource: ClassVar[str] = "stock"

    variant_id: UUID
    location_id: UUID
    sku: str
    on_hand: int
    reserved: int
    reorder_point: int
    priority: int = 0
    is_selling: bool = True

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """A level as it is listed. Of the past only what lay on the shelf is known, no promises.

    What lies in quarantine, at a vendor's or at a closed location is not for sale (`is_selling`),
    so none of it is available. `version` is that of what is set by hand, the reorder point; counts
    move without it.
    """

    resource: ClassVar[str] = "stock"

    variant_id: UUID
    location_id: UUID
    location_code: str
    sku: str
    on_hand: int
    reserved: int | None
    available: int | None
    reorder_point: int
    is_selling: bool = True
    version: int


class Reservation(msgspec.Struct, kw_only=True):
    order_id: UUID
    variant_id: UUID
    location_id: UUID
    sku: str
    status: Status
    held: int
    shipped: int
    restocked: int
    held_until: datetime | None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger: a fact, never changed. `quantity` is signed."""

    field_rules: ClassVar[Mapping[str, str]] = {"balance": "stock.on_hand"}

    id: UUID
    seq: int
    kind: Kind
    variant_id: UUID
    location_id: UUID
    location_code: str
    sku: str
    quantity: int
    balance: int
    reason: str
    note: str
    cause_kind: str
    cause_id: UUID | None
    actor_label: str
    occurred_at: datetime


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A shelf whose counts are not what its ledger and its holds add up to."""

    resource: ClassVar[str] = "stock"
    field_rules: ClassVar[Mapping[str, str]] = {"ledger": "on_hand"}

    sku: str
    location_code: str
    on_hand: int
    ledger: int
    reserved: int
    held: int


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    levels: int
    entries: int
    is_consistent: bool
    differences: list[Difference]


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """What one order takes from one level."""

    order_id: UUID
    level: Level
    quantity: int
    held_until: datetime | None


def combine(demands: Sequence[Demand]) -> list[Demand]:
    """One demand per variant, in the order they were first asked."""
    totals: dict[UUID, Demand] = {}
    for demand in demands:
        seen = totals.get(demand.variant_id)
        totals[demand.variant_id] = (
            Demand(
                variant_id=demand.variant_id,
                sku=demand.sku,
                quantity=seen.quantity + demand.quantity,
            )
            if seen
            else demand
        )
    return list(totals.values())


def take(
    levels: Sequence[Level], holds: Sequence[Hold]
) -> tuple[list[Taking], list[OutOfStock | None]]:
    """Serve holds in turn, each whole or not at all; a level's `reserved` grows as it is taken.

    The lowest priority number is emptied first: 10 at A and 5 at B serve 13 as 10 + 3.
    """
    shelves: dict[UUID, list[Level]] = {}
    for level in sorted(levels, key=lambda level: (level.priority, level.location_id.bytes)):
        if level.is_selling:
            shelves.setdefault(level.variant_id, []).append(level)
    takings: list[Taking] = []
    verdicts: list[OutOfStock | None] = []
    for hold in holds:
        demands = combine(hold.demands)
        missing = _missing(shelves, demands)
        verdicts.append(OutOfStock(missing) if missing else None)
        if not missing:
            for demand in demands:
                takings.extend(_take_one(shelves[demand.variant_id], demand, hold))
    return takings, verdicts


def _missing(shelves: Mapping[UUID, list[Level]], demands: Sequence[Demand]) -> dict[str, int]:
    """SKU → how many are missing, every short SKU at once, so that a basket is mended once."""
    short: dict[str, int] = {}
    for demand in demands:
        room = sum(level.available for level in shelves.get(demand.variant_id, ()))
        if room < demand.quantity:
            short[demand.sku] = demand.quantity - room
    return short


def _take_one(levels: Iterable[Level], demand: Demand, hold: Hold) -> Iterable[Taking]:
    wanted = demand.quantity
    for level in levels:
        quantity = min(wanted, level.available)
        if quantity > 0:
            level.reserved += quantity
            wanted -= quantity
            yield Taking(
                order_id=hold.order_id,
                level=level,
                quantity=quantity,
                held_until=hold.held_until,
            )
        if not wanted:
            return
    assert not wanted, "the demand was covered a moment ago"


def crossings(level: Level, before: int) -> list[Event]:
    """What a change of availability from `before` is worth telling: out, low, or back again.

    Nothing where nothing is sold: goods in quarantine are not back for anybody.
    """
    if not level.is_selling:
        return []
    after = level.available
    kind: type[StockCrossing] | None = None
    if before > 0 >= after:
        kind = StockRanOut
    elif before <= 0 < after:
        kind = StockCameBack
    elif before > level.reorder_point >= after:
        kind = StockRanLow
    if kind is None:
        return []
    return [
        kind(
            variant_id=level.variant_id,
            sku=level.sku,
            location_id=level.location_id,
            available=after,
            reorder_point=level.reorder_point,
        )
    ]
