"""Shipments as records of a person, for the flow that erases people.

Checks no permission: the flow has, for the person as a whole.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.shipping.store import people as store


async def erase_person(tx: Tx, order_ids: Sequence[UUID], *, now: datetime) -> tuple[int, int]:
    """Take name, street and phone out of shipments that are over: how many, and how many run."""
    return await store.erase(tx, order_ids, now), await store.count_open(tx, order_ids)
