"""Leads and opportunities by name, and who may write beside them."""

from collections.abc import Sequence
from uuid import UUID

from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.service.leads import get_lead
from tandem.crm.sales.service.opportunities import get_opportunity
from tandem.crm.sales.store import subjects as store
from tandem.crm.sales.store.subjects import Subject
from tandem.kernel.db import Tx


async def named(tx: Tx, kind: str, ids: Sequence[UUID]) -> list[Subject]:
    """Those of them that the reader may see."""
    tx.actor.require(READ)
    return [one for one in await store.named(tx, kind, ids) if tx.actor.sees(READ, one)]


async def check_seen(tx: Tx, kind: str, subject_id: UUID) -> None:
    """Refuses with NotFound what is not there or out of reach."""
    if kind == "lead":
        await get_lead(tx, subject_id)
    else:
        await get_opportunity(tx, subject_id)


async def check_writes(tx: Tx, kind: str, subject_id: UUID) -> None:
    tx.actor.require(WRITE)
    if kind == "lead":
        tx.actor.require_with(WRITE, await get_lead(tx, subject_id))
    else:
        tx.actor.require_with(WRITE, await get_opportunity(tx, subject_id))
