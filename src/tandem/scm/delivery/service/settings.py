"""The organisation's delivery policy: what the public sees, how long, what proof is asked for."""

from datetime import datetime

import msgspec

from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.scm.delivery.domain.permissions import READ, SETTINGS
from tandem.scm.delivery.domain.visibility import Policy
from tandem.scm.delivery.store import policies as store


async def get_policy(tx: Tx) -> tuple[Policy, int]:
    """The policy and its version."""
    tx.actor.require(READ)
    return await store.get(tx)


async def set_policy(tx: Tx, policy: Policy, *, now: datetime) -> int:
    """Replace the policy; links and pages follow it at once, deliveries made before keep their
    proofs. Returns the new version."""
    tx.actor.require(SETTINGS)
    if (policy.pickup_lat is None) != (policy.pickup_lon is None):
        raise Invalid(
            "Give the pick-up point's latitude and longitude, or neither.", field="pickup_lat"
        )
    before, _ = await store.get(tx)
    version = await store.save(tx, policy, now)
    await audit.write(
        tx,
        action="delivery.policy_set",
        subject_kind="delivery_policy",
        subject_id=tx.actor.org_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(policy),
    )
    return version
