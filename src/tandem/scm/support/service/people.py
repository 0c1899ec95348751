"""Complaints as records of a person, for the flows that merge, erase and export people.

These check no permission: the flow has, for the person as a whole.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.contracts.support import ComplaintErased
from tandem.kernel import blobs
from tandem.kernel.db import Tx
from tandem.scm.support.store import people as store


async def hand_over(
    tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Give all complaints of one customer, or those named, to another; which they were."""
    return await store.reown(tx, source, into, ids)


async def erase_person(
    tx: Tx, customer_id: UUID, *, cause_id: UUID, now: datetime
) -> tuple[int, int]:
    """Empty the complaints that are over, here and in Jira: how many, and how many still run. The
    bytes of their files go soon after the commit."""
    erased = await store.erase(tx, customer_id, now)
    files = await store.files(tx, [one.id for one in erased])
    await blobs.discard(tx, files, cause_id=cause_id, now=now)
    await tx.publish(
        *(
            ComplaintErased(
                complaint_id=one.id, number=one.number, order_id=one.order_id, origin="system"
            )
            for one in erased
        )
    )
    return len(erased), await store.count_open(tx, customer_id)


async def list_ids_of(tx: Tx, customer_id: UUID) -> list[UUID]:
    return await store.ids(tx, customer_id)


async def export_person(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return await store.export(tx, customer_id)
