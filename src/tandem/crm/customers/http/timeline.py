"""A customer's timeline and figures over HTTP."""

from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath

from tandem.crm.customers import service
from tandem.crm.customers.domain.timeline import Activity, Purchase, Summary
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import LIMIT_DEFAULT, Cursor, LimitParameter, Transaction, refusals
from tandem.kernel.pages import Page


class TimelineController(Controller):
    path = "/v1/customers/{customer_id:uuid}"
    tags = ("customers",)

    @get("/timeline", responses=refusals(Forbidden, NotFound, Invalid))
    async def read_timeline(
        self,
        customer_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Activity]:
        """What happened, newest first, over all services the caller may read."""
        return await service.read_timeline(tx, customer_id, limit=limit, cursor=cursor)

    @get("/purchases", responses=refusals(Forbidden, NotFound))
    async def list_purchases(self, customer_id: FromPath[UUID], tx: Transaction) -> list[Purchase]:
        """The newest fifty orders with what was paid and what went back."""
        return await service.list_purchases(tx, customer_id)

    @get("/summary", responses=refusals(Forbidden, NotFound))
    async def sum_up(self, customer_id: FromPath[UUID], tx: Transaction) -> Summary:
        """How many orders, how much money, since when."""
        return await service.sum_up(tx, customer_id)
