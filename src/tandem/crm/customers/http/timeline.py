"""A customer's timeline and figures over HTTP."""

from uuid import UUID

import msgspec
from litestar import Controller, get
from litestar.params import FromPath

from tandem.crm.customers import service
from tandem.crm.customers.domain.metrics import CohortCell, Metric
from tandem.crm.customers.domain.timeline import Activity, Purchase, Summary
from tandem.kernel.company import moment_of
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import LIMIT_DEFAULT, Cursor, LimitParameter, Now, Transaction, refusals
from tandem.kernel.pages import Page


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """Null for who never bought."""

    metric: Metric | None


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

    @get("/metrics", responses=refusals(Forbidden, NotFound))
    async def find_metric(self, customer_id: FromPath[UUID], tx: Transaction) -> Worth:
        """What they are worth, and what the models expect of the next year."""
        return Worth(metric=await service.find_metric(tx, customer_id))


class CohortController(Controller):
    path = "/v1/customer-cohorts"
    tags = ("customers",)

    @get("/", responses=refusals(Forbidden))
    async def list_cohorts(self, tx: Transaction, now: Now) -> list[CohortCell]:
        """Customers by the month of their first order, in the company's time zone, and who came
        back how much later."""
        moment = await moment_of(tx, now)
        return await service.list_cohorts(tx, zone=moment.zone, today=moment.today)
