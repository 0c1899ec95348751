"""What score rules may say: a lead's fields, and what leads do."""

from typing import LiteralString

from tandem.crm.sales.store.lead_vocabulary import LEADS
from tandem.kernel.rules import Behaviour, Field, Kind, Vocabulary
from tandem.kernel.rules.vocabulary import behaviour, field

DID: LiteralString = (
    "from sales.lead_event e where e.org_id = :org_id and e.lead_id = l.id and e.kind = "
)
CAMPAIGN = field(Kind.TEXT, "e.facts ->> 'campaign_id'", "campaign")
ADDRESS = field(Kind.TEXT, "e.facts ->> 'url'", "address")


def _did(kind: LiteralString, label: str, **facts: Field) -> Behaviour:
    return behaviour(DID + "'" + kind + "'", at="e.at", label=label, **facts)


SCORED = Vocabulary(
    tables="sales.lead l where l.org_id = :org_id",
    custom_column="l.custom",
    kept_by={
        **{name: " ".join(sorted(rules)) for name, rules in LEADS.kept_by.items()},
        "order_placed.total": "order.total_minor",
    },
    fields=LEADS.fields,
    behaviours={
        "form_submitted": _did(
            "form_submitted",
            "sent a form",
            form_id=field(Kind.TEXT, "e.facts ->> 'form_id'", "form"),
            utm_source=field(Kind.TEXT, "e.facts ->> 'utm_source'", "UTM source"),
        ),
        "email_opened": _did("email_opened", "opened an e-mail", campaign_id=CAMPAIGN),
        "email_clicked": _did(
            "email_clicked", "clicked in an e-mail", campaign_id=CAMPAIGN, url=ADDRESS
        ),
        "page_viewed": _did("page_viewed", "looked at a page", url=ADDRESS),
        "order_placed": _did(
            "order_placed",
            "placed an order",
            total=field(Kind.NUMBER, "(e.facts ->> 'total')::numeric", "total"),
        ),
        "other": _did(
            "other", "did something", name=field(Kind.TEXT, "e.facts ->> 'name'", "name")
        ),
    },
)
