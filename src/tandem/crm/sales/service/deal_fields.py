"""The company's own fields of opportunities. A flow knows what they are and checks the values."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.crm.sales.domain.opportunities import NotOpen, Opportunity
from tandem.crm.sales.domain.permissions import WRITE
from tandem.crm.sales.domain.pipelines import Kind
from tandem.crm.sales.service.opportunities import get_opportunity
from tandem.crm.sales.store import deal_fields as store
from tandem.crm.sales.store import opportunities
from tandem.kernel import audit
from tandem.kernel.db import Tx


async def lock_opportunity(tx: Tx, opportunity_id: UUID) -> Opportunity:
    """For writing. Refuses what is closed."""
    await get_opportunity(tx, opportunity_id)
    locked = await opportunities.lock(tx, opportunity_id)
    assert locked, "opportunities are never deleted"
    tx.actor.require_with(WRITE, locked)
    if locked.status is not Kind.OPEN:
        raise NotOpen("It is closed. Reopen it first.")
    return locked


async def holder_of_value(tx: Tx, opportunity_id: UUID, key: str, value: Any) -> UUID | None:
    return await store.holder(tx, opportunity_id, key, value)


async def save_custom(
    tx: Tx, before: Opportunity, custom: dict[str, Any], *, now: datetime
) -> Opportunity:
    """The values as they shall be, of an opportunity that is locked."""
    if custom == before.custom:
        return before
    await store.save(tx, before.id, custom)
    await audit.write(
        tx,
        action="sales.opportunity_fields_changed",
        subject_kind="opportunity",
        subject_id=before.id,
        now=now,
        before={"custom": before.custom},
        after={"custom": custom},
    )
    return await get_opportunity(tx, before.id)
