"""What rules may say about leads: their words, and the SQL behind each word."""

from tandem.kernel.rules import Kind, Vocabulary
from tandem.kernel.rules.vocabulary import field

LEADS = Vocabulary(
    tables="sales.lead l where l.org_id = :org_id",
    custom_column="l.custom",
    kept_by={
        "job_title": "lead.job_title",
        "email": "lead.email",
        "email_domain": "lead.email",
        "phone": "lead.phone",
        "website": "lead.website",
        "description": "lead.description",
        "score": "lead.score",
        "fit_score": "lead.score",
        "behaviour_score": "lead.score",
    },
    fields={
        "name": field(Kind.TEXT, "l.name", "Name"),
        "company_name": field(Kind.TEXT, "l.company_name", "Company"),
        "job_title": field(Kind.TEXT, "l.job_title", "Job title"),
        "email": field(Kind.TEXT, "l.email", "E-mail"),
        "email_domain": field(Kind.TEXT, "split_part(l.email, '@', 2)", "E-mail domain"),
        "phone": field(Kind.TEXT, "l.phone", "Phone"),
        "website": field(Kind.TEXT, "l.website", "Website"),
        "city": field(Kind.TEXT, "l.city", "City"),
        "country": field(Kind.TEXT, "l.country", "Country"),
        "source": field(Kind.TEXT, "l.source", "Source"),
        "description": field(Kind.TEXT, "l.description", "Description"),
        "tags": field(Kind.TAGS, "l.tags", "Tags"),
        "kind": field(
            Kind.TEXT, "l.kind", "Kind of status", "open", "qualified", "converted", "lost"
        ),
        "score": field(Kind.NUMBER, "l.score", "Score"),
        "fit_score": field(Kind.NUMBER, "l.fit_score", "Score for fit"),
        "behaviour_score": field(Kind.NUMBER, "l.behaviour_score", "Score for behaviour"),
        "touch_count": field(Kind.NUMBER, "l.touch_count", "Number of touches"),
        "utm_source": field(Kind.TEXT, "l.last_touch ->> 'utm_source'", "UTM source"),
        "utm_medium": field(Kind.TEXT, "l.last_touch ->> 'utm_medium'", "UTM medium"),
        "utm_campaign": field(Kind.TEXT, "l.last_touch ->> 'utm_campaign'", "UTM campaign"),
        "first_utm_source": field(Kind.TEXT, "l.first_touch ->> 'utm_source'", "First UTM source"),
        "first_utm_campaign": field(
            Kind.TEXT, "l.first_touch ->> 'utm_campaign'", "First UTM campaign"
        ),
        "channel": field(
            Kind.TEXT, "l.last_touch ->> 'channel'", "Channel",
            "form", "api", "import", "manual", "campaign", "other",
        ),
        "form_id": field(Kind.TEXT, "l.last_touch ->> 'form_id'", "Form"),
        "owner_id": field(Kind.TEXT, "l.owner_id::text", "Owner"),
        "team_id": field(Kind.TEXT, "l.team_id::text", "Team"),
        "territory_id": field(Kind.TEXT, "l.territory_id::text", "Territory"),
        "customer_id": field(Kind.TEXT, "l.customer_id::text", "Customer"),
        "created_at": field(Kind.INSTANT, "l.created_at", "Captured"),
    },
)  # fmt: skip
