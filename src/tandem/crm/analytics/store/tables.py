"""The tables of facts: one statement each to read, to end and to add versions."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from tandem.kernel.db import Query

_WHO: LiteralString = "customer_id uuid, owner_id uuid"
_COMMON: LiteralString = "key text, at timestamptz, on_day date"

COLUMNS: Mapping[str, LiteralString] = {
    "touch": (
        "person_id uuid, kind text, is_counted boolean, channel text, source text, medium text,"
        " utm_campaign text, campaign_id uuid, journey_id uuid"
    ),
    "alias": "from_id uuid, to_id uuid, is_on boolean",
    "spend": (
        "campaign_id uuid, name text, channel text, source text, medium text, utm_campaign text,"
        " currency text, spend_base bigint"
    ),
    "credit": (
        "kind text, record_id uuid, movement_id uuid, number text, touch_id uuid,"
        " touched_at timestamptz, touch text, channel text, source text, medium text,"
        " utm_campaign text, campaign_id uuid, journey_id uuid, whole_base bigint,"
        " credits bigint[], shares bigint[]"
    ),
    "order": (
        "number text, customer_id uuid, channel text, status text, payment_method text,"
        " state_code text, currency text, units bigint, total_minor bigint, total_base bigint,"
        " tax_base bigint, discount_base bigint, paid_base bigint, refunded_base bigint"
    ),
    "order_line": (
        "order_id uuid, number text, customer_id uuid, variant_id uuid, sku text, channel text,"
        " status text, state_code text, currency text, quantity bigint, total_base bigint,"
        " taxable_base bigint"
    ),
    "payment": (
        "order_id uuid, number text, kind text, method text, currency text, amount_base bigint,"
        " net_base bigint"
    ),
    "invoice": "order_id uuid, number text, kind text, currency text, net_base bigint",
    "shipment": (
        "order_id uuid, number text, carrier text, status text, state_code text,"
        " promised_on date, revisions int, failures int, delivered_at timestamptz,"
        " delivered_on date, is_kept boolean, hours numeric"
    ),
    "stock": (
        "variant_id uuid, sku text, location_id uuid, kind text, reason text, quantity bigint"
    ),
    "complaint": (
        "order_id uuid, customer_id uuid, number text, category text, severity text, queue text,"
        " channel text, status text, is_breached boolean, rating int, resolved_at timestamptz,"
        " resolved_on date, hours numeric"
    ),
    "opportunity": (
        "number text, " + _WHO + ", stage text, status text, source text, lost_reason text,"
        " currency text, amount_base bigint, weighted_base bigint, close_on date,"
        " closed_at timestamptz, closed_on date, days numeric, slips bigint, slipped_days bigint"
    ),
    "stage_change": (
        "opportunity_id uuid, number text, owner_id uuid, from_stage text, to_stage text,"
        " days numeric"
    ),
    "lead": (
        "number text, " + _WHO + ", opportunity_id uuid, channel text, source text,"
        " campaign text, status text, score bigint, converted_at timestamptz, converted_on date,"
        " days numeric"
    ),
    "message": (
        "order_id uuid, customer_id uuid, channel text, kind text, feed text, state text,"
        " reason text"
    ),
    "engagement": (
        "message_id uuid, customer_id uuid, campaign_id uuid, channel text, kind text, verdict text"
    ),
    "customer": "status text",
    "moment": (
        "kind text, holds boolean, customer_id uuid, lead_id uuid, record_id uuid, channel text,"
        " source text, campaign text, state_code text, stage text, status text"
    ),
}
"""Of each table, what a fold fills: name and type."""

_NAMES: Mapping[str, LiteralString] = {
    "touch": "analytics.fact_touch",
    "alias": "analytics.fact_alias",
    "spend": "analytics.fact_spend",
    "credit": "analytics.fact_credit",
    "order": "analytics.fact_order",
    "order_line": "analytics.fact_order_line",
    "payment": "analytics.fact_payment",
    "invoice": "analytics.fact_invoice",
    "shipment": "analytics.fact_shipment",
    "stock": "analytics.fact_stock",
    "complaint": "analytics.fact_complaint",
    "opportunity": "analytics.fact_opportunity",
    "stage_change": "analytics.fact_stage_change",
    "lead": "analytics.fact_lead",
    "message": "analytics.fact_message",
    "engagement": "analytics.fact_engagement",
    "customer": "analytics.fact_customer",
    "moment": "analytics.fact_moment",
}


class FactTable:
    """Reading what holds now, ending it, and adding what holds from a moment on."""

    def __init__(self, name: LiteralString, columns: LiteralString) -> None:
        self.name = name
        typed = _COMMON + ", " + columns
        names: Sequence[LiteralString] = [one.strip().split(" ")[0] for one in typed.split(",")]
        listed: LiteralString = ", ".join(names)
        self.columns: tuple[str, ...] = tuple(names)
        self.current = Query(
            "select id, recorded_at, "
            + listed
            + " from "
            + name
            + """
             where org_id = :org_id and id = any(:ids::uuid[]) and superseded_at = 'infinity'
            """
        )
        self.end = Query(
            "update "
            + name
            + """ set superseded_at = :mark
             where org_id = :org_id and id = any(:ids::uuid[]) and superseded_at = 'infinity'
            """
        )
        self.add = Query(
            "insert into " + name + " (org_id, id, recorded_at, " + listed + ")"
            " select :org_id, id, :mark::timestamptz, "
            + listed
            + """
               from jsonb_to_recordset(:rows::jsonb) as given (id uuid, """
            + typed
            + ")"
        )
        self.clear = Query("delete from " + name + " where org_id = :org_id")
        self.keys_of_currency: Query | None = None
        if "currency" in names:
            self.keys_of_currency = Query(
                "select distinct key from "
                + name
                + """
                 where org_id = :org_id and currency = any(:currencies::text[])
                   and superseded_at = 'infinity'
                """
            )

    def row(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(values[name] for name in self.columns)


TABLES: Mapping[str, FactTable] = {
    name: FactTable(_NAMES[name], columns) for name, columns in COLUMNS.items()
}
