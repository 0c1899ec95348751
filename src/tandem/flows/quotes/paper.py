"""A quote on paper: printed when it is sent, kept with its hash, and then told to the buyer."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.quotes import OPEN, Quote, State
from tandem.flows.quotes.sheet import sheet_of
from tandem.flows.tell_customer import company_name
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work, every, job
from tandem.scm.invoicing import service as invoicing
from tandem.scm.invoicing.domain import words
from tandem.scm.invoicing.domain.printing import Sheet

PRINT = "sales.print_quote"
PDF = "application/pdf"


class PublicSite(NamedTuple):
    """Where the installation is reached: what a printed code has to hold whole."""

    base_url: str


class Paper(NamedTuple):
    """Ready to be set in type, dated."""

    sheet: Sheet
    at: datetime


async def lay_out(tx: Tx, quote: Quote, *, base_url: str, now: datetime) -> Paper:
    """A draft is dated now, a sent one when it was sent. Refuses before there is a tax profile."""
    seller = await invoicing.get_seller(tx)
    at = quote.sent_at or now
    zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
    link = f"{base_url.rstrip('/')}/q/{quote.token}"
    on = at.astimezone(zone).date()
    return Paper(sheet_of(quote, seller, on=on, link=link), at)


@job(PRINT)
async def print_quote(work: Work, quote_id: str) -> None:
    """Again after a kill: the same paper is kept once, and the buyer told once."""
    which = UUID(quote_id)
    async with work.transaction() as tx:
        quote = await sales.read_quote(tx, which)
        if quote.state is State.DRAFT:
            return
        paper = await lay_out(tx, quote, base_url=work.get(PublicSite).base_url, now=work.now())
    content = await invoicing.print_paper(paper.sheet, issued_at=paper.at)
    async with work.transaction() as tx:
        if not (await sales.read_quote(tx, which)).pdf_sha256:
            blob = await work.get(Blobs).put(
                tx, content, media_type=PDF, filename=f"{quote.label}.pdf", now=work.now()
            )
            quote = await sales.keep_paper(tx, which, blob_id=blob.id, sha256=blob.sha256)
        await _tell(tx, quote, now=work.now())


@every(60, "sales.print_quotes")
async def print_quotes(work: Work) -> None:
    """Those whose printing was lost, at most 20 a turn."""
    async with work.transaction() as tx:
        ids = await sales.list_unprinted(tx, before=work.now() - timedelta(seconds=60))
    for quote_id in ids:
        await print_quote(work, str(quote_id))


async def _tell(tx: Tx, quote: Quote, *, now: datetime) -> None:
    if quote.state not in OPEN:
        return
    await notifications.send(
        tx,
        template="quote_sent",
        order_id=None,
        email=quote.customer_email,
        phone=quote.customer_phone,
        parameters=await facts_of(tx, quote),
        dedupe=f"quote_sent:{quote.id}",
        now=now,
        customer_id=quote.customer_id,
        locale=await customers.locale_of(tx, quote.customer_id),
    )


async def facts_of(tx: Tx, quote: Quote) -> dict[str, str]:
    """What a message to the buyer says of it."""
    return {
        "company": await company_name(tx),
        "name": (quote.customer_name.split() or ["there"])[0],
        "quote": quote.label,
        "about": quote.opportunity_title,
        "amount": words.with_symbol(quote.total_minor, quote.currency),
        "amount_plain": f"{quote.currency} {words.amount(quote.total_minor, quote.currency)}",
        "valid_until": words.day(quote.valid_until),
        "note": quote.note,
        "quote_link": f"/q/{quote.token}",
    }
