"""Leads and deals as rows of a spreadsheet."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from tandem.crm.sales.domain.leads import Lead
from tandem.crm.sales.domain.opportunities import Opportunity
from tandem.kernel.cells import guarded
from tandem.kernel.money import Money

Cell = str | int | Decimal
LEAD_TEXTS = (
    "number", "name", "company_name", "job_title", "email", "phone", "website", "city", "country",
    "description", "source",
)  # fmt: skip
MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LEAD_COLUMNS = (*LEAD_TEXTS, "status", "lost_reason", "owner", "tags", *MARKS, "first_utm_source",
                "first_utm_campaign", "touch_count", "score", "created_at")  # fmt: skip
DEAL_COLUMNS = (
    "number", "title", "customer_name", "stage", "status", "amount", "currency", "fx_rate",
    "probability", "close_on", "next_step", "source", "lost_reason", "lost_note", "competitor",
    "owner", "order_number", "created_at", "closed_at",
)  # fmt: skip


def lead_row(lead: Lead, people: Mapping[UUID, str], zone: str) -> list[Cell]:
    """In the order of `LEAD_COLUMNS`: names as an import of leads reads them, the marks of the
    last touch, times by the company's clock."""
    first, last = lead.first_touch or {}, lead.last_touch or {}
    return [
        *(guarded(getattr(lead, name) or "") for name in LEAD_TEXTS),
        guarded(lead.status_name),
        guarded(lead.lost_reason),
        guarded(_owner(lead.owner_id, people)),
        guarded("; ".join(lead.tags)),
        *(guarded(last.get(name, "")) for name in MARKS),
        guarded(first.get("utm_source", "")),
        guarded(first.get("utm_campaign", "")),
        lead.touch_count,
        lead.score,
        _moment(lead.created_at, zone),
    ]


def deal_row(deal: Opportunity, people: Mapping[UUID, str], zone: str) -> list[Cell]:
    """In the order of `DEAL_COLUMNS`; the amount in whole units of its currency."""
    amount = deal.amount_minor
    return [
        deal.number,
        *(guarded(text) for text in (deal.title, deal.customer_name, deal.stage_name)),
        str(deal.status),
        "" if amount is None else Money(minor=amount, currency=deal.currency).major(),
        deal.currency,
        deal.fx_rate,
        deal.probability,
        deal.close_on.isoformat() if deal.close_on else "",
        *(guarded(text) for text in (deal.next_step, deal.source, deal.lost_reason)),
        *(guarded(text) for text in (deal.lost_note, deal.competitor)),
        guarded(_owner(deal.owner_id, people)),
        deal.order_number,
        _moment(deal.created_at, zone),
        _moment(deal.closed_at, zone) if deal.closed_at else "",
    ]


def _owner(owner_id: UUID | None, people: Mapping[UUID, str]) -> str:
    return people.get(owner_id, "") if owner_id else ""


def _moment(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
