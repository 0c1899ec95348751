"""What working a lead shows on its page: the checklist, whose it became and why, what became of
it."""

from datetime import datetime
from typing import Any

import msgspec

from tandem.crm.sales.domain.assigning import AssignmentEntry
from tandem.crm.sales.domain.converting import Conversion
from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.domain.qualifying import Checklist
from tandem.crm.sales.domain.sequences import Run, Sequence
from tandem.crm.sales.service import assigning, converting, qualifying, sequences
from tandem.kernel.db import Tx
from tandem.web.console.tasks import tasks_beside


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """`conversion` is the one that stands; `undone` the newest that was taken back."""

    checklists: list[Checklist]
    assignments: list[AssignmentEntry]
    waits_since: datetime | None
    conversion: Conversion | None
    undone: Conversion | None
    tasks: dict[str, Any]
    runs: list[Run]
    sequences: list[Sequence]


async def work_of(tx: Tx, lead: Lead, now: datetime) -> Work:
    conversions = await converting.list_conversions(tx, lead.id)
    standing = next((one for one in conversions if one.undone_at is None), None)
    return Work(
        checklists=await qualifying.list_checklists(tx, lead.id),
        assignments=await assigning.list_log(tx, lead.id),
        waits_since=await assigning.waits_since(tx, lead.id),
        conversion=standing,
        undone=next((one for one in conversions if one.undone_at is not None), None),
        tasks=await tasks_beside(tx, "lead", lead.id, now),
        runs=await sequences.list_runs_of_lead(tx, lead.id),
        sequences=await sequences.list_sequences(tx),
    )
