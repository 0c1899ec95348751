"""What inventory tells the rest of the suite. Data only."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from tandem.kernel.events import Event


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    variant_id: UUID
    sku: str
    quantity: int


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """What one order wants held: all of it or none. `held_until` None holds until released."""

    order_id: UUID
    demands: list[Demand]
    held_until: datetime | None


class StockReserved(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "inventory.stock_reserved.v1"
    order_id: UUID
    held_until: datetime | None

    def key(self) -> str:
        return str(self.order_id)


class StockReleased(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "inventory.stock_released.v1"
    order_id: UUID
    reason: str

    def key(self) -> str:
        return str(self.order_id)


class StockMove(msgspec.Struct, frozen=True, kw_only=True):
    """On hand of a variant at a location changed by `quantity`: negative where goods left."""

    variant_id: UUID
    sku: str
    location_id: UUID
    quantity: int


class StockCommitted(Event, frozen=True, kw_only=True):
    """The goods have left: on hand fell and the hold is used up."""

    topic: ClassVar[str] = "inventory.stock_committed.v1"
    order_id: UUID
    shipment_id: UUID
    moves: list[StockMove] = msgspec.field(default_factory=list)

    def key(self) -> str:
        return str(self.order_id)


class StockRestocked(Event, frozen=True, kw_only=True):
    """Shipped goods of an order are back on the shelves they left from."""

    topic: ClassVar[str] = "inventory.stock_restocked.v1"
    order_id: UUID
    reason: str
    moves: list[StockMove]

    def key(self) -> str:
        return str(self.order_id)


class StockAdjusted(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "inventory.stock_adjusted.v1"
    variant_id: UUID
    sku: str
    location_id: UUID
    quantity: int
    reason: str

    def key(self) -> str:
        return str(self.variant_id)


class StockCrossing(Event, frozen=True, kw_only=True):
    """What can still be sold of a variant at a location has crossed a line."""

    variant_id: UUID
    sku: str
    location_id: UUID
    available: int
    reorder_point: int

    def key(self) -> str:
        return str(self.variant_id)


class StockRanLow(StockCrossing, frozen=True, kw_only=True):
    topic: ClassVar[str] = "inventory.stock_ran_low.v1"


class StockRanOut(StockCrossing, frozen=True, kw_only=True):
    topic: ClassVar[str] = "inventory.stock_ran_out.v1"


class StockCameBack(StockCrossing, frozen=True, kw_only=True):
    topic: ClassVar[str] = "inventory.stock_came_back.v1"
