"""A person as leads know them: for merging customers, erasing somebody and handing out their data.

For flows that have asked for the permission.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.sales.store import inlets
from tandem.crm.sales.store import lead_people as store
from tandem.kernel.db import Tx


async def hand_over(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    """All of a customer's leads, or those named, are another customer's; which."""
    return await store.hand_over(tx, source, into, ids)


async def erase_person(
    tx: Tx,
    customer_id: UUID,
    *,
    emails: Sequence[str],
    phones: Sequence[str],
    personal: Sequence[str],
    now: datetime,
) -> int:
    """Nothing of them is left but that somebody came, when and by which campaign. `personal` are
    the keys of the company's own fields that tell of a person. How many leads."""
    ids = await store.find(tx, customer_id, emails, phones)
    await store.empty(tx, ids, emails, personal, now)
    await inlets.forget_person(tx, [*emails, *phones], now)
    return len(ids)


async def list_ids_of(
    tx: Tx, customer_id: UUID, *, emails: Sequence[str], phones: Sequence[str]
) -> list[UUID]:
    return await store.find(tx, customer_id, emails, phones)


async def export_person(
    tx: Tx, customer_id: UUID, *, emails: Sequence[str], phones: Sequence[str]
) -> list[dict[str, Any]]:
    return await store.show(tx, await store.find(tx, customer_id, emails, phones))
