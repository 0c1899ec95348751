"""Jira's JSON, as far as we read it, and what it means."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.scm.support.domain.jira_remote import (
    MESSAGE_PROPERTY,
    Category,
    CreateField,
    RemoteComment,
    RemoteFile,
    RemoteIssue,
    RemoteStatus,
)
from tandem.scm.support.domain.jira_text import markdown_of

SERVICE_DESK = "service_desk"


class WireCategory(msgspec.Struct):
    key: str = "indeterminate"


class WireStatus(msgspec.Struct):
    id: str
    name: str = ""
    statusCategory: WireCategory = msgspec.field(default_factory=WireCategory)  # noqa: N815


class WirePerson(msgspec.Struct):
    accountId: str = ""  # noqa: N815
    key: str = ""
    displayName: str = ""  # noqa: N815


class WireProperty(msgspec.Struct):
    key: str
    value: Any = None


class WireComment(msgspec.Struct):
    id: str
    created: str
    updated: str
    body: Any = None
    author: WirePerson = msgspec.field(default_factory=WirePerson)
    jsdPublic: bool = False  # noqa: N815
    visibility: dict[str, Any] | None = None
    properties: list[WireProperty] = []


class WireComments(msgspec.Struct):
    comments: list[WireComment] = []
    total: int = 0


class WireFile(msgspec.Struct):
    id: str | int
    filename: str = ""
    size: int = 0
    author: WirePerson = msgspec.field(default_factory=WirePerson)


class WireProject(msgspec.Struct):
    id: str
    key: str
    name: str = ""
    projectTypeKey: str = ""  # noqa: N815


class WireNamed(msgspec.Struct):
    id: str
    name: str = ""


class WireFields(msgspec.Struct):
    summary: str = ""
    description: Any = None
    status: WireStatus | None = None
    project: WireProject | None = None
    priority: WireNamed | None = None
    updated: str = ""
    statuscategorychangedate: str | None = None
    attachment: list[WireFile] = []


class WireIssue(msgspec.Struct):
    id: str
    key: str
    fields: WireFields = msgspec.field(default_factory=WireFields)
    properties: dict[str, Any] = {}


class WireFound(msgspec.Struct):
    issues: list[WireIssue] = []


class WireMade(msgspec.Struct):
    """The platform says `id` and `key`, the service desk says which is whose."""

    id: str = ""
    key: str = ""
    issueId: str = ""  # noqa: N815
    issueKey: str = ""  # noqa: N815


class WireProjects(msgspec.Struct):
    values: list[WireProject] = []


class WireTypes(msgspec.Struct):
    issueTypes: list[WireNamed] = []  # noqa: N815
    values: list[WireNamed] = []


class WireTypeStatuses(msgspec.Struct):
    id: str
    statuses: list[WireStatus] = []


class WireSchema(msgspec.Struct):
    type: str = "string"


class WireField(msgspec.Struct):
    fieldId: str = ""  # noqa: N815
    key: str = ""
    name: str = ""
    required: bool = False
    hasDefaultValue: bool = False  # noqa: N815
    schema: WireSchema = msgspec.field(default_factory=WireSchema)
    allowedValues: list[dict[str, Any]] = []  # noqa: N815


class WireCreateFields(msgspec.Struct):
    fields: list[WireField] = []
    values: list[WireField] = []


class WireTransition(msgspec.Struct):
    id: str
    to: WireStatus
    name: str = ""
    fields: dict[str, WireField] = {}


class WireTransitions(msgspec.Struct):
    transitions: list[WireTransition] = []


class WireDesk(msgspec.Struct):
    id: str
    projectKey: str = ""  # noqa: N815


class WireDesks(msgspec.Struct):
    values: list[WireDesk] = []


class WireRequestType(msgspec.Struct):
    id: str
    name: str = ""
    issueTypeId: str = ""  # noqa: N815


class WireRequestTypes(msgspec.Struct):
    values: list[WireRequestType] = []


class WireHook(msgspec.Struct):
    own_url: str = msgspec.field(default="", name="self")
    url: str = ""

    @property
    def id(self) -> str:
        return self.own_url.rpartition("/")[2]


class WireTokens(msgspec.Struct):
    access_token: str
    refresh_token: str = ""
    expires_in: int = 3600


def status_of(wire: WireStatus) -> RemoteStatus:
    known: dict[str, Category] = {"new": "new", "done": "done"}
    category = known.get(wire.statusCategory.key, "indeterminate")
    return RemoteStatus(id=wire.id, name=wire.name, category=category)


def issue_of(wire: WireIssue, comments: list[WireComment]) -> RemoteIssue:
    fields = wire.fields
    if fields.status is None or fields.project is None or not fields.updated:
        raise ValueError("an issue without its status, project or time")
    is_desk = fields.project.projectTypeKey == SERVICE_DESK
    updated = time_of(fields.updated)
    changed = fields.statuscategorychangedate
    return RemoteIssue(
        id=wire.id,
        key=wire.key,
        project_key=fields.project.key,
        is_desk=is_desk,
        summary=fields.summary,
        status=status_of(fields.status),
        status_changed=time_of(changed) if changed else updated,
        priority_id=fields.priority.id if fields.priority else "",
        updated=updated,
        comments=[comment_of(comment, is_desk=is_desk) for comment in comments],
        files=[file_of(file) for file in fields.attachment],
    )


def comment_of(wire: WireComment, *, is_desk: bool) -> RemoteComment:
    """Outside of a service desk everything says that it is public, to nobody in particular."""
    return RemoteComment(
        id=wire.id,
        author_id=person_id(wire.author),
        author_name=wire.author.displayName[:200] or "Jira",
        body=markdown_of(wire.body).replace("\x00", ""),
        is_public=is_desk and wire.jsdPublic and wire.visibility is None,
        message_id=_message_id(wire.properties),
        created=time_of(wire.created),
        updated=time_of(wire.updated),
    )


def file_of(wire: WireFile) -> RemoteFile:
    return RemoteFile(
        id=str(wire.id),
        author_id=person_id(wire.author),
        author_name=wire.author.displayName[:200],
        filename=wire.filename,
        size_bytes=wire.size,
    )


def field_of(wire: WireField, field_id: str = "") -> CreateField:
    options = {
        str(one.get("id", "")): str(one.get("value") or one.get("name") or "")
        for one in wire.allowedValues
    }
    return CreateField(
        id=field_id or wire.fieldId or wire.key,
        name=wire.name,
        is_required=wire.required and not wire.hasDefaultValue,
        kind=wire.schema.type,
        options=options,
    )


def person_id(wire: WirePerson) -> str:
    return wire.accountId or wire.key


def time_of(text: str) -> datetime:
    """`2026-11-22T10:00:00.000+0000`. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def _message_id(properties: list[WireProperty]) -> UUID | None:
    for one in properties:
        if one.key == MESSAGE_PROPERTY and isinstance(one.value, dict):
            try:
                return UUID(str(one.value.get("id")))
            except ValueError:
                return None
    return None
