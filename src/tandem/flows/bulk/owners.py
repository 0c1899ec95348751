"""Whom many records are given to."""

from uuid import UUID

import msgspec

from tandem.crm.identity import service as identity
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid


def giver(tx: Tx, permission: str) -> Tx:
    """For taking back what somebody gave away: it may be out of their reach since, and follows of
    itself from their having been allowed to give it."""
    tx.actor.require(permission)
    return tx.with_all_grants()


async def owner_said(tx: Tx, owner_id: UUID | msgspec.UnsetType | None) -> str:
    """Refuses nobody at all, and somebody who does not work here; null takes owners away."""
    if owner_id is msgspec.UNSET:
        raise Invalid("Choose who gets them.", field="owner_id")
    if owner_id is None:
        return "given to nobody"
    name = (await identity.staff_names(tx, only_active=True)).get(owner_id)
    if name is None:
        raise Invalid("Nobody here has this id.", field="owner_id")
    return f"given to {name}"
