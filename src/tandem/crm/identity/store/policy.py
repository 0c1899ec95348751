"""What a company asks of those who sign in."""

from tandem.kernel.db import Query, Tx

GET_POLICY = Query(
    "select requires_second_factor from identity.sign_in_policy where org_id = :org_id"
)

SAVE_POLICY = Query(
    """
    insert into identity.sign_in_policy (org_id, requires_second_factor, changed_at)
    values (:org_id, :requires_second_factor, :now)
        on conflict (org_id) do update
       set requires_second_factor = excluded.requires_second_factor,
           version = identity.sign_in_policy.version + 1, changed_at = excluded.changed_at
    """
)


async def requires_second_factor(tx: Tx) -> bool:
    return bool(await tx.value(GET_POLICY))
