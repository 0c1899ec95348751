"""Audiences: who is in some segments and not in others, a page at a time, and how to reach them."""

from collections.abc import Sequence
from uuid import UUID

from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.customers.store import audiences as store
from tandem.crm.customers.store.people import NOTHING
from tandem.kernel.db import Tx

READ = "customers.read"


async def count_audience(tx: Tx, include_ids: Sequence[UUID], exclude_ids: Sequence[UUID]) -> int:
    """How many people; only for who may see all of them."""
    tx.actor.require_everywhere(READ)
    return await store.count(tx, include_ids, exclude_ids)


async def audience_page(
    tx: Tx,
    include_ids: Sequence[UUID],
    exclude_ids: Sequence[UUID],
    *,
    after: UUID | None,
    count: int,
) -> list[UUID]:
    """The next ones by id; fewer than `count` means that there are no more."""
    tx.actor.require_everywhere(READ)
    return await store.page(tx, include_ids, exclude_ids, after=after or NOTHING, count=count)


async def audience_sample(
    tx: Tx,
    include_ids: Sequence[UUID],
    exclude_ids: Sequence[UUID],
    *,
    every_nth: int,
    count: int,
) -> list[UUID]:
    """About one of `every_nth`, the same ones each time."""
    tx.actor.require_everywhere(READ)
    return await store.sample(tx, include_ids, exclude_ids, every_nth=every_nth, count=count)


async def reachable(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Reachable]:
    """Names and addresses for writing to people, in one query; who is gone is absent."""
    tx.actor.require_everywhere(READ)
    return {one.id: one for one in await store.reachable(tx, ids)}


async def locale_of(tx: Tx, customer_id: UUID | None) -> str:
    """The language they want to be written to in; empty where nobody knows. For who writes to them
    anyway: it asks no permission."""
    return await store.locale_of(tx, customer_id) if customer_id is not None else ""
