"""What happened with a customer, over all services."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from tandem.crm.customers.domain.timeline import (
    KINDS,
    Activity,
    NewActivity,
    Purchase,
    Summary,
    open_to,
    visible_kinds,
)
from tandem.crm.customers.service.people import get_customer
from tandem.crm.customers.store import purchase_sums
from tandem.crm.customers.store import timeline as store
from tandem.crm.customers.store.people import NOTHING
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.pages import Page, decode_cursor, page_of

SUMMED_AT_ONCE = 5000
"""Notes of changed orders that one transaction sums."""
END = datetime(9999, 12, 31, tzinfo=UTC)


async def record_activity(tx: Tx, activity: NewActivity) -> bool:
    """Put a line on the timeline; False where it stands there already. For handlers and flows."""
    return await store.write(tx, activity)


async def read_timeline(
    tx: Tx,
    customer_id: UUID,
    *,
    limit: int,
    cursor: str | None = None,
    services: Sequence[str] = (),
) -> Page[Activity]:
    """Newest first: what the actor may see, of these services or of all."""
    await get_customer(tx, customer_id)
    before = (END, NOTHING)
    if cursor:
        at, activity_id = decode_cursor(cursor, datetime, UUID)
        if at.tzinfo is None:
            raise Invalid("This cursor is not one of ours.", field="cursor")
        before = at, activity_id
    kinds = visible_kinds(tx.actor.may)
    if services:
        kinds = [kind for kind in kinds if KINDS[kind].service in services]
    found = await store.read(tx, customer_id, kinds, before, limit + 1)
    if tx.actor.hidden:
        found = [open_to(one, tx.actor.hidden) for one in found]
    return page_of(found, limit, lambda activity: (activity.occurred_at, activity.id))


async def list_purchases(tx: Tx, customer_id: UUID, *, limit: int = 50) -> list[Purchase]:
    """Their orders as customers knows them, the newest first."""
    tx.actor.require("orders.read")
    await get_customer(tx, customer_id)
    return await store.purchases(tx, customer_id, limit)


async def sum_up(tx: Tx, customer_id: UUID) -> Summary:
    """How many orders and how much money; nothing for whoever may not see orders."""
    await get_customer(tx, customer_id)
    if not tx.actor.may("orders.read"):
        return Summary()
    return await store.summary(tx, customer_id)


async def sum_purchases(tx: Tx) -> bool:
    """Sum the orders of whoever's changed, a batch of them; True while there are more."""
    return await purchase_sums.sum_noted(tx, SUMMED_AT_ONCE) == SUMMED_AT_ONCE


async def sum_all_again(tx: Tx) -> int:
    """Have everybody's orders summed anew; how many people. Rules are right meanwhile."""
    return await purchase_sums.note_everybody(tx)
