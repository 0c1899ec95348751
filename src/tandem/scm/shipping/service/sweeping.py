"""Promises that were not kept are moved, openly, a day at a time."""

from datetime import datetime

from tandem.kernel.db import Tx
from tandem.scm.shipping.service.promising import plan_of
from tandem.scm.shipping.service.reading import lock_shipment
from tandem.scm.shipping.service.revising import revise
from tandem.scm.shipping.store import shipments as store

BATCH = 200


async def revise_overdue(tx: Tx, *, now: datetime) -> int:
    """Give shipments whose day has passed the next delivery day; returns how many. Bounded."""
    tx.actor.require("shipping.write")
    rules = (await plan_of(tx)).rules[0]
    day = rules.delivery_days.on_or_after(rules.today(now))
    late = await store.lock_overdue(tx, rules.today(now), BATCH)
    for shipment_id in late:
        shipment = await lock_shipment(tx, shipment_id)
        revised, events = await revise(tx, shipment, day, "not delivered on the promised day", now)
        await store.save(tx, revised, now)
        await tx.publish(*events)
    return len(late)
