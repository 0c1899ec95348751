"""Opportunities listed and opened, and the forecast, over HTTP."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter

from tandem.crm.sales import service
from tandem.crm.sales.domain.forecasts import Ask, Forecast, GroupBy
from tandem.crm.sales.domain.opportunities import (
    ColumnFull,
    Draft,
    Filters,
    Opportunity,
    escaped,
)
from tandem.crm.sales.domain.pipelines import Kind
from tandem.crm.sales.service.choosing import DEALS
from tandem.flows import opportunities
from tandem.flows.sales_sheets import search
from tandem.kernel import rules
from tandem.kernel.company import moment_of
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import COMPUTES, Cursor, LimitParameter, Now, Transaction, etag, refusals
from tandem.kernel.pages import LIMIT_DEFAULT, LIMIT_MAX, Page

Words = Annotated[str | None, QueryParameter(max_length=100, pattern=r"^[^\x00]*$")]


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`rule` as of an automation of deals; own fields are `custom.<key>`."""

    rule: dict[str, Any]
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class OpportunityFlowsController(Controller):
    path = "/v1"
    tags = ("sales",)

    @get("/opportunities", responses=refusals(Forbidden))
    async def list_opportunities(
        self,
        tx: Transaction,
        status: FromQuery[Kind | None] = None,
        pipeline_id: FromQuery[UUID | None] = None,
        stage_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        owner_id: FromQuery[UUID | None] = None,
        q: Words = None,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Opportunity]:
        """Newest first; `q` is part of a title, a customer's name, or the start of a number."""
        filters = Filters(
            status=status,
            pipeline_id=pipeline_id,
            stage_id=stage_id,
            customer_id=customer_id,
            owner_id=owner_id,
            words=escaped(q),
        )
        return await service.list_opportunities(tx, filters, limit=limit, cursor=cursor)

    @post(
        "/opportunities/search",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, rules.RuleWrong, rules.RuleTooSlow),
    )
    async def search(self, data: JSONBody[Search], tx: Transaction, now: Now) -> Page[Opportunity]:
        """What a rule finds, the newest first."""
        moment = await moment_of(tx, now)
        return await search(tx, DEALS, data.rule, moment, limit=data.limit, cursor=data.cursor)

    @post("/opportunities", responses=refusals(Forbidden, Invalid, ColumnFull))
    async def open_opportunity(
        self, data: JSONBody[Draft], tx: Transaction, now: Now
    ) -> Response[Opportunity]:
        """Begins in the first stage of the first pipeline unless it says otherwise, and belongs to
        whoever opens it unless it names an owner."""
        made = await opportunities.open_opportunity(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/forecasts", responses=refusals(Forbidden, Invalid))
    async def get_forecast(
        self,
        tx: Transaction,
        from_on: FromQuery[date],
        to_on: FromQuery[date],
        group_by: FromQuery[GroupBy] = GroupBy.MONTH,
        pipeline_id: FromQuery[UUID | None] = None,
    ) -> Forecast:
        """Σ amount × probability × rate of the open ones by closing date, and what was won, in
        minor units of the company's currency."""
        return await opportunities.forecast(
            tx, Ask(from_on=from_on, to_on=to_on, group_by=group_by, pipeline_id=pipeline_id)
        )
