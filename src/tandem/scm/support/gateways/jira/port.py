"""What we ask of a Jira, and how an answer that is no answer looks.

Every call is made with no transaction open. It answers what was asked for, or a `Trouble`: nothing
is raised, so that a caller cannot forget that the outcome of a write may be unknown.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from tandem.scm.support.domain.jira_connection import Kind
from tandem.scm.support.domain.jira_link import Request
from tandem.scm.support.domain.jira_remote import (
    Account,
    CreateField,
    Found,
    IssueType,
    Project,
    RemoteComment,
    RemoteFile,
    RemoteIssue,
    RemoteStatus,
    RequestForm,
    RequestType,
    Transition,
)


class TroubleKind(StrEnum):
    """`unknown` may have been done: look, never just send again. `later` was surely not done."""

    REFUSED = "refused"
    MISSING = "missing"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    LATER = "later"
    UNKNOWN = "unknown"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """`errors` blames fields by id. `retry_after_seconds` is what Jira asked for, `is_about_issue`
    where it had enough of writes to one issue only."""

    kind: TroubleKind
    detail: str
    errors: dict[str, str] = {}
    retry_after_seconds: float | None = None
    is_about_issue: bool = False


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one site. `base_url` is where `/rest` stands; `bearer` or `basic` signs in."""

    kind: Kind
    base_url: str
    basic: tuple[str, str] | None = None
    bearer: str = ""


class OwnAddress(msgspec.Struct, frozen=True, kw_only=True):
    """How people and Jira reach this installation."""

    base_url: str


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    refresh_token: str
    expires_seconds: int


class NewIssue(msgspec.Struct, frozen=True, kw_only=True):
    """`description` is Markdown. With a request type it becomes a service desk's request,
    `on_behalf_of` one of its customers by their id."""

    project_key: str
    issue_type_id: str
    service_desk_id: str
    request_type_id: str
    summary: str
    description: str
    labels: list[str]
    fields: dict[str, Any]
    complaint_id: UUID
    on_behalf_of: str = ""


class Jira(Protocol):
    """One site, signed in."""

    async def myself(self) -> Account | Trouble: ...

    async def list_projects(self) -> list[Project] | Trouble: ...

    async def list_issue_types(self, project_key: str) -> list[IssueType] | Trouble: ...

    async def list_create_fields(
        self, project_key: str, issue_type_id: str
    ) -> list[CreateField] | Trouble: ...

    async def list_statuses(
        self, project_key: str, issue_type_id: str
    ) -> list[RemoteStatus] | Trouble: ...

    async def list_request_types(self, project_key: str) -> list[RequestType] | Trouble: ...

    async def read_request_form(
        self, service_desk_id: str, request_type_id: str
    ) -> RequestForm | Trouble: ...

    async def find_customer(self, service_desk_id: str, email: str) -> str | Trouble | None:
        """The id of the service desk's customer with this address."""

    async def add_customer(self, service_desk_id: str, email: str) -> str | Trouble:
        """A new customer of this service desk, known by their address only; the id. Not
        repeatable: after `unknown` use `find_customer`."""

    async def read_request(self, issue_id: str) -> Request | Trouble:
        """Empty where the issue is no request."""

    async def rate_request(self, issue_id: str, *, rating: int) -> Trouble | None:
        """As the reporter, which Jira asks for. Not repeatable: after `unknown` read it."""

    async def find_issue(
        self, *, project_key: str, complaint_id: UUID, label: str, number: str
    ) -> Found | Trouble | None:
        """The issue we made for this complaint, by our property on it, if there is one."""

    async def create_issue(self, new: NewIssue) -> Found | Trouble:
        """Not repeatable: after `unknown` use `find_issue`."""

    async def mark_issue(
        self, issue_id: str, *, complaint_id: UUID, labels: Sequence[str]
    ) -> Trouble | None:
        """Our property and labels on an issue that was made without them. Repeatable."""

    async def read_issue(self, issue_id: str) -> RemoteIssue | Trouble:
        """With its comments and files."""

    async def list_changed(
        self, *, project_keys: Sequence[str], label: str, minutes: int
    ) -> list[tuple[str, datetime]] | Trouble:
        """Ids of our issues that changed in the last minutes, with when."""

    async def edit_issue(self, issue_id: str, fields: dict[str, Any]) -> Trouble | None:
        """Sets fields; repeatable."""

    async def describe_issue(self, issue_id: str, description: str) -> Trouble | None:
        """Replaces the description, given in Markdown; repeatable."""

    async def list_transitions(self, issue_id: str) -> list[Transition] | Trouble: ...

    async def transition(
        self, issue_id: str, transition_id: str, fields: dict[str, Any]
    ) -> Trouble | None: ...

    async def add_comment(
        self, issue_id: str, *, body: str, is_internal: bool, message_id: UUID
    ) -> RemoteComment | Trouble:
        """Markdown. Not repeatable: after `unknown` read the issue and look for the message id."""

    async def edit_comment(
        self, issue_id: str, comment_id: str, *, body: str
    ) -> RemoteComment | Trouble: ...

    async def delete_comment(self, issue_id: str, comment_id: str) -> Trouble | None: ...

    async def attach(
        self, issue_id: str, *, filename: str, media_type: str, content: bytes
    ) -> RemoteFile | Trouble:
        """Not repeatable: after `unknown` read the issue and look for name and size."""

    async def delete_attachment(self, attachment_id: str) -> Trouble | None: ...

    async def download(self, attachment_id: str) -> bytes | Trouble: ...

    async def put_remote_link(
        self, issue_id: str, *, global_id: str, url: str, title: str
    ) -> Trouble | None: ...

    async def register_webhook(self, *, name: str, url: str, secret: str) -> Trouble | None:
        """As the site's administrator; one for this address, however often it is asked for."""


class JiraDoor(Protocol):
    """Opens sites. `refresh` is not repeatable with rotating tokens: each works once."""

    def open(self, access: Access) -> Jira: ...

    async def refresh(
        self, token_url: str, *, client_id: str, client_secret: str, refresh_token: str
    ) -> Tokens | Trouble: ...
