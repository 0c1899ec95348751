"""What is on a pick list, read in one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderSnapshot
from tandem.crm.identity import service as identity
from tandem.flows.pick_lists.sheet import Place, places_of
from tandem.kernel.db import Tx
from tandem.kernel.errors import Conflict
from tandem.scm.inventory import service as inventory
from tandem.scm.orders import service as orders
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.domain.statuses import WITH_US

SHIPMENTS_MAX = 100
"""More than a day's walk; who has more prints another list."""


class NothingToPick(Conflict):
    """Goods that have left, a cancelled shipment, an order on hold: the whole list is refused."""

    code = "nothing_to_pick"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A shipment on the list; `note` is the order's, for who may read orders."""

    shipment: Shipment
    note: str

    @property
    def pieces(self) -> int:
        return sum(item.quantity for item in self.shipment.items)


class Picking(msgspec.Struct, frozen=True, kw_only=True):
    """`left_out` says of each shipment that was asked for and is not picked why."""

    company: str
    zone: str
    printed_at: datetime
    places: list[Place]
    waiting: list[Waiting]
    left_out: dict[str, str]

    @property
    def pieces(self) -> int:
        return sum(each.pieces for each in self.waiting)

    @property
    def name(self) -> str:
        """Of the file."""
        if len(self.waiting) == 1:
            return f"pick-list-{self.waiting[0].shipment.number}"
        return f"pick-list-{len(self.waiting)}-shipments"


async def gather(
    tx: Tx, shipment_ids: Sequence[UUID], *, now: datetime, takes_rest: bool = False
) -> Picking:
    """Where the goods of these shipments lie. NotFound where one is not there; NothingToPick where
    one has nothing to pick any more, or with `takes_rest` where all of them."""
    assert len(shipment_ids) <= SHIPMENTS_MAX, "a list is bounded where it is asked for"
    chosen = await shipping.list_chosen(tx, shipment_ids)
    found = await _orders(tx, chosen)
    reasons = {one.number: why for one in chosen if (why := _why_not(one, found[one.order_id]))}
    if reasons and (not takes_rest or len(reasons) == len(chosen)):
        said = "; ".join(f"{number} {why}" for number, why in list(reasons.items())[:5])
        raise NothingToPick(f"Not to be picked: {said}.", shipments=reasons)
    picked = [one for one in chosen if one.number not in reasons]
    company = await identity.get_organisation(tx)
    return Picking(
        company=company.name,
        zone=company.time_zone,
        printed_at=now,
        places=await _places(tx, picked),
        waiting=[Waiting(shipment=one, note=_note(tx, found[one.order_id])) for one in picked],
        left_out=reasons,
    )


async def _orders(tx: Tx, chosen: Sequence[Shipment]) -> Mapping[UUID, OrderSnapshot]:
    """Whoever sees a shipment may know whether its order is held; what it says is asked apart."""
    trusted = tx.with_all_grants()
    ids = {shipment.order_id for shipment in chosen}
    return {order_id: await orders.get_order(trusted, order_id) for order_id in ids}


def _why_not(shipment: Shipment, order: OrderSnapshot) -> str:
    if shipment.status not in WITH_US:
        return f"is {str(shipment.status).replace('_', ' ')}"
    return f"is on hold with order {order.number}" if order.is_on_hold else ""


def _note(tx: Tx, order: OrderSnapshot) -> str:
    is_shown = tx.actor.may_with("orders.read", order) and not tx.actor.hides("order", "note")
    return order.note if is_shown else ""


async def _places(tx: Tx, picked: Sequence[Shipment]) -> list[Place]:
    """Who sends the goods may know on which shelf they are held, and nothing else of the stock."""
    trusted = tx.with_all_grants()
    order_ids = sorted({shipment.order_id for shipment in picked})
    return places_of(
        picked,
        waiting=await shipping.list_with_us(trusted, order_ids),
        held=await inventory.held_of(trusted, order_ids),
        locations=await inventory.list_locations(trusted),
    )
