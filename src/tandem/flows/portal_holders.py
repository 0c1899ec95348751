"""What signing in as a buyer keeps of a person, for `customer_holders`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.identity.service import buyers
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.db import Tx


async def end_sessions(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    """Whoever signed in as the one does not become the other: they sign in once more."""
    if ids is None:
        await buyers.end_buyer(tx, source)
    return []


async def erase_sessions(tx: Tx, person: Person, now: datetime) -> Erased:
    return Erased(erased=await buyers.end_buyer(tx, person.customer_id))


async def export_sessions(tx: Tx, person: Person) -> list[dict[str, Any]]:
    return await buyers.export_buyer(tx, person.customer_id)


register(Holder(name="sign_ins", move=end_sessions, erase=erase_sessions, export=export_sessions))
