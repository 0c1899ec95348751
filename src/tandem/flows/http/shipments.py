"""Shipping an order by hand: in parts, or with another carrier than our own fleet."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, post
from litestar.params import FromPath, JSONBody

from tandem.flows import fulfil_order
from tandem.flows.fulfil_order import LINES_MAX, OWN_FLEET, OrderNotShippable, Wanted
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, etag, refusals
from tandem.kernel.patterns import whole
from tandem.scm.shipping.domain.shipments import NothingToShip, Shipment, UnknownCarrier


class NewShipment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is left where `items` is left out."""

    items: Annotated[list[Wanted], msgspec.Meta(min_length=1, max_length=LINES_MAX)] | None = None
    carrier: Annotated[str, msgspec.Meta(max_length=32, pattern=whole("[a-z_]+"))] = OWN_FLEET


class ShipmentFlowsController(Controller):
    path = "/v1/orders"
    tags = ("shipping",)

    @post(
        "/{order_id:uuid}/shipments",
        responses=refusals(
            Forbidden, NotFound, OrderNotShippable, NothingToShip, UnknownCarrier, Invalid
        ),
    )
    async def ship(
        self, order_id: FromPath[UUID], data: JSONBody[NewShipment], tx: Transaction, now: Now
    ) -> Response[Shipment]:
        """Make a shipment of what is left of a confirmed order, or of a part of it."""
        shipment = await fulfil_order.ship(
            tx, order_id, wanted=data.items, carrier=data.carrier, now=now
        )
        return Response(shipment, headers=etag(shipment.version))
