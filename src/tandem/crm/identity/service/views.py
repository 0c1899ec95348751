"""A list's state under a name."""

from datetime import datetime
from uuid import UUID

from tandem.crm.identity.domain import (
    VIEWS_MAX,
    SavedView,
    TooManyViews,
)
from tandem.crm.identity.store import views as views_store
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound
from tandem.kernel.ids import new_id


async def list_views(tx: Tx, page: str) -> list[SavedView]:
    """A page's saved views: one's own and those shared with everybody; none for who is nobody."""
    if tx.actor.user_id is None:
        return []
    return await views_store.list_views(tx, page, tx.actor.user_id)


async def save_view(
    tx: Tx, *, page: str, name: str, query: str, is_shared: bool, now: datetime
) -> SavedView:
    """Keep a list's state under a name. Refuses the forty-first of a page (TooManyViews)."""
    if tx.actor.user_id is None:
        raise Forbidden("Views belong to people.", permission="person")
    held: int = await tx.value(views_store.COUNT_VIEWS, page=page, user_id=tx.actor.user_id)
    if held >= VIEWS_MAX:
        raise TooManyViews(f"You have {VIEWS_MAX} views here. Remove one first.", field="name")
    view = SavedView(
        id=new_id(),
        user_id=tx.actor.user_id,
        page=page,
        name=name.strip(),
        query=query,
        is_shared=is_shared,
    )
    await tx.run(
        views_store.INSERT_VIEW,
        id=view.id,
        user_id=view.user_id,
        page=page,
        name=view.name,
        asked=query,
        is_shared=is_shared,
        created_at=now,
    )
    return view


async def remove_view(tx: Tx, view_id: UUID) -> None:
    """One's own; a shared one also by whoever manages people."""
    removed = await tx.run(
        views_store.DELETE_VIEW,
        id=view_id,
        user_id=tx.actor.user_id,
        may_manage=tx.actor.may("identity.manage"),
    )
    if not removed:
        raise NotFound("There is no such view of yours.")
