"""Leads and deals found by a rule, and handed out as CSV or XLSX: page by page, so that memory
stays flat, and only what the asker may see."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.custom_fields import CustomField
from tandem.crm.customers.domain.sheets import own_cells
from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.leads import Lead, LeadFilters
from tandem.crm.sales.domain.opportunities import Filters, Opportunity
from tandem.crm.sales.domain.permissions import EXPORT
from tandem.crm.sales.domain.sheets import DEAL_COLUMNS, LEAD_COLUMNS, deal_row, lead_row
from tandem.crm.sales.service import automations, leads
from tandem.crm.sales.service.choosing import DEALS, LEADS, Source, choose
from tandem.kernel import rules, sheets
from tandem.kernel.actor import Actor
from tandem.kernel.company import moment_of
from tandem.kernel.db import Database, Tx
from tandem.kernel.fields import veiled
from tandem.kernel.pages import Page
from tandem.kernel.workbook import workbook

File = Literal["csv", "xlsx"]
Kind = Literal["lead", "opportunity"]
T = TypeVar("T", Lead, Opportunity)
CHUNK = 200
PIECE = 64 * 1024
COLUMNS: Mapping[Kind, Sequence[str]] = {"lead": LEAD_COLUMNS, "opportunity": DEAL_COLUMNS}
TITLES: Mapping[Kind, str] = {"lead": "Leads", "opportunity": "Deals"}
Find = Callable[[Tx, str | None], Awaitable[Page[Any]]]


class Sheet(msgspec.Struct, frozen=True):
    """What is handed out, and by which words it is written."""

    kind: Kind
    find: Find
    own: Sequence[CustomField]
    people: Mapping[UUID, str]
    zone: str

    def head(self) -> list[str]:
        return [*COLUMNS[self.kind], *(f"custom.{field.key}" for field in self.own)]

    def row(self, record: Lead | Opportunity) -> list[Any]:
        write = lead_row if isinstance(record, Lead) else deal_row
        plain = write(record, self.people, self.zone)  # type: ignore[arg-type]  # its own kind
        return [*plain, *own_cells(record.custom, self.own)]


async def words_of(tx: Tx, kind: Kind) -> rules.Vocabulary:
    """What a rule may ask of such records, the company's own fields among them."""
    return automations.vocabulary(kind, [field.for_rules() for field in await _own(tx, kind)])


async def search(
    tx: Tx,
    source: Source[T],
    rule: Any,
    moment: rules.Moment,
    *,
    limit: int,
    cursor: str | None = None,
) -> Page[T]:
    words = await words_of(tx, source.kind)
    return await choose(tx, source, rule, words, moment, limit=limit, cursor=cursor)


async def open_sheet(
    tx: Tx, kind: Kind, asked: rules.Moment | None, found: LeadFilters | Filters | Any
) -> Sheet:
    """By filters of a list, or by a rule asked at a moment. Refuses a wrong rule now, before any
    byte is sent."""
    tx.actor.require(EXPORT)
    tx.actor.require("sales.read")
    find = _listed(found) if asked is None else _ruled(kind, found, asked)
    if asked is not None:
        await find(tx, None)
    trusted = tx.with_all_grants()
    return Sheet(
        kind=kind,
        find=find,
        own=await _own(tx, kind),
        people={user.id: user.email for user in await identity.list_users(trusted)},
        zone=(await moment_of(tx, tx.started_at)).zone,
    )


async def write(database: Database, actor: Actor, sheet: Sheet, file: File) -> AsyncIterator[bytes]:
    """UTF-8 with its mark and CRLF, or a workbook in which every text is a text."""
    if file == "csv":
        yield sheets.MARK + sheets.line(sheet.head())
        async for rows in _pages(database, actor, sheet):
            yield b"".join(map(sheets.line, rows))
        return
    with tempfile.TemporaryFile() as held:
        with workbook(held) as book, book.sheet(TITLES[sheet.kind]) as part:
            part.add([sheet.head()])
            async for rows in _pages(database, actor, sheet):
                part.add(rows)
        held.seek(0)
        while piece := held.read(PIECE):
            yield piece


async def _pages(database: Database, actor: Actor, sheet: Sheet) -> AsyncIterator[list[list[Any]]]:
    cursor: str | None = None
    while True:
        async with database.transaction(actor) as tx:
            page = await sheet.find(tx, cursor)
        yield [sheet.row(veiled(actor, record)) for record in page.items]
        cursor = page.next
        if cursor is None:
            return


def _listed(filters: LeadFilters | Filters) -> Find:
    async def find(tx: Tx, cursor: str | None) -> Page[Any]:
        if isinstance(filters, LeadFilters):
            return await leads.list_leads(tx, filters, limit=CHUNK, cursor=cursor)
        return await sales.list_opportunities(tx, filters, limit=CHUNK, cursor=cursor)

    return find


def _ruled(kind: Kind, rule: Any, moment: rules.Moment) -> Find:
    async def find(tx: Tx, cursor: str | None) -> Page[Any]:
        if kind == "lead":
            return await search(tx, LEADS, rule, moment, limit=CHUNK, cursor=cursor)
        return await search(tx, DEALS, rule, moment, limit=CHUNK, cursor=cursor)

    return find


async def _own(tx: Tx, kind: Kind) -> list[CustomField]:
    fields = await customers.list_fields(tx.with_all_grants(), kind)
    return [field for field in fields if field.retired_at is None]
