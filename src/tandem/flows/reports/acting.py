"""Working as a member of the staff who is not there: with what they may at this very moment."""

from datetime import datetime
from uuid import UUID

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.people import User
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, NotFound


class NotHere(Forbidden):
    """Who has left the company, or may not come in just now, gets nothing."""

    code = "not_here"


async def member(tx: Tx, user_id: UUID) -> User:
    """Raises NotHere for somebody removed, suspended or never there."""
    try:
        found = await identity.get_user(tx.with_all_grants(), user_id)
    except NotFound as reason:
        raise NotHere("They are not here any more.", permission="oneself") from reason
    if not found.is_active:
        raise NotHere("They may not come in.", permission="oneself")
    return found


async def as_member(tx: Tx, user_id: UUID, *, now: datetime) -> Tx:
    """The same transaction, working for that person: their roles, teams and shares of now, none of
    the caller's."""
    found = await member(tx, user_id)
    access = await identity.access_of(tx.with_all_grants(), user_id, now=now)
    actor = identity.as_actor(tx, user_id, access, label=found.name)
    return tx.acting(actor)
