"""Forgetting a customer: their words, files, name and addresses leave every complaint."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.support import ComplaintErased
from tandem.kernel.db import Tx
from tandem.scm.support.domain.statuses import Origin
from tandem.scm.support.store import complaints as store
from tandem.scm.support.store import threads


async def erase_customer(tx: Tx, customer_id: UUID, *, now: datetime) -> int:
    """Answers how many complaints were emptied. Numbers, states and clocks stay for the figures;
    copies elsewhere follow by event. Again, it changes nothing."""
    tx.actor.require("support.write")
    found = await store.lock_unerased(tx, customer_id)
    for complaint in found:
        await threads.erase(tx, complaint.id)
        emptied = msgspec.structs.replace(
            complaint,
            customer_name="",
            customer_email=None,
            customer_phone=None,
            subject="Erased",
            rating_note="",
            erased_at=now,
        )
        await store.save(tx, emptied, now=now)
        await tx.publish(
            ComplaintErased(
                complaint_id=complaint.id,
                number=complaint.number,
                order_id=complaint.order_id,
                origin=Origin.SYSTEM,
            )
        )
    return len(found)
