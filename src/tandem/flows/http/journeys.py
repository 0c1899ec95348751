"""Journeys over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.customers import service as customers
from tandem.crm.marketing.domain.approvals import ApprovalNeeded, ApprovalNotAsked, Request
from tandem.crm.marketing.domain.campaigns import Instant, check_instant
from tandem.crm.marketing.domain.journey_approvals import JourneyApproval
from tandem.crm.marketing.domain.journeys import (
    Journey,
    JourneyIncomplete,
    JourneyNotRunning,
    NewJourney,
    Plan,
    Run,
    State,
    Taken,
)
from tandem.crm.marketing.service import journey_approvals as approvals
from tandem.crm.marketing.service import journey_runs as runs
from tandem.crm.marketing.service import journeys as service
from tandem.crm.marketing.service.journey_runs import Standing
from tandem.flows import journey_approval, journey_checks, journey_moves
from tandem.flows.journey_simulation import Event, Simulated, simulate
from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    COMPUTES,
    LIMIT_DEFAULT,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
    unaudited,
)
from tandem.kernel.pages import Page

STEPPED = unaudited("the run and its log of steps say who was put in, when, and what followed")
Node = FromQuery[str | None]


class Publication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`moves_people`: those under way go on in the new version where their step is in it.
    `enrols_members`: who is in the entry's segment already begins too."""

    moves_people: bool = False
    enrols_members: bool = False


