"""A connection to a Jira site: how we sign in, what goes where, and who wins a disagreement."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole
from tandem.scm.support.domain.statuses import Severity, Status

Text = Annotated[str, msgspec.Meta(max_length=255, pattern=PRINTABLE)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=FILLED)]
Secret = Annotated[str, msgspec.Meta(max_length=4_000, pattern=whole("[!-~]*"))]
"""Goes into a header: visible ASCII."""
Url = Annotated[str, msgspec.Meta(min_length=8, max_length=300, pattern=PRINTABLE)]

ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/%\-]*)?")
CONNECTIONS_MAX = 10
MAPPINGS_MAX = 50
OAUTH_API = "https://api.atlassian.com/ex/jira"
OAUTH_TOKEN = "https://auth.atlassian.com/oauth/token"  # noqa: S105 - an address, not a secret


class ConnectionWrong(Invalid):
    code = "jira_connection_wrong"


class MappingWrong(Invalid):
    code = "jira_mapping_wrong"


class NotConnected(Conflict):
    """There is no active connection to Jira."""

    code = "jira_not_connected"


class TooManyConnections(Conflict):
    code = "too_many_connections"


class Kind(StrEnum):
    CLOUD_TOKEN = "cloud_token"  # noqa: S105 - a kind, not a secret
    CLOUD_OAUTH = "cloud_oauth"
    DATA_CENTER = "data_center"


class State(StrEnum):
    """`draft` was never proven; `unauthorized` had its credentials refused."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    UNAUTHORIZED = "unauthorized"


class Winner(StrEnum):
    """Who wins when both sides changed a field to something else."""

    NEWEST = "newest"
    OURS = "ours"
    THEIRS = "theirs"


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing from Jira is shown to customers unless `shows_public_replies`; then only what a
    service desk marks as public. `sends_internal` sends our internal notes to Jira, internal.
    `names_customer` gives a service desk the customer's e-mail address, to raise requests for
    them: personal data that leaves us, so only where somebody decided it."""

    opens_issues: bool = True
    sends_internal: bool = True
    shows_public_replies: bool = False
    sends_files: bool = True
    takes_files: bool = True
    names_customer: bool = False
    status: Winner = Winner.NEWEST
    severity: Winner = Winner.NEWEST
    subject: Winner = Winner.OURS


class Source(StrEnum):
    """What fills a field of the issue."""

    TEXT = "text"
    OPTION = "option"
    ORDER_NUMBER = "order_number"
    COMPLAINT_NUMBER = "complaint_number"
    CATEGORY = "category"


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`value` is the text, or the option's id."""

    field_id: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=FILLED)]
    source: Source
    value: Text = ""


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where complaints of a category go; an empty category is for all without their own.

    `statuses` says what a Jira status (by id) means here and `targets` which Jira status (by id)
    one of ours is; without them the status category decides. `transition_fields` are sent with
    transitions that ask for them. A `request_type_id` makes it a service desk's request.
    """

    category: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""
    project_key: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=FILLED)]
    issue_type_id: Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=FILLED)]
    service_desk_id: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""
    request_type_id: Annotated[str, msgspec.Meta(max_length=40, pattern=PRINTABLE)] = ""
    fields: Annotated[list[FieldRule], msgspec.Meta(max_length=50)] = []
    transition_fields: Annotated[list[FieldRule], msgspec.Meta(max_length=50)] = []
    priorities: Annotated[dict[Severity, Text], msgspec.Meta(max_length=10)] = {}
    statuses: Annotated[dict[Text, Status], msgspec.Meta(max_length=50)] = {}
    targets: Annotated[dict[Status, Text], msgspec.Meta(max_length=10)] = {}


class Secrets(msgspec.Struct, frozen=True, kw_only=True):
    """Sealed as one value. `token` is an API token or a personal access token."""

    token: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    access_token: str = ""
    access_expires_at: datetime | None = None
    webhook_secret: str = ""
    webhook_secret_previous: str = ""


class NewConnection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which secrets are needed follows from the kind: a token, or OAuth's three and `cloud_id`.

    `api_url` and `token_url` are Atlassian's own unless a proxy stands before them.
    """

    name: Name
    kind: Kind
    site_url: Url
    email: Text = ""
    token: Secret = ""
    cloud_id: Text = ""
    client_id: Secret = ""
    client_secret: Secret = ""
    refresh_token: Secret = ""
    api_url: Annotated[str, msgspec.Meta(max_length=300, pattern=PRINTABLE)] = ""
    token_url: Annotated[str, msgspec.Meta(max_length=300, pattern=PRINTABLE)] = ""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """`blocked_until` is when Jira may be called again after it had enough of us or was down;
    `failures` counts what went wrong in a row."""

    id: UUID
    name: str
    kind: Kind
    site_url: str
    api_url: str
    token_url: str
    email: str
    state: State
    account_id: str
    account_name: str
    policy: Policy
    mappings: list[Mapping]
    failures: int
    blocked_until: datetime | None
    blocked_reason: str
    last_answer_at: datetime | None
    reconciled_at: datetime | None
    version: int
    created_at: datetime

    @property
    def is_cloud(self) -> bool:
        return self.kind is not Kind.DATA_CENTER

    def mapping_of(self, category: str) -> Mapping | None:
        own = next((one for one in self.mappings if one.category == category), None)
        return own or next((one for one in self.mappings if one.category == ""), None)

    def mapping_in(self, category: str, project_key: str) -> Mapping | None:
        """The rules of the project where the issue is now, which may not be where it began."""
        first = self.mapping_of(category)
        if first is not None and first.project_key == project_key:
            return first
        return next((one for one in self.mappings if one.project_key == project_key), None)

    def may_be_called(self, now: datetime) -> bool:
        return self.state is State.ACTIVE and (
            self.blocked_until is None or self.blocked_until <= now
        )


