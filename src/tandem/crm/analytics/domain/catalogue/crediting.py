"""Whose doing it was: money, leads and won deals credited to what people touched before, and what
campaigns cost. The model and the look-back window are the question's (`attribution`)."""

from collections.abc import Mapping
from typing import LiteralString

from tandem.crm.analytics.domain.catalogue.shapes import (
    Amount,
    Clock,
    Dataset,
    Dimension,
    Metric,
    Unit,
)

UNATTRIBUTED = "(unattributed)"
"""What stands for nobody: no touch lies within the window."""
NO_VALUE = "(none)"


def _cut(column: LiteralString) -> LiteralString:
    return (
        "(case when f.touch_id is null then '(unattributed)' else coalesce(nullif("
        + column
        + ", ''), '(none)') end)"
    )


_CUTS: Mapping[str, Dimension] = {
    "campaign": Dimension(
        label="Campaign", sql=_cut("f.campaign_id::text"), kind="id", refers="campaign"
    ),
    "journey": Dimension(
        label="Journey", sql=_cut("f.journey_id::text"), kind="id", refers="journey"
    ),
    "source": Dimension(label="Source", sql=_cut("f.source")),
    "medium": Dimension(label="Medium", sql=_cut("f.medium")),
    "channel": Dimension(label="Channel", sql=_cut("f.channel")),
    "utm_campaign": Dimension(label="Campaign (UTM)", sql=_cut("f.utm_campaign")),
    "touch": Dimension(label="Kind of touch", sql=_cut("f.touch")),
}

_SHOWS: Mapping[str, LiteralString] = {
    "number": "f.number",
    "kind": "f.kind",
    "touch": "f.touch",
    "touched_at": "f.touched_at",
    "source": "f.source",
    "channel": "f.channel",
    "whole_base": "f.whole_base",
}
_COUNTED: Mapping[str, LiteralString] = {
    name: sql for name, sql in _SHOWS.items() if name not in ("kind", "whole_base")
}

CREDITS = Dataset(
    key="credits",
    label="Credited money",
    table="(select * from analytics.fact_credit where kind in ('payment', 'cash', 'refund'))",
    money="f.whole_base",
    holds={"f.whole_base": "payment.amount_minor", "f.credits": "payment.amount_minor"},
    permission="payments.read",
    reach="order",
    record="f.record_id",
    clocks={"moved": Clock(at="f.at", day="f.on_day", label="Money moved on")},
    dimensions=_CUTS,
    shows=_SHOWS,
    link="/orders/{id}",
    link_id="f.record_id",
)
LEAD_CREDITS = Dataset(
    key="lead_credits",
    label="Credited leads",
    table="(select * from analytics.fact_credit where kind = 'lead')",
    permission="sales.read",
    reach="lead",
    record="f.record_id",
    clocks={"captured": Clock(at="f.at", day="f.on_day", label="Came on")},
    dimensions=_CUTS,
    shows=_COUNTED,
    link="/leads/{id}",
    link_id="f.record_id",
)
DEAL_CREDITS = Dataset(
    key="deal_credits",
    label="Credited deals",
    table="(select * from analytics.fact_credit where kind = 'deal')",
    permission="sales.read",
    reach="opportunity",
    record="f.record_id",
    clocks={"closed": Clock(at="f.at", day="f.on_day", label="Won on")},
    dimensions=_CUTS,
    shows=_COUNTED,
    link="/deals/{id}",
    link_id="f.record_id",
)
SPENDING = Dataset(
    key="spending",
    label="Spending on campaigns",
    table="analytics.fact_spend",
    money="f.spend_base",
    holds={"f.spend_base": "campaign.cost_minor"},
    permission="marketing.read",
    reach="everywhere",
    record="f.campaign_id",
    clocks={"stated": Clock(at="f.at", day="f.on_day", label="Stated on")},
    dimensions={
        "campaign": Dimension(label="Campaign", sql="f.campaign_id", kind="id", refers="campaign"),
        "journey": Dimension(label="Journey", sql="'(none)'", kind="id", refers="journey"),
        "source": Dimension(label="Source", sql="coalesce(nullif(f.source, ''), '(none)')"),
        "medium": Dimension(label="Medium", sql="coalesce(nullif(f.medium, ''), '(none)')"),
        "channel": Dimension(label="Channel", sql="coalesce(nullif(f.channel, ''), '(none)')"),
        "utm_campaign": Dimension(
            label="Campaign (UTM)", sql="coalesce(nullif(f.utm_campaign, ''), '(none)')"
        ),
        "touch": Dimension(label="Kind of touch", sql="'(none)'"),
    },
    shows={"campaign": "f.name", "channel": "f.channel", "spend_base": "f.spend_base"},
    link="/campaigns/{id}",
    link_id="f.campaign_id",
)

_MONEY = Amount(kind="sum", value="f.credits[:slot::int]", where="f.credits[:slot::int] <> 0")
_SHARE = Amount(
    kind="sum", value="f.shares[:slot::int] / 1000000.0", where="f.shares[:slot::int] <> 0"
)
_SPENT = Amount(kind="sum", value="f.spend_base", where="f.spend_base <> 0")
_HOW = (
    " By the model and within the look-back window of the question: linear and 30 days unless it"
    " names others. What nobody touched before is credited to nobody, so that all together are "
)

METRICS: tuple[Metric, ...] = (
    Metric(
        key="credited_revenue", version=1, label="Credited revenue",
        meaning="Money taken less what went back, each on its own day, credited to the clicks, "
        "forms and sources that led to the order." + _HOW + "what was collected, net.",
        dataset="credits", clock="moved", unit=Unit.MONEY, amount=_MONEY, is_good_up=True,
    ),
    Metric(
        key="credited_orders", version=1, label="Credited orders",
        meaning="Orders that were paid for, on the day that money came; less those of which all "
        "went back, on the day that it did." + _HOW + "the orders.",
        dataset="credits", clock="moved", unit=Unit.CREDIT, amount=_SHARE, is_good_up=True,
    ),
    Metric(
        key="credited_leads", version=1, label="Credited leads",
        meaning="Leads that came, credited to what led to them." + _HOW + "the leads.",
        dataset="lead_credits", clock="captured", unit=Unit.CREDIT, amount=_SHARE,
        is_good_up=True,
    ),
    Metric(
        key="credited_deals", version=1, label="Credited deals",
        meaning="Deals won, credited to what led to them." + _HOW + "the deals won.",
        dataset="deal_credits", clock="closed", unit=Unit.CREDIT, amount=_SHARE,
        is_good_up=True,
    ),
    Metric(
        key="campaign_spend", version=1, label="Spend",
        meaning="What campaigns cost, on the days on which it was stated.",
        dataset="spending", clock="stated", unit=Unit.MONEY, amount=_SPENT, is_good_up=None,
    ),
)  # fmt: skip
