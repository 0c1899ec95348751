"""Pipelines and the board over HTTP."""

from uuid import UUID

from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.sales import service
from tandem.crm.sales.domain.pipelines import (
    Pipeline,
    PipelineDraft,
    PipelineNameTaken,
    StageInUse,
)
from tandem.crm.sales.service import Column
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals


class PipelinesController(Controller):
    path = "/v1/pipelines"
    tags = ("sales",)

    @get(responses=refusals(Forbidden))
    async def list_pipelines(self, tx: Transaction) -> list[Pipeline]:
        """With their stages in order; those put away come last."""
        return await service.list_pipelines(tx)

    @post(responses=refusals(Forbidden, Invalid, PipelineNameTaken))
    async def add_pipeline(
        self, data: JSONBody[PipelineDraft], tx: Transaction, now: Now
    ) -> Response[Pipeline]:
        made = await service.add_pipeline(tx, name=data.name, stages=data.stages, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{pipeline_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_pipeline(
        self, pipeline_id: FromPath[UUID], tx: Transaction
    ) -> Response[Pipeline]:
        found = await service.get_pipeline(tx, pipeline_id)
        return Response(found, headers=etag(found.version))

    @put(
        "/{pipeline_id:uuid}",
        responses=refusals(
            Forbidden, NotFound, Invalid, PipelineNameTaken, StageInUse, StaleVersion
        ),
    )
    async def change_pipeline(
        self,
        pipeline_id: FromPath[UUID],
        data: JSONBody[PipelineDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Pipeline]:
        """The pipeline as it shall be. Stages named by id stay, others are new, the rest goes; one
        that something stands or stood in cannot go."""
        check_if_match(if_match, (await service.get_pipeline(tx, pipeline_id)).version)
        changed = await service.change_pipeline(
            tx, pipeline_id, name=data.name, stages=data.stages, now=now
        )
        return Response(changed, headers=etag(changed.version))

    @delete(
        "/{pipeline_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound, StageInUse)
    )
    async def archive_pipeline(
        self, pipeline_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Put it away. Refused while anything in it is open."""
        await service.archive_pipeline(tx, pipeline_id, now=now)

    @get("/{pipeline_id:uuid}/board", responses=refusals(Forbidden, NotFound))
    async def get_board(self, pipeline_id: FromPath[UUID], tx: Transaction) -> list[Column]:
        """Every stage with its topmost cards (200 at most), counts and sums, as far as the
        reader's records go."""
        return await service.board(tx, pipeline_id)
