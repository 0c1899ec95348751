"""Buckets and values of a report as people read them: names for ids, for who may see them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from babel.dates import format_date

from tandem.contracts.india import STATES
from tandem.crm.analytics.domain.asking import Result
from tandem.crm.analytics.domain.calendar import Grain
from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.service import journeys
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal
from tandem.kernel.wording import words
from tandem.scm.inventory import service as inventory

LOCALE = "en_IN"
NAMES_MAX = 50
"""Customers whose names are looked up for one answer."""
RAW = frozenset(
    {"sku", "feed", "campaign", "currency", "stage", "from_stage", "to_stage"}
    | {"source", "medium", "utm_campaign"}
)
"""Dimensions whose values are names already."""
SAID = {"(unattributed)": "Unattributed", "(none)": "None named"}
"""What stands where nobody, or nothing, is named."""
ID_LENGTH = 36


def bucket(key: str | None, grain: Grain) -> str:
    first = date.fromisoformat(key or "")
    match grain:
        case Grain.DAY:
            return format_date(first, "d MMM", locale=LOCALE)
        case Grain.WEEK:
            last = first + timedelta(days=6)
            return f"{format_date(first, 'd MMM', locale=LOCALE)} – " + format_date(
                last, "d MMM", locale=LOCALE
            )
        case Grain.MONTH:
            return format_date(first, "MMM y", locale=LOCALE)
        case Grain.QUARTER:
            return f"Q{(first.month + 2) // 3} {first.year}"
        case Grain.YEAR:
            return str(first.year)
    return f"FY {first.year}–{(first.year + 1) % 100:02}"


async def names_of(tx: Tx, result: Result) -> Mapping[str, Mapping[str, str]]:
    """Of every column whose ids stand for somebody or something: the names the reader may see."""
    found: dict[str, Mapping[str, str]] = {}
    for place, column in enumerate(result.columns):
        if column.refers:
            ids = [row.keys[place] for row in result.rows]
            found[column.key] = await _names(tx, column.refers, [one for one in ids if one])
    return found


async def names_for(
    tx: Tx, column: str, refers: str, value: str | None
) -> Mapping[str, Mapping[str, str]]:
    """The name of one value, where it is an id."""
    return {column: await _names(tx, refers, [value] if value else [])} if refers else {}


async def names_for_all(
    tx: Tx, column: str, values: Sequence[str]
) -> Mapping[str, Mapping[str, str]]:
    """The names of a column whose key says what its ids stand for."""
    found = await _names(tx, column, values)
    return {column: found} if found else {}


async def _names(tx: Tx, refers: str, ids: Sequence[str]) -> Mapping[str, str]:
    match refers:
        case "state":
            return STATES
        case "person":
            return {str(one): name for one, name in (await identity.staff_names(tx)).items()}
        case "location":
            known = await inventory.list_locations(tx.with_all_grants())
            return {str(each.id): each.name for each in known}
        case "customer":
            return await _customers(tx, ids[:NAMES_MAX])
        case "campaign" | "journey":
            return await _sent(tx, refers, [one for one in ids if len(one) == ID_LENGTH])
    return {}


async def _customers(tx: Tx, ids: Sequence[str]) -> Mapping[str, str]:
    """Whom the reader may not see keeps their id."""
    found = {}
    for one in ids:
        try:
            found[one] = (await customers.get_customer(tx, UUID(one))).name
        except Refusal:
            continue
    return found


async def _sent(tx: Tx, refers: str, ids: Sequence[str]) -> Mapping[str, str]:
    """Campaigns or journeys. Whoever may not see them sees their ids."""
    found = {}
    for one in ids[:NAMES_MAX]:
        try:
            if refers == "campaign":
                found[one] = (await marketing.get_campaign(tx, UUID(one))).name
            else:
                found[one] = (await journeys.get_journey(tx, UUID(one))).name
        except Refusal:
            continue
    return found


def label(value: str | None, column: str, names: Mapping[str, Mapping[str, str]]) -> str:
    if value is None or value == "":
        return "Not set"
    if value in SAID:
        return SAID[value]
    if column in names:
        return names[column].get(value, f"…{value[-6:]}" if len(value) == 36 else value)
    if value in ("true", "false"):
        return "Yes" if value == "true" else "No"
    return value if column in RAW else words(value)
