"""Leads, opportunities, messages and customers."""

from tandem.crm.analytics.domain.catalogue.cuts import COUNTS, OWNER, columns, texts
from tandem.crm.analytics.domain.catalogue.shapes import (
    Amount,
    Clock,
    Dataset,
    Dimension,
    Metric,
    Sums,
    Unit,
)

_WON = Amount(kind="count", where="f.status = 'won'")
_LOST = Amount(kind="count", where="f.status = 'lost'")
_DECIDED = Amount(kind="count", where="f.status in ('won', 'lost')")
_WON_AMOUNT = Amount(kind="sum", value="f.amount_base", where="f.status = 'won'")
_CYCLE = Amount(kind="sum", value="f.days", where="f.status = 'won'")
_EXPECTED = Amount(kind="count", where="f.slips is not null and f.status <> 'withdrawn'")
_SLIPPED = Amount(kind="count", where="f.slips > 0 and f.status <> 'withdrawn'")
_PUT_OFF = Amount(
    kind="sum", value="f.slipped_days", where="f.slips > 0 and f.status <> 'withdrawn'"
)
_OPEN = Amount(kind="count", where="f.status = 'open'")
_PIPELINE = Amount(kind="sum", value="f.amount_base", where="f.status = 'open'")
_WEIGHTED = Amount(kind="sum", value="f.weighted_base", where="f.status = 'open'")

DEALS = Dataset(
    key="deals",
    label="Deals",
    table="analytics.fact_opportunity",
    holds={
        "f.amount_base": "opportunity.amount_minor",
        "f.weighted_base": "opportunity.amount_minor",
    },
    permission="sales.read",
    reach="opportunity",
    record="f.id",
    clocks={
        "opened": Clock(at="f.at", day="f.on_day", label="Opened on"),
        "closed": Clock(at="f.closed_at", day="f.closed_on", label="Closed on"),
    },
    dimensions=texts("stage", "status", "source")
    | {"lost_reason": Dimension(label="Lost because of", sql="f.lost_reason"), "owner": OWNER}
    | texts("currency"),
    shows=columns("number", "stage", "status", "amount_base"),
    link="/deals/{id}",
    link_id="f.id",
)

_ENTERED = Amount(kind="count")
_STOOD = Amount(kind="sum", value="f.days", where="f.days is not null")
_LEFT = Amount(kind="count", where="f.days is not null")

STAGES = Dataset(
    key="stage_changes",
    label="Stage changes",
    table="analytics.fact_stage_change",
    permission="sales.read",
    reach="opportunity",
    record="f.opportunity_id",
    clocks={"moved": Clock(at="f.at", day="f.on_day", label="Moved on")},
    dimensions={
        "from_stage": Dimension(label="From", sql="f.from_stage"),
        "to_stage": Dimension(label="Into", sql="f.to_stage"),
        "owner": OWNER,
    },
    shows=columns("number", "from_stage", "to_stage", "days"),
    link="/deals/{id}",
    link_id="f.opportunity_id",
)

_CONVERTED = Amount(kind="count", where="f.status = 'converted'")
_TO_DEAL = Amount(kind="sum", value="f.days", where="f.status = 'converted'")

LEADS = Dataset(
    key="leads",
    label="Leads",
    table="analytics.fact_lead",
    holds={"f.score": "lead.score"},
    permission="sales.read",
    reach="lead",
    record="f.id",
    clocks={
        "captured": Clock(at="f.at", day="f.on_day", label="Came on"),
        "converted": Clock(at="f.converted_at", day="f.converted_on", label="Converted on"),
    },
    dimensions=texts("source")
    | {"campaign": Dimension(label="Campaign (UTM)", sql="f.campaign")}
    | texts("channel", "status")
    | {"owner": OWNER},
    shows=columns("number", "source", "status", "score"),
    link="/leads/{id}",
    link_id="f.id",
)

_LEFT_US = Amount(kind="count", where="f.state in ('sent', 'delivered', 'bounced', 'complained')")
_ARRIVED = Amount(kind="count", where="f.state = 'delivered'")
_BOUNCED = Amount(kind="count", where="f.state = 'bounced'")
_SPAM = Amount(kind="count", where="f.state = 'complained'")
_SKIPPED = Amount(kind="count", where="f.state = 'skipped'")

MESSAGES = Dataset(
    key="messages",
    label="Messages",
    table="analytics.fact_message",
    permission="notifications.read",
    reach="everywhere",
    record="f.id",
    clocks={"sent": Clock(at="f.at", day="f.on_day", label="Sent on")},
    dimensions=texts("channel", "kind", "state", "reason")
    | {"feed": Dimension(label="Campaign or journey", sql="f.feed")},
    shows=columns("kind", "channel", "state", "reason"),
    link="/messages/{id}",
    link_id="f.id",
    sums=(
        Sums(
            clock="sent",
            dimensions=("channel", "kind", "state"),
            amounts=(COUNTS, _LEFT_US, _ARRIVED, _BOUNCED, _SPAM, _SKIPPED),
        ),
    ),
)

