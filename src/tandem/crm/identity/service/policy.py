"""Whether a company asks everybody for a second factor."""

from datetime import datetime

from tandem.crm.identity.store import policy as policy_store
from tandem.kernel import audit
from tandem.kernel.db import Tx


async def requires_second_factor(tx: Tx) -> bool:
    tx.actor.require("identity.read")
    return await policy_store.requires_second_factor(tx)


async def require_second_factor(tx: Tx, *, is_required: bool, now: datetime) -> None:
    """From the next second on, whoever has none may do nothing here but set one up."""
    tx.actor.require("identity.settings")
    tx.actor.require_fresh(now)
    before = await policy_store.requires_second_factor(tx)
    await tx.run(policy_store.SAVE_POLICY, requires_second_factor=is_required, now=now)
    await audit.write(
        tx,
        action="sign_in_policy.changed",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
        before={"requires_second_factor": before},
        after={"requires_second_factor": is_required},
    )
