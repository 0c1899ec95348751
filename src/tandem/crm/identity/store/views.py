"""Saved views."""

from uuid import UUID

from tandem.crm.identity.domain import SavedView
from tandem.kernel.db import Query, Tx

LIST_VIEWS = Query(
    """
    select id, user_id, page, name, query, is_shared
      from identity.saved_view
     where org_id = :org_id and page = :page and (is_shared or user_id = :user_id)
     order by name, id
     limit 200
    """
)


COUNT_VIEWS = Query(
    """
    select count(*) from identity.saved_view
     where org_id = :org_id and page = :page and user_id = :user_id
    """
)


INSERT_VIEW = Query(
    """
    insert into identity.saved_view
           (org_id, id, user_id, page, name, query, is_shared, created_at)
    values (:org_id, :id, :user_id, :page, :name, :asked, :is_shared, :created_at)
    """
)


DELETE_VIEW = Query(
    """
    delete from identity.saved_view
     where org_id = :org_id and id = :id and (user_id = :user_id or (is_shared and :may_manage))
    """
)


async def list_views(tx: Tx, page: str, user_id: UUID) -> list[SavedView]:
    return await tx.many(LIST_VIEWS, SavedView, page=page, user_id=user_id)
