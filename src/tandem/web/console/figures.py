"""Numbers, buckets and names as people read them."""

from tandem.flows.reports.naming import bucket, label, names_for, names_for_all, names_of
from tandem.web.rendering import compact_money, money

Number = int | float | None
NONE = "–"

__all__ = [
    "bucket",
    "exact",
    "label",
    "names_for",
    "names_for_all",
    "names_of",
    "plotted",
    "short",
]


def exact(value: Number, unit: str, currency: str) -> str:
    """₹1,23,456.00, 93.4 %, 26.4 h, 1,204."""
    if value is None:
        return NONE
    match unit:
        case "money":
            return money(round(value), currency)
        case "ratio":
            return f"{value * 100:,.1f} %"
        case "hours":
            return f"{value:,.1f} h"
        case "days":
            return f"{value:,.1f} d"
        case "score":
            return f"{value:.2f}"
        case "credit":
            return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,.0f}"


def short(value: Number, unit: str, currency: str) -> str:
    """For a tile: money in lakh and crore, without paise."""
    if value is None or unit != "money":
        return exact(value, unit, currency)
    told = compact_money(round(value), currency)
    return told.removesuffix(".00")


def plotted(value: Number, unit: str) -> Number:
    """As a chart draws it: money in whole units, shares in per cent."""
    if value is None:
        return None
    if unit in ("money", "ratio"):
        return round(value / 100, 2) if unit == "money" else round(value * 100, 2)
    return value
