"""Funnels over HTTP: asking, opening a bar into its people, keeping them."""

import functools
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.analytics import service
from tandem.crm.analytics.domain.asking import QueryCancelled, QueryTooSlow, TooManyQueries
from tandem.crm.analytics.domain.funnels import (
    Funnel,
    FunnelAsk,
    FunnelDraft,
    FunnelDrill,
    FunnelDrillAsk,
    FunnelResult,
    TooManyFunnels,
)
from tandem.crm.analytics.domain.happenings import DIMENSIONS, HAPPENINGS
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.http.questions import QuestionName
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    COMPUTES,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import LIMIT_DEFAULT
from tandem.kernel.rules import RuleWrong


class HappeningMeant(msgspec.Struct, kw_only=True):
    """`permission` is what the records ask for that it happens with."""

    key: str
    label: str
    meaning: str
    permission: str


class Steps(msgspec.Struct, kw_only=True):
    """What can be a step, and what steps are chosen and broken down by."""

    happenings: list[HappeningMeant]
    dimensions: dict[str, str]


class FunnelsController(Controller):
    path = "/v1/funnels"
    tags = ("analytics",)

    @post(
        "/queries",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(
            Forbidden, Invalid, RuleWrong, QueryTooSlow, TooManyQueries, QueryCancelled
        ),
    )
    async def query(
        self, data: JSONBody[FunnelAsk], tx: Transaction, now: Now, question: QuestionName = None
    ) -> FunnelResult:
        """How many people took each step, in order, strictly in order or in any order, within the
        window. Runs begin in the days asked for; exactly at the window's end still counts."""
        return await service.run_funnel(tx, data, now, question=question)

    @post(
        "/drills",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, Invalid, RuleWrong, QueryTooSlow, TooManyQueries),
    )
    async def drill(
        self,
        data: JSONBody[FunnelDrillAsk],
        tx: Transaction,
        now: Now,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> FunnelDrill:
        """The people of one bar, or those lost before it. With the answer's `as_of` in the query
        they are as many as it says."""
        return await service.drill_funnel(tx, data, limit=limit, cursor=cursor, now=now)

    @get("/steps", responses=refusals(Forbidden))
    async def list_steps(self, tx: Transaction) -> Steps:
        """Everything that can be a step."""
        tx.actor.require(READ)
        return Steps(
            happenings=[
                HappeningMeant(
                    key=one.key, label=one.label, meaning=one.meaning, permission=one.permission
                )
                for one in HAPPENINGS.values()
            ],
            dimensions={key: one.label for key, one in DIMENSIONS.items()},
        )

    @get(responses=refusals(Forbidden))
    async def list_funnels(self, tx: Transaction) -> list[Funnel]:
        """Those that somebody of the company kept."""
        return await service.list_funnels(tx)

    @post(responses=refusals(Forbidden, Invalid, RuleWrong, TooManyFunnels))
    async def keep_funnel(
        self, data: JSONBody[FunnelDraft], tx: Transaction, now: Now
    ) -> Response[Funnel]:
        """Keep the question; everybody's answer is their own."""
        made = await service.keep_funnel(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{funnel_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_funnel(self, funnel_id: FromPath[UUID], tx: Transaction) -> Response[Funnel]:
        found = await service.get_funnel(tx, funnel_id)
        return Response(found, headers=etag(found.version))

    @put(
        "/{funnel_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, RuleWrong, StaleVersion),
    )
    async def change_funnel(
        self,
        funnel_id: FromPath[UUID],
        data: JSONBody[FunnelDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Funnel]:
        """The funnel as it shall be. Only its owner may."""
        current = functools.partial(check_if_match, if_match)
        changed = await service.change_funnel(tx, funnel_id, data, is_current=current, now=now)
        return Response(changed, headers=etag(changed.version))

    @delete("/{funnel_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def remove_funnel(self, funnel_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Only its owner may."""
        await service.remove_funnel(tx, funnel_id, now=now)
