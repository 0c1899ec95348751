"""Following records: who hears of them without having to look."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from tandem.crm.notifications.service.preferences import member_of
from tandem.crm.notifications.store import following as store
from tandem.kernel.db import Tx

Followed = Literal["complaint", "customer", "account", "lead", "deal", "order"]


async def follow(tx: Tx, subject_kind: Followed, subject_id: UUID, *, now: datetime) -> None:
    """The asker hears of it from now on. That they may see it, the caller has asked."""
    me = [member_of(tx)]
    await store.follow(tx, subject_kind, subject_id, me, is_asked=True, now=now)


async def follow_for(
    tx: Tx, subject_kind: Followed, subject_id: UUID, people: Sequence[UUID], *, now: datetime
) -> None:
    """For whoever was given it or wrote about it. Who had stopped following stays away."""
    if people:
        await store.follow(tx, subject_kind, subject_id, people, is_asked=False, now=now)


async def unfollow(tx: Tx, subject_kind: Followed, subject_id: UUID, *, now: datetime) -> None:
    await store.unfollow(tx, subject_kind, subject_id, member_of(tx), now)


async def is_following(tx: Tx, subject_kind: Followed, subject_id: UUID) -> bool:
    """Whether the asker hears of it; never, for who has no inbox."""
    return tx.actor.user_id in await store.watchers(tx, subject_kind, subject_id)


async def watchers_of(tx: Tx, subject_kind: Followed, subject_id: UUID) -> list[UUID]:
    return await store.watchers(tx, subject_kind, subject_id)


async def hand_over(tx: Tx, subject_kind: Followed, source: UUID, into: UUID) -> None:
    """Whoever followed the one follows the other too: they are one now, or were parted again."""
    await store.hand_over(tx, subject_kind, source, into)


async def forget(tx: Tx, ids: Sequence[UUID]) -> None:
    """Nobody follows these any more: they are gone."""
    await store.forget(tx, ids)
