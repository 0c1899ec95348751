"""What the tax office is told each month."""

from typing import Annotated

from litestar import Controller, Response, get
from litestar.params import QueryParameter

from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import Transaction, refusals
from tandem.kernel.http.fields import shows_all
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.einvoice import JSON
from tandem.scm.invoicing.domain.gstr1 import ReturnIncomplete
from tandem.scm.invoicing.domain.seller import SellerMissing

Period = Annotated[str, QueryParameter(max_length=7, description="A month: 2026-11")]


class ReturnsController(Controller):
    path = "/v1/gst/returns"
    tags = ("taxes",)

    @get(
        "/gstr1",
        opt=shows_all("invoice"),
        responses=refusals(Forbidden, SellerMissing, ReturnIncomplete, Invalid),
    )
    async def get_gstr1(self, period: Period, tx: Transaction) -> Response[bytes]:
        """FORM GSTR-1 of a month as JSON for the portal: sales to businesses, large and small ones
        to consumers, exports, credit notes, untaxed ones, the HSN summary, the numbers issued."""
        made = await service.monthly_return(tx, period)
        disposition = f'attachment; filename="gstr1-{period}.json"'
        return Response(
            JSON.encode(made),
            media_type="application/json",
            headers={"content-disposition": disposition, "cache-control": "private, no-store"},
        )
