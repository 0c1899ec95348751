"""Buyers are reminded of quotes that soon expire; owners of quotes and deals that stand still.

Each once: that somebody was reminded and the message to them commit together.
"""

from datetime import datetime

from tandem.crm.notifications import service as notifications
from tandem.crm.sales.domain.quotes import Quote
from tandem.crm.sales.service import reminding
from tandem.flows.quotes.paper import facts_of
from tandem.flows.quotes.writing import business_day
from tandem.flows.staff_inbox import tell
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work, every


@every(300, "sales.remind_of_quotes")
async def remind(work: Work) -> None:
    now = work.now()
    async with work.transaction() as tx:
        today = await business_day(tx, now)
        for quote in await reminding.take_expiring(tx, today=today, now=now):
            await _remind_buyer(tx, quote, now)
        for quote in await reminding.take_unanswered(tx, today=today, now=now):
            days = (now - quote.viewed_at).days if quote.viewed_at else 0
            await tell(
                tx,
                [quote.owner_id],
                kind="quote_unanswered",
                title=f"{quote.label} was looked at and not answered: {quote.opportunity_title}",
                body=f"{quote.customer_name} saw it {days} days ago. Ask them.",
                link=f"/quotes/{quote.id}",
                dedupe=str(quote.id),
                now=now,
            )


@every(1800, "sales.tell_rotting_deals")
async def tell_rotting(work: Work) -> None:
    now = work.now()
    async with work.transaction() as tx:
        for deal in await reminding.list_rotten(tx, now=now):
            await tell(
                tx,
                [deal.owner_id],
                kind="deal_rotting",
                title=f"{deal.title} stands in {deal.stage_name} too long",
                body=f"Longer than the {deal.expected_days} days that this stage expects.",
                link=f"/deals/{deal.id}",
                dedupe=f"{deal.id}:{deal.stage_entered_at:%Y%m%d%H%M%S}",
                now=now,
            )


async def _remind_buyer(tx: Tx, quote: Quote, now: datetime) -> None:
    await notifications.send(
        tx,
        template="quote_expiring",
        order_id=None,
        email=quote.customer_email,
        phone=quote.customer_phone,
        parameters=await facts_of(tx, quote),
        dedupe=f"quote_expiring:{quote.id}",
        now=now,
    )
