"""Questions, the rows behind numbers, the dictionary, rates."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.analytics import service
from tandem.crm.analytics.domain.asking import (
    Ask,
    Drill,
    DrillAsk,
    QueryCancelled,
    QueryTooSlow,
    Result,
    TooManyGroups,
    TooManyQueries,
)
from tandem.crm.analytics.domain.catalogue import DATASETS, METRICS, Dataset
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.service.attributing import Attribution, AttributionAsk, attribute
from tandem.crm.analytics.service.rates import DatedRate, RateDraft
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import COMPUTES, Cursor, LimitParameter, Now, Transaction, refusals
from tandem.kernel.pages import LIMIT_DEFAULT
from tandem.kernel.rules import RuleWrong

QuestionName = FromQuery[UUID | None]
"""By which its asker can give a question up. Any that no other question of theirs has just now."""


class DimensionMeant(msgspec.Struct, kw_only=True):
    key: str
    label: str
    kind: str
    refers: str


class VersionMeant(msgspec.Struct, kw_only=True):
    version: int
    label: str
    meaning: str


class MetricMeant(msgspec.Struct, kw_only=True):
    """`permission` is what the records behind the number ask for; `versions` are in order, and the
    last one counts unless another is named (`revenue@1`)."""

    key: str
    label: str
    meaning: str
    unit: str
    is_additive: bool
    span: str
    dataset: str
    permission: str
    counted_by: str
    dimensions: list[DimensionMeant]
    versions: list[VersionMeant]


class Waiting(msgspec.Struct, kw_only=True):
    asked_at: datetime


class AnalyticsController(Controller):
    path = "/v1/analytics"
    tags = ("analytics",)

    @post(
        "/queries",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(
            Forbidden,
            Invalid,
            RuleWrong,
            TooManyGroups,
            QueryTooSlow,
            TooManyQueries,
            QueryCancelled,
        ),
    )
    async def query(
        self, data: JSONBody[Ask], tx: Transaction, now: Now, question: QuestionName = None
    ) -> Result:
        """Measures × dimensions × filters × grain, of the records that the asker may see. The
        answer says as of when it is, by which definitions, and under which rules of access. With
        a name in `question` it can be given up meanwhile."""
        return await service.run(tx, data, now, question=question)

    @delete(
        "/questions/{question_id:uuid}",
        status_code=204,
        opt=COMPUTES,
        responses=refusals(Forbidden, NotFound),
    )
    async def give_up(self, question_id: FromPath[UUID], tx: Transaction) -> None:
        """Stop one's own question of that name: a query, a funnel, cohorts or stickiness. It is
        answered with `query_cancelled`. Not found when it is answered already."""
        if not await service.give_up(tx, question_id):
            raise NotFound("No question of yours by that name is being worked on.")

    @post(
        "/drills",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, Invalid, RuleWrong, QueryTooSlow, TooManyQueries),
    )
    async def drill(
        self,
        data: JSONBody[DrillAsk],
        tx: Transaction,
        now: Now,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Drill:
        """The rows that make one number. With the answer's `as_of` in the query they come to it
        exactly."""
        return await service.drill(tx, data, limit=limit, cursor=cursor, now=now)

    @post(
        "/attributions",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, Invalid, QueryTooSlow, TooManyQueries),
    )
    async def attribute(
        self, data: JSONBody[AttributionAsk], tx: Transaction, now: Now
    ) -> Attribution:
        """What campaigns, sources and journeys brought in, net of refunds, beside what they cost.
        All rows together are what was collected; what nobody touched before stands by itself."""
        return await attribute(tx, data, now=now)

    @get("/rates", responses=refusals(Forbidden))
    async def list_rates(self, tx: Transaction, now: Now) -> list[DatedRate]:
        """What other currencies are worth, by currency and day."""
        return await service.list_rates(tx, now=now)

    @post("/rates", responses=refusals(Forbidden, Invalid))
    async def set_rate(self, data: JSONBody[RateDraft], tx: Transaction, now: Now) -> RateDraft:
        """Facts of these days are counted anew with it; earlier answers stay what they were."""
        await service.set_rate(tx, data, now=now)
        return data

    @post("/rebuilds", status_code=202, responses=refusals(Forbidden))
    async def rebuild(self, tx: Transaction, now: Now) -> Waiting:
        """Gather all facts anew from the event log, in the background."""
        await service.ask_rebuild(tx, now=now)
        return Waiting(asked_at=now)


class MetricsController(Controller):
    path = "/v1/metrics"
    tags = ("analytics",)

    @get(responses=refusals(Forbidden))
    async def list_metrics(self, tx: Transaction) -> list[MetricMeant]:
        """The data dictionary: every number that can be asked for, and what it means."""
        tx.actor.require(READ)
        return [_meant(key) for key in METRICS]


def _meant(key: str) -> MetricMeant:
    versions = METRICS[key]
    last = versions[max(versions)]
    dataset = DATASETS[last.dataset]
    return MetricMeant(
        key=key,
        label=last.label,
        meaning=last.meaning,
        unit=last.unit,
        is_additive=last.is_additive,
        span=last.span,
        dataset=dataset.key,
        permission=dataset.permission,
        counted_by=dataset.clocks[last.clock].label,
        dimensions=_dimensions(dataset),
        versions=[
            VersionMeant(version=one.version, label=one.label, meaning=one.meaning)
            for _, one in sorted(versions.items())
        ],
    )


def _dimensions(dataset: Dataset) -> list[DimensionMeant]:
    return [
        DimensionMeant(key=key, label=one.label, kind=one.kind, refers=one.refers)
        for key, one in dataset.dimensions.items()
    ]
