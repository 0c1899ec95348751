"""Merge two customers, or part them again: every service's records, in one transaction."""

from datetime import datetime
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.merging import Merge
from tandem.flows.customer_holders import HOLDERS
from tandem.kernel.db import Tx


async def merge(tx: Tx, survivor_id: UUID, loser_id: UUID, *, now: datetime) -> Merge:
    """The loser's records in every service become the survivor's. All or nothing."""
    done = await customers.merge(tx, survivor_id, loser_id, now=now)
    trusted = tx.with_all_grants()
    moved = {
        holder.name: await holder.move(trusted, loser_id, survivor_id, None)
        for holder in HOLDERS.values()
        if holder.move
    }
    await customers.keep_moved(tx, done, moved)
    return done


async def undo(tx: Tx, merge_id: UUID, *, now: datetime) -> Merge:
    """What the loser brought goes back where it came from; what came since stays."""
    done = await customers.undo_merge(tx, merge_id, now=now)
    trusted = tx.with_all_grants()
    for holder in HOLDERS.values():
        ids = [UUID(one) for one in done.moved.get(holder.name, [])]
        if holder.move and ids:
            await holder.move(trusted, done.survivor_id, done.loser_id, ids)
    return done
