"""Who waits for an answer of ours, for flows that treat them with more care meanwhile.

Checks no permission: the flow has, and it learns no more than that there is a complaint.
"""

from collections.abc import Sequence
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.scm.support.store import waiting as store


async def open_complaints_of(
    tx: Tx, customer_ids: Sequence[UUID]
) -> dict[UUID, list[tuple[str, str]]]:
    """Severity and number of each complaint that is neither resolved nor closed; in one query."""
    found: dict[UUID, list[tuple[str, str]]] = {}
    for one in await store.open_of(tx, customer_ids):
        found.setdefault(one.customer_id, []).append((one.severity, one.number))
    return found
