"""Stock over HTTP, where the catalogue has a part: goods in and corrections by SKU."""

from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.params import JSONBody

from tandem.contracts.address import FILLED
from tandem.flows import adjust_stock
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import Now, Transaction, refusals
from tandem.scm.inventory.domain import Level, OutOfStock, Promised, Reason, TooMany

Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=FILLED)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=FILLED)]
Note = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]


class Receipt(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    sku: Sku
    location: Code
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    note: Note = ""


class Adjustment(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """`quantity` is the difference: -2 for two that are gone. The reason `other` needs a note."""

    sku: Sku
    location: Code
    quantity: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)]
    reason: Reason
    note: Note = ""


class StockFlowsController(Controller):
    path = "/v1"
    tags = ("inventory",)

    @post("/stock-receipts", responses=refusals(Forbidden, Invalid, TooMany))
    async def receive(self, data: JSONBody[Receipt], tx: Transaction, now: Now) -> Level:
        """Goods came in."""
        return await adjust_stock.receive(
            tx,
            sku=data.sku,
            location=data.location,
            quantity=data.quantity,
            note=data.note,
            now=now,
        )

    @post(
        "/stock-adjustments", responses=refusals(Forbidden, OutOfStock, Promised, Invalid, TooMany)
    )
    async def adjust(self, data: JSONBody[Adjustment], tx: Transaction, now: Now) -> Level:
        """Correct a count, for a reason that stays in the ledger."""
        return await adjust_stock.adjust(
            tx,
            sku=data.sku,
            location=data.location,
            quantity=data.quantity,
            reason=data.reason,
            note=data.note,
            now=now,
        )
