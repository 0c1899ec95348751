"""Pipelines and stages."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.pipelines import Pipeline, Stage
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select id, name, position, archived_at, version
      from sales.pipeline
     where org_id = :org_id and (:id::uuid is null or id = :id)
     order by archived_at is not null, position, id
     limit 100
    """
)

LOCK = Query("select id from sales.pipeline where org_id = :org_id and id = :id for update")

STAGES = Query(
    """
    select id, pipeline_id, name, kind, position, probability, required_fields, wip_limit,
           expected_days, version
      from sales.stage
     where org_id = :org_id and (:pipeline_id::uuid is null or pipeline_id = :pipeline_id)
     order by pipeline_id, position
    """
)

LOCK_STAGE = Query("select id from sales.stage where org_id = :org_id and id = :id for update")

INSERT = Query(
    """
    insert into sales.pipeline (org_id, id, name, position, created_at)
    select :org_id, :id, :name, coalesce(max(position), 0) + 1, :now
      from sales.pipeline where org_id = :org_id
        on conflict (org_id, name) do nothing
    """
)

RENAME = Query(
    """
    update sales.pipeline p set name = :name, version = version + 1
     where org_id = :org_id and id = :id
       and not exists (select from sales.pipeline other
                        where other.org_id = :org_id and other.name = :name and other.id <> :id)
    """
)

ARCHIVE = Query(
    """
    update sales.pipeline set archived_at = :now, version = version + 1
     where org_id = :org_id and id = :id
    """
)

COUNT_OPEN = Query(
    """
    select count(*) from sales.opportunity
     where org_id = :org_id and pipeline_id = :pipeline_id and status = 'open'
    """
)

USED_STAGES = Query(
    """
    select distinct to_stage_id as id from sales.stage_change
     where org_id = :org_id and to_stage_id = any(:ids::uuid[])
    """
)

DELETE_STAGES = Query("delete from sales.stage where org_id = :org_id and id = any(:ids::uuid[])")

SAVE_STAGES = Query(
    """
    insert into sales.stage (org_id, id, pipeline_id, name, kind, position, probability,
                             required_fields, wip_limit, expected_days)
    select :org_id, id, :pipeline_id, name, kind, position, probability, required_fields,
           wip_limit, expected_days
      from jsonb_to_recordset(:stages::jsonb)
           as given (id uuid, name text, kind text, position int, probability int,
                     required_fields text[], wip_limit int, expected_days int)
        on conflict (org_id, id) do update
       set name = excluded.name, position = excluded.position,
           probability = excluded.probability, required_fields = excluded.required_fields,
           wip_limit = excluded.wip_limit, expected_days = excluded.expected_days,
           version = stage.version + 1
    """
)


class _Id(msgspec.Struct, frozen=True):
    id: UUID


async def list_pipelines(tx: Tx, pipeline_id: UUID | None = None) -> list[Pipeline]:
    """With their stages in order."""
    found = await tx.many(LIST, Pipeline, id=pipeline_id)
    stages = await tx.many(STAGES, Stage, pipeline_id=pipeline_id)
    return [
        msgspec.structs.replace(
            each, stages=[stage for stage in stages if stage.pipeline_id == each.id]
        )
        for each in found
    ]


async def lock(tx: Tx, pipeline_id: UUID) -> bool:
    return await tx.value(LOCK, id=pipeline_id) is not None


async def lock_stage(tx: Tx, stage_id: UUID) -> None:
    """Whoever puts something in or out of a stage's column waits here."""
    await tx.value(LOCK_STAGE, id=stage_id)


async def insert(tx: Tx, pipeline_id: UUID, name: str, now: datetime) -> bool:
    return bool(await tx.run(INSERT, id=pipeline_id, name=name, now=now))


async def rename(tx: Tx, pipeline_id: UUID, name: str) -> bool:
    return bool(await tx.run(RENAME, id=pipeline_id, name=name))


async def archive(tx: Tx, pipeline_id: UUID, now: datetime) -> None:
    await tx.run(ARCHIVE, id=pipeline_id, now=now)


async def count_open(tx: Tx, pipeline_id: UUID) -> int:
    count: int = await tx.value(COUNT_OPEN, pipeline_id=pipeline_id)
    return count


async def used_stages(tx: Tx, ids: Sequence[UUID]) -> set[UUID]:
    """Those that something stands in, or stood in: their names are part of its history."""
    return {row.id for row in await tx.many(USED_STAGES, _Id, ids=list(ids))}


async def delete_stages(tx: Tx, ids: Sequence[UUID]) -> None:
    await tx.run(DELETE_STAGES, ids=list(ids))


async def save_stages(tx: Tx, pipeline_id: UUID, stages: Sequence[Stage]) -> None:
    await tx.run(SAVE_STAGES, pipeline_id=pipeline_id, stages=msgspec.to_builtins(stages))
