"""What marketing keeps of a person, for `customer_holders`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.marketing import service as marketing
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.db import Tx


async def move_recipients(
    tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None
) -> list[UUID]:
    return await marketing.move_recipients(tx, source, into, ids)


async def move_engagement(
    tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None
) -> list[UUID]:
    return await marketing.hand_over(tx, source, into, ids)


async def erase_engagement(tx: Tx, person: Person, now: datetime) -> Erased:
    """That somebody was in a campaign stays as a number: the id means nobody any more."""
    return Erased(erased=await marketing.erase_person(tx, person.customer_id))


async def export_recipients(tx: Tx, person: Person) -> list[dict[str, Any]]:
    found = await marketing.taken_by(tx, person.customer_id)
    return [msgspec.to_builtins(one) for one in found]


async def export_engagement(tx: Tx, person: Person) -> list[dict[str, Any]]:
    return await marketing.export_person(tx, person.customer_id)


register(Holder(name="campaigns", move=move_recipients, export=export_recipients))
register(
    Holder(
        name="engagement",
        move=move_engagement,
        erase=erase_engagement,
        export=export_engagement,
    )
)
