"""What we write into Jira: enough to work with, and as little about people as that takes.

Telephone numbers and e-mail addresses are masked wherever somebody typed them; the customer is not
named, the link back leads whoever may know to the whole.
"""

import re
from typing import Any

from tandem.scm.support.domain.complaints import Complaint, Message
from tandem.scm.support.domain.jira_connection import FieldRule, Mapping, Source
from tandem.scm.support.domain.jira_remote import LABEL
from tandem.scm.support.domain.statuses import Origin, Visibility

SUMMARY_MAX = 255
ERASED = "*(erased at the customer's request)*"

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w#/-])\+?\d(?:[ \-().]{0,2}\d){8,14}(?!\w)")


def masked(text: str) -> str:
    """`98••••••10` and `a•••@…`; numbers of orders and parcels stay."""
    text = EMAIL.sub(lambda found: f"{found[0][0]}•••@•••", text)
    return PHONE.sub(lambda found: _masked_phone(found[0]), text)


def _masked_phone(text: str) -> str:
    digits = re.sub(r"\D", "", text)
    return f"{digits[:2]}••••••{digits[-2:]}"


def summary_of(number: str, subject: str) -> str:
    """Our number leads, so that people and a search find it."""
    words = " ".join(masked(subject).split())
    return f"[{number}] {words}"[:SUMMARY_MAX].strip()


def subject_of(number: str, summary: str) -> str:
    return summary.removeprefix(f"[{number}]").strip()[:200]


def description_of(complaint: Complaint, *, page_url: str) -> str:
    """Markdown, without a name, telephone number or address."""
    facts = {
        "Complaint": complaint.number,
        "Category": complaint.category,
        "Severity": complaint.severity,
        "Order": complaint.order_number,
        "Parcel": complaint.shipment_number,
        "Invoice": complaint.invoice_number,
    }
    lines = [f"**{name}:** {value}" for name, value in facts.items() if value]
    return "\n".join([*lines, f"[Open in Tandem](<{page_url}>)"])


def comment_of(message: Message) -> str:
    """Who wrote it, in a word, and what."""
    who = "Customer" if message.origin is Origin.BUYER else masked(message.author_label) or "Tandem"
    seen = "public" if message.visibility is Visibility.PUBLIC else "internal"
    safe = re.sub(r"[*_`\[\]<>\\]", "", who)
    return f"**{safe}** ({seen})\n\n{masked(message.body)}"


def labels_of(complaint: Complaint) -> list[str]:
    return [LABEL, link_label(complaint), f"{LABEL}-{complaint.category}"]


def link_label(complaint: Complaint) -> str:
    """Found by any search, where a property may not be indexed."""
    return f"{LABEL}-{complaint.id.hex}"


def field_values(rules: list[FieldRule], complaint: Complaint) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for rule in rules:
        value = _value(rule, complaint)
        if value:
            values[rule.field_id] = {"id": value} if rule.source is Source.OPTION else value
    return values


def fields_of(complaint: Complaint, mapping: Mapping) -> dict[str, Any]:
    """The mapped fields with their values, and the priority. A request has only what its form
    asks for: its priority is set on the issue afterwards."""
    values = field_values(mapping.fields, complaint)
    if mapping.request_type_id:
        return values
    if priority := mapping.priorities.get(complaint.severity):
        values["priority"] = {"id": priority}
    return values


def _value(rule: FieldRule, complaint: Complaint) -> str:
    match rule.source:
        case Source.ORDER_NUMBER:
            return complaint.order_number
        case Source.COMPLAINT_NUMBER:
            return complaint.number
        case Source.CATEGORY:
            return complaint.category
        case Source.TEXT | Source.OPTION:
            return rule.value
