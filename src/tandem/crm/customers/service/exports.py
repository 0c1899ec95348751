"""Customers as CSV or XLSX, in pages: memory stays flat however many there are."""

import tempfile
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.sheets import export_columns, export_row
from tandem.crm.customers.service.people import customers_of
from tandem.crm.customers.service.segments import choose_customers
from tandem.crm.customers.store import custom_fields
from tandem.kernel import rules, sheets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.fields import veiled
from tandem.kernel.workbook import workbook

CHUNK = 200
PIECE = 64 * 1024


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a rule finds at a moment, everybody without one; or who is named by id."""

    rule: Any = None
    moment: rules.Moment
    ids: list[UUID] | None = None


async def _pages(database: Database, actor: Actor, chosen: Chosen) -> AsyncIterator[list[Customer]]:
    for start in range(0, len(chosen.ids or ()), CHUNK):
        async with database.transaction(actor) as tx:
            yield await customers_of(tx, (chosen.ids or [])[start : start + CHUNK])
    if chosen.ids is not None:
        return
    cursor: str | None = None
    while True:
        async with database.transaction(actor) as tx:
            page = await choose_customers(
                tx, chosen.rule, chosen.moment, limit=CHUNK, cursor=cursor
            )
        yield [veiled(actor, customer) for customer in page.items]
        cursor = page.next
        if cursor is None:
            return


async def export_csv(database: Database, actor: Actor, chosen: Chosen) -> AsyncIterator[bytes]:
    """UTF-8 with its mark (spreadsheets need it), CRLF, the columns that an import knows."""
    actor.require("customers.export")
    async with database.transaction(actor) as tx:
        own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
    yield sheets.MARK + sheets.line(export_columns(own))
    async for customers in _pages(database, actor, chosen):
        yield b"".join(sheets.line(export_row(customer, own)) for customer in customers)


async def export_xlsx(database: Database, actor: Actor, chosen: Chosen) -> AsyncIterator[bytes]:
    """The same as a workbook; every text is a text cell, so that nothing is ever a formula."""
    actor.require("customers.export")
    async with database.transaction(actor) as tx:
        own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
    with tempfile.TemporaryFile() as file:
        with workbook(file) as book, book.sheet("Customers") as sheet:
            sheet.add([export_columns(own)])
            async for customers in _pages(database, actor, chosen):
                sheet.add(export_row(customer, own) for customer in customers)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
