"""Going on for whoever asked, with what they may at this moment."""

from datetime import datetime

import msgspec

from tandem.crm.identity import service as identity
from tandem.flows.reports.acting import as_member
from tandem.kernel.actor import Kind
from tandem.kernel.bulk import Asker
from tandem.kernel.db import Tx


async def as_asker(tx: Tx, asker: Asker, now: datetime) -> Tx:
    """Refuses whoever left the company or may not come in any more, and a key that has ended. What
    is done stands in the audit as from where it was asked, and by whom if they stood in."""
    if asker.user_id is None:
        return tx
    if asker.kind is Kind.API_KEY:
        actor = await identity.key_as_actor(tx, asker.user_id, asked_with=asker.grants, now=now)
    else:
        actor = (await as_member(tx, asker.user_id, now=now)).actor
    return tx.acting(
        msgspec.structs.replace(actor, origin=asker.origin, impersonator=asker.impersonator)
    )
