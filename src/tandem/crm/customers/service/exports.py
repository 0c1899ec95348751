"""Customers as CSV or XLSX, in pages: memory stays flat however many there are."""

import tempfile
from collections.abc import AsyncIterator
from typing import Any

from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.sheets import export_columns, export_row
from tandem.crm.customers.service.segments import choose_customers
from tandem.crm.customers.store import custom_fields
from tandem.kernel import rules, sheets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.fields import veiled
from tandem.kernel.workbook import workbook

CHUNK = 200
PIECE = 64 * 1024


async def _pages(
    database: Database, actor: Actor, rule: Any, moment: rules.Moment
) -> AsyncIterator[list[Customer]]:
    cursor: str | None = None
    while True:
        async with database.transaction(actor) as tx:
            page = await choose_customers(tx, rule, moment, limit=CHUNK, cursor=cursor)
        yield [veiled(actor, customer) for customer in page.items]
        cursor = page.next
        if cursor is None:
            return


async def export_csv(
    database: Database, actor: Actor, rule: Any, moment: rules.Moment
) -> AsyncIterator[bytes]:
    """UTF-8 with its mark (spreadsheets need it), CRLF, the columns that an import knows."""
    actor.require("customers.export")
    async with database.transaction(actor) as tx:
        own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
    yield sheets.MARK + sheets.line(export_columns(own))
    async for customers in _pages(database, actor, rule, moment):
        yield b"".join(sheets.line(export_row(customer, own)) for customer in customers)


async def export_xlsx(
    database: Database, actor: Actor, rule: Any, moment: rules.Moment
) -> AsyncIterator[bytes]:
    """The same as a workbook; every text is a text cell, so that nothing is ever a formula."""
    actor.require("customers.export")
    async with database.transaction(actor) as tx:
        own = custom_fields.live(await custom_fields.list_fields(tx, "customer"))
    with tempfile.TemporaryFile() as file:
        with workbook(file) as book, book.sheet("Customers") as sheet:
            sheet.add([export_columns(own)])
            async for customers in _pages(database, actor, rule, moment):
                sheet.add(export_row(customer, own) for customer in customers)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
