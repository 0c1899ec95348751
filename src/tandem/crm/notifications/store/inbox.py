"""What staff find under the bell, and what waits to be mailed to them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.crm.notifications.domain.hours import Mailed
from tandem.crm.notifications.domain.inbox import Entry, InboxItem
from tandem.kernel.db import Query, Tx

INSERT = Query(
    """
    insert into notifications.inbox_item
           (org_id, id, user_id, kind, title, body, link, dedupe, created_at)
    select :org_id, id, user_id, :kind, :title, :body, :link, :dedupe, :now::timestamptz
      from unnest(:ids::uuid[], :user_ids::uuid[]) as told (id, user_id)
        on conflict (org_id, user_id, dedupe) do nothing
    returning user_id
    """
)

UNREAD = Query(
    """
    select count(*)
      from notifications.inbox_item
     where org_id = :org_id and user_id = :user_id and read_at is null and archived_at is null
    """
)

LIST = Query(
    """
    select id, kind, title, body, link, created_at, seen_at, read_at, archived_at
      from notifications.inbox_item
     where org_id = :org_id and user_id = :user_id
       and (archived_at is not null) = :is_archived::boolean
       and (not :is_unread::boolean or read_at is null)
       and (:after_id::uuid is null or id < :after_id)
     order by id desc
     limit :count
    """
)

GET = Query(
    """
    select id, kind, title, body, link, created_at, seen_at, read_at, archived_at
      from notifications.inbox_item
     where org_id = :org_id and user_id = :user_id and id = :id
    """
)

MARK = Query(
    """
    update notifications.inbox_item
       set seen_at = coalesce(seen_at, :now),
           read_at = case :what::text when 'read' then coalesce(read_at, :now)
                                      when 'unread' then null
                                      when 'archived' then coalesce(read_at, :now)
                                      else read_at end,
           archived_at = case :what::text when 'archived' then coalesce(archived_at, :now)
                                          when 'kept' then null
                                          else archived_at end
     where org_id = :org_id and user_id = :user_id
       and (:ids::uuid[] is null or id = any(:ids::uuid[]))
       and (:ids::uuid[] is not null or (archived_at is null and id <= :until_id::uuid))
    """
)

LIST_DUE = Query(
    """
    select distinct user_id
      from notifications.digest_entry
     where org_id = :org_id and mailed_at is null and due_at <= :now
     order by user_id
     limit :count
    """
)

TAKE = Query(
    """
    update notifications.digest_entry
       set mailed_at = :now
     where org_id = :org_id and user_id = :user_id and mailed_at is null and due_at <= :now
    returning id, kind, title, body, link, created_at
    """
)

MAILED = Query(
    """
    select user_id, max(mailed_at) as last_at,
           min(due_at) filter (where mailed_at is null and due_at > :now) as next_at
      from notifications.digest_entry
     where org_id = :org_id and user_id = any(:user_ids::uuid[])
       and (mailed_at is null or mailed_at > :since)
     group by user_id
    """
)

ADD_ENTRIES = Query(
    """
    insert into notifications.digest_entry
           (org_id, id, user_id, kind, title, body, link, dedupe, created_at, due_at)
    select :org_id, id, user_id, :kind, :title, :body, :link, :dedupe, :now::timestamptz, due_at
      from unnest(:ids::uuid[], :user_ids::uuid[], :due::timestamptz[])
           as told (id, user_id, due_at)
        on conflict (org_id, user_id, dedupe) do nothing
    """
)

PRUNE = Query(
    """
    delete from notifications.digest_entry
     where org_id = :org_id and mailed_at < :before
    """
)


async def insert(
    tx: Tx,
    told: Sequence[tuple[UUID, UUID]],
    *,
    kind: str,
    title: str,
    body: str,
    link: str,
    dedupe: str,
    now: datetime,
) -> list[UUID]:
    """`told` are (id, user). Whom it was new to."""
    rows = await tx.records(
        INSERT,
        ids=[item_id for item_id, _ in told],
        user_ids=[user_id for _, user_id in told],
        kind=kind,
        title=title,
        body=body,
        link=link,
        dedupe=dedupe,
        now=now,
    )
    return [row["user_id"] for row in rows]


async def unread(tx: Tx, user_id: UUID) -> int:
    """Counted, not kept: nobody can make it wrong by reading twice at once."""
    return int(await tx.value(UNREAD, user_id=user_id))


async def list_items(
    tx: Tx,
    user_id: UUID,
    *,
    is_unread: bool,
    is_archived: bool,
    after_id: UUID | None,
    count: int,
) -> list[InboxItem]:
    return await tx.many(
        LIST,
        InboxItem,
        user_id=user_id,
        is_unread=is_unread,
        is_archived=is_archived,
        after_id=after_id,
        count=count,
    )


async def get_item(tx: Tx, user_id: UUID, item_id: UUID) -> InboxItem | None:
    return await tx.one_or_none(GET, InboxItem, user_id=user_id, id=item_id)


async def mark(
    tx: Tx,
    user_id: UUID,
    what: str,
    *,
    ids: Sequence[UUID] | None,
    until_id: UUID | None,
    now: datetime,
) -> int:
    """Named items, or all of theirs up to one; how many there were."""
    return await tx.run(
        MARK,
        user_id=user_id,
        what=what,
        ids=list(ids) if ids is not None else None,
        until_id=until_id,
        now=now,
    )


async def add_entries(
    tx: Tx,
    due: Sequence[tuple[UUID, UUID, datetime]],
    *,
    kind: str,
    title: str,
    body: str,
    link: str,
    dedupe: str,
    now: datetime,
) -> None:
    """`due` are (id, user, when)."""
    await tx.run(
        ADD_ENTRIES,
        ids=[entry_id for entry_id, _, _ in due],
        user_ids=[user_id for _, user_id, _ in due],
        due=[at for _, _, at in due],
        kind=kind,
        title=title,
        body=body,
        link=link,
        dedupe=dedupe,
        now=now,
    )


async def mailed(
    tx: Tx, user_ids: Sequence[UUID], *, now: datetime, since: datetime
) -> dict[UUID, Mailed]:
    """Of each, the last mail since then and the next one that waits; absent where there is none."""
    rows = await tx.records(MAILED, user_ids=list(user_ids), now=now, since=since)
    return {row["user_id"]: Mailed(last_at=row["last_at"], next_at=row["next_at"]) for row in rows}


async def list_due(tx: Tx, *, now: datetime, count: int) -> list[UUID]:
    return [row["user_id"] for row in await tx.records(LIST_DUE, now=now, count=count)]


async def take(tx: Tx, user_id: UUID, *, now: datetime) -> list[Entry]:
    """Everything that is due to one person, oldest first; nobody else gets it again."""
    found = await tx.many(TAKE, Entry, user_id=user_id, now=now)
    return sorted(found, key=lambda entry: (entry.created_at, entry.id))


async def prune(tx: Tx, *, before: datetime) -> int:
    return await tx.run(PRUNE, before=before)
