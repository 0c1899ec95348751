"""What leads and forms keep of a person, for `customer_holders`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.sales.service import lead_people
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.db import Tx


async def move_leads(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    return await lead_people.hand_over(tx, source, into, ids)


async def erase_leads(tx: Tx, person: Person, now: datetime) -> Erased:
    fields = await customers.list_fields(tx, "lead")
    erased = await lead_people.erase_person(
        tx,
        person.customer_id,
        emails=person.emails,
        phones=person.phones,
        personal=[field.key for field in fields if field.is_personal],
        now=now,
    )
    return Erased(erased=erased)


async def export_leads(tx: Tx, person: Person) -> list[dict[str, Any]]:
    return await lead_people.export_person(
        tx, person.customer_id, emails=person.emails, phones=person.phones
    )


async def find_leads(tx: Tx, person: Person) -> list[UUID]:
    return await lead_people.list_ids_of(
        tx, person.customer_id, emails=person.emails, phones=person.phones
    )


register(
    Holder(name="leads", find=find_leads, move=move_leads, erase=erase_leads, export=export_leads)
)
