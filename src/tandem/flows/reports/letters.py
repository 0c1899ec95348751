"""A report in a letter: the first rows of every table, as people read them."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from tandem.crm.analytics.domain.exports import Export
from tandem.crm.analytics.domain.subscriptions import Delivery, Subscription
from tandem.crm.analytics.domain.tables import Style, Table, Value
from tandem.crm.identity import service as identity
from tandem.flows.reports.making import Report
from tandem.flows.reports.naming import LOCALE
from tandem.kernel.db import Tx

TABLES_MAX = 12
ROWS_MAX = 8
COLUMNS_MAX = 5
NONE = "–"


async def facts_of(
    tx: Tx,
    company: str,
    subscription: Subscription,
    delivery: Delivery,
    report: Report,
    kept: Export,
) -> dict[str, object]:
    """What the letter's words are filled with."""
    zone = ZoneInfo((await identity.get_organisation(tx)).time_zone)
    return {
        "company": company,
        "name": subscription.name,
        "days": f"{_day(report.days.from_on)} to {_day(report.days.to_on)}",
        "as_of": moment(report.as_of, zone),
        "missed": delivery.missed,
        "tables": [table_facts(table) for table in report.tables[:TABLES_MAX]],
        "missing": [{"title": title, "reason": reason} for title, reason in report.missing],
        "file_link": f"/exports/{kept.id}",
        "subscription_link": f"/subscriptions/{subscription.id}",
        "until": moment(kept.expires_at, zone),
    }


def table_facts(table: Table) -> dict[str, object]:
    styles = [head.style for head in table.heads][:COLUMNS_MAX]
    shown = list(table.rows[:ROWS_MAX])
    rows = [{"cells": _cells(row, styles), "is_total": False} for row in shown]
    if table.totals is not None:
        rows.append({"cells": _cells(table.totals, styles), "is_total": True})
    return {
        "title": table.title,
        "heads": [head.label for head in table.heads][:COLUMNS_MAX],
        "rows": rows,
        "more": len(table.rows) - len(shown),
    }


def shown(value: Value, style: Style) -> str:
    """₹ figures with Indian grouping, 93.4 %, 22 Nov 2026."""
    if value is None:
        return NONE
    if isinstance(value, str):
        return value or " "
    if isinstance(value, date):
        return _day(value)
    if style == "share":
        return f"{float(value) * 100:.1f} %"
    is_money = style == "money" or isinstance(value, Decimal)
    pattern = "#,##,##0.00" if is_money else "#,##,##0.##"
    return str(format_decimal(value, format=pattern, locale=LOCALE))


def _cells(row: object, styles: list[Style]) -> list[str]:
    assert isinstance(row, list | tuple), "a row is cells"
    return [shown(value, style) for value, style in zip(row, styles, strict=False)]


def _day(day: date) -> str:
    return format_date(day, "d MMM y", locale=LOCALE)


def moment(at: datetime, zone: ZoneInfo) -> str:
    return format_datetime(at.astimezone(zone), "d MMM y, HH:mm", locale=LOCALE)
