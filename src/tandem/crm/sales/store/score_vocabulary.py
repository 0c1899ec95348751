"""What score rules may say: a lead's fields, and what leads do."""

from tandem.crm.sales.store.lead_vocabulary import LEADS
from tandem.kernel.rules import Kind, Vocabulary
from tandem.kernel.rules.vocabulary import behaviour, field

SCORED = Vocabulary(
    tables="sales.lead l where l.org_id = :org_id",
    custom_column="l.custom",
    fields=LEADS.fields,
    behaviours={
        "form_submitted": behaviour(
            "from sales.lead_event e where e.org_id = :org_id and e.lead_id = l.id"
            " and e.kind = 'form_submitted'",
            at="e.at",
            label="sent a form",
            form_id=field(Kind.TEXT, "e.facts ->> 'form_id'", "form"),
            utm_source=field(Kind.TEXT, "e.facts ->> 'utm_source'", "UTM source"),
        ),
        "email_opened": behaviour(
            "from sales.lead_event e where e.org_id = :org_id and e.lead_id = l.id"
            " and e.kind = 'email_opened'",
            at="e.at",
            label="opened an e-mail",
            campaign_id=field(Kind.TEXT, "e.facts ->> 'campaign_id'", "campaign"),
        ),
        "email_clicked": behaviour(
            "from sales.lead_event e where e.org_id = :org_id and e.lead_id = l.id"
            " and e.kind = 'email_clicked'",
            at="e.at",
            label="clicked in an e-mail",
            campaign_id=field(Kind.TEXT, "e.facts ->> 'campaign_id'", "campaign"),
            url=field(Kind.TEXT, "e.facts ->> 'url'", "address"),
        ),
        "page_viewed": behaviour(
            "from sales.lead_event e where e.org_id = :org_id and e.lead_id = l.id"
            " and e.kind = 'page_viewed'",
            at="e.at",
            label="looked at a page",
            url=field(Kind.TEXT, "e.facts ->> 'url'", "address"),
        ),
        "order_placed": behaviour(
            "from sales.lead_event e where e.org_id = :org_id and e.lead_id = l.id"
            " and e.kind = 'order_placed'",
            at="e.at",
            label="placed an order",
            total=field(Kind.NUMBER, "(e.facts ->> 'total')::numeric", "total"),
        ),
        "other": behaviour(
            "from sales.lead_event e where e.org_id = :org_id and e.lead_id = l.id"
            " and e.kind = 'other'",
            at="e.at",
            label="did something",
            name=field(Kind.TEXT, "e.facts ->> 'name'", "name"),
        ),
    },
)
