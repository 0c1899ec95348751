"""What buyers are worth, recomputed once a day; and cohorts of first orders."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.lifetime import (
    Buying,
    History,
    Spending,
    chance_alive,
    expected_purchases,
    expected_spend,
    fit_buying,
    fit_spending,
)
from tandem.crm.customers.domain.metrics import (
    FIT_LEAST,
    FIT_MAX,
    WEEKS_AHEAD,
    Buyer,
    CohortCell,
    Metric,
)
from tandem.crm.customers.service.people import get_customer
from tandem.crm.customers.store import metrics as store
from tandem.crm.customers.store.people import NOTHING
from tandem.kernel.company import find_zone
from tandem.kernel.db import Tx

EVERY = timedelta(hours=20)
PAGE = 2_000
MINOR = 100
WEEK = timedelta(weeks=1)
COHORT_DAYS = 760


async def is_due(tx: Tx, now: datetime) -> bool:
    last = await store.last_run(tx)
    return last is None or now - last >= EVERY


async def refresh_metrics(tx: Tx, *, now: datetime) -> int:
    """Fifths of everybody who bought, and what the models expect; how many buyers there are."""
    count = await store.rank(tx, now, await find_zone(tx))
    model = await _fit(tx, now)
    if model is not None:
        await _expect(tx, *model, now)
    await store.ran(tx, now, _plain(model))
    return count


async def find_metric(tx: Tx, customer_id: UUID) -> Metric | None:
    """None for who never bought. Needs the permission to see orders too."""
    tx.actor.require("orders.read")
    await get_customer(tx, customer_id)
    return await store.get(tx, customer_id)


async def list_cohorts(tx: Tx, *, zone: str, today: date) -> list[CohortCell]:
    """The last two years of first orders by month, and who came back how many months later.
    Orders that were cancelled or expired do not count."""
    tx.actor.require_everywhere("customers.read")
    tx.actor.require("orders.read")
    since = (today - timedelta(days=COHORT_DAYS)).replace(day=1)
    return await store.cohorts(tx, zone, since)


async def _fit(tx: Tx, now: datetime) -> tuple[Buying, Spending] | None:
    """On the first buyers by id, which is by age, so that long histories are among them."""
    histories: list[History] = []
    after = NOTHING
    while len(histories) < FIT_MAX:
        page = await store.buyers(tx, now, after=after, limit=PAGE)
        histories += [_history(one, now) for one in page]
        if len(page) < PAGE:
            break
        after = page[-1].customer_id
    repeat = [one for one in histories if one.repeats and one.spend > 0]
    if len(repeat) < FIT_LEAST:
        return None
    return fit_buying(histories), fit_spending(histories)


async def _expect(tx: Tx, buying: Buying, spending: Spending, now: datetime) -> None:
    after = NOTHING
    while page := await store.buyers(tx, now, after=after, limit=PAGE):
        rows = []
        for one in page:
            history = _history(one, now)
            orders = expected_purchases(buying, history, WEEKS_AHEAD)
            worth = orders * expected_spend(spending, history)
            alive = chance_alive(buying, history)
            rows.append((one.customer_id, alive, orders, round(worth * MINOR)))
        await store.expect(tx, rows)
        after = page[-1].customer_id


def _history(one: Buyer, now: datetime) -> History:
    """Orders of one day are one purchase too many for the model's weeks, and harmless."""
    repeats = one.orders - 1
    return History(
        repeats=repeats,
        last=(one.last_at - one.first_at) / WEEK,
        age=(now - one.first_at) / WEEK,
        spend=one.repeat_minor / MINOR / repeats if repeats else 0.0,
    )


def _plain(model: tuple[Buying, Spending] | None) -> dict[str, Any] | None:
    if model is None:
        return None
    return {"buying": msgspec.to_builtins(model[0]), "spending": msgspec.to_builtins(model[1])}