_HUMAN_OPENS = Amount(kind="count", where="f.kind = 'open' and f.verdict = 'human'")
_HUMAN_CLICKS = Amount(kind="count", where="f.kind = 'click' and f.verdict = 'human'")
_MACHINES = Amount(kind="count", where="f.verdict = 'bot'")
_CLICKERS = Amount(
    kind="distinct", value="f.customer_id", where="f.kind = 'click' and f.verdict = 'human'"
)

ENGAGEMENT = Dataset(
    key="engagement",
    label="Opens and clicks",
    table="analytics.fact_engagement",
    permission="notifications.read",
    reach="everywhere",
    record="f.id",
    clocks={"done": Clock(at="f.at", day="f.on_day", label="Done on")},
    dimensions=texts("kind", "verdict", "channel")
    | {"campaign": Dimension(label="Campaign", sql="f.campaign_id", kind="id", refers="campaign")},
    shows=columns("kind", "verdict", "channel"),
    link="/messages/{id}",
    link_id="f.message_id",
)

CUSTOMERS = Dataset(
    key="customers",
    label="Customers",
    table="analytics.fact_customer",
    permission="customers.read",
    reach="customer",
    record="f.id",
    clocks={"added": Clock(at="f.at", day="f.on_day", label="Customer since")},
    dimensions={"status": Dimension(label="Status", sql="f.status")},
    shows={"customer_id": "f.id", "status": "f.status"},
    link="/customers/{id}",
    link_id="f.id",
)