def check_connection(given: NewConnection) -> None:
    """Refuses addresses that carry credentials or leave https, and kinds without their secrets."""
    for field in ("site_url", "api_url", "token_url"):
        _check_url(getattr(given, field), field)
    needed = {
        Kind.CLOUD_TOKEN: ("email", "token"),
        Kind.DATA_CENTER: ("token",),
        Kind.CLOUD_OAUTH: ("cloud_id", "client_id", "client_secret", "refresh_token"),
    }[given.kind]
    for field in needed:
        if not getattr(given, field):
            words = field.replace("_", " ")
            raise ConnectionWrong(f"This kind of connection needs the {words}.", field=field)


def _check_url(url: str, field: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_whole = bool(host) and not parts.username and not parts.query and parts.port != 0
    except ValueError:
        host, is_whole = "", False
    is_whole = is_whole and ADDRESS.fullmatch(url) is not None
    is_local = host in {"localhost", "127.0.0.1", "::1"}
    if not is_whole or (parts.scheme != "https" and not (parts.scheme == "http" and is_local)):
        raise ConnectionWrong("Give the whole address, beginning with https://.", field=field)


def check_mappings(mappings: Sequence[Mapping]) -> None:
    if len(mappings) > MAPPINGS_MAX:
        raise MappingWrong(f"There can be {MAPPINGS_MAX} mappings.", field="mappings")
    categories = [one.category for one in mappings]
    if twice := sorted({one for one in categories if categories.count(one) > 1}):
        raise MappingWrong(f"{twice[0] or 'The usual one'} is mapped twice.", field="mappings")
    for place, one in enumerate(mappings):
        if bool(one.service_desk_id) is not bool(one.request_type_id):
            raise MappingWrong(
                "A request has both its service desk and its request type.",
                field=f"mappings[{place}].request_type_id",
            )
        for status, target in one.targets.items():
            if target in one.statuses and one.statuses[target] is not status:
                raise MappingWrong(
                    f"{status} becomes a status there that means {one.statuses[target]} here: "
                    "it would change by itself.",
                    field=f"mappings[{place}].targets",
                )
