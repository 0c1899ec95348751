"""What streams may spend, and what they have: counted under their lock."""

from collections.abc import Mapping, Sequence

import msgspec

from tandem.kernel.db import Query, Tx

LOCK_FEEDS = Query(
    """
    select key, per_minute, is_paused, spent
      from notifications.feed
     where org_id = :org_id and key = any(:keys::text[])
       and (per_minute is not null or is_paused)
     order by key
       for update
    """
)

FIND_SPENDING = Query(
    """
    select key, per_minute, is_paused, spent
      from notifications.feed
     where org_id = :org_id and key = :key
    """
)

SPEND = Query(
    """
    update notifications.feed
       set spent = :spent, updated_at = updated_at
     where org_id = :org_id and key = :key
    """
)


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    per_minute: int | None
    is_paused: bool
    spent: dict[str, int]


async def lock_feeds(tx: Tx, keys: Sequence[str]) -> list[Spending]:
    """Those of them that are throttled or paused, in the order everybody locks them in."""
    return await tx.many(LOCK_FEEDS, Spending, keys=list(keys))


async def find_spending(tx: Tx, key: str) -> Spending | None:
    return await tx.one_or_none(FIND_SPENDING, Spending, key=key)


async def spend(tx: Tx, key: str, spent: Mapping[str, int]) -> None:
    await tx.run(SPEND, key=key, spent=dict(spent))
