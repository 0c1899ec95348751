"""An owner set by hand stands in the same log as those that rules chose."""

from datetime import datetime

from tandem.crm.sales.domain.assigning import AssignmentEntry
from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.store import assigning as store
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id


async def assigned_by_hand(tx: Tx, before: Lead, after: Lead, now: datetime) -> None:
    """Whose it was and whose it is; a lead that somebody has waits no more."""
    if after.owner_id is not None:
        await store.wait_no_more(tx, after.id)
    await store.log(
        tx,
        AssignmentEntry(
            id=new_id(),
            lead_id=after.id,
            at=now,
            how="by_hand",
            rule_id=None,
            rule_name="",
            owner_id=after.owner_id,
            owner_name="",
            from_owner_id=before.owner_id,
            actor_label=tx.actor.label,
            tried=[],
        ),
    )
