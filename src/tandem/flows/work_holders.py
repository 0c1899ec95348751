"""What tasks and conversions keep of a person, for `customer_holders`."""

from datetime import datetime
from typing import Any

import msgspec

from tandem.contracts.sales import LeadsMerged
from tandem.crm.customers.domain.records import Note
from tandem.crm.customers.domain.tasks import Beside, TaskFilters
from tandem.crm.customers.service import notes, tasks
from tandem.crm.sales.service import work_people
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.reach import EVERYWHERE

EXPORTED_MAX = 500
BESIDE: tuple[Beside, ...] = ("lead", "opportunity")


async def erase_tasks(tx: Tx, person: Person, now: datetime) -> Erased:
    """What was to be done for them and what came of it is told in free words: all of it goes."""
    records = await work_people.records_of(tx, person.customer_id)
    erased = [await tasks.forget(tx, kind, records[kind]) for kind in BESIDE]
    return Erased(erased=sum(erased))


async def export_tasks(tx: Tx, person: Person) -> list[dict[str, Any]]:
    records = await work_people.records_of(tx, person.customer_id)
    found = []
    for kind in BESIDE:
        for subject_id in records[kind]:
            filters = TaskFilters(subject_kind=kind, subject_id=subject_id)
            found += await tasks.list_tasks(tx, filters, EVERYWHERE, zone="UTC", limit=EXPORTED_MAX)
    return [msgspec.to_builtins(one) for one in found]


async def erase_notes(tx: Tx, person: Person, now: datetime) -> Erased:
    """Beside their deals and orders; those beside the customer go with the customer."""
    records = await work_people.records_of(tx, person.customer_id)
    erased = await notes.forget(tx, "opportunity", records["opportunity"])
    return Erased(erased=erased + await notes.forget(tx, "order", person.order_ids))


async def export_notes(tx: Tx, person: Person) -> list[dict[str, Any]]:
    records = await work_people.records_of(tx, person.customer_id)
    found: list[Note] = []
    for deal_id in records["opportunity"]:
        found += await notes.list_of(tx, "opportunity", deal_id)
    for order_id in person.order_ids:
        found += await notes.list_of(tx, "order", order_id)
    return [msgspec.to_builtins(one) for one in found]


async def erase_conversions(tx: Tx, person: Person, now: datetime) -> Erased:
    return Erased(erased=await work_people.forget_names(tx, person.customer_id))


async def export_conversions(tx: Tx, person: Person) -> list[dict[str, Any]]:
    found = await work_people.conversions_of(tx, person.customer_id)
    return [msgspec.to_builtins(one) for one in found]


@subscribe(LeadsMerged, "tasks.follow_merged_lead")
async def follow_merged(tx: Tx, event: LeadsMerged, now: datetime) -> None:
    """What is still to be done for a lead that lives on as another one is done there."""
    await tasks.move(tx, ("lead", event.loser_id), ("lead", event.lead_id))


register(Holder(name="notes_beside", erase=erase_notes, export=export_notes))
register(Holder(name="tasks", erase=erase_tasks, export=export_tasks))
register(Holder(name="conversions", erase=erase_conversions, export=export_conversions))
