"""Records opened for somebody."""

from uuid import UUID

from tandem.crm.identity.domain.sharing import Share
from tandem.kernel.db import Query, Tx

INSERT_SHARE = Query(
    """
    insert into identity.record_share
           (org_id, id, object_kind, object_id, user_id, team_id, level, shared_until,
            created_by, created_at)
    values (:org_id, :id, :object_kind, :object_id, :user_id, :team_id, :level, :shared_until,
            :created_by, :created_at)
        on conflict (org_id, object_id, user_id, team_id) do update
       set level = excluded.level, shared_until = excluded.shared_until,
           created_by = excluded.created_by, created_at = excluded.created_at
    returning id
    """
)

LIST_SHARES = Query(
    """
    select id, object_kind, object_id, user_id, team_id, level, shared_until, created_by,
           created_at
      from identity.record_share
     where org_id = :org_id and (object_id = :object_id or id = :id)
     order by created_at, id
     limit 200
    """
)

DELETE_SHARE = Query("delete from identity.record_share where org_id = :org_id and id = :id")


async def list_shares(tx: Tx, object_id: UUID) -> list[Share]:
    return await tx.many(LIST_SHARES, Share, object_id=object_id, id=None)


async def find_share(tx: Tx, share_id: UUID) -> Share | None:
    return await tx.one_or_none(LIST_SHARES, Share, object_id=None, id=share_id)
