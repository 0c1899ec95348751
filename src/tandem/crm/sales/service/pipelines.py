"""Pipelines: made, changed as a whole, put away."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.domain.pipelines import (
    DEFAULT_STAGES,
    Kind,
    Pipeline,
    PipelineNameTaken,
    Stage,
    StageDraft,
    StageInUse,
    check_stages,
    probability_of,
)
from tandem.crm.sales.store import pipelines as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

FIRST_NAME = "Sales"


async def list_pipelines(tx: Tx) -> list[Pipeline]:
    """With their stages; those put away come last."""
    tx.actor.require(READ)
    return await store.list_pipelines(tx)


async def get_pipeline(tx: Tx, pipeline_id: UUID) -> Pipeline:
    tx.actor.require(READ)
    found = await store.list_pipelines(tx, pipeline_id)
    if not found:
        raise NotFound("There is no such pipeline.")
    return found[0]


async def ensure_first(tx: Tx, *, now: datetime) -> Pipeline:
    """The first pipeline that is in use; a company without any gets one with usual stages."""
    tx.actor.require(READ)
    found = [each for each in await store.list_pipelines(tx) if each.archived_at is None]
    if found:
        return found[0]
    return await _make(tx, FIRST_NAME, DEFAULT_STAGES, now)


async def add_pipeline(
    tx: Tx, *, name: str, stages: Sequence[StageDraft], now: datetime
) -> Pipeline:
    """Refuses a name that is taken and stages without an end."""
    tx.actor.require(CONFIGURE)
    return await _make(tx, name.strip(), stages or DEFAULT_STAGES, now)


async def change_pipeline(
    tx: Tx, pipeline_id: UUID, *, name: str, stages: Sequence[StageDraft], now: datetime
) -> Pipeline:
    """The pipeline as it shall be: named stages stay, new ones come, the rest goes.

    Refuses to drop a stage that something stands or stood in (StageInUse), and to change what a
    stage means: its kind. Opportunities whose probability nobody set follow their stage's.
    """
    tx.actor.require(CONFIGURE)
    check_stages(stages)
    if not await store.lock(tx, pipeline_id):
        raise NotFound("There is no such pipeline.")
    before = (await store.list_pipelines(tx, pipeline_id))[0]
    known = {stage.id: stage for stage in before.stages}
    _check_known(stages, known)
    kept = {stage.id for stage in stages if stage.id}
    gone = [stage_id for stage_id in known if stage_id not in kept]
    if used := await store.used_stages(tx, gone):
        names = ", ".join(sorted(known[each].name for each in used))
        raise StageInUse(f"Something stands or stood in {names}. Rename it, or keep it.")
    if not await store.rename(tx, pipeline_id, name.strip()):
        raise PipelineNameTaken("Another pipeline has this name.", field="name")
    await store.delete_stages(tx, gone)
    await store.save_stages(tx, pipeline_id, _placed(pipeline_id, stages))
    after = (await store.list_pipelines(tx, pipeline_id))[0]
    await _note(tx, "sales.pipeline_changed", pipeline_id, now, before=before, after=after)
    return after


async def archive_pipeline(tx: Tx, pipeline_id: UUID, *, now: datetime) -> None:
    """Put a pipeline away. Refuses while anything in it is open, and the last one."""
    tx.actor.require(CONFIGURE)
    found = {each.id: each for each in await store.list_pipelines(tx) if each.archived_at is None}
    if pipeline_id not in found:
        raise NotFound("There is no such pipeline.")
    await store.lock(tx, pipeline_id)
    if count := await store.count_open(tx, pipeline_id):
        raise StageInUse(f"{count} opportunities are open in it. Move or close them first.")
    if len(found) == 1:
        raise StageInUse("It is the only pipeline. Make another one first.")
    await store.archive(tx, pipeline_id, now)
    await _note(tx, "sales.pipeline_archived", pipeline_id, now, before=found[pipeline_id])


async def _make(tx: Tx, name: str, stages: Sequence[StageDraft], now: datetime) -> Pipeline:
    check_stages(stages)
    if any(stage.id for stage in stages):
        raise Invalid("The stages of a new pipeline are new.", field="stages")
    pipeline_id = new_id()
    if not await store.insert(tx, pipeline_id, name, now):
        raise PipelineNameTaken("Another pipeline has this name.", field="name")
    await store.save_stages(tx, pipeline_id, _placed(pipeline_id, stages))
    made = (await store.list_pipelines(tx, pipeline_id))[0]
    await _note(tx, "sales.pipeline_added", pipeline_id, now, after=made)
    return made


def _check_known(stages: Sequence[StageDraft], known: dict[UUID, Stage]) -> None:
    ids = [stage.id for stage in stages if stage.id]
    if len(set(ids)) < len(ids) or not set(ids) <= known.keys():
        raise Invalid("A stage that is named by its id belongs to this pipeline.", field="stages")
    for stage in stages:
        if stage.id and stage.kind is not known[stage.id].kind:
            raise Invalid(f"{stage.name} cannot become {stage.kind}.", field="stages")


def _placed(pipeline_id: UUID, stages: Sequence[StageDraft]) -> list[Stage]:
    """Open stages in the order given, then won, then lost."""
    order = {Kind.OPEN: 0, Kind.WON: 1, Kind.LOST: 2}
    return [
        Stage(
            id=stage.id or new_id(),
            pipeline_id=pipeline_id,
            name=stage.name.strip(),
            kind=stage.kind,
            position=place + 1,
            probability=probability_of(stage),
            required_fields=stage.required_fields,
            wip_limit=stage.wip_limit if stage.kind is Kind.OPEN else None,
            expected_days=stage.expected_days if stage.kind is Kind.OPEN else None,
            version=1,
        )
        for place, stage in enumerate(sorted(stages, key=lambda one: order[one.kind]))
    ]


async def _note(
    tx: Tx,
    action: str,
    pipeline_id: UUID,
    now: datetime,
    *,
    before: Pipeline | None = None,
    after: Pipeline | None = None,
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="pipeline",
        subject_id=pipeline_id,
        now=now,
        before=_told(before),
        after=_told(after),
    )


def _told(pipeline: Pipeline | None) -> dict[str, object] | None:
    if pipeline is None:
        return None
    stages = [f"{stage.name} {stage.probability} %" for stage in pipeline.stages]
    return {"name": pipeline.name, "stages": stages}
