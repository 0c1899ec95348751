"""What campaigns, sources and journeys brought in, beside what they cost."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from tandem.crm.analytics.domain.asking import ROWS_MAX, Ask, Definition, Key, Result, Zone
from tandem.crm.analytics.domain.attribution import WINDOW_DEFAULT, Model, Window
from tandem.crm.analytics.domain.calendar import Days, Period
from tandem.crm.analytics.domain.catalogue import find_metric
from tandem.crm.analytics.domain.permissions import READ
from tandem.crm.analytics.service.answering import run
from tandem.crm.analytics.service.keeping import may_see
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden

MEASURES: Mapping[str, str] = {
    "spend": "campaign_spend",
    "revenue": "credited_revenue",
    "orders": "credited_orders",
    "leads": "credited_leads",
    "deals": "credited_deals",
}


class By(StrEnum):
    CAMPAIGN = "campaign"
    SOURCE = "source"
    MEDIUM = "medium"
    CHANNEL = "channel"
    JOURNEY = "journey"
    UTM_CAMPAIGN = "utm_campaign"
    TOUCH = "touch"


class AttributionAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days by name, or from the first to the last. `only` is one value of what it is cut by.
    `as_of` asks what was known then."""

    by: By = By.CAMPAIGN
    model: Model = Model.LINEAR
    window_days: Window = WINDOW_DEFAULT
    period: Period | None = None
    from_on: date | None = None
    to_on: date | None = None
    zone: Zone | None = None
    only: Key | None = None
    as_of: datetime | None = None


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """Money in minor units; orders, leads and deals in parts, where several touches share them.
    `roi` is what came in beyond the spend, as a part of the spend: none where nothing was spent.
    What the asker may not see is null. `value` is `(unattributed)` for nobody's doing and
    `(none)` for touches that do not say."""

    value: str | None
    spend_minor: int | None = None
    revenue_minor: int | None = None
    orders: float | None = None
    leads: float | None = None
    deals: float | None = None
    roi: float | None = None


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """All rows together are the total, and its revenue is what was collected, net, in these days.
    Every number opens by `/v1/analytics/drills`: the question `ask`, its measure in `measures`,
    and the key `by`."""

    as_of: datetime
    days: Days
    zone: str
    currency: str
    by: By
    model: Model
    window_days: Window
    rows: list[Earned]
    total: Earned
    ask: Ask
    measures: dict[str, str]
    definitions: list[Definition]
    policy_hash: str
    is_cut: bool
    warnings: list[str]


async def attribute(tx: Tx, asked: AttributionAsk, *, now: datetime) -> Attribution:
    """Of the records that the asker may see: money of orders, leads and deals each by their own
    permission. Refuses who may see none of these."""
    measures = _seen(tx)
    ask = _ask(asked, list(measures.values()))
    result = await run(tx, ask, now)
    return Attribution(
        as_of=result.as_of,
        days=result.days,
        zone=result.zone,
        currency=result.currency,
        by=asked.by,
        model=asked.model,
        window_days=asked.window_days,
        rows=_rows(result, measures),
        total=earned(None, measures, [cell.value for cell in result.totals]),
        ask=msgspec.structs.replace(ask, as_of=result.as_of),
        measures=measures,
        definitions=result.definitions,
        policy_hash=result.policy_hash,
        is_cut=result.is_cut,
        warnings=result.warnings,
    )


def _seen(tx: Tx) -> dict[str, str]:
    tx.actor.require(READ)
    seen = {
        name: key
        for name, key in MEASURES.items()
        if may_see(tx.actor, find_metric(key, field="measures"))
    }
    if not seen.keys() & {"revenue", "leads", "deals"}:
        raise Forbidden(
            "Attribution is of payments, leads and deals: you may see none of them.",
            permission="payments.read",
        )
    return seen


def _ask(asked: AttributionAsk, measures: list[str]) -> Ask:
    rule = None
    if asked.only is not None:
        rule = {"field": asked.by.value, "op": "is", "value": asked.only}
    return Ask(
        measures=measures,
        dimensions=[asked.by.value],
        period=asked.period,
        from_on=asked.from_on,
        to_on=asked.to_on,
        filters=rule,
        zone=asked.zone,
        model=asked.model,
        window_days=asked.window_days,
        limit=ROWS_MAX,
        as_of=asked.as_of,
    )


def _rows(result: Result, measures: Mapping[str, str]) -> list[Earned]:
    """The most revenue first, then the most spend."""
    rows = [
        earned(row.keys[0], measures, [cell.value for cell in row.cells]) for row in result.rows
    ]
    rows = [one for one in rows if any(_figures(one))]
    rows.sort(key=lambda one: (-(one.revenue_minor or 0), -(one.spend_minor or 0), str(one.value)))
    return rows


def _figures(one: Earned) -> tuple[Any, ...]:
    return one.spend_minor, one.revenue_minor, one.orders, one.leads, one.deals


def earned(
    value: str | None, measures: Mapping[str, str], cells: list[int | float | None]
) -> Earned:
    """A row of figures, and what they come to against the spend."""
    found = dict(zip(measures, cells, strict=True))
    spend, revenue = found.get("spend"), found.get("revenue")
    return Earned(
        value=value,
        spend_minor=None if spend is None else round(spend),
        revenue_minor=None if revenue is None else round(revenue),
        orders=found.get("orders"),
        leads=found.get("leads"),
        deals=found.get("deals"),
        roi=_return(revenue, spend),
    )


def _return(revenue: int | float | None, spend: int | float | None) -> float | None:
    if not spend or revenue is None or spend < 0:
        return None
    return round(float((Decimal(revenue) - Decimal(spend)) / Decimal(spend)), 6)
