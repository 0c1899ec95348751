"""Links, their leases, and which comment and attachment is which message and file."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx
from tandem.scm.support.domain.jira_link import FileMark, Link, LinkState, MessageMark

_LINK: LiteralString = """
    select id, complaint_id, connection_id, state, coalesce(issue_id, '') as issue_id, issue_key,
           project_key, is_desk, request, shadow, seen_updated, wants_pull, tries, next_at, error,
           created_at, linked_at, synced_at
      from support.jira_link
"""

INSERT = Query(
    """
    insert into support.jira_link
           (org_id, id, complaint_id, connection_id, state, next_at, created_at)
    values (:org_id, :id, :complaint_id, :connection_id, 'creating', :now, :now)
        on conflict (org_id, complaint_id) do nothing
    """
)

GET = Query(_LINK + "where org_id = :org_id and id = :id")

LOCK = Query(_LINK + "where org_id = :org_id and id = :id for update")

FIND_OF_COMPLAINT = Query(_LINK + "where org_id = :org_id and complaint_id = :complaint_id")

FIND_OF_ISSUE = Query(
    _LINK + "where org_id = :org_id and connection_id = :connection_id and issue_id = :issue_id"
)

LIST_OF_COMPLAINTS = Query(
    _LINK
    + """where org_id = :org_id and complaint_id = any(:complaint_ids::uuid[])
         order by id limit 500"""
)

LIST_LINKED = Query(
    _LINK
    + """where org_id = :org_id and connection_id = :connection_id
           and state in ('linked', 'conflict') and id > :after
         order by id limit :limit"""
)

LIST_IN_STATES = Query(
    _LINK + "where org_id = :org_id and state = any(:states::text[]) order by id limit 200"
)

CLAIM = Query(
    """
    update support.jira_link
       set lease = :lease, leased_until = :until, next_at = :until
     where org_id = :org_id and id = :id
       and (leased_until is null or leased_until < :now)
    """
)

HOLD = Query(
    """
    update support.jira_link set leased_until = :until, next_at = :until
     where org_id = :org_id and id = :id and lease = :lease
    """
)

RELEASE = Query(
    """
    update support.jira_link
       set lease = null, leased_until = null, next_at = :next_at
     where org_id = :org_id and id = :id and lease = :lease
    """
)

SAVE = Query(
    """
    update support.jira_link
       set state = :state, issue_id = nullif(:issue_id, ''), issue_key = :issue_key,
           project_key = :project_key, is_desk = :is_desk, request = :request, shadow = :shadow,
           seen_updated = :seen_updated, wants_pull = :wants_pull, tries = :tries, error = :error,
           linked_at = :linked_at, synced_at = :synced_at
     where org_id = :org_id and id = :id
    """
)

WAKE = Query(
    """
    update support.jira_link
       set next_at = case when leased_until is null and (next_at is null or next_at < :now)
                          then :now else next_at end,
           wants_pull = wants_pull or :wants_pull
     where org_id = :org_id and id = :id and state in ('creating', 'linked', 'conflict')
    """
)

LIST_DUE = Query(
    """
    select link.id
      from support.jira_link as link
      join support.jira_connection as site
        on site.org_id = link.org_id and site.id = link.connection_id
     where link.org_id = :org_id and link.next_at <= :now and site.state = 'active'
       and (site.blocked_until is null or site.blocked_until <= :now)
       and (link.leased_until is null or link.leased_until < :now)
     order by link.next_at, link.id
     limit :limit
    """
)

LIST_UNLINKED = Query(
    """
    select id from support.complaint as complaint
     where org_id = :org_id and status <> 'closed'
       and not exists (select 1 from support.jira_link as link
                        where link.org_id = :org_id and link.complaint_id = complaint.id)
     order by id
     limit :limit
    """
)

PUT_MESSAGE_MARK = Query(
    """
    insert into support.jira_message
           (org_id, link_id, message_id, comment_id, sha256, message_sha256)
    values (:org_id, :link_id, :message_id, :comment_id, :sha256, :message_sha256)
        on conflict (org_id, link_id, message_id) do update
       set comment_id = excluded.comment_id, sha256 = excluded.sha256,
           message_sha256 = excluded.message_sha256
    """
)

LIST_MESSAGE_MARKS = Query(
    """
    select message_id, comment_id, sha256, message_sha256
      from support.jira_message
     where org_id = :org_id and link_id = :link_id
     order by message_id
     limit 2000
    """
)

PUT_FILE_MARK = Query(
    """
    insert into support.jira_file (org_id, link_id, attachment_id, file_id, note)
    values (:org_id, :link_id, :attachment_id, :file_id, :note)
        on conflict (org_id, link_id, attachment_id) do nothing
    """
)

LIST_FILE_MARKS = Query(
    """
    select attachment_id, file_id, note
      from support.jira_file
     where org_id = :org_id and link_id = :link_id
     order by attachment_id
     limit 500
    """
)

FORGET_MESSAGE_MARKS = Query(
    "delete from support.jira_message where org_id = :org_id and link_id = :link_id"
)

FORGET_SENDINGS = Query(
    "delete from support.jira_outbox where org_id = :org_id and link_id = :link_id"
)

FORGET_FILE_MARKS = Query(
    "delete from support.jira_file where org_id = :org_id and link_id = :link_id"
)


class _Id(msgspec.Struct):
    id: UUID


async def insert(
    tx: Tx, *, link_id: UUID, complaint_id: UUID, connection_id: UUID, now: datetime
) -> bool:
    return bool(
        await tx.run(
            INSERT, id=link_id, complaint_id=complaint_id, connection_id=connection_id, now=now
        )
    )


async def find(tx: Tx, link_id: UUID) -> Link | None:
    return await tx.one_or_none(GET, Link, id=link_id)


async def lock(tx: Tx, link_id: UUID) -> Link | None:
    return await tx.one_or_none(LOCK, Link, id=link_id)


async def find_of_complaint(tx: Tx, complaint_id: UUID) -> Link | None:
    return await tx.one_or_none(FIND_OF_COMPLAINT, Link, complaint_id=complaint_id)


async def find_of_issue(tx: Tx, connection_id: UUID, issue_id: str) -> Link | None:
    return await tx.one_or_none(FIND_OF_ISSUE, Link, connection_id=connection_id, issue_id=issue_id)


async def list_of_complaints(tx: Tx, complaint_ids: Sequence[UUID]) -> list[Link]:
    return await tx.many(LIST_OF_COMPLAINTS, Link, complaint_ids=list(complaint_ids))


async def list_linked(tx: Tx, connection_id: UUID, *, after: UUID, limit: int) -> list[Link]:
    return await tx.many(LIST_LINKED, Link, connection_id=connection_id, after=after, limit=limit)


async def list_in(tx: Tx, *states: LinkState) -> list[Link]:
    return await tx.many(LIST_IN_STATES, Link, states=list(states))


async def claim(
    tx: Tx, link_id: UUID, *, lease: UUID, now: datetime, until: datetime
) -> Link | None:
    """None while somebody else has it."""
    if not await tx.run(CLAIM, id=link_id, lease=lease, now=now, until=until):
        return None
    return await find(tx, link_id)


async def hold(tx: Tx, link_id: UUID, *, lease: UUID, until: datetime) -> bool:
    """Locks the link and keeps it for longer; False when somebody else has it by now."""
    return bool(await tx.run(HOLD, id=link_id, lease=lease, until=until))


async def release(tx: Tx, link_id: UUID, *, lease: UUID, next_at: datetime | None) -> None:
    await tx.run(RELEASE, id=link_id, lease=lease, next_at=next_at)


async def save(tx: Tx, link: Link) -> None:
    """The caller holds the lease or the lock."""
    values = {name: getattr(link, name) for name in SAVE.names if name != "org_id"}
    values["request"] = msgspec.to_builtins(link.request)
    values["shadow"] = msgspec.to_builtins(link.shadow)
    await tx.run(SAVE, **values)


async def wake(tx: Tx, link_id: UUID, *, wants_pull: bool, now: datetime) -> bool:
    """Due now, or when it was put off to. While somebody works on it, they look again when they
    let go."""
    return bool(await tx.run(WAKE, id=link_id, wants_pull=wants_pull, now=now))


async def list_due(tx: Tx, *, now: datetime, limit: int) -> list[UUID]:
    return [row.id for row in await tx.many(LIST_DUE, _Id, now=now, limit=limit)]


async def list_unlinked(tx: Tx, *, limit: int) -> list[UUID]:
    """Complaints that Jira does not know, oldest first."""
    return [row.id for row in await tx.many(LIST_UNLINKED, _Id, limit=limit)]


async def put_message_mark(tx: Tx, link_id: UUID, mark: MessageMark) -> None:
    await tx.run(PUT_MESSAGE_MARK, link_id=link_id, **msgspec.structs.asdict(mark))


async def list_message_marks(tx: Tx, link_id: UUID) -> list[MessageMark]:
    return await tx.many(LIST_MESSAGE_MARKS, MessageMark, link_id=link_id)


async def put_file_mark(tx: Tx, link_id: UUID, mark: FileMark) -> None:
    await tx.run(PUT_FILE_MARK, link_id=link_id, **msgspec.structs.asdict(mark))


async def list_file_marks(tx: Tx, link_id: UUID) -> list[FileMark]:
    return await tx.many(LIST_FILE_MARKS, FileMark, link_id=link_id)


async def forget_marks(tx: Tx, link_id: UUID) -> None:
    """The issue they were about is gone, and so is what it was told."""
    await tx.run(FORGET_SENDINGS, link_id=link_id)
    await tx.run(FORGET_MESSAGE_MARKS, link_id=link_id)
    await tx.run(FORGET_FILE_MARKS, link_id=link_id)
