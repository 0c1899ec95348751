"""Looking at what alerts watch, as their owners, and telling them."""

from datetime import datetime
from uuid import UUID

import structlog
from babel.numbers import format_decimal

from tandem.contracts.analytics import AlertFired, AlertRecovered
from tandem.crm.analytics.domain.alerts import Alert, Reading, label_of, unit_of
from tandem.crm.analytics.domain.asking import QueryTooSlow, TooManyQueries
from tandem.crm.analytics.service import alerts
from tandem.crm.identity import service as identity
from tandem.crm.notifications import service as notifications
from tandem.flows.reports.acting import NotHere, as_member
from tandem.flows.reports.naming import LOCALE
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, Invalid
from tandem.kernel.jobs import Work, every
from tandem.kernel.money import in_figures

log = structlog.get_logger()
PASSES_MAX = 200
"""Alerts of one company in one round; what is left comes in the next."""
LATER = (QueryTooSlow, TooManyQueries)


@every(30, "analytics.watch_alerts")
async def watch_alerts(work: Work) -> None:
    for _ in range(PASSES_MAX):
        async with work.transaction() as tx:
            due = await alerts.claim_due(tx, now=work.now())
        if due is None:
            return
        try:
            async with work.transaction() as tx:
                await look(tx, due, now=work.now())
        except LATER as refusal:
            log.info("alert_put_off", alert=str(due), reason=refusal.detail)


async def look(tx: Tx, alert_id: UUID, *, now: datetime) -> None:
    """One look, as the alert's owner. Whoever has left, or may not ask any more, ends it; who is
    still here is told so."""
    alert = await alerts.lock_alert(tx, alert_id)
    if alert is None:
        return
    try:
        owner = await as_member(tx, alert.owner_id, now=now)
        reading = await alerts.read(owner, alert.draft, now=now)
    except LATER:
        raise
    except NotHere as refusal:
        await alerts.stop(tx, alert, reason=refusal.detail, is_told=False, now=now)
        return
    except (Forbidden, Invalid) as refusal:
        await alerts.stop(tx, alert, reason=refusal.detail, is_told=True, now=now)
        await _say(tx, alert, f"{alert.name} has stopped", refusal.detail, now)
        return
    verdict, is_told = await alerts.record(tx, alert, reading, now=now)
    if is_told:
        await _tell(tx, alert, reading, has_recovered=verdict.told == "recovered", now=now)


async def _tell(
    tx: Tx, alert: Alert, reading: Reading, *, has_recovered: bool, now: datetime
) -> None:
    """Under the bell and by mail, as its owner chose; and an event for webhooks."""
    company = await identity.get_organisation(tx)
    told = said(alert, reading, company.currency)
    title = f"{alert.name} is back within its limit" if has_recovered else f"{alert.name}: {told}"
    await _say(tx, alert, title, told if has_recovered else "", now)
    made = AlertRecovered if has_recovered else AlertFired
    await tx.publish(
        made(
            alert_id=alert.id,
            name=alert.name,
            owner_id=alert.owner_id,
            kind=alert.draft.kind,
            metric=alert.draft.query.measures[0],
            value=reading.value,
            score=reading.score,
            limit=alert.draft.limit,
        )
    )


async def _say(tx: Tx, alert: Alert, title: str, body: str, now: datetime) -> None:
    company = await identity.get_organisation(tx)
    await notifications.tell_staff(
        tx,
        [alert.owner_id],
        kind="alert",
        title=title,
        body=body,
        link=f"/alerts/{alert.id}",
        dedupe=f"alert:{alert.id}:{now.isoformat()}",
        now=now,
        zone=company.time_zone,
    )


def said(alert: Alert, reading: Reading, currency: str) -> str:
    """`Revenue is ₹1,20,000.00, above ₹1,00,000.00`."""
    now = figure(reading.value, unit_of(alert.draft), currency)
    limit, score = alert.draft.limit, reading.score or 0
    match alert.draft.kind:
        case "threshold":
            against = f"{alert.draft.side} {figure(limit, unit_of(alert.draft), currency)}"
        case "change":
            against = f"{score * 100:+.1f} % against the period before"
        case _:
            against = f"unlike other days (z-score {score:.1f})"
    return f"{label_of(alert.draft)} is {now}, {against}"


def figure(value: float | None, unit: str, currency: str) -> str:
    if value is None:
        return "–"
    if unit == "money":
        return in_figures(round(value), currency)
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    return str(format_decimal(value, format="#,##,##0.##", locale=LOCALE))
