"""A shipment made by hand: what of an order is in none yet, and what was chosen of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.orders import OrderLine, OrderSnapshot
from tandem.flows import fulfil_order
from tandem.flows.fulfil_order import MAY_SHIP, OWN_FLEET, Wanted
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.scm.shipping import service as shipping
from tandem.scm.shipping.domain.shipments import Awb, Shipment
from tandem.scm.shipping.domain.statuses import Status
from tandem.web.console.forms import convert, whole_of

AWB_WORDS = {"awb": "4 to 40 letters, digits and dashes, as on the carrier's label."}


class Numbered(msgspec.Struct):
    awb: Awb


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a line that are in no shipment; `field` is its input's name."""

    line: OrderLine
    quantity: int

    @property
    def field(self) -> str:
        return f"quantity_{self.line.line_no}"


def left_to_ship(order: OrderSnapshot, shipments: Sequence[Shipment]) -> list[Left]:
    """Nothing while the order may not be shipped."""
    if order.status not in MAY_SHIP or order.is_on_hold:
        return []
    packed: Counter[UUID] = Counter()
    for shipment in shipments:
        if shipment.status is not Status.CANCELLED:
            for item in shipment.items:
                packed[item.order_line_id] += item.quantity
    found = [
        Left(line=line, quantity=line.quantity - line.quantity_cancelled - packed[line.id])
        for line in order.lines
    ]
    return [each for each in found if each.quantity > 0]


async def ship(tx: Tx, order_id: UUID, form: Mapping[str, str], now: datetime) -> Shipment:
    """As the form says; a carrier's number that is known already is set at once."""
    tx.actor.require("shipping.write")
    order = await fulfil_order.lock_shippable(tx, order_id)
    shipments = await shipping.list_of_order(tx.with_all_grants(), order_id)
    carrier, awb = form.get("carrier", OWN_FLEET), form.get("awb", "")
    if awb and carrier == OWN_FLEET:
        raise Invalid("Our own fleet needs no carrier's number.", field="awb")
    given = convert({"awb": awb}, Numbered, AWB_WORDS) if awb else None
    wanted = _wanted(form, left_to_ship(order, shipments))
    shipment = await fulfil_order.ship(tx, order_id, wanted=wanted, carrier=carrier, now=now)
    if given:
        return await shipping.set_awb(tx.with_all_grants(), shipment, given.awb, now=now)
    return shipment


def _wanted(form: Mapping[str, str], left: Sequence[Left]) -> list[Wanted]:
    chosen = []
    for each in left:
        typed = form.get(each.field, "") or "0"
        quantity = whole_of(typed, field=each.field, least=0, most=each.quantity)
        if quantity:
            chosen.append(Wanted(order_line_id=each.line.id, quantity=quantity))
    if left and not chosen:
        raise Invalid("Say how many pieces go.", field=left[0].field)
    return chosen
