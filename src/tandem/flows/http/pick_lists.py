"""Pick lists: what of shipments is taken from which shelf, to print and to tick."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get
from litestar.datastructures import ResponseHeader
from litestar.params import FromPath, QueryParameter

from tandem.flows import pick_lists
from tandem.flows.pick_lists import SHIPMENTS_MAX, NothingToPick
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Acting, Now, Store, refusals
from tandem.kernel.http.documents import PDF, pdf
from tandem.kernel.http.fields import shows_all

INLINE = [ResponseHeader(name="Content-Disposition", description="inline", value="inline")]

Chosen = Annotated[
    list[UUID],
    QueryParameter(name="shipment_id", min_items=1, max_items=SHIPMENTS_MAX),
]


class PickListsController(Controller):
    path = "/v1"
    tags = ("shipping",)

    @get(
        "/shipments/{shipment_id:uuid}/pick-list",
        media_type=PDF,
        opt=shows_all("shipment"),
        response_headers=INLINE,
        responses=refusals(Forbidden, NotFound, NothingToPick),
    )
    async def get_pick_list(
        self, shipment_id: FromPath[UUID], database: Store, actor: Acting, now: Now
    ) -> Response[bytes]:
        """An A4 PDF: each SKU with its shelf and bars. Set in type after the transaction ended."""
        return await _printed(database, actor, [shipment_id], now)

    @get(
        "/pick-lists",
        media_type=PDF,
        opt=shows_all("shipment"),
        response_headers=INLINE,
        responses=refusals(Forbidden, NotFound, NothingToPick, Invalid),
    )
    async def get_pick_lists(
        self, shipment_ids: Chosen, database: Store, actor: Acting, now: Now
    ) -> Response[bytes]:
        """One walk for up to 100 shipments: each SKU once for each shelf, with its total and whose
        it is. All of them, or none."""
        return await _printed(database, actor, shipment_ids, now)


async def _printed(
    database: Database, actor: Actor, shipment_ids: list[UUID], now: datetime
) -> Response[bytes]:
    async with database.transaction(actor) as tx:
        picking = await pick_lists.gather(tx, shipment_ids, now=now)
    return pdf(await pick_lists.pick_list_pdf(picking), name=picking.name)