class Moved(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: Literal["running", "paused", "ended"]


class NewRun(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    customer_id: UUID


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """Without a run: the person is under way already, or may not begin again yet."""

    run: Run | None


class Way(msgspec.Struct, frozen=True, kw_only=True):
    run: Run
    steps: list[Taken]


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the draft, unless `plan` is given. `starts_at` is now if left out."""

    customer_id: UUID
    starts_at: Instant | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=1100)] = 60
    events: Annotated[list[Event], msgspec.Meta(max_length=100)] = []
    plan: Plan | None = None


class JourneyApprovals(msgspec.Struct, frozen=True, kw_only=True):
    items: Annotated[list[JourneyApproval], msgspec.Meta(max_length=20)]


class JourneysController(Controller):
    path = "/v1/journeys"
    tags = ("marketing",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_journeys(
        self, tx: Transaction, limit: LimitParameter = LIMIT_DEFAULT, cursor: Cursor = None
    ) -> Page[Journey]:
        """Newest first."""
        return await service.list_journeys(tx, limit=limit, cursor=cursor)

    @post("/", responses=refusals(Forbidden, NotFound, JourneyIncomplete, Invalid))
    async def add_journey(
        self, data: JSONBody[NewJourney], tx: Transaction, now: Now
    ) -> Response[Journey]:
        """A draft. It may be incomplete; what it names must be the company's."""
        await journey_checks.check_named(tx, data.plan)
        return _answer(await service.add_journey(tx, data, now=now), status=201)

    @get("/{journey_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_journey(self, journey_id: FromPath[UUID], tx: Transaction) -> Response[Journey]:
        return _answer(await service.get_journey(tx, journey_id))

    @put(
        "/{journey_id:uuid}",
        responses=refusals(
            Forbidden, NotFound, IllegalMove, StaleVersion, JourneyIncomplete, Invalid
        ),
    )
    async def change_journey(
        self,
        journey_id: FromPath[UUID],
        data: JSONBody[NewJourney],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Journey]:
        """Another draft. Nobody under way notices until it is published."""
        journey = await service.lock_journey(tx, journey_id)
        check_if_match(if_match, journey.version)
        await journey_checks.check_named(tx, data.plan)
        return _answer(await service.change_journey(tx, journey, data, now=now))

    @post(
        "/{journey_id:uuid}/publication",
        status_code=200,
        responses=refusals(
            Forbidden, NotFound, IllegalMove, JourneyIncomplete, ApprovalNeeded, Invalid
        ),
    )
    async def publish(
        self, journey_id: FromPath[UUID], data: JSONBody[Publication], tx: Transaction, now: Now
    ) -> Response[Journey]:
        """Make the draft what people begin from now on. Where the company wants a second person's
        yes, one that sends anything needs it first."""
        journey = await service.lock_journey(tx, journey_id)
        published = await journey_moves.publish(
            tx,
            journey,
            moves_people=data.moves_people,
            enrols_members=data.enrols_members,
            now=now,
        )
        return _answer(published)

    @get("/{journey_id:uuid}/approvals", responses=refusals(Forbidden, NotFound))
    async def list_journey_approvals(
        self, journey_id: FromPath[UUID], tx: Transaction
    ) -> JourneyApprovals:
        """Every yes that was asked for, newest first, with what had changed since the last one."""
        await service.get_journey(tx, journey_id)
        return JourneyApprovals(items=await approvals.list_approvals(tx, journey_id))

    @post(
        "/{journey_id:uuid}/approvals",
        responses=refusals(Forbidden, NotFound, JourneyIncomplete, ApprovalNotAsked, Invalid),
    )
    async def ask_journey_approval(
        self, journey_id: FromPath[UUID], data: JSONBody[Request], tx: Transaction, now: Now
    ) -> JourneyApproval:
        """Ask a second person to say yes to its draft as it is now; a change voids it."""
        journey = await service.lock_journey(tx, journey_id)
        return await journey_approval.ask(tx, journey, note=data.note, now=now)

    @put(
        "/{journey_id:uuid}/state",
        responses=refusals(Forbidden, NotFound, IllegalMove, JourneyIncomplete),
    )
    async def move(
        self, journey_id: FromPath[UUID], data: JSONBody[Moved], tx: Transaction, now: Now
    ) -> Response[Journey]:
        """Pause it, let it go on, or end it. Ending takes everybody out, for good."""
        journey = await service.lock_journey(tx, journey_id)
        return _answer(await journey_moves.move(tx, journey, State(data.state), now=now))

    @get("/{journey_id:uuid}/standing", responses=refusals(Forbidden, NotFound))
    async def get_standing(self, journey_id: FromPath[UUID], tx: Transaction) -> Standing:
        """How many wait at each step, and what came of it for those who passed."""
        await service.get_journey(tx, journey_id)
        return await runs.standing(tx, journey_id)

    @get("/{journey_id:uuid}/runs", responses=refusals(Forbidden, NotFound, Invalid))
    async def list_runs(
        self,
        journey_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        node: Node = None,
        is_under_way: FromQuery[bool] = False,
    ) -> Page[Run]:
        """Who began last comes first; with `node`, only who is at that step."""
        await service.get_journey(tx, journey_id)
        return await runs.list_runs(
            tx, journey_id, limit=limit, cursor=cursor, node=node, is_under_way=is_under_way
        )

    @post(
        "/{journey_id:uuid}/runs",
        status_code=200,
        opt=STEPPED,
        responses=refusals(Forbidden, NotFound, JourneyNotRunning, Invalid),
    )
    async def begin(
        self, journey_id: FromPath[UUID], data: JSONBody[NewRun], tx: Transaction, now: Now
    ) -> Begun:
        """Put somebody in. Whoever is under way, or may not again, is left as they are."""
        tx.actor.require("marketing.send")
        await customers.get_customer(tx, data.customer_id)
        return Begun(run=await runs.begin_by_hand(tx, journey_id, data.customer_id, now=now))

    @get("/{journey_id:uuid}/runs/{run_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_run(
        self, journey_id: FromPath[UUID], run_id: FromPath[UUID], tx: Transaction
    ) -> Way:
        """Somebody's way: every step, what came of it and why."""
        run, steps = await runs.get_run(tx, run_id)
        if run.journey_id != journey_id:
            raise NotFound("There is no such run.")
        return Way(run=run, steps=steps)

    @post(
        "/{journey_id:uuid}/simulation",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, NotFound, JourneyIncomplete, Invalid),
    )
    async def simulate(
        self, journey_id: FromPath[UUID], data: JSONBody[Ask], tx: Transaction, now: Now
    ) -> Simulated:
        """Walk it with a moved clock. Nothing is sent, changed or kept."""
        journey = await service.get_journey(tx, journey_id)
        plan = data.plan or journey.plan
        check_instant(data.starts_at, "starts_at")
        await journey_checks.check_named(tx, plan)
        return await simulate(
            tx,
            journey_id,
            plan,
            data.customer_id,
            starts_at=data.starts_at or now,
            days=data.days,
            events=data.events,
        )


def _answer(journey: Journey, *, status: int = 200) -> Response[Journey]:
    return Response(journey, status_code=status, headers=etag(journey.version))
