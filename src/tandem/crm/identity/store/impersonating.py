"""Impersonations: begun, ended, listed."""

from tandem.crm.identity.domain.impersonating import Impersonation
from tandem.kernel.db import Query, Tx

INSERT = Query(
    """
    insert into identity.impersonation
           (org_id, id, session_id, by_user_id, user_id, reason, may_write, started_at, expires_at)
    values (:org_id, :id, :session_id, :by_user_id, :user_id, :reason, :may_write, :started_at,
            :expires_at)
    """
)

END = Query(
    """
    update identity.impersonation set ended_at = :now
     where org_id = :org_id and id = :id and ended_at is null
    """
)

END_OF_SESSION = Query(
    """
    update identity.impersonation set ended_at = :now
     where org_id = :org_id and session_id = :session_id and ended_at is null
    """
)

LIST = Query(
    """
    select id, user_id, by_user_id, reason, may_write, started_at, expires_at, ended_at
      from identity.impersonation
     where org_id = :org_id
     order by started_at desc, id
     limit 200
    """
)


async def list_impersonations(tx: Tx) -> list[Impersonation]:
    return await tx.many(LIST, Impersonation)
