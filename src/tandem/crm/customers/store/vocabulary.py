"""What rules may say about customers: their words, and the SQL behind each word."""

from typing import LiteralString

from tandem.crm.customers.domain.custom_fields import CustomField
from tandem.crm.customers.store.purchase_sums import SUMS
from tandem.kernel.rules import Behaviour, Field, Kind, Vocabulary
from tandem.kernel.rules.vocabulary import behaviour, code, field, kept, listed, summed, whole

RFM_SEGMENTS = (
    "champions", "loyal", "potential_loyalist", "new", "promising", "cannot_lose", "at_risk",
    "about_to_sleep", "lost", "others",
)  # fmt: skip

_SUMS: LiteralString = f"from {SUMS} e where e.customer_id = c.id"
_POINTS: LiteralString = (
    "from customers.contact_point e where e.org_id = :org_id and e.customer_id = c.id"
    " and e.invalid_at is null"
)
_ADDRESSES: LiteralString = (
    "from customers.address e where e.org_id = :org_id and e.customer_id = c.id"
)
_METRIC: LiteralString = "from customers.metric e where e.org_id = :org_id and e.customer_id = c.id"
_PURCHASES: LiteralString = (
    "from customers.purchase e where e.org_id = :org_id and e.customer_id = c.id"
)
_ACTIVITIES: LiteralString = (
    "from customers.activity e where e.org_id = :org_id and e.customer_id = c.id"
)
_PAISE = 100
_TOTAL = whole("e.total_minor", "total", parts=_PAISE)
_AMOUNT = whole("e.amount_minor", "amount", parts=_PAISE)


def _did(label: str, which: LiteralString, **words: Field) -> Behaviour:
    """Lines of the timeline, those of which `which` holds."""
    return behaviour(_ACTIVITIES + which, at="e.occurred_at", label=label, **words)


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
        "spent": "order.paid_minor",
        "expected_value": "order.total_minor",
        "order_placed.total": "order.total_minor",
        "order_cancelled.total": "order.total_minor",
        "paid.amount": "payment.amount_minor delivery.cash_minor",
        "refunded.amount": "payment.amount_minor",
    },
    fields={
        "name": field(Kind.TEXT, "c.name", "Name"),
        "company_name": field(Kind.TEXT, "c.company_name", "Company"),
        "gstin": field(Kind.TEXT, "c.gstin", "GSTIN"),
        "gst_treatment": field(Kind.TEXT, "c.gst_treatment", "GST treatment"),
        "tags": field(Kind.TAGS, "c.tags", "Tags"),
        "owner_id": field(Kind.TEXT, "c.owner_id::text", "Owner"),
        "team_id": field(Kind.TEXT, "c.team_id::text", "Team"),
        "territory_id": field(Kind.TEXT, "c.territory_id::text", "Territory"),
        "created_at": field(Kind.INSTANT, "c.created_at", "Customer since"),
        "locale": field(Kind.TEXT, "c.locale", "Language"),
        "emails": listed("e.value", f"{_POINTS} and e.kind = 'email'", "E-mails"),
        "phones": listed("e.value", f"{_POINTS} and e.kind = 'phone'", "Phones"),
        "cities": listed("e.address ->> 'city'", _ADDRESSES, "Cities"),
        "postal_codes": listed("e.address ->> 'postal_code'", _ADDRESSES, "PIN codes"),
        "states": listed("e.address ->> 'state_code'", _ADDRESSES, "States (GST codes)"),
        "account_roles": listed(
            "e.role",
            "from customers.account_contact e where e.org_id = :org_id and e.customer_id = c.id",
            "Roles at accounts",
        ),
        "segments": listed(
            "e.segment_id::text",
            "from customers.segment_member e where e.org_id = :org_id and e.customer_id = c.id",
            "Segments",
        ),
        "order_count": kept(
            Kind.NUMBER, "e.order_count", _SUMS, "Number of orders", is_zero=True, parts=1
        ),
        "spent": kept(
            Kind.NUMBER, "e.spent_minor", _SUMS, "Paid, less refunds", is_zero=True, parts=_PAISE
        ),
        "last_order_at": kept(Kind.INSTANT, "e.last_order_at", _SUMS, "Last order"),
        "first_order_at": kept(Kind.INSTANT, "e.first_order_at", _SUMS, "First order"),
        "rfm_segment": kept(Kind.TEXT, "e.rfm_segment", _METRIC, "RFM segment", *RFM_SEGMENTS),
        "chance_alive": kept(Kind.NUMBER, "e.p_alive::numeric", _METRIC, "Chance to buy again"),
        "expected_value": kept(
            Kind.NUMBER, "e.expected_minor", _METRIC, "Expected in a year", parts=_PAISE
        ),
    },
    behaviours={
        "order_placed": summed(
            behaviour(
                _PURCHASES + " and e.status in ('placed', 'completed')",
                at="e.placed_at",
                label="placed an order",
                total=_TOTAL,
            ),
            _SUMS,
            count="e.order_count",
            last="e.last_order_at",
        ),
        "order_cancelled": behaviour(
            _PURCHASES + " and e.status = 'cancelled'",
            at="e.placed_at",
            label="cancelled an order",
            total=_TOTAL,
        ),
        "delivered": _did(
            "got a delivery",
            " and e.kind = 'delivery_moved' and e.status = 'delivered'",
        ),
        "delivery_failed": _did(
            "missed a delivery",
            " and e.kind = 'delivery_moved' and e.status = 'failed'",
        ),
        "paid": _did("paid", " and e.kind = 'payment_captured'", amount=_AMOUNT),
        "refunded": _did("got a refund", " and e.kind = 'refund_processed'", amount=_AMOUNT),
        "complained": _did(
            "complained",
            " and e.kind = 'complaint_opened'",
            severity=field(Kind.TEXT, "e.facts ->> 'severity'", "severity"),
            category=field(Kind.TEXT, "e.facts ->> 'category'", "category"),
        ),
        "happened": _did(
            "did something",
            "",
            kind=code("e.kind", "kind"),
            campaign_id=field(Kind.TEXT, "e.facts ->> 'campaign_id'", "campaign"),
        ),
    },
)


def people(fields: list[CustomField]) -> Vocabulary:
    """The words with this organisation's own fields, retired ones too: old rules keep meaning."""
    return PEOPLE.with_custom([one.for_rules() for one in fields])
