"""Another channel, where the one before does not arrive in time (NOT-10).

All of them are in the ledger from the beginning, each with its hour. What stands by is asked about
like everything else right before it leaves, and is left out when another has arrived.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.service.planning import wake
from tandem.crm.notifications.store import fallbacks as store
from tandem.kernel.db import Tx


async def stand_by(tx: Tx, message_ids: Sequence[UUID]) -> None:
    """These leave only while none of their occasion has arrived."""
    tx.actor.require("notifications.send")
    await store.add(tx, message_ids)


async def arrived(tx: Tx, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    """By which channel, for those that need not leave any more. Asks no permission."""
    return await store.arrived(tx, message_ids) if message_ids else {}


async def hurry(tx: Tx, message_ids: Sequence[UUID], *, now: datetime) -> None:
    """These will not arrive: whoever stands by for them need not wait."""
    if message_ids and await store.hurry(tx, message_ids, now):
        await wake(tx, Lane.TRANSACTIONAL)
