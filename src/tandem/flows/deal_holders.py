"""What deals and quotes keep of a person, for `customer_holders`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.sales.service import people
from tandem.flows.customer_holders import Erased, Holder, Person, register
from tandem.kernel.db import Tx


async def move_deals(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    return await people.move_deals(tx, source, into, ids)


async def erase_deals(tx: Tx, person: Person, now: datetime) -> Erased:
    fields = await customers.list_fields(tx, "opportunity")
    personal = [field.key for field in fields if field.is_personal]
    erased, running = await people.erase_deals(tx, person.customer_id, personal)
    return Erased(erased=erased, held=running, why_held="neither won nor lost yet")


async def export_deals(tx: Tx, person: Person) -> list[dict[str, Any]]:
    return await people.export_deals(tx, person.customer_id)


async def move_quotes(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    return await people.move_quotes(tx, source, into, ids)


async def erase_quotes(tx: Tx, person: Person, now: datetime) -> Erased:
    erased, running = await people.erase_quotes(
        tx, person.customer_id, cause_id=person.cause_id, now=now
    )
    return Erased(erased=erased, held=running, why_held="not answered, or waiting for its order")


async def export_quotes(tx: Tx, person: Person) -> list[dict[str, Any]]:
    return await people.export_quotes(tx, person.customer_id)


async def find_deals(tx: Tx, person: Person) -> list[UUID]:
    return await people.list_deal_ids(tx, person.customer_id)


async def find_quotes(tx: Tx, person: Person) -> list[UUID]:
    return await people.list_quote_ids(tx, person.customer_id)


register(
    Holder(name="deals", find=find_deals, move=move_deals, erase=erase_deals, export=export_deals)
)
register(
    Holder(
        name="quotes", find=find_quotes, move=move_quotes, erase=erase_quotes, export=export_quotes
    )
)
