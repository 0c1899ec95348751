"""Audit rows: who changed what by hand, before and after, without secrets. Append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

WRITE = Query(
    """
    insert into kernel.audit
           (org_id, id, at, actor_kind, actor_id, actor_label,
            action, subject_kind, subject_id, before, after)
    values (:org_id, :id, :at, :actor_kind, :actor_id, :actor_label,
            :action, :subject_kind, :subject_id, :before, :after)
    """
)


async def write(
    tx: Tx,
    *,
    action: str,
    subject_kind: str,
    subject_id: UUID,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await tx.run(
        WRITE,
        id=new_id(),
        at=now,
        actor_kind=tx.actor.kind,
        actor_id=tx.actor.user_id,
        actor_label=tx.actor.label,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        before=before,
        after=after,
    )
