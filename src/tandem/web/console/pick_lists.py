"""The pick list of chosen shipments: looked at, then printed."""

from typing import Any
from urllib.parse import urlencode

from litestar import Controller, Request, Response, get

from tandem.flows import pick_lists
from tandem.flows.pick_lists import SHIPMENTS_MAX, NothingToPick, Picking
from tandem.kernel.http import Now, Transaction
from tandem.kernel.http.fields import shows_all
from tandem.kernel.ids import parse_id
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]


class PickListPage(Controller):
    path = "/shipments/pick-list"
    include_in_schema = False

    @get(opt=shows_all("shipment"))
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """What can be picked of those chosen; the others are named with the reason."""
        tx.actor.require("shipping.read")
        asked = dict.fromkeys(request.query_params.get("ids", "").split())
        ids = [found for text in asked if (found := parse_id(text))]
        picking: Picking | None = None
        left_out: dict[str, str] = {}
        if chosen := ids[:SHIPMENTS_MAX]:
            try:
                picking = await pick_lists.gather(tx, chosen, now=now, takes_rest=True)
                left_out = picking.left_out
            except NothingToPick as refusal:
                left_out = refusal.facts["shipments"]
        return page(
            request,
            "console/pick_list.html",
            picking=picking,
            left_out=left_out,
            over=max(0, len(ids) - SHIPMENTS_MAX),
            pdf=_address(picking) if picking else "",
        )


def _address(picking: Picking) -> str:
    chosen = [("shipment_id", str(each.shipment.id)) for each in picking.waiting]
    return f"/v1/pick-lists?{urlencode(chosen)}"
