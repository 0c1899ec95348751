"""One organisation's delivery policy."""

from datetime import datetime

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.delivery.domain.visibility import Policy

GET = Query("select policy, version from delivery.policy where org_id = :org_id")

SAVE = Query(
    """
    insert into delivery.policy as held (org_id, policy, changed_at)
    values (:org_id, :policy, :now)
        on conflict (org_id) do update
       set policy = excluded.policy, version = held.version + 1, changed_at = excluded.changed_at
    returning version
    """
)


async def get(tx: Tx) -> tuple[Policy, int]:
    """The policy and its version; version 0 is the default nobody has changed."""
    rows = await tx.records(GET)
    if not rows:
        return Policy(), 0
    return msgspec.convert(rows[0]["policy"], Policy), rows[0]["version"]


async def save(tx: Tx, policy: Policy, now: datetime) -> int:
    return int(await tx.value(SAVE, policy=msgspec.to_builtins(policy), now=now))
