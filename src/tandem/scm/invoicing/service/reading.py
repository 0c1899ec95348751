"""Looking at issued documents."""

from datetime import date, datetime
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.ownership import sees_order
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.invoicing.domain.documents import Invoice, InvoiceHead, InvoiceMissing
from tandem.scm.invoicing.domain.numbers import Kind
from tandem.scm.invoicing.store import documents as store


async def get_invoice(tx: Tx, invoice_id: UUID) -> Invoice:
    tx.actor.require("invoicing.read")
    invoice = await get_issued(tx, invoice_id)
    if not await sees_order(tx, "invoicing.read", invoice.order_id):
        raise InvoiceMissing("There is no such invoice.")
    return invoice


async def find_for_order(tx: Tx, order_id: UUID) -> Invoice | None:
    tx.actor.require("invoicing.read")
    if not await sees_order(tx, "invoicing.read", order_id):
        return None
    return await store.find_of_order(tx, order_id)


async def list_for_order(tx: Tx, order_id: UUID) -> list[InvoiceHead]:
    """The invoice and its credit notes (200 at most), in the order they were issued."""
    tx.actor.require("invoicing.read")
    page = await _page(tx, limit=200, cursor=None, order_id=order_id, oldest_first=True)
    return page.items


async def find_by_number(tx: Tx, number: str) -> UUID | None:
    """The document of that number, in the newest year that has it."""
    tx.actor.require("invoicing.read")
    return await store.find_by_number(tx, number)


async def find_by_irn(tx: Tx, irn: str) -> UUID | None:
    """The document of that invoice reference number."""
    tx.actor.require("invoicing.read")
    return await store.find_by_irn(tx, irn)


async def list_invoices(
    tx: Tx,
    *,
    limit: int,
    cursor: str | None,
    oldest_first: bool = False,
    kind: Kind | None = None,
    order_id: UUID | None = None,
    customer_id: UUID | None = None,
    issued_from: date | None = None,
    issued_to: date | None = None,
    number: str | None = None,
) -> Page[InvoiceHead]:
    """Newest first unless asked otherwise; `number` matches any part of a number."""
    tx.actor.require("invoicing.read")
    return await _page(
        tx,
        limit=limit,
        cursor=cursor,
        oldest_first=oldest_first,
        kind=kind,
        order_id=order_id,
        customer_id=customer_id,
        issued_from=issued_from,
        issued_to=issued_to,
        number=number,
    )


async def get_issued(tx: Tx, invoice_id: UUID) -> Invoice:
    """For the service's own use: without asking who looks."""
    found = await store.find(tx, invoice_id)
    if found is None:
        raise InvoiceMissing("There is no such invoice.")
    return found


async def _page(
    tx: Tx,
    *,
    limit: int,
    cursor: str | None,
    oldest_first: bool,
    kind: Kind | None = None,
    order_id: UUID | None = None,
    customer_id: UUID | None = None,
    issued_from: date | None = None,
    issued_to: date | None = None,
    number: str | None = None,
) -> Page[InvoiceHead]:
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    heads = await store.list_heads(
        tx,
        oldest_first=oldest_first,
        kind=kind,
        order_id=order_id,
        customer_id=customer_id,
        issued_from=issued_from,
        issued_to=issued_to,
        number=number,
        after=(after[0], after[1]) if after else None,
        count=limit + 1,
    )
    return page_of(heads, limit, lambda head: (head.issued_at, head.id))
