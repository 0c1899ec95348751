"""Whose doing it was: money, leads and won deals credited to what people touched before, and what
campaigns cost. The model and the look-back window are the question's (`attribution`)."""

from collections.abc import Mapping
from typing import Literal, LiteralString

from tandem.crm.analytics.domain.catalogue.cuts import columns
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


def _named(column: LiteralString) -> LiteralString:
    return "coalesce(nullif(" + column + ", ''), '(none)')"


def _cut(column: LiteralString) -> LiteralString:
    return "(case when f.touch_id is null then '(unattributed)' else " + _named(column) + " end)"


_WORDS: Mapping[LiteralString, str] = {
    "source": "Source",
    "medium": "Medium",
    "channel": "Channel",
    "utm_campaign": "Campaign (UTM)",
}
_CUTS: Mapping[str, Dimension] = {
    "campaign": Dimension(
        label="Campaign", sql=_cut("f.campaign_id::text"), kind="id", refers="campaign"
    ),
    "journey": Dimension(
        label="Journey", sql=_cut("f.journey_id::text"), kind="id", refers="journey"
    ),
    **{name: Dimension(label=label, sql=_cut("f." + name)) for name, label in _WORDS.items()},
    "touch": Dimension(label="Kind of touch", sql=_cut("f.touch")),
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
    shows=columns("number", "kind", "touch", "touched_at", "source", "channel", "whole_base"),
    link="/orders/{id}",
    link_id="f.record_id",
)


def _counted(
    key: str, label: str, reach: Literal["lead", "opportunity"], table: LiteralString,
    clocks: Mapping[str, Clock], link: str,
) -> Dataset:  # fmt: skip
    """Shares of records, which are worth one each."""
    return Dataset(
        key=key,
        label=label,
        table=table,
        permission="sales.read",
        reach=reach,
        record="f.record_id",
        clocks=clocks,
        dimensions=_CUTS,
        shows=columns("number", "touch", "touched_at", "source", "channel"),
        link=link,
        link_id="f.record_id",
    )


LEAD_CREDITS = _counted(
    "lead_credits", "Credited leads", "lead",
    "(select * from analytics.fact_credit where kind = 'lead')",
    {"captured": Clock(at="f.at", day="f.on_day", label="Came on")}, "/leads/{id}",
)  # fmt: skip
DEAL_CREDITS = _counted(
    "deal_credits", "Credited deals", "opportunity",
    "(select * from analytics.fact_credit where kind = 'deal')",
    {"closed": Clock(at="f.at", day="f.on_day", label="Won on")}, "/deals/{id}",
)  # fmt: skip
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
        **{name: Dimension(label=label, sql=_named("f." + name)) for name, label in _WORDS.items()},
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