METRICS: tuple[Metric, ...] = (
    Metric(
        key="deals_opened", version=1, label="Deals opened", meaning="Deals that began.",
        dataset="deals", clock="opened", unit=Unit.COUNT, amount=COUNTS, is_good_up=True,
    ),
    Metric(
        key="deals_won", version=1, label="Deals won", meaning="Deals won, when they were won.",
        dataset="deals", clock="closed", unit=Unit.COUNT, amount=_WON, is_good_up=True,
    ),
    Metric(
        key="deals_lost", version=1, label="Deals lost", meaning="Deals lost, when they were.",
        dataset="deals", clock="closed", unit=Unit.COUNT, amount=_LOST, is_good_up=False,
    ),
    Metric(
        key="won_amount", version=1, label="Won",
        meaning="What won deals are worth, in the company's currency at the deal's own rate.",
        dataset="deals", clock="closed", unit=Unit.MONEY, amount=_WON_AMOUNT, is_good_up=True,
    ),
    Metric(
        key="win_rate", version=1, label="Win rate",
        meaning="Deals won, as a share of those won or lost on the same days.",
        dataset="deals", clock="closed", unit=Unit.RATIO, amount=_WON, over=_DECIDED,
        is_good_up=True,
    ),
    Metric(
        key="cycle_days", version=1, label="Days to win",
        meaning="Days from opening to winning, averaged over deals won.",
        dataset="deals", clock="closed", unit=Unit.DAYS, amount=_CYCLE, over=_WON,
        is_good_up=False,
    ),
    Metric(
        key="velocity", version=1, label="Velocity",
        meaning="What won deals are worth for each day that they took: the average deal divided by "
        "the average days to win.",
        dataset="deals", clock="closed", unit=Unit.MONEY, amount=_WON_AMOUNT, over=_CYCLE,
        is_good_up=True,
    ),
    Metric(
        key="slipped_share", version=1, label="Put off",
        meaning="Deals whose expected close was moved to a later day, as a share of those opened "
        "on the same days that have one.",
        dataset="deals", clock="opened", unit=Unit.RATIO, amount=_SLIPPED, over=_EXPECTED,
        is_good_up=False,
    ),
    Metric(
        key="slipped_days", version=1, label="Days put off",
        meaning="Days between the close first expected and the one expected now, averaged over "
        "deals that were put off.",
        dataset="deals", clock="opened", unit=Unit.DAYS, amount=_PUT_OFF, over=_SLIPPED,
        is_good_up=False,
    ),
    Metric(
        key="open_deals", version=1, label="Open deals",
        meaning="Deals that are open at the moment asked for.",
        dataset="deals", clock="opened", unit=Unit.COUNT, amount=_OPEN, span="standing",
    ),
    Metric(
        key="pipeline", version=1, label="Pipeline",
        meaning="What open deals come to if all are won, at the moment asked for.",
        dataset="deals", clock="opened", unit=Unit.MONEY, amount=_PIPELINE, span="standing",
        is_good_up=True,
    ),
    Metric(
        key="weighted_pipeline", version=1, label="Weighted pipeline",
        meaning="Open deals' amounts times their probability, each rounded to whole minor units.",
        dataset="deals", clock="opened", unit=Unit.MONEY, amount=_WEIGHTED, span="standing",
        is_good_up=True,
    ),
    Metric(
        key="stage_entries", version=1, label="Stage entries",
        meaning="Times that a deal went into a stage.",
        dataset="stage_changes", clock="moved", unit=Unit.COUNT, amount=_ENTERED,
    ),
    Metric(
        key="stage_days", version=1, label="Days in stage",
        meaning="Days that deals stood in the stage they left, averaged over leavings.",
        dataset="stage_changes", clock="moved", unit=Unit.DAYS, amount=_STOOD, over=_LEFT,
        is_good_up=False,
    ),
    Metric(
        key="leads", version=1, label="Leads", meaning="Leads that came, on the day they came.",
        dataset="leads", clock="captured", unit=Unit.COUNT, amount=COUNTS, is_good_up=True,
    ),
    Metric(
        key="leads_converted", version=1, label="Leads converted",
        meaning="Leads that were converted on these days, and still are.",
        dataset="leads", clock="converted", unit=Unit.COUNT, amount=_CONVERTED, is_good_up=True,
    ),
    Metric(
        key="lead_conversion", version=1, label="Lead conversion",
        meaning="Of the leads that came on these days, the share that is converted by now.",
        dataset="leads", clock="captured", unit=Unit.RATIO, amount=_CONVERTED, over=COUNTS,
        is_good_up=True,
    ),
    Metric(
        key="days_to_convert", version=1, label="Days to convert",
        meaning="Days from coming to conversion, averaged over leads converted.",
        dataset="leads", clock="converted", unit=Unit.DAYS, amount=_TO_DEAL, over=_CONVERTED,
        is_good_up=False,
    ),
    Metric(
        key="messages_sent", version=1, label="Messages sent",
        meaning="Messages that a provider took.",
        dataset="messages", clock="sent", unit=Unit.COUNT, amount=_LEFT_US,
    ),
    Metric(
        key="messages_skipped", version=1, label="Messages skipped",
        meaning="Messages that were decided against: no consent, quiet hours, suppressed.",
        dataset="messages", clock="sent", unit=Unit.COUNT, amount=_SKIPPED,
    ),
    Metric(
        key="delivery_rate", version=1, label="Known delivered",
        meaning="Messages of which a provider said that they arrived, as a share of those sent.",
        dataset="messages", clock="sent", unit=Unit.RATIO, amount=_ARRIVED, over=_LEFT_US,
        is_good_up=True,
    ),
    Metric(
        key="bounce_rate", version=1, label="Bounced",
        meaning="Messages that came back, as a share of those sent.",
        dataset="messages", clock="sent", unit=Unit.RATIO, amount=_BOUNCED, over=_LEFT_US,
        is_good_up=False,
    ),
    Metric(
        key="complaint_rate", version=1, label="Called spam",
        meaning="Messages reported as spam, as a share of those sent.",
        dataset="messages", clock="sent", unit=Unit.RATIO, amount=_SPAM, over=_LEFT_US,
        is_good_up=False,
    ),
    Metric(
        key="human_opens", version=1, label="Opens by people",
        meaning="Opens that were judged to be a person's.",
        dataset="engagement", clock="done", unit=Unit.COUNT, amount=_HUMAN_OPENS,
        is_good_up=True,
    ),
    Metric(
        key="human_clicks", version=1, label="Clicks by people",
        meaning="Clicks that were judged to be a person's.",
        dataset="engagement", clock="done", unit=Unit.COUNT, amount=_HUMAN_CLICKS,
        is_good_up=True,
    ),
    Metric(
        key="clickers", version=1, label="People who clicked",
        meaning="Different customers with a click of their own. Not to be added up over days.",
        dataset="engagement", clock="done", unit=Unit.COUNT, amount=_CLICKERS, is_good_up=True,
    ),
    Metric(
        key="machine_share", version=1, label="By machines",
        meaning="Opens and clicks that were a mail scanner's, as a share of all.",
        dataset="engagement", clock="done", unit=Unit.RATIO, amount=_MACHINES, over=COUNTS,
    ),
    Metric(
        key="new_customers", version=1, label="New customers",
        meaning="Customers added, erased ones too.",
        dataset="customers", clock="added", unit=Unit.COUNT, amount=COUNTS, is_good_up=True,
    ),
)  # fmt: skip
