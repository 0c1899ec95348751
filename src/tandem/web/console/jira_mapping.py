"""A mapping as a form: fields as `field.<id>`, what fills them as `source.<id>`."""

from collections.abc import Mapping as Dictionary
from datetime import UTC, datetime
from uuid import UUID

from tandem.kernel.errors import Invalid
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import (
    FieldRule,
    Mapping,
    Policy,
    Source,
    Winner,
)
from tandem.scm.support.domain.statuses import Channel, Origin, Severity, Status
from tandem.web.console.forms import convert

SAMPLE = UUID("01900000-0000-7000-8000-000000000001")


def mapping_of(form: Dictionary[str, str]) -> Mapping:
    desk_id, _, request_type = form.get("request_type", "").partition(":")
    return convert(
        {
            "category": form.get("category", ""),
            "project_key": form.get("project_key", ""),
            "issue_type_id": form.get("issue_type_id", ""),
            "service_desk_id": desk_id,
            "request_type_id": request_type,
            "fields": _rules(form, "field"),
            "transition_fields": _transition_rules(form),
            "priorities": _chosen(form, "priority"),
            "statuses": _chosen(form, "status"),
            "targets": _chosen(form, "target"),
        },
        Mapping,
        {"project_key": "Choose a project.", "issue_type_id": "Choose an issue type."},
    )


def policy_of(form: Dictionary[str, str]) -> Policy:
    winner = form.get("winner", "newest")
    if winner not in set(Winner):
        raise Invalid("Choose who wins.", field="winner")
    return Policy(
        opens_issues=form.get("opens_issues") == "true",
        sends_internal=form.get("sends_internal") == "true",
        shows_public_replies=form.get("shows_public_replies") == "true",
        sends_files=form.get("sends_files") == "true",
        takes_files=form.get("takes_files") == "true",
        names_customer=form.get("names_customer") == "true",
        status=Winner(winner),
        severity=Winner(winner),
    )


def values_of(mapping: Mapping) -> dict[str, str]:
    """The form's values for what is saved."""
    values = {f"priority.{severity}": given for severity, given in mapping.priorities.items()}
    values |= {f"status.{status_id}": str(meant) for status_id, meant in mapping.statuses.items()}
    for rule in mapping.fields:
        is_given = rule.source in {Source.TEXT, Source.OPTION}
        values[f"field.{rule.field_id}"] = rule.value if is_given else f"={rule.source}"
    lines = [f"{rule.field_id}={rule.value}" for rule in mapping.transition_fields]
    values["transition_fields"] = "\n".join(lines)
    values["request_type"] = (
        f"{mapping.service_desk_id}:{mapping.request_type_id}" if mapping.request_type_id else ""
    )
    return values


def sample() -> Complaint:
    """A complaint that never was, to show how an issue will look."""
    now = datetime(2026, 1, 2, 9, tzinfo=UTC)
    return Complaint(
        id=SAMPLE,
        number="CMP-1001",
        public_token="",
        order_id=None,
        order_number="SO-1001",
        shipment_id=None,
        shipment_number="SH-1001",
        invoice_id=None,
        invoice_number="",
        customer_id=None,
        customer_name="",
        customer_email=None,
        customer_phone=None,
        channel=Channel.TRACKING,
        origin=Origin.BUYER,
        category="damaged",
        severity=Severity.HIGH,
        status=Status.OPEN,
        queue="care",
        assignee_id=None,
        assignee_name="",
        subject="Kettle arrived broken, call me on 98765 43210",
        rule=None,
        rule_subject=None,
        response_seconds=1,
        response_due_at=None,
        responded_at=None,
        response_breached_at=None,
        resolution_seconds=1,
        resolution_due_at=None,
        resolution_left_seconds=None,
        resolution_breached_at=None,
        next_due_at=None,
        resolved_at=None,
        closed_at=None,
        rating=None,
        rating_note="",
        rated_at=None,
        erased_at=None,
        version=1,
        opened_at=now,
        updated_at=now,
    )


def _rules(form: Dictionary[str, str], prefix: str) -> list[FieldRule]:
    """A value that begins with `=` is taken from the complaint; options are marked as such."""
    found = []
    for name, value in form.items():
        if not name.startswith(f"{prefix}.") or not value:
            continue
        field_id = name.removeprefix(f"{prefix}.")
        found.append(_rule(field_id, value, is_option=form.get(f"kind.{field_id}") == "option"))
    return found


def _rule(field_id: str, value: str, *, is_option: bool) -> FieldRule:
    if value.startswith("="):
        if value[1:] not in set(Source):
            raise Invalid("Choose what fills this field.", field=f"field.{field_id}")
        return FieldRule(field_id=field_id, source=Source(value[1:]))
    source = Source.OPTION if is_option else Source.TEXT
    return FieldRule(field_id=field_id[:100], source=source, value=value[:255])


def _transition_rules(form: Dictionary[str, str]) -> list[FieldRule]:
    """A line per field: `customfield_10060=See complaint`; `id:` before an option's id."""
    found = []
    for line in form.get("transition_fields", "").splitlines():
        field_id, is_pair, value = line.strip().partition("=")
        if not line.strip():
            continue
        if not is_pair or not field_id.strip() or not value.strip():
            raise Invalid(
                "Write a line such as customfield_10060=See complaint.", field="transition_fields"
            )
        is_option = value.strip().startswith("id:")
        text = value.strip().removeprefix("id:")
        found.append(_rule(field_id.strip(), text, is_option=is_option))
    return found


def _chosen(form: Dictionary[str, str], prefix: str) -> dict[str, str]:
    return {
        name.removeprefix(f"{prefix}."): value
        for name, value in form.items()
        if name.startswith(f"{prefix}.") and value
    }
