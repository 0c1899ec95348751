"""Jira's webhook, as far as it is believed: which issue, and how it stood then.

Bodies differ between versions, comments come with a cut-down issue or none at all: the notice only
says where to look.
"""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

COMMENT_ADDRESS = re.compile(r"/issue/(\d+)/comment/\d+$")
EVENTS = frozenset(
    {
        "jira:issue_created",
        "jira:issue_updated",
        "jira:issue_deleted",
        "comment_created",
        "comment_updated",
        "comment_deleted",
    }
)


class NotANotice(Exception):
    """Signed, and not readable as a webhook of Jira's."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """`updated` is None where the notice does not say, and then the issue is read anyway."""

    event: str
    issue_id: str
    updated: datetime | None


class _Fields(msgspec.Struct):
    updated: str | None = None


class _Issue(msgspec.Struct):
    id: str | int = ""
    fields: _Fields = msgspec.field(default_factory=_Fields)


class _Comment(msgspec.Struct):
    self: str = ""
    updated: str | None = None


class _Body(msgspec.Struct):
    webhookEvent: str  # noqa: N815 - the vendor's name
    issue: _Issue | None = None
    comment: _Comment | None = None


def read_notice(body: bytes) -> Notice:
    try:
        given = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
        raise NotANotice(str(reason)[:200]) from reason
    return Notice(
        event=given.webhookEvent[:100], issue_id=_issue_id(given)[:40], updated=_updated(given)
    )


def _issue_id(given: _Body) -> str:
    if given.issue is not None and given.issue.id:
        return str(given.issue.id)
    found = COMMENT_ADDRESS.search(given.comment.self) if given.comment else None
    return found[1] if found else ""


def _updated(given: _Body) -> datetime | None:
    """A deletion has no later state; a comment's own time where the issue's is cut off."""
    if given.webhookEvent.endswith("_deleted"):
        return None
    said = given.issue.fields.updated if given.issue else None
    if said is None and given.comment is not None:
        said = given.comment.updated
    return _time(said)


def _time(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
    except ValueError:
        return None
