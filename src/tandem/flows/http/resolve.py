"""`GET /v1/resolve?q=`: any identifier of any document."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from tandem.contracts.address import PRINTABLE
from tandem.flows.resolve import Matches, resolve
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Transaction, refusals

Identifier = Annotated[str, QueryParameter(min_length=1, max_length=255, pattern=PRINTABLE)]


class ResolveController(Controller):
    path = "/v1"
    tags = ("orders",)

    @get("/resolve", responses=refusals(Forbidden, NotFound, Invalid))
    async def resolve(self, tx: Transaction, q: Identifier) -> Matches:
        """Find a document by its id, number, public link or what another system calls it."""
        return await resolve(tx, q.strip())
