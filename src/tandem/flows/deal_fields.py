"""The company's own fields of deals: customers knows what they are, sales keeps the values."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.service import deal_fields
from tandem.kernel.db import Tx


async def change_custom(
    tx: Tx,
    opportunity_id: UUID,
    given: Mapping[str, Any],
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Opportunity:
    """The keys given are written, or taken away with null. Refuses CustomFieldWrong,
    CustomFieldTaken, and what `is_current` refuses of the version."""
    before = await deal_fields.lock_opportunity(tx, opportunity_id)
    if is_current is not None:
        is_current(before.version)
    custom = await customers.write_custom(
        tx,
        "opportunity",
        opportunity_id,
        given,
        before.custom,
        holder=deal_fields.holder_of_value,
    )
    return await deal_fields.save_custom(tx, before, custom, now=now)
