"""The site as its administrator set it up: people, projects, issue types, workflows, fields.

Three projects, so that each kind of trouble has a home: CARE is plain, DESK is a service desk, OPS
has a required custom field, a workflow of its own without resolutions, and a transition that asks
for a field.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

CLOUD_ID = "5f0c2f2e-0000-4000-8000-00000000ca5e"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    email: str
    name: str


class Status(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    category: str


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """`sources` empty means from anywhere; `required` are field ids that must come with it."""

    id: str
    name: str
    to: str
    sources: Sequence[str] = ()
    required: Sequence[str] = ()


class Field(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    kind: str
    system: str = ""
    allowed: Sequence[Mapping[str, str]] = ()


class IssueType(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    fields: Sequence[str]
    required: Sequence[str]


class RequestType(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    issue_type_id: str
    fields: Sequence[str] = ("summary", "description", "customfield_10040")
    required: Sequence[str] = ("summary",)


class Project(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    key: str
    name: str
    kind: str
    issue_types: Sequence[IssueType]
    statuses: Sequence[Status]
    transitions: Sequence[Transition]
    service_desk_id: str = ""
    request_types: Sequence[RequestType] = ()


SUITE = Person(account_id="712020:a0000001", email="tandem@sandbox.test", name="Tandem")
AGENT = Person(account_id="712020:a0000002", email="meera@sandbox.test", name="Meera Iyer")
PEOPLE = (SUITE, AGENT)

PRIORITIES: Mapping[str, str] = {
    "1": "Highest",
    "2": "High",
    "3": "Medium",
    "4": "Low",
    "5": "Lowest",
}
DEFAULT_PRIORITY = "3"

CATEGORIES: Mapping[str, tuple[int, str, str]] = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}

REGIONS = ({"id": "10101", "value": "South"}, {"id": "10102", "value": "North"})

FIELDS: Mapping[str, Field] = {
    field.id: field
    for field in (
        Field(id="summary", name="Summary", kind="string", system="summary"),
        Field(id="issuetype", name="Issue Type", kind="issuetype", system="issuetype"),
        Field(id="project", name="Project", kind="project", system="project"),
        Field(id="description", name="Description", kind="doc", system="description"),
        Field(id="labels", name="Labels", kind="array", system="labels"),
        Field(
            id="priority",
            name="Priority",
            kind="priority",
            system="priority",
            allowed=[{"id": key, "name": name} for key, name in PRIORITIES.items()],
        ),
        Field(id="assignee", name="Assignee", kind="user", system="assignee"),
        Field(id="customfield_10040", name="Order number", kind="string"),
        Field(id="customfield_10050", name="Region", kind="option", allowed=REGIONS),
        Field(id="customfield_10060", name="Root cause", kind="string"),
    )
}

PLAIN = ("summary", "issuetype", "project", "description", "labels", "priority", "assignee")
NEEDED = ("summary", "issuetype", "project")

TO_DO = Status(id="10000", name="To Do", category="new")
DOING = Status(id="3", name="In Progress", category="indeterminate")
DONE = Status(id="10002", name="Done", category="done")

CARE = Project(
    id="10000",
    key="CARE",
    name="Customer care",
    kind="business",
    issue_types=(
        IssueType(
            id="10001", name="Complaint", fields=(*PLAIN, "customfield_10040"), required=NEEDED
        ),
        IssueType(id="10002", name="Task", fields=PLAIN, required=NEEDED),
    ),
    statuses=(TO_DO, DOING, DONE),
    transitions=(
        Transition(id="11", name="To Do", to=TO_DO.id),
        Transition(id="21", name="In Progress", to=DOING.id),
        Transition(id="31", name="Done", to=DONE.id),
    ),
)

OPEN = Status(id="10010", name="Open", category="new")
WORKING = Status(id="10011", name="Work in progress", category="indeterminate")
WAITING = Status(id="10012", name="Waiting for customer", category="indeterminate")
RESOLVED = Status(id="10013", name="Resolved", category="done")

DESK = Project(
    id="10001",
    key="DESK",
    name="Service desk",
    kind="service_desk",
    issue_types=(
        IssueType(
            id="10011", name="Incident", fields=(*PLAIN, "customfield_10040"), required=NEEDED
        ),
    ),
    statuses=(OPEN, WORKING, WAITING, RESOLVED),
    transitions=(
        Transition(id="5", name="Start work", to=WORKING.id, sources=(OPEN.id, WAITING.id)),
        Transition(id="6", name="Ask the customer", to=WAITING.id, sources=(OPEN.id, WORKING.id)),
        Transition(
            id="7", name="Resolve", to=RESOLVED.id, sources=(OPEN.id, WORKING.id, WAITING.id)
        ),
        Transition(id="8", name="Back to open", to=OPEN.id),
        Transition(id="9", name="Reopen", to=WORKING.id, sources=(RESOLVED.id,)),
    ),
    service_desk_id="1",
    request_types=(
        RequestType(id="1", name="Report a problem", issue_type_id="10011"),
        RequestType(
            id="2",
            name="Ask for a refund",
            issue_type_id="10011",
            required=("summary", "customfield_10040"),
        ),
    ),
)

TRIAGE = Status(id="10020", name="Triage", category="new")
MENDING = Status(id="10021", name="Mending", category="indeterminate")
SHIPPED = Status(id="10022", name="Shipped", category="done")

OPS = Project(
    id="10002",
    key="OPS",
    name="Operations",
    kind="software",
    issue_types=(
        IssueType(
            id="10021",
            name="Case",
            fields=(*PLAIN, "customfield_10050"),
            required=(*NEEDED, "customfield_10050"),
        ),
    ),
    statuses=(TRIAGE, MENDING, SHIPPED),
    transitions=(
        Transition(id="41", name="Mend", to=MENDING.id),
        Transition(id="51", name="Ship", to=SHIPPED.id, required=("customfield_10060",)),
        Transition(id="61", name="Back to triage", to=TRIAGE.id),
    ),
)

PROJECTS: Mapping[str, Project] = {project.key: project for project in (CARE, DESK, OPS)}


def find_project(text: str) -> Project | None:
    """By key or id."""
    for project in PROJECTS.values():
        if text in {project.key, project.id}:
            return project
    return None


def status_of(project: Project, status_id: str) -> Status:
    return next(status for status in project.statuses if status.id == status_id)


def type_of(project: Project, type_id: str) -> IssueType | None:
    return next((kind for kind in project.issue_types if kind.id == type_id), None)


def person(account_id: str) -> Person:
    return next((one for one in PEOPLE if one.account_id == account_id), AGENT)


def createmeta_field(field_id: str, *, is_required: bool) -> dict[str, Any]:
    field = FIELDS[field_id]
    schema: dict[str, Any] = {"type": "string" if field.kind == "doc" else field.kind}
    if field.kind == "array":
        schema["items"] = "string"
    if field.system:
        schema["system"] = field.system
    else:
        schema["custom"] = f"com.atlassian.jira.plugin.system.customfieldtypes:{field.kind}"
        schema["customId"] = int(field_id.removeprefix("customfield_"))
    found: dict[str, Any] = {
        "fieldId": field.id,
        "key": field.id,
        "name": field.name,
        "required": is_required,
        "hasDefaultValue": field.id == "priority",
        "operations": ["set"],
        "schema": schema,
    }
    if field.allowed:
        found["allowedValues"] = [dict(value) for value in field.allowed]
    return found
