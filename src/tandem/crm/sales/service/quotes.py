"""Quotes drafted, revised, sent and read."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import QuoteSent
from tandem.crm.sales.domain.opportunities import YEARS, NotOpen, Opportunity
from tandem.crm.sales.domain.permissions import READ, WRITE
from tandem.crm.sales.domain.pipelines import Kind
from tandem.crm.sales.domain.quotes import (
    Body,
    DraftExists,
    Filters,
    NotDraft,
    OrderState,
    Quote,
    QuoteEnded,
    State,
    body_of,
    check_revisable,
)
from tandem.crm.sales.service.opportunities import get_opportunity
from tandem.crm.sales.store import quotes as store
from tandem.kernel import audit, numbering, tokens
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.fields import as_kept
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.kernel.reach import Ownership

NUMBER_START = 1001
LINK = "quote"
"""The kind of public token that opens a quote's page."""


async def add_quote(tx: Tx, opportunity_id: UUID, body: Body, *, now: datetime) -> Quote:
    """A draft under a new number. Refuses a closed deal."""
    deal = await _deal_to_write(tx, opportunity_id)
    number = await numbering.take(tx, kind="quote", start=NUMBER_START)
    return await _insert(tx, deal, body, number=f"QUO-{number}", revision=1, now=now)


async def change_quote(
    tx: Tx,
    quote_id: UUID,
    body: Body,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Quote:
    """Refuses what was accepted (QuoteEnded) or sent (NotDraft), and what `is_current` refuses of
    its version."""
    before = await to_write(tx, quote_id)
    if is_current is not None:
        is_current(before.version)
    if before.state is State.ACCEPTED:
        raise QuoteEnded("It was accepted and changes no more.", state=str(before.state))
    if before.state is not State.DRAFT:
        raise NotDraft("It was sent and changes no more. An edit makes the next version.")
    after = msgspec.structs.replace(before, **msgspec.structs.asdict(body))
    after = as_kept(tx.actor, after, before)
    await store.save_draft(tx, after)
    await _note(tx, "quote_changed", after, now, before=before)
    return await _read(tx, quote_id)


async def revise(tx: Tx, quote_id: UUID, *, valid_until: date, now: datetime) -> Quote:
    """The next version as a draft, with the words and prices of this one.

    The buyer may answer this one until that is sent. Refuses an accepted or superseded one
    (QuoteEnded), and a second draft (DraftExists).
    """
    seen = await to_write(tx, quote_id)
    check_revisable(seen)
    await store.lock_versions(tx, seen.number)
    versions = await store.list_versions(tx, seen.number)
    if any(one.state is State.DRAFT for one in versions):
        raise DraftExists("The next version is being written already.")
    latest = await _read(tx, quote_id)
    check_revisable(latest)
    deal = await _deal_to_write(tx, latest.opportunity_id)
    body = msgspec.structs.replace(body_of(latest), valid_until=valid_until)
    revision = versions[-1].revision + 1
    return await _insert(tx, deal, body, number=latest.number, revision=revision, now=now)


async def send_quote(tx: Tx, quote_id: UUID, *, today: date, now: datetime) -> Quote:
    """From here on it is the buyer's to answer, and older versions are not.

    Refuses without lines, without an address to send it to, with a last day that is over, on a
    closed deal, and what was sent already.
    """
    seen = await to_write(tx, quote_id)
    await store.lock_versions(tx, seen.number)
    quote = await _read(tx, quote_id)
    if quote.state is not State.DRAFT:
        raise NotDraft("It was sent already.")
    await _deal_to_write(tx, quote.opportunity_id)
    if any(one.state is State.ACCEPTED for one in await store.list_versions(tx, quote.number)):
        raise NotDraft("An earlier version was accepted meanwhile.")
    _check_sendable(quote, today)
    await store.supersede_others(tx, quote, now)
    await store.save(tx, msgspec.structs.replace(quote, state=State.SENT, sent_at=now))
    sent = await _read(tx, quote_id)
    await _note(tx, "quote_sent", sent, now)
    await tx.publish(
        QuoteSent(total_minor=sent.total_minor, currency=sent.currency, **names_of(sent))
    )
    return sent


async def get_quote(tx: Tx, quote_id: UUID) -> Quote:
    """Refuses with NotFound what is not there, or whose deal is not within the reader's reach."""
    tx.actor.require(READ)
    found = await store.find(tx, quote_id)
    if found is None or not tx.actor.sees(READ, deal_of(found)):
        raise NotFound("There is no such quote.")
    return found


async def list_quotes(
    tx: Tx, filters: Filters, *, limit: int, cursor: str | None = None
) -> Page[Quote]:
    """Newest first, without their lines, as far as the reader's deals go."""
    tx.actor.require(READ)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await store.list_rows(
        tx, filters, tx.actor.reach(READ), before_id=before, count=limit + 1
    )
    return page_of(rows, limit, lambda row: (row.id,))


async def list_versions(tx: Tx, quote: Quote) -> list[Quote]:
    """All versions under its number, oldest first, without their lines."""
    await get_opportunity(tx, quote.opportunity_id)
    return await store.list_versions(tx, quote.number)


async def keep_paper(tx: Tx, quote_id: UUID, *, blob_id: UUID, sha256: str) -> Quote:
    """The paper of a sent version, kept once: a second one is not taken."""
    quote = await store.lock(tx, quote_id)
    assert quote, "quotes are never deleted"
    if quote.pdf_sha256 or quote.state is State.DRAFT:
        return quote
    await store.save(tx, msgspec.structs.replace(quote, pdf_blob_id=blob_id, pdf_sha256=sha256))
    return await _read(tx, quote_id)


async def list_unprinted(tx: Tx, *, before: datetime, count: int = 20) -> list[UUID]:
    """Sent versions whose paper is not kept yet."""
    return await store.list_unprinted(tx, before=before, count=count)


async def check_writable(tx: Tx, quote_id: UUID) -> None:
    """Refuses who may not write to the quote's deal."""
    await to_write(tx, quote_id)


async def to_write(tx: Tx, quote_id: UUID) -> Quote:
    await get_quote(tx, quote_id)
    quote = await store.lock(tx, quote_id)
    assert quote, "quotes are never deleted"
    tx.actor.require_with(WRITE, deal_of(quote))
    return quote


def deal_of(quote: Quote) -> Ownership:
    """A quote is reached with its deal."""
    return Ownership(
        id=quote.opportunity_id,
        owner_id=quote.owner_id,
        team_id=quote.team_id,
        territory_id=quote.territory_id,
    )


def names_of(quote: Quote) -> dict[str, Any]:
    """What every event of a quote says."""
    return {
        "opportunity_id": quote.opportunity_id,
        "number": quote.number,
        "title": quote.opportunity_title,
        "customer_id": quote.customer_id,
        "quote_id": quote.id,
        "revision": quote.revision,
    }


async def _insert(
    tx: Tx, deal: Opportunity, body: Body, *, number: str, revision: int, now: datetime
) -> Quote:
    quote_id = new_id()
    [token] = await tokens.issue(tx, kind=LINK, entity_ids=[quote_id])
    fresh = [msgspec.structs.replace(line, id=new_id()) for line in body.lines]
    quote = Quote(
        **{**msgspec.structs.asdict(body), "lines": fresh},
        id=quote_id,
        number=number,
        revision=revision,
        opportunity_id=deal.id,
        opportunity_title=deal.title,
        state=State.DRAFT,
        currency=deal.currency,
        token=token,
        pdf_blob_id=None,
        pdf_sha256="",
        sent_at=None,
        viewed_at=None,
        settled_at=None,
        settled_by="",
        decline_reason="",
        order_state=OrderState.NONE,
        order_id=None,
        order_number="",
        pending_reason="",
        attempts=0,
        next_attempt_at=None,
        owner_id=deal.owner_id,
        team_id=deal.team_id,
        territory_id=deal.territory_id,
        version=1,
        created_at=now,
        created_by=tx.actor.label,
    )
    await store.insert(tx, quote)
    await _note(tx, "quote_drafted", quote, now)
    return await _read(tx, quote_id)


async def _deal_to_write(tx: Tx, opportunity_id: UUID) -> Opportunity:
    deal = await get_opportunity(tx, opportunity_id)
    tx.actor.require_with(WRITE, deal)
    if deal.status is not Kind.OPEN:
        raise NotOpen("Its deal is closed. Reopen it first.")
    return deal


def _check_sendable(quote: Quote, today: date) -> None:
    if not quote.lines:
        raise Invalid("Add at least one line.", field="lines")
    if quote.valid_until.year not in YEARS:
        raise Invalid("Choose a day before the year 2201.", field="valid_until")
    if quote.valid_until < today:
        raise Invalid("Its last day is over. Choose a later one.", field="valid_until")
    if not quote.customer_name:
        raise Invalid("Say who it is for.", field="customer_name")
    if not (quote.customer_email or quote.customer_phone):
        raise Invalid("Give an e-mail address or a phone number.", field="customer_email")


async def _note(
    tx: Tx, action: str, quote: Quote, now: datetime, *, before: Quote | None = None
) -> None:
    await audit.write(
        tx,
        action=f"sales.{action}",
        subject_kind="quote",
        subject_id=quote.id,
        now=now,
        before=_facts(before) if before else None,
        after=_facts(quote),
    )


def _facts(quote: Quote) -> dict[str, object]:
    return {
        "number": quote.label,
        "state": str(quote.state),
        "valid_until": quote.valid_until.isoformat(),
        "total_minor": quote.total_minor,
        "lines": [
            {"sku": one.sku, "quantity": one.quantity, "unit_price_minor": one.unit_price_minor}
            for one in quote.lines
        ],
    }


async def _read(tx: Tx, quote_id: UUID) -> Quote:
    found = await store.find(tx, quote_id)
    assert found, "quotes are never deleted"
    return found
