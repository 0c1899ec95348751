"""Links that show numbers."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.links import LinkDraft, ReportLink
from tandem.kernel.db import Query, Tx

LIST = Query(
    """
    select id, owner_id, draft, allowed_origins, expires_at, revoked_at, seen_at, created_at
      from analytics.report_link
     where org_id = :org_id and (:everybodys::boolean or owner_id = :user_id)
       and (:dashboard::text is null or draft ->> 'dashboard' = :dashboard)
     order by id desc
     limit 200
    """
)
FIND = Query(
    """
    select id, owner_id, draft, allowed_origins, expires_at, revoked_at, seen_at, created_at
      from analytics.report_link
     where org_id = :org_id and id = :id
    """
)
COUNT_LIVE = Query(
    """
    select count(*) from analytics.report_link
     where org_id = :org_id and owner_id = :user_id and revoked_at is null and expires_at > :now
    """
)
INSERT = Query(
    """
    insert into analytics.report_link
           (org_id, id, owner_id, draft, allowed_origins, expires_at, created_at)
    values (:org_id, :id, :owner_id, :draft::jsonb, :allowed_origins, :expires_at, :now)
    """
)
REVOKE = Query(
    """
    update analytics.report_link set revoked_at = :now
     where org_id = :org_id and id = :id and revoked_at is null
    """
)
NOTE_SEEN = Query(
    """
    update analytics.report_link set seen_at = :now
     where org_id = :org_id and id = :id and (seen_at is null or seen_at < :before)
    """
)


async def list_rows(
    tx: Tx, user_id: UUID, *, everybodys: bool, dashboard: str | None
) -> list[ReportLink]:
    return await tx.many(
        LIST, ReportLink, user_id=user_id, everybodys=everybodys, dashboard=dashboard
    )


async def find(tx: Tx, link_id: UUID) -> ReportLink | None:
    return await tx.one_or_none(FIND, ReportLink, id=link_id)


async def count_live(tx: Tx, user_id: UUID, now: datetime) -> int:
    number: int = await tx.value(COUNT_LIVE, user_id=user_id, now=now)
    return number


async def insert(
    tx: Tx,
    link_id: UUID,
    owner_id: UUID,
    draft: LinkDraft,
    *,
    expires_at: datetime,
    now: datetime,
) -> None:
    await tx.run(
        INSERT,
        id=link_id,
        owner_id=owner_id,
        draft=msgspec.json.encode(draft).decode(),
        allowed_origins=draft.allowed_origins,
        expires_at=expires_at,
        now=now,
    )


async def revoke(tx: Tx, link_id: UUID, now: datetime) -> bool:
    """False where it was taken back already."""
    return bool(await tx.run(REVOKE, id=link_id, now=now))


async def note_seen(tx: Tx, link_id: UUID, *, before: datetime, now: datetime) -> None:
    await tx.run(NOTE_SEEN, id=link_id, before=before, now=now)
