"""Attribution: whose doing the money was, by campaign, source, journey, beside what they cost."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get

from tandem.crm.analytics.domain.asking import DrillAsk
from tandem.crm.analytics.domain.attribution import WINDOWS
from tandem.crm.analytics.domain.calendar import FIRST, LAST
from tandem.crm.analytics.domain.catalogue.crediting import UNATTRIBUTED
from tandem.crm.analytics.service import attributing
from tandem.crm.analytics.service.attributing import Attribution, AttributionAsk, By, Earned
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, Refusal
from tandem.kernel.http import Now, Transaction
from tandem.web.console import figures, tiles
from tandem.web.console.dashboards import PERIODS, looking_at
from tandem.web.console.exports import draft_of
from tandem.web.console.forms import convert
from tandem.web.rendering import page

AnyRequest = Request[Any, Any, Any]
CUTS: Mapping[str, str] = {
    "campaign": "Campaign",
    "source": "Source",
    "medium": "Medium",
    "channel": "Channel",
    "journey": "Journey",
    "utm_campaign": "Campaign (UTM)",
    "touch": "Kind of touch",
}
MODELS: Mapping[str, str] = {
    "first": "First touch",
    "last": "Last touch",
    "linear": "Linear",
    "position": "Position 40/20/40",
    "time_decay": "Time decay, 7 days",
}
MEANINGS: Mapping[str, str] = {
    "first": "All goes to the first touch before the order.",
    "last": "All goes to the last touch before the order.",
    "linear": "Every touch before the order gets the same.",
    "position": "The first and the last touch get 40 % each, those between share 20 %; of two each"
    " gets half.",
    "time_decay": "The later, the more: a touch gets half of what one seven days after it gets.",
}
COLUMNS: Sequence[tuple[str, str, str, str]] = (
    ("spend", "Spend", "money", "spend_minor"),
    ("revenue", "Revenue, net", "money", "revenue_minor"),
    ("orders", "Orders", "credit", "orders"),
    ("leads", "Leads", "credit", "leads"),
    ("deals", "Won deals", "credit", "deals"),
)
WORDS: Mapping[str, str] = {
    "by": "Choose what to cut by.",
    "model": "Choose a model.",
    "window_days": "Choose a window.",
    "period": "Choose a period.",
    "from_on": "This is no day.",
    "to_on": "This is no day.",
}
PLAIN = AttributionAsk()
RECORDS: Mapping[str, str] = {"campaign": "/campaigns/{}", "journey": "/journeys/{}"}
ID_LENGTH = 36


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A number as it is read, and where its rows are."""

    name: str
    text: str
    href: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    label: str
    href: str
    figures: list[Figure]
    roi: str
    tone: str


class AttributionPage(Controller):
    path = "/attribution"
    include_in_schema = False

    @get()
    async def show(self, request: AnyRequest, tx: Transaction, now: Now) -> Response[Any]:
        problem = ""
        try:
            asked = _asked(request)
            found = await attributing.attribute(tx, asked, now=now)
        except Invalid as refusal:
            problem, asked = refusal.detail, PLAIN
            found = await attributing.attribute(tx, asked, now=now)
        names = await figures.names_for_all(
            tx, asked.by.value, [one.value for one in found.rows if one.value]
        )
        return page(
            request,
            "console/attribution.html",
            asked=asked,
            looking=looking_at(request),
            periods=PERIODS,
            cuts=CUTS,
            models=MODELS,
            windows=WINDOWS,
            meaning=MEANINGS[asked.model.value],
            heads=[name for key, name, _, _ in COLUMNS if key in found.measures],
            lines=[
                line_of(found, one, figures.label(one.value, asked.by.value, names))
                for one in found.rows
            ],
            total=line_of(found, found.total, "All"),
            known=_known(found),
            found=found,
            draft=draft_of(f"Attribution by {CUTS[asked.by.value].lower()}", query=found.ask),
            problem=problem,
        )


def _asked(request: AnyRequest) -> AttributionAsk:
    given = request.query_params
    looking = looking_at(request)
    values: dict[str, Any] = {
        "by": given.get("by", "campaign"),
        "model": given.get("model", "linear"),
        "window_days": _number(given.get("window", "30")),
    }
    if looking.first and looking.last:
        values |= {"from_on": looking.first, "to_on": looking.last}
    else:
        values["period"] = looking.period
    return convert(values, AttributionAsk, WORDS)


def _known(found: Attribution) -> tuple[str, str]:
    """How much of the revenue is somebody's doing, and which part of it that is."""
    whole = found.total.revenue_minor or 0
    nobody = next((one for one in found.rows if one.value == UNATTRIBUTED), None)
    mine = whole - ((nobody.revenue_minor or 0) if nobody else 0)
    share = f"{figures.exact(mine / whole, 'ratio', '')} of it" if whole > 0 else ""
    return figures.short(mine, "money", found.currency), share


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 5 else 0


def line_of(found: Attribution, earned: Earned, label: str) -> Line:
    """A row of numbers, each with the way into its rows."""
    keys: dict[str, str | None] = {}
    if earned.value is not None:
        keys[found.by.value] = earned.value
    shown = []
    for key, name, unit, field in COLUMNS:
        if key not in found.measures:
            continue
        value = getattr(earned, field)
        wanted = DrillAsk(query=found.ask, measure=found.measures[key], keys=keys)
        text = figures.exact(value, unit, found.currency)
        href = f"/explore/rows?ask={quote(tiles.packed(wanted))}"
        shown.append(Figure(name=name, text=text, href=href))
    tone = "" if not earned.roi else ("good" if earned.roi > 0 else "bad")
    is_record = found.by.value in RECORDS and len(earned.value or "") == ID_LENGTH
    return Line(
        label=label,
        href=RECORDS[found.by.value].format(earned.value) if is_record else "",
        figures=shown,
        roi=figures.exact(earned.roi, "ratio", "").replace("-", "−"),
        tone=tone,
    )


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """What one campaign brought in, over all days."""

    line: Line
    model: str
    meaning: str
    window_days: int
    as_of: datetime


async def money_of_campaign(
    request: AnyRequest, tx: Tx, campaign_id: UUID, now: datetime
) -> Money | None:
    """None where the reader may see neither money nor leads, or asks for what there is not."""
    given = request.query_params
    values: dict[str, Any] = {
        "by": By.CAMPAIGN.value,
        "only": str(campaign_id),
        "model": given.get("model", "linear"),
        "window_days": _number(given.get("window", "30")),
        "from_on": FIRST.isoformat(),
        "to_on": LAST.isoformat(),
    }
    try:
        asked = convert(values, AttributionAsk, WORDS)
        found = await attributing.attribute(tx, asked, now=now)
    except Refusal:
        return None
    return Money(
        line=line_of(found, found.total, ""),
        model=asked.model.value,
        meaning=MEANINGS[asked.model.value],
        window_days=asked.window_days,
        as_of=found.as_of,
    )
