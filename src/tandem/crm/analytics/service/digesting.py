"""Events into facts: in batches, one after another in a company, each under a mark of its own.

The mark is when the facts learnt of it. A number `as of` a moment is made of the facts whose
version held then, so it comes out the same whenever it is asked for again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from tandem.contracts.analytics import RateSet
from tandem.crm.analytics.domain.folds import ALONE, FOLLOWED, Books, Fact, fold, read_story
from tandem.crm.analytics.domain.permissions import CONFIGURE
from tandem.crm.analytics.service import crediting, rolling
from tandem.crm.analytics.store import facts as store
from tandem.crm.analytics.store import rollups
from tandem.crm.analytics.store.facts import Touched
from tandem.kernel import audit
from tandem.kernel.db import Tx

BATCH = 2000
"""Events of one digest; what is left comes in the next."""
KEYS = 500
"""Keys whose events are held in memory at once."""
STEP = timedelta(microseconds=1)
AT_REST = timedelta(seconds=60)
"""With nothing to do, the stamp of what is known moves on this often."""

_ALONE = tuple(kind.topic for kind in ALONE)


Progress = Callable[[int, int], None]


def _silent(_: int, __: int) -> None:
    """Nobody listens."""


async def digest(tx: Tx, *, zone: str, currency: str, now: datetime) -> int:
    """Count what came in; how many events that were. Two at once take turns."""
    seen = await store.find_watermark(tx)
    is_made = seen is not None and seen.sums == rollups.MADE
    if seen and is_made and now - seen.at < AT_REST and not await store.count_waiting(tx):
        return 0
    known = await store.lock_watermark(tx, zone=zone, currency=currency, now=now)
    mark = max(known.at + STEP, now)
    entered = await store.enter(tx, mark, count=BATCH)
    if entered:
        touched = await _apply(tx, mark, zone=known.zone, currency=known.currency)
        await rolling.roll(tx, touched, mark)
    if known.sums != rollups.MADE:
        await rolling.roll_everything(tx, mark)
    if entered or known.sums != rollups.MADE or now - known.at >= AT_REST:
        await store.advance(tx, mark)
    return entered


async def rebuild(
    tx: Tx, *, zone: str, currency: str, now: datetime, progress: Progress = _silent
) -> int:
    """All facts anew from the event log, with the versions that they had; how many marks.

    Events from before there was analytics enter at the end. A changed time zone or currency of
    the company holds from here on. `progress` hears how many of how many marks are done.
    """
    tx.actor.require(CONFIGURE)
    known = await store.lock_watermark(tx, zone=zone, currency=currency, now=now)
    await store.set_books(tx, zone=zone, currency=currency, now=now)
    await store.clear(tx)
    marks = await store.marks(tx)
    for place, mark in enumerate(marks, 1):
        await _apply(tx, mark, zone=zone, currency=currency)
        progress(place, len(marks))
    last = max(known.at + STEP, now)
    await store.take_missing(tx, [kind.topic for kind in FOLLOWED])
    while await store.enter(tx, last, count=BATCH):
        await _apply(tx, last, zone=zone, currency=currency)
        marks.append(last)
        progress(len(marks), len(marks))
        last += STEP
    await rolling.roll_everything(tx, marks[-1] if marks else last)
    await store.advance(tx, last)
    await audit.write(
        tx,
        action="analytics.rebuilt",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
        after={"marks": len(marks)},
    )
    return len(marks)


async def _apply(tx: Tx, mark: datetime, *, zone: str, currency: str) -> list[Touched]:
    """Fold every key that something entered for under this mark."""
    keys = await store.keys_at(tx, mark)
    keys += await _touched_by_rates(tx, keys, mark)
    books = Books(currency=currency, zone=zone, rates=await store.rates(tx, mark))
    touched: list[Touched] = []
    for start in range(0, len(keys), KEYS):
        some = await _fold(tx, keys[start : start + KEYS], mark, books)
        touched += await store.write(tx, some, mark)
    await crediting.follow(tx, touched, mark)
    return touched


async def _fold(tx: Tx, keys: Sequence[str], mark: datetime, books: Books) -> list[Fact]:
    logged = await store.read_log(tx, keys, mark, _ALONE)
    return [fact for key, rows in logged.items() for fact in fold(read_story(key, rows), books)]


async def _touched_by_rates(tx: Tx, keys: Sequence[str], mark: datetime) -> list[str]:
    """Write down the rates that entered, and name what is to be counted anew because of them."""
    named = [key for key in keys if key.startswith("rate:")]
    logged = await store.read_log(tx, named, mark, [RateSet.topic])
    currencies = set()
    for key, rows in logged.items():
        for known in read_story(key, rows).events:
            if isinstance(known.event, RateSet):
                currencies.add(known.event.currency)
                await store.add_rate(
                    tx,
                    known.id,
                    currency=known.event.currency,
                    from_on=known.event.from_on,
                    rate=Decimal(known.event.rate),
                    mark=mark,
                )
    if not currencies:
        return []
    return sorted(await store.keys_of_currencies(tx, sorted(currencies)) - set(keys))
