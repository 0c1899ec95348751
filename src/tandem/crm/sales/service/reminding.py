"""Who is reminded of quotes and deals that wait; telling them is the flow's."""

from datetime import date, datetime, timedelta

import msgspec

from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.domain.quotes import Quote
from tandem.crm.sales.domain.reminding import ROTTEN_WITHIN, SENT_BEFORE, Reminders
from tandem.crm.sales.store import reminding as store
from tandem.kernel import audit
from tandem.kernel.db import Tx

TAKEN_AT_ONCE = 100


async def get_reminders(tx: Tx) -> Reminders:
    tx.actor.require(READ)
    return await store.get(tx) or Reminders()


async def change_reminders(tx: Tx, to: Reminders, *, now: datetime) -> Reminders:
    tx.actor.require(CONFIGURE)
    before = await get_reminders(tx)
    await store.save(tx, to, now)
    await audit.write(
        tx,
        action="sales.reminders_changed",
        subject_kind="reminders",
        subject_id=tx.actor.org_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(to),
    )
    return to


async def take_expiring(tx: Tx, *, today: date, now: datetime) -> list[Quote]:
    """Quotes whose buyers are to be reminded now; each is answered once. Without their lines."""
    days = (await get_reminders(tx)).buyer_days
    if days is None:
        return []
    return await store.take_buyers(
        tx,
        today=today,
        until=today + timedelta(days=days),
        sent_before=now - SENT_BEFORE,
        now=now,
        count=TAKEN_AT_ONCE,
    )


async def take_unanswered(tx: Tx, *, today: date, now: datetime) -> list[Quote]:
    """Quotes that were looked at long enough ago and not answered; each is answered once."""
    days = (await get_reminders(tx)).owner_days
    if days is None:
        return []
    return await store.take_owners(
        tx, today=today, viewed_before=now - timedelta(days=days), now=now, count=TAKEN_AT_ONCE
    )


async def list_rotten(tx: Tx, *, now: datetime) -> list[Opportunity]:
    """Deals that began to stand too long in the last two days; the same again each time."""
    if not (await get_reminders(tx)).tells_rotting:
        return []
    return await store.rotten(tx, since=now - ROTTEN_WITHIN, now=now, count=TAKEN_AT_ONCE * 10)
