"""Saved replies."""

from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.scm.support.domain.replies import (
    REPLIES_MAX,
    NewReply,
    ReplyNameTaken,
    SavedReply,
    TooManyReplies,
)
from tandem.scm.support.service.settings import get_desk
from tandem.scm.support.store import replies as store


async def list_replies(tx: Tx) -> list[SavedReply]:
    """By name; 300 at most."""
    tx.actor.require("support.read")
    return await store.list_replies(tx)


async def add_reply(tx: Tx, new: NewReply, *, now: datetime) -> SavedReply:
    """Raises ReplyNameTaken, TooManyReplies and UnknownCategory."""
    tx.actor.require("support.configure")
    await store.lock_all(tx)
    if len(await store.list_replies(tx)) >= REPLIES_MAX:
        raise TooManyReplies(f"{REPLIES_MAX} saved replies are enough. Remove one first.")
    return await _put(tx, new_id(), new, now)


async def change_reply(tx: Tx, reply_id: UUID, to: NewReply, *, now: datetime) -> SavedReply:
    tx.actor.require("support.configure")
    await store.lock_all(tx)
    if await store.find(tx, reply_id) is None:
        raise NotFound("There is no such saved reply.")
    return await _put(tx, reply_id, to, now)


async def remove_reply(tx: Tx, reply_id: UUID) -> None:
    tx.actor.require("support.configure")
    if not await store.drop(tx, reply_id):
        raise NotFound("There is no such saved reply.")


async def _put(tx: Tx, reply_id: UUID, new: NewReply, now: datetime) -> SavedReply:
    if new.category:
        (await get_desk(tx)).desk.category(new.category)
    if await store.is_taken(tx, new.name, but=reply_id):
        raise ReplyNameTaken(f"There is a saved reply called {new.name!r} already.", field="name")
    await store.put(tx, reply_id, name=new.name, body=new.body, category=new.category, now=now)
    return SavedReply(
        id=reply_id, name=new.name, body=new.body, category=new.category, updated_at=now
    )
