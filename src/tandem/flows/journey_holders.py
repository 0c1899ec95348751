"""What journeys keep of a person, for `customer_holders`: their ways, by customer alone.

Who is erased is out of every journey; the steps name nobody and stay as counts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.marketing.service import journey_runs as runs
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.db import Tx


async def move_runs(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    return await runs.hand_over(tx, source, into, ids, now=tx.started_at)


async def erase_runs(tx: Tx, person: Person, now: datetime) -> Erased:
    return Erased(erased=await runs.end_all_for(tx, person.customer_id, now=now))


async def export_runs(tx: Tx, person: Person) -> list[dict[str, Any]]:
    found = []
    for run in await runs.of_customer(tx, person.customer_id):
        told: dict[str, Any] = msgspec.to_builtins(run)
        found.append(told)
    return found


register(Holder(name="journeys", move=move_runs, erase=erase_runs, export=export_runs))
