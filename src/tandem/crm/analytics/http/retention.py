"""Cohorts and stickiness over HTTP, and the people behind their numbers."""

from litestar import Controller, post
from litestar.params import JSONBody

from tandem.crm.analytics import service
from tandem.crm.analytics.domain.asking import QueryCancelled, QueryTooSlow, TooManyQueries
from tandem.crm.analytics.domain.retention import (
    PeopleDrill,
    RetentionAsk,
    RetentionDrillAsk,
    RetentionResult,
    StickinessAsk,
    StickinessDrillAsk,
    StickinessResult,
)
from tandem.crm.analytics.http.questions import QuestionName
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.http import COMPUTES, Cursor, LimitParameter, Now, Transaction, refusals
from tandem.kernel.pages import LIMIT_DEFAULT
from tandem.kernel.rules import RuleWrong

REFUSALS = refusals(Forbidden, Invalid, RuleWrong, QueryTooSlow, TooManyQueries, QueryCancelled)


class RetentionController(Controller):
    path = "/v1/retention"
    tags = ("analytics",)

    @post("/queries", status_code=200, opt=COMPUTES, responses=REFUSALS)
    async def query(
        self,
        data: JSONBody[RetentionAsk],
        tx: Transaction,
        now: Now,
        question: QuestionName = None,
    ) -> RetentionResult:
        """Cohorts by when people began, and how many of each came back in the periods after it."""
        return await service.run_retention(tx, data, now, question=question)

    @post("/drills", status_code=200, opt=COMPUTES, responses=REFUSALS)
    async def drill(
        self,
        data: JSONBody[RetentionDrillAsk],
        tx: Transaction,
        now: Now,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> PeopleDrill:
        """The people of a cohort, or those of it who came back in one period."""
        return await service.drill_retention(tx, data, limit=limit, cursor=cursor, now=now)


class StickinessController(Controller):
    path = "/v1/stickiness"
    tags = ("analytics",)

    @post("/queries", status_code=200, opt=COMPUTES, responses=REFUSALS)
    async def query(
        self,
        data: JSONBody[StickinessAsk],
        tx: Transaction,
        now: Now,
        question: QuestionName = None,
    ) -> StickinessResult:
        """How many people it happened to in one, in two, in three … periods of the range."""
        return await service.run_stickiness(tx, data, now, question=question)

    @post("/drills", status_code=200, opt=COMPUTES, responses=REFUSALS)
    async def drill(
        self,
        data: JSONBody[StickinessDrillAsk],
        tx: Transaction,
        now: Now,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> PeopleDrill:
        """Those it happened to in exactly so many periods."""
        return await service.drill_stickiness(tx, data, limit=limit, cursor=cursor, now=now)
