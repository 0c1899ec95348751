"""A quote is drafted from its deal, changed, revised and sent."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.contracts.address import Address
from tandem.contracts.contacts import normal_email, normal_phone
from tandem.contracts.india import check_address, with_state
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import Customer, check_tax_numbers
from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.lines import LineDraft, again
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.domain.quotes import (
    PAY_DAYS,
    UNSET,
    VALID_DAYS,
    Body,
    NewQuote,
    Quote,
    QuoteTerms,
    body_of,
    given_of,
)
from tandem.flows.deal_lines import Buyer, priced
from tandem.flows.quotes.paper import PRINT
from tandem.kernel import jobs
from tandem.kernel.db import Tx
from tandem.scm.invoicing import service as invoicing


async def draft_quote(tx: Tx, new: NewQuote, *, now: datetime) -> Quote:
    """With the deal's lines and customer unless `new` says otherwise; valid for 15 days.

    Refuses a closed deal, an unknown SKU, an address or a GSTIN that is none.
    """
    deal = await sales.get_opportunity(tx, new.opportunity_id)
    body = await _from_deal(tx, deal, now)
    lines = new.lines
    if lines is UNSET:
        lines = again(await sales.list_lines(tx, deal.id))
    body = await _worked_out(tx, _said(body, new), lines, currency=deal.currency, now=now)
    return await sales.add_quote(tx, deal.id, body, now=now)


async def change_quote(
    tx: Tx,
    quote_id: UUID,
    terms: QuoteTerms,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Quote:
    """A draft only. Its lines keep their prices and are taxed anew for where it goes."""
    quote = await sales.get_quote(tx, quote_id)
    lines = again(quote.lines) if terms.lines is UNSET else terms.lines
    body = await _worked_out(
        tx, _said(body_of(quote), terms), lines, currency=quote.currency, now=now
    )
    return await sales.change_quote(tx, quote_id, body, is_current=is_current, now=now)


async def revise_quote(tx: Tx, quote_id: UUID, *, now: datetime) -> Quote:
    """The next version, valid for 15 days from now."""
    until = await business_day(tx, now) + timedelta(days=VALID_DAYS)
    return await sales.revise(tx, quote_id, valid_until=until, now=now)


async def send_quote(tx: Tx, quote_id: UUID, *, now: datetime) -> Quote:
    """Its paper is printed and kept, and the buyer gets the link, right after this commits."""
    sent = await sales.send_quote(tx, quote_id, today=await business_day(tx, now), now=now)
    await jobs.enqueue(tx, PRINT, quote_id=str(quote_id))
    return sent


async def business_day(tx: Tx, now: datetime) -> date:
    """The company's own day."""
    zone = (await identity.get_organisation(tx)).time_zone
    return now.astimezone(ZoneInfo(zone)).date()


async def _from_deal(tx: Tx, deal: Opportunity, now: datetime) -> Body:
    seller = await invoicing.find_seller(tx)
    customer = await _customer(tx, deal.customer_id)
    home = customer.addresses[0].address if customer and customer.addresses else None
    return Body(
        customer_id=deal.customer_id,
        customer_name=deal.customer_name,
        customer_email=customer.email if customer else None,
        customer_phone=customer.phone if customer else None,
        customer_gstin=customer.gstin if customer else None,
        ship_to=home,
        payment_method="prepaid",
        pay_days=PAY_DAYS,
        valid_until=await business_day(tx, now) + timedelta(days=VALID_DAYS),
        note="",
        terms=seller.terms if seller else "",
    )


async def _customer(tx: Tx, customer_id: UUID | None) -> Customer | None:
    """Whoever sees the deal may write to its customer, even one they do not reach."""
    if customer_id is None:
        return None
    return await customers.get_customer(tx.with_all_grants(), customer_id)


def _said(body: Body, terms: QuoteTerms) -> Body:
    """What was said, in normal form. Refuses what is no address, number or GSTIN."""
    given = given_of(terms)
    if email := given.get("customer_email"):
        given["customer_email"] = normal_email(str(email), field="customer_email")
    if phone := given.get("customer_phone"):
        given["customer_phone"] = normal_phone(str(phone), field="customer_phone")
    if gstin := given.get("customer_gstin"):
        given["customer_gstin"] = check_tax_numbers(str(gstin), None)[0]
    if isinstance(ship_to := given.get("ship_to"), Address):
        check_address(ship_to, field="ship_to")
        given["ship_to"] = with_state(ship_to)
    for name in ("customer_email", "customer_phone", "customer_gstin"):
        if given.get(name) == "":
            given[name] = None
    return msgspec.structs.replace(body, **given)


async def _worked_out(
    tx: Tx, body: Body, drafts: Sequence[LineDraft], *, currency: str, now: datetime
) -> Body:
    customer = await _customer(tx, body.customer_id)
    is_sez = customer is not None and customer.buys_for_a_zone(body.customer_gstin)
    buyer = Buyer(ship_to=body.ship_to, gstin=body.customer_gstin, is_sez=is_sez)
    lines, quote = await priced(tx, drafts, buyer=buyer, currency=currency, now=now)
    return msgspec.structs.replace(
        body,
        lines=lines,
        place_of_supply=quote.place_of_supply if quote else "",
        supply_kind=quote.supply_kind if quote else "",
        is_inter_state=quote.is_inter_state if quote else False,
        taxable_minor=quote.taxable_minor if quote else 0,
        tax_minor=quote.tax_minor if quote else 0,
        round_off_minor=quote.round_off_minor if quote else 0,
        total_minor=quote.total_minor if quote else 0,
    )
