"""Looking at settlements, and what a person decides about what does not fit."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from tandem.kernel import audit
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.payments.domain import (
    AlreadyDecided,
    RowKind,
    Settlement,
    SettlementDecision,
    SettlementException,
    SettlementExceptionKind,
    SettlementRow,
    csv_head,
    csv_line,
)
from tandem.scm.payments.store import settlement_inbox, settlement_rows, settlements
from tandem.scm.payments.store.settlement_rows import Settled
from tandem.scm.payments.store.settlements import SettlementFilter

CSV_BATCH = 500


async def get_settlement(tx: Tx, settlement_id: UUID) -> Settlement:
    tx.actor.require("payments.read")
    found = await settlements.find(tx, settlement_id)
    if found is None or found.is_others:
        raise NotFound("There is no such settlement.")
    return found


async def list_settlements(
    tx: Tx, wanted: SettlementFilter, *, limit: int, cursor: str | None
) -> Page[Settlement]:
    """Newest first."""
    tx.actor.require("payments.read")
    before = tuple(decode_cursor(cursor, datetime, UUID)) if cursor else None
    rows = await settlements.list_page(tx, wanted, before=before, count=limit + 1)
    return page_of(rows, limit, lambda row: (row.made_at, row.id))


async def list_settlement_rows(
    tx: Tx, settlement_id: UUID, *, kind: RowKind | None, limit: int, cursor: str | None
) -> Page[SettlementRow]:
    """In the order in which they happened."""
    await get_settlement(tx, settlement_id)
    after = tuple(decode_cursor(cursor, datetime, UUID)) if cursor else None
    rows = await settlement_rows.list_page(
        tx, settlement_id, kind=kind, after=after, count=limit + 1
    )
    return page_of(rows, limit, lambda row: (row.happened_at, row.id))


async def list_settled(tx: Tx, payment_id: UUID) -> list[Settled]:
    """Where a payment and its refunds were settled; empty while they were not."""
    tx.actor.require("payments.read")
    return await settlement_rows.list_of_payment(tx, payment_id)


async def export_settlement(
    database: Database, actor: Actor, settlement_id: UUID
) -> AsyncIterator[str]:
    """Its rows as CSV, piece by piece, each read in a transaction of its own."""
    yield csv_head()
    cursor: str | None = None
    while True:
        async with database.transaction(actor) as tx:
            settlement = await get_settlement(tx, settlement_id)
            page = await list_settlement_rows(
                tx, settlement_id, kind=None, limit=CSV_BATCH, cursor=cursor
            )
        yield "".join(csv_line(settlement, row) for row in page.items)
        cursor = page.next
        if cursor is None:
            return


async def list_settlement_exceptions(
    tx: Tx,
    *,
    is_open: bool | None,
    kind: SettlementExceptionKind | None,
    settlement_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> Page[SettlementException]:
    """Newest first."""
    tx.actor.require("payments.read")
    before = tuple(decode_cursor(cursor, datetime, UUID)) if cursor else None
    rows = await settlement_inbox.list_page(
        tx,
        is_open=is_open,
        kind=kind,
        settlement_id=settlement_id,
        before=before,
        count=limit + 1,
    )
    return page_of(rows, limit, lambda row: (row.raised_at, row.id))


async def resolve_settlement_exception(
    tx: Tx, exception_id: UUID, *, decision: SettlementDecision, note: str, now: datetime
) -> SettlementException:
    """Decide, saying why. The same decision again answers as it is; refuses AlreadyDecided."""
    tx.actor.require("payments.reconcile")
    found = await settlement_inbox.lock(tx, exception_id)
    if found is None:
        raise NotFound("There is no such exception.")
    if found.resolution == decision:
        return found
    if found.resolved_at is not None:
        raise AlreadyDecided(f"This is {found.resolution.replace('_', ' ')} already.")
    await settlement_inbox.resolve(tx, exception_id, resolution=decision, note=note, now=now)
    await audit.write(
        tx,
        action="payments.resolve_settlement",
        subject_kind="settlement_exception",
        subject_id=exception_id,
        now=now,
        after={"resolution": str(decision), "note": note, "kind": str(found.kind)},
    )
    resolved = await settlement_inbox.lock(tx, exception_id)
    assert resolved, "it was locked a moment ago"
    return resolved
