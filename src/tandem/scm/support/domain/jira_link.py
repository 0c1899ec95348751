"""The link between a complaint and its issue, what waits to be sent, and what arrived."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.errors import Conflict, IllegalMove, Invalid
from tandem.scm.support.domain.statuses import Severity, Status

LEASE = timedelta(seconds=120)
"""Whoever works on a link has it alone for so long; every recording looks whether it still has."""
LOOK_AFTER = timedelta(seconds=30)
"""Jira's search lags behind: a creation of unknown outcome is looked for after this."""
RETRY = timedelta(seconds=5)
BLOCK = timedelta(seconds=30)
BLOCK_MAX = timedelta(minutes=10)
FAILURES_MAX = 3
"""So many troubles in a row open the breaker."""
TRIES_MAX = 4
"""A refusal that may have been a mishap is tried so often before it is a dead letter."""
STEPS_MAX = 60


class IssueChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    issue_key: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=FILLED)]


class AlreadyLinked(Conflict):
    code = "already_linked"


class IssueUnfit(Invalid):
    """Jira does not know the issue, or does not let us work on it."""

    code = "jira_issue_unfit"


class LinkState(StrEnum):
    """`failed` waits for somebody; `orphaned` lost its issue; `conflict` needs a decision."""

    CREATING = "creating"
    FAILED = "failed"
    LINKED = "linked"
    CONFLICT = "conflict"
    ORPHANED = "orphaned"


L = LinkState
MOVES: Mapping[LinkState, frozenset[LinkState]] = {
    L.CREATING: frozenset({L.LINKED, L.FAILED}),
    L.FAILED: frozenset({L.CREATING}),
    L.LINKED: frozenset({L.CONFLICT, L.ORPHANED}),
    L.CONFLICT: frozenset({L.LINKED, L.ORPHANED}),
    L.ORPHANED: frozenset({L.CREATING}),
}
assert MOVES.keys() == set(LinkState), "every state states its moves"


def check_move(source: LinkState, target: LinkState) -> None:
    if target is not source and target not in MOVES[source]:
        raise IllegalMove("The link", source, target, sorted(MOVES[source]))


class Shadow(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides as they were when they last agreed: what differs from it has changed since."""

    status: Status | None = None
    status_there: str = ""
    severity: Severity | None = None
    priority_there: str = ""
    subject: str = ""
    subject_there: str = ""


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A decision that the request waits for; `waits_for` names who has not decided yet."""

    name: str
    waits_for: list[str] = []


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a service desk shows of a request, as last read. `status` is its customer's word for it
    and empty where the issue is no request; `rating` is 1 to 5, or None while nobody gave one.
    What was written with it is kept with the complaint only."""

    status: str = ""
    approvals: list[Approval] = []
    rating: int | None = None
    rating_note: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    complaint_id: UUID
    connection_id: UUID
    state: LinkState
    issue_id: str
    issue_key: str
    project_key: str
    is_desk: bool
    request: Request
    shadow: Shadow
    seen_updated: datetime | None
    wants_pull: bool
    tries: int
    next_at: datetime | None
    error: str
    created_at: datetime
    linked_at: datetime | None
    synced_at: datetime | None

    def url(self, site_url: str) -> str:
        return f"{site_url.rstrip('/')}/browse/{self.issue_key}" if self.issue_key else ""


class Op(StrEnum):
    """What is sent about a link, in order. `subject` is the message or file. `customer` only notes
    what came of raising the request for its customer."""

    FIELDS = "fields"
    STATUS = "status"
    COMMENT = "comment"
    EDIT = "edit"
    FILE = "file"
    ERASE = "erase"
    CUSTOMER = "customer"
    RATING = "rating"


class SendState(StrEnum):
    """A dead letter holds back what comes after it on the same issue, until retried or dropped."""

    WAITING = "waiting"
    DONE = "done"
    DEAD = "dead"
    DROPPED = "dropped"


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    link_id: UUID
    op: Op
    subject_id: UUID | None
    state: SendState
    tries: int
    next_at: datetime
    error: str
    created_at: datetime
    done_at: datetime | None


class ArrivalState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"
    DEAD = "dead"
    DROPPED = "dropped"


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook's hint that an issue changed; the issue itself is read afterwards."""

    id: UUID
    connection_id: UUID
    link_id: UUID | None
    webhook_id: str
    issue_id: str
    event: str
    updated: datetime | None
    state: ArrivalState
    note: str
    received_at: datetime
    done_at: datetime | None


class MessageMark(msgspec.Struct, frozen=True, kw_only=True):
    """Which comment a message is, and both texts as they were when they were last the same:
    `sha256` of Jira's, `message_sha256` of ours."""

    message_id: UUID
    comment_id: str
    sha256: str
    message_sha256: str


class FileMark(msgspec.Struct, frozen=True, kw_only=True):
    """Which attachment a file is; without a file it was refused, and `note` says why."""

    attachment_id: str
    file_id: UUID | None
    note: str = ""


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """A disagreement that people can see. `decision` is empty while it is open."""

    id: UUID
    link_id: UUID
    kind: str
    ours: str
    theirs: str
    note: str
    found_at: datetime
    decided_at: datetime | None
    decision: str


def block_for(failures: int) -> timedelta:
    """Nothing for the first troubles, then 30 s doubling up to ten minutes."""
    if failures < FAILURES_MAX:
        return RETRY
    doubled: timedelta = BLOCK * 2 ** min(failures - FAILURES_MAX, 10)
    return min(doubled, BLOCK_MAX)
