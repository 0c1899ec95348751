"""What rules may say about customers: their words, and the SQL behind each word."""

from typing import LiteralString

from tandem.crm.customers.domain.custom_fields import CustomField
from tandem.kernel.rules import Kind, Vocabulary
from tandem.kernel.rules.vocabulary import behaviour, field, gathered

RFM_SEGMENTS = (
    "champions", "loyal", "potential_loyalist", "new", "promising", "cannot_lose", "at_risk",
    "about_to_sleep", "lost", "others",
)  # fmt: skip

ORDERS: LiteralString = (
    "from customers.purchase e where e.org_id = :org_id and e.customer_id = c.id"
    " and e.status in ('placed', 'completed')"
)

PEOPLE = Vocabulary(
    tables="customers.customer c where c.org_id = :org_id",
    custom_column="c.custom",
    kept_by={
        "gstin": "customer.gstin",
        "emails": "customer.emails",
        "phones": "customer.phones",
        "cities": "customer.addresses",
        "postal_codes": "customer.addresses",
        "states": "customer.addresses",
    },
    fields={
        "name": field(Kind.TEXT, "c.name", "Name"),
        "company_name": field(Kind.TEXT, "c.company_name", "Company"),
        "gstin": field(Kind.TEXT, "c.gstin", "GSTIN"),
        "tags": field(Kind.TAGS, "c.tags", "Tags"),
        "owner_id": field(Kind.TEXT, "c.owner_id::text", "Owner"),
        "team_id": field(Kind.TEXT, "c.team_id::text", "Team"),
        "territory_id": field(Kind.TEXT, "c.territory_id::text", "Territory"),
        "created_at": field(Kind.INSTANT, "c.created_at", "Customer since"),
        "emails": field(
            Kind.TAGS,
            "array(select p.value from customers.contact_point p where p.org_id = :org_id"
            " and p.customer_id = c.id and p.kind = 'email' and p.invalid_at is null)",
            "E-mails",
        ),
        "phones": field(
            Kind.TAGS,
            "array(select p.value from customers.contact_point p where p.org_id = :org_id"
            " and p.customer_id = c.id and p.kind = 'phone' and p.invalid_at is null)",
            "Phones",
        ),
        "cities": field(
            Kind.TAGS,
            "array(select a.address ->> 'city' from customers.address a where a.org_id = :org_id"
            " and a.customer_id = c.id)",
            "Cities",
        ),
        "postal_codes": field(
            Kind.TAGS,
            "array(select a.address ->> 'postal_code' from customers.address a"
            " where a.org_id = :org_id and a.customer_id = c.id)",
            "PIN codes",
        ),
        "states": field(
            Kind.TAGS,
            "array(select a.address ->> 'state_code' from customers.address a"
            " where a.org_id = :org_id and a.customer_id = c.id)",
            "States (GST codes)",
        ),
        "account_roles": field(
            Kind.TAGS,
            "array(select m.role from customers.account_contact m where m.org_id = :org_id"
            " and m.customer_id = c.id)",
            "Roles at accounts",
        ),
        "segments": field(
            Kind.TAGS,
            "array(select m.segment_id::text from customers.segment_member m"
            " where m.org_id = :org_id and m.customer_id = c.id)",
            "Segments",
        ),
        "order_count": gathered(Kind.NUMBER, "count(*)", ORDERS, "Number of orders", is_zero=True),
        "spent": gathered(
            Kind.NUMBER,
            "coalesce(sum(e.paid_minor - e.refunded_minor), 0) / 100.0",
            "from customers.purchase e where e.org_id = :org_id and e.customer_id = c.id",
            "Paid, less refunds",
            is_zero=True,
        ),
        "last_order_at": gathered(Kind.INSTANT, "max(e.placed_at)", ORDERS, "Last order"),
        "first_order_at": gathered(Kind.INSTANT, "min(e.placed_at)", ORDERS, "First order"),
        "rfm_segment": field(
            Kind.TEXT,
            "(select m.rfm_segment from customers.metric m where m.org_id = :org_id"
            " and m.customer_id = c.id)",
            "RFM segment",
            *RFM_SEGMENTS,
        ),
        "chance_alive": field(
            Kind.NUMBER,
            "(select m.p_alive::numeric from customers.metric m where m.org_id = :org_id"
            " and m.customer_id = c.id)",
            "Chance to buy again",
        ),
        "expected_value": field(
            Kind.NUMBER,
            "(select m.expected_minor / 100.0 from customers.metric m where m.org_id = :org_id"
            " and m.customer_id = c.id)",
            "Expected in a year",
        ),
    },
    behaviours={
        "order_placed": behaviour(
            "from customers.purchase e where e.org_id = :org_id and e.customer_id = c.id"
            " and e.status in ('placed', 'completed')",
            at="e.placed_at",
            label="placed an order",
            total=field(Kind.NUMBER, "e.total_minor / 100.0", "total"),
        ),
        "order_cancelled": behaviour(
            "from customers.purchase e where e.org_id = :org_id and e.customer_id = c.id"
            " and e.status = 'cancelled'",
            at="e.placed_at",
            label="cancelled an order",
            total=field(Kind.NUMBER, "e.total_minor / 100.0", "total"),
        ),
        "delivered": behaviour(
            "from customers.activity e where e.org_id = :org_id and e.customer_id = c.id"
            " and e.kind = 'delivery_moved' and e.facts ->> 'status' = 'delivered'",
            at="e.occurred_at",
            label="got a delivery",
        ),
        "delivery_failed": behaviour(
            "from customers.activity e where e.org_id = :org_id and e.customer_id = c.id"
            " and e.kind = 'delivery_moved' and e.facts ->> 'status' = 'failed'",
            at="e.occurred_at",
            label="missed a delivery",
        ),
        "paid": behaviour(
            "from customers.activity e where e.org_id = :org_id and e.customer_id = c.id"
            " and e.kind = 'payment_captured'",
            at="e.occurred_at",
            label="paid",
            amount=field(Kind.NUMBER, "(e.facts ->> 'amount_minor')::numeric / 100", "amount"),
        ),
        "refunded": behaviour(
            "from customers.activity e where e.org_id = :org_id and e.customer_id = c.id"
            " and e.kind = 'refund_processed'",
            at="e.occurred_at",
            label="got a refund",
            amount=field(Kind.NUMBER, "(e.facts ->> 'amount_minor')::numeric / 100", "amount"),
        ),
        "complained": behaviour(
            "from customers.activity e where e.org_id = :org_id and e.customer_id = c.id"
            " and e.kind = 'complaint_opened'",
            at="e.occurred_at",
            label="complained",
            severity=field(Kind.TEXT, "e.facts ->> 'severity'", "severity"),
            category=field(Kind.TEXT, "e.facts ->> 'category'", "category"),
        ),
        "happened": behaviour(
            "from customers.activity e where e.org_id = :org_id and e.customer_id = c.id",
            at="e.occurred_at",
            label="did something",
            kind=field(Kind.TEXT, "e.kind", "kind"),
            campaign_id=field(Kind.TEXT, "e.facts ->> 'campaign_id'", "campaign"),
        ),
    },
)


def people(fields: list[CustomField]) -> Vocabulary:
    """The words with this organisation's own fields, retired ones too: old rules keep meaning."""
    return PEOPLE.with_custom([one.for_rules() for one in fields])
