"""Opportunities over HTTP. The list, opening one and the forecast: see flows."""

import functools
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from tandem.crm.sales import service
from tandem.crm.sales.domain.opportunities import (
    AlreadyOpen,
    Change,
    ColumnFull,
    Loss,
    NotOpen,
    Opportunity,
    StageChange,
)
from tandem.kernel import field_history
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.field_history import FieldChange
from tandem.kernel.http import (
    IfMatch,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Into a stage, below the card `after_id`; without it, at the top."""

    stage_id: UUID
    after_id: UUID | None = None


class OpportunitiesController(Controller):
    path = "/v1/opportunities"
    tags = ("sales",)

    @get("/{opportunity_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_opportunity(
        self, opportunity_id: FromPath[UUID], tx: Transaction
    ) -> Response[Opportunity]:
        return _answer(await service.get_opportunity(tx, opportunity_id))

    @patch(
        "/{opportunity_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, NotOpen, StaleVersion),
    )
    async def change_opportunity(
        self,
        opportunity_id: FromPath[UUID],
        data: JSONBody[Change],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Opportunity]:
        """What is left out stays; null empties. An empty probability follows the stage's again."""
        check_if_match(if_match, (await service.get_opportunity(tx, opportunity_id)).version)
        return _answer(await service.change(tx, opportunity_id, data, now=now))

    @get("/{opportunity_id:uuid}/history", responses=refusals(Forbidden, NotFound))
    async def read_history(
        self, opportunity_id: FromPath[UUID], tx: Transaction
    ) -> list[FieldChange]:
        """Which fields were changed, from what to what and by whom, the newest first. Of somebody
        erased nothing."""
        deal = await service.get_opportunity(tx, opportunity_id)
        return [] if deal.is_erased else await field_history.read(tx, "opportunity", deal.id)

    @get("/{opportunity_id:uuid}/stages", responses=refusals(Forbidden, NotFound))
    async def list_stages(
        self, opportunity_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> list[StageChange]:
        """Every stage it was in and for how long, oldest first."""
        return await service.history(tx, opportunity_id, now=now)

    @post(
        "/{opportunity_id:uuid}/moves",
        responses=refusals(Forbidden, NotFound, Invalid, NotOpen, ColumnFull, StaleVersion),
    )
    async def move(
        self,
        opportunity_id: FromPath[UUID],
        data: JSONBody[Move],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Opportunity]:
        """With `If-Match` only if nobody moved or changed it meanwhile."""
        moved = await service.move(
            tx,
            opportunity_id,
            stage_id=data.stage_id,
            after_id=data.after_id,
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return _answer(moved, status=201)

    @post("/{opportunity_id:uuid}/win", responses=refusals(Forbidden, NotFound, Invalid, NotOpen))
    async def win(
        self, opportunity_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Opportunity]:
        """Needs an amount, and all that the stages before ask for."""
        return _answer(await service.win(tx, opportunity_id, now=now), status=201)

    @post("/{opportunity_id:uuid}/loss", responses=refusals(Forbidden, NotFound, Invalid, NotOpen))
    async def lose(
        self, opportunity_id: FromPath[UUID], data: JSONBody[Loss], tx: Transaction, now: Now
    ) -> Response[Opportunity]:
        """Never without a reason; `other` needs a note, `competitor` a name."""
        return _answer(await service.lose(tx, opportunity_id, data, now=now), status=201)

    @post(
        "/{opportunity_id:uuid}/reopening",
        responses=refusals(Forbidden, NotFound, AlreadyOpen, NotOpen, ColumnFull),
    )
    async def reopen(
        self, opportunity_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Opportunity]:
        """Back into the stage it was closed from."""
        return _answer(await service.reopen(tx, opportunity_id, now=now), status=201)


def _answer(opportunity: Opportunity, *, status: int = 200) -> Response[Opportunity]:
    return Response(opportunity, status_code=status, headers=etag(opportunity.version))
