"""What Jira tells us, in our own words: issues, comments, files, and what a project asks for."""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tandem.scm.support.domain.jira_connection import FieldRule, Mapping, Source

Category = Literal["new", "indeterminate", "done"]
PROPERTY = "tandem.complaint"
"""Our entity property on the issue, and on each comment of ours `tandem.message`."""
MESSAGE_PROPERTY = "tandem.message"
LABEL = "tandem"

BY_US = frozenset({"project", "issuetype", "summary", "description", "labels", "reporter"})
"""Fields that we fill, or Jira does by itself."""


class RemoteStatus(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    category: Category


class RemoteComment(msgspec.Struct, frozen=True, kw_only=True):
    """`body` is Markdown. `is_public` is true only where a service desk says so and nothing else
    restricts it. `message_id` is what we wrote on it when it is ours."""

    id: str
    author_id: str
    author_name: str
    body: str
    is_public: bool
    message_id: UUID | None
    created: datetime
    updated: datetime


class RemoteFile(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    author_id: str
    author_name: str
    filename: str
    size_bytes: int


class RemoteIssue(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    key: str
    project_key: str
    is_desk: bool
    summary: str
    status: RemoteStatus
    status_changed: datetime
    priority_id: str
    updated: datetime
    comments: list[RemoteComment]
    files: list[RemoteFile]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    key: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class Project(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    key: str
    name: str
    is_desk: bool


class IssueType(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class RequestType(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    issue_type_id: str
    service_desk_id: str


class CreateField(msgspec.Struct, frozen=True, kw_only=True):
    """`options` is empty where any value goes."""

    id: str
    name: str
    is_required: bool
    kind: str
    options: dict[str, str] = {}


class RequestForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a request type asks for. `may_name_customer`: we may raise it for somebody else."""

    fields: list[CreateField]
    may_name_customer: bool


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    to: RemoteStatus
    required: list[CreateField]


def problems_of(
    mapping: Mapping,
    fields: Sequence[CreateField],
    statuses: Sequence[RemoteStatus],
    form: RequestForm | None = None,
) -> list[str]:
    """What would go wrong with this mapping in that project, in words; empty when nothing.

    `form` is what a service desk's request asks for: it counts in place of the create screen. Its
    priority is the one thing that is set on the issue afterwards, so it fills no request field.
    """
    known = {field.id: field for field in fields}
    asked = fields if form is None else form.fields
    filled = {rule.field_id for rule in mapping.fields}
    if mapping.priorities and form is None:
        filled.add("priority")
    found = [
        f"{field.name} ({field.id}) is required and has no value."
        for field in asked
        if field.is_required and field.id not in filled | BY_US
    ]
    place = "create screen" if form is None else "request form"
    found += _unknown(mapping.fields, {field.id: field for field in asked}, place)
    listed = {status.id: status for status in statuses}
    found += [
        f"Status {status_id} is not one of this project's."
        for status_id in sorted({*mapping.statuses, *mapping.targets.values()} - listed.keys())
    ]
    if "priority" in known and (options := known["priority"].options):
        found += [
            f"Priority {value} is not one of this project's."
            for value in sorted(set(mapping.priorities.values()) - options.keys())
        ]
    return found


def _unknown(
    rules: Sequence[FieldRule], known: Dictionary[str, CreateField], place: str
) -> list[str]:
    found = []
    for rule in rules:
        field = known.get(rule.field_id)
        if field is None:
            found.append(f"Field {rule.field_id} is not on the {place}.")
        elif rule.source is Source.OPTION and rule.value not in field.options:
            found.append(f"{field.name} has no option {rule.value!r}.")
        elif rule.source is not Source.OPTION and field.options:
            found.append(f"{field.name} takes one of its options only.")
    return found
