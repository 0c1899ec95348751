"""Who follows which record."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx

FOLLOW = Query(
    """
    insert into notifications.watcher (org_id, subject_kind, subject_id, user_id, since)
    select :org_id, :subject_kind, :subject_id, user_id, :now::timestamptz
      from unnest(:user_ids::uuid[]) as user_id
        on conflict (org_id, subject_kind, subject_id, user_id) do update
       set since = excluded.since, left_at = null
     where watcher.left_at is not null and :is_asked::boolean
    """
)
UNFOLLOW = Query(
    """
    update notifications.watcher
       set left_at = :now
     where org_id = :org_id and subject_kind = :subject_kind and subject_id = :subject_id
       and user_id = :user_id and left_at is null
    """
)
WATCHERS = Query(
    """
    select user_id
      from notifications.watcher
     where org_id = :org_id and subject_kind = :subject_kind and subject_id = :subject_id
       and left_at is null
     order by user_id
    """
)
HAND_OVER = Query(
    """
    insert into notifications.watcher (org_id, subject_kind, subject_id, user_id, since, left_at)
    select org_id, subject_kind, :into::uuid, user_id, since, left_at
      from notifications.watcher
     where org_id = :org_id and subject_kind = :subject_kind and subject_id = :source
        on conflict do nothing
    """
)
FORGET = Query(
    "delete from notifications.watcher where org_id = :org_id and subject_id = any(:ids::uuid[])"
)


async def follow(
    tx: Tx,
    subject_kind: str,
    subject_id: UUID,
    user_ids: Sequence[UUID],
    *,
    is_asked: bool,
    now: datetime,
) -> None:
    """`is_asked` brings back who had left; what follows of itself does not."""
    await tx.run(
        FOLLOW,
        subject_kind=subject_kind,
        subject_id=subject_id,
        user_ids=list(user_ids),
        is_asked=is_asked,
        now=now,
    )


async def unfollow(
    tx: Tx, subject_kind: str, subject_id: UUID, user_id: UUID, now: datetime
) -> None:
    await tx.run(
        UNFOLLOW, subject_kind=subject_kind, subject_id=subject_id, user_id=user_id, now=now
    )


async def watchers(tx: Tx, subject_kind: str, subject_id: UUID) -> list[UUID]:
    rows = await tx.records(WATCHERS, subject_kind=subject_kind, subject_id=subject_id)
    return [row["user_id"] for row in rows]


async def hand_over(tx: Tx, subject_kind: str, source: UUID, into: UUID) -> None:
    await tx.run(HAND_OVER, subject_kind=subject_kind, source=source, into=into)


async def forget(tx: Tx, ids: Sequence[UUID]) -> None:
    await tx.run(FORGET, ids=list(ids))
