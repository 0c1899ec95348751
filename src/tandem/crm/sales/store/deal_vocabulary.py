"""What rules may say about deals: their words, and the SQL behind each word."""

from tandem.kernel.rules import Kind, Vocabulary
from tandem.kernel.rules.vocabulary import field

DEALS = Vocabulary(
    tables="sales.opportunity o join sales.stage s on s.org_id = o.org_id and s.id = o.stage_id "
    "where o.org_id = :org_id",
    custom_column="o.custom",
    kept_by={
        "amount": "opportunity.amount_minor",
        "probability": "opportunity.probability",
        "lost_reason": "opportunity.lost_note",
    },
    fields={
        "title": field(Kind.TEXT, "o.title", "Title"),
        "customer_name": field(Kind.TEXT, "o.customer_name", "Customer's name"),
        "customer_id": field(Kind.TEXT, "o.customer_id::text", "Customer"),
        "stage": field(Kind.TEXT, "s.name", "Stage"),
        "status": field(Kind.TEXT, "o.status", "Status", "open", "won", "lost"),
        "amount": field(Kind.NUMBER, "(o.amount_minor::numeric / 100)", "Amount"),
        "currency": field(Kind.TEXT, "o.currency", "Currency"),
        "probability": field(
            Kind.NUMBER,
            "coalesce(case when o.status = 'open' then o.manual_probability end, s.probability)",
            "Probability",
        ),
        "close_on": field(Kind.DATE, "o.close_on", "Closes on"),
        "source": field(Kind.TEXT, "o.source", "Source"),
        "next_step": field(Kind.TEXT, "o.next_step", "Next step"),
        "lost_reason": field(Kind.TEXT, "o.lost_reason", "Reason it was lost"),
        "owner_id": field(Kind.TEXT, "o.owner_id::text", "Owner"),
        "team_id": field(Kind.TEXT, "o.team_id::text", "Team"),
        "territory_id": field(Kind.TEXT, "o.territory_id::text", "Territory"),
        "pipeline_id": field(Kind.TEXT, "o.pipeline_id::text", "Pipeline"),
        "created_at": field(Kind.INSTANT, "o.created_at", "Opened"),
    },
)
