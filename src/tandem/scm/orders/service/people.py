"""Orders as records of a person, for the flows that merge, erase and export people.

These check no permission: the flow has, for the person as a whole.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.orders.store import people as store


async def hand_over(
    tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Give all orders of one customer, or those named, to another; which they were."""
    return await store.reown(tx, source, into, ids)


async def erase_person(tx: Tx, customer_id: UUID, *, now: datetime) -> tuple[int, int]:
    """Take names, contacts and streets out of settled orders: how many, and how many still run."""
    return await store.erase(tx, customer_id, now), await store.count_open(tx, customer_id)


async def export_person(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return await store.export(tx, customer_id)


async def list_ids_of(tx: Tx, customer_id: UUID) -> list[UUID]:
    return await store.ids(tx, customer_id)
