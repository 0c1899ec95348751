"""What other currencies are worth, dated; and gathering all facts anew."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from tandem.contracts.analytics import RateSet
from tandem.crm.analytics.domain.permissions import CONFIGURE, READ
from tandem.crm.analytics.service.asking import what_is_known
from tandem.crm.analytics.store import facts as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.jobs import enqueue
from tandem.kernel.money import check_currency
from tandem.kernel.patterns import whole

REBUILD = "analytics.rebuild"
LIMIT = Decimal(1_000_000_000)


class RateDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `from_on` on, one unit of `currency` is worth `rate` units of the company's own."""

    currency: Annotated[str, msgspec.Meta(pattern=whole(r"[A-Z]{3}"))]
    from_on: date
    rate: Annotated[str, msgspec.Meta(pattern=whole(r"[0-9]{1,9}(\.[0-9]{1,12})?"))]


class DatedRate(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    from_on: date
    rate: Decimal


async def list_rates(tx: Tx, *, now: datetime) -> list[DatedRate]:
    """Those that are counted with, by currency and day."""
    tx.actor.require(READ)
    found = await store.rates(tx, now)
    return [
        DatedRate(currency=currency, from_on=one.from_on, rate=one.rate)
        for currency, some in found.items()
        for one in some
    ]


async def set_rate(tx: Tx, draft: RateDraft, *, now: datetime) -> None:
    """Holds for facts of these days, past ones too, from the next digest on."""
    tx.actor.require(CONFIGURE)
    check_currency(draft.currency)
    if not 0 < Decimal(draft.rate) < LIMIT:
        raise Invalid("A rate is more than nothing.", field="rate")
    if not date(1990, 1, 1) <= draft.from_on <= date(2100, 12, 31):
        raise Invalid("This day is too far away.", field="from_on")
    if draft.currency == (await what_is_known(tx, now)).currency:
        raise Invalid("This is the company's own currency.", field="currency")
    await tx.publish(RateSet(currency=draft.currency, from_on=draft.from_on, rate=draft.rate))
    await audit.write(
        tx,
        action="analytics.rate_set",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
        after=msgspec.to_builtins(draft),
    )


async def ask_rebuild(tx: Tx, *, now: datetime) -> None:
    """All facts anew from the event log, in the background; one waiting is enough."""
    tx.actor.require(CONFIGURE)
    await enqueue(tx, REBUILD, dedupe=REBUILD)
    await audit.write(
        tx,
        action="analytics.rebuild_asked",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
    )
