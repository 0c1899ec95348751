"""Deals as a list: found, narrowed, and done something to many at once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Controller, Request, Response, get, post
from litestar.response import Stream

from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.opportunities import Filters, LostReason, escaped
from tandem.crm.sales.domain.pipelines import Kind, Pipeline
from tandem.flows.bulk.deals import DEALS
from tandem.flows.http.sales_sheets import file_of_named
from tandem.kernel.bulk import MANY_MAX
from tandem.kernel.db import Tx
from tandem.kernel.http import Acting, Now, Store, Transaction
from tandem.kernel.ids import parse_id
from tandem.web.console.bulk import Find, act_on, chosen, colleagues_of, counted, read_bulk
from tandem.web.console.lists import Column, Filter, ListState, listing, read_state, state_of
from tandem.web.console.views import views_of
from tandem.web.rendering import page, words

AnyRequest = Request[Any, Any, Any]
REASONS = tuple((str(each), words(str(each))) for each in LostReason)
COLUMNS = (
    Column(key="title", label="Deal", is_lead=True),
    Column(key="number", label="Number"),
    Column(key="customer", label="Customer"),
    Column(key="stage", label="Stage", is_mark=True),
    Column(key="owner", label="Owner"),
    Column(key="close_on", label="Closes"),
    Column(key="opened", label="Opened", is_shown=False),
    Column(key="amount", label="Amount", is_number=True, is_corner=True),
)


class DealListPage(Controller):
    path = "/deals/list"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        pipelines = await _live(tx)
        people = await identity.staff_names(tx)
        state = read_state(request, COLUMNS, _filters(pipelines, people))
        found = await sales.list_opportunities(
            tx, filters_of(state), limit=state.limit, cursor=state.cursor
        )
        ready = [("All", ""), ("Open", "status=open")]
        if tx.actor.user_id in people:
            ready.append(("Mine", f"owner={tx.actor.user_id}&status=open"))
        return page(
            request,
            "console/deal_list.html",
            listing=listing(state, found, await views_of(tx, state, ready)),
            people=people,
            colleagues=await colleagues_of(tx),
            stages=_stages(pipelines, is_open=True),
            reasons=REASONS,
        )

    @get("/bulk")
    async def count(self, request: AnyRequest, tx: Transaction) -> Response[Any]:
        """How many the list has in all, for those who take them all."""
        return counted(await _find(tx)(request.query_params, MANY_MAX + 1))

    @post("/bulk")
    async def bulk(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        """One act on the selected deals."""
        tx.actor.require("sales.write")
        form = await read_bulk(request)
        return await act_on(request, tx, DEALS, form, find=_find(tx), now=now)

    @post("/bulk/file", status_code=200)
    async def export(self, request: AnyRequest, database: Store, actor: Acting) -> Stream:
        """The selected deals as a file."""
        actor.require("sales.export")
        form = await read_bulk(request)
        async with database.transaction(actor) as tx:
            ids = await chosen(form, _find(tx))
        return await file_of_named(database, actor, "opportunity", ids, "csv")


def filters_of(state: ListState) -> Filters:
    return Filters(
        status=state.values.get("status"),
        pipeline_id=parse_id(state.values.get("pipeline", "")),
        stage_id=parse_id(state.values.get("stage", "")),
        owner_id=parse_id(state.values.get("owner", "")),
        words=escaped(state.search[:100]),
    )


def _find(tx: Tx) -> Find:
    async def find(asked: Mapping[str, str], limit: int) -> list[UUID]:
        known = _filters(await _live(tx), await identity.staff_names(tx))
        state = state_of("/deals/list", asked, COLUMNS, known)
        return await sales.ids_of_opportunities(tx, filters_of(state), limit=limit)

    return find


async def _live(tx: Tx) -> list[Pipeline]:
    return [each for each in await sales.list_pipelines(tx) if each.archived_at is None]


def _filters(pipelines: list[Pipeline], people: Mapping[UUID, str]) -> tuple[Filter, ...]:
    return (
        Filter(
            key="status",
            label="Status",
            options=tuple((str(each), words(str(each))) for each in Kind),
        ),
        Filter(
            key="pipeline",
            label="Pipeline",
            options=tuple((str(each.id), each.name) for each in pipelines),
        ),
        Filter(key="stage", label="Stage", options=_stages(pipelines)),
        Filter(
            key="owner",
            label="Owner",
            options=tuple((str(each), name) for each, name in people.items()),
        ),
    )


def _stages(pipelines: list[Pipeline], *, is_open: bool = False) -> tuple[tuple[str, str], ...]:
    """With their pipeline's name where there is more than one."""
    is_one = len(pipelines) == 1
    return tuple(
        (str(stage.id), stage.name if is_one else f"{pipeline.name}: {stage.name}")
        for pipeline in pipelines
        for stage in pipeline.stages
        if stage.kind is Kind.OPEN or not is_open
    )
