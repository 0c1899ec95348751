"""How far bounce mailboxes have been read."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

# Whoever reads has it for a while: two workers would fetch the same mails twice.
TAKE = Query(
    """
    insert into notifications.bounce_mailbox as box (org_id, provider_id, busy_until)
    values (:org_id, :provider_id, :until)
        on conflict (org_id, provider_id) do update
       set busy_until = excluded.busy_until
     where box.busy_until is null or box.busy_until <= :now
    returning provider_id, uid_validity, uid_seen, read_count, told_count, looked_at, error
    """
)

GET = Query(
    """
    select provider_id, uid_validity, uid_seen, read_count, told_count, looked_at, error
      from notifications.bounce_mailbox
     where org_id = :org_id and provider_id = :provider_id
    """
)

READ = Query(
    """
    update notifications.bounce_mailbox
       set uid_validity = :uid_validity, uid_seen = :uid_seen, read_count = read_count + :read,
           told_count = told_count + :told, looked_at = :now, error = '',
           busy_until = null
     where org_id = :org_id and provider_id = :provider_id
    """
)

FAILED = Query(
    """
    update notifications.bounce_mailbox
       set error = :error, looked_at = :now, busy_until = null
     where org_id = :org_id and provider_id = :provider_id
    """
)


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """`read_count` mails were read, `told_count` of them told of a message of ours."""

    provider_id: UUID
    uid_validity: int
    uid_seen: int
    read_count: int
    told_count: int
    looked_at: datetime | None
    error: str


async def take(tx: Tx, provider_id: UUID, *, now: datetime, until: datetime) -> Mailbox | None:
    """None: somebody reads it just now."""
    return await tx.one_or_none(TAKE, Mailbox, provider_id=provider_id, now=now, until=until)


async def find(tx: Tx, provider_id: UUID) -> Mailbox | None:
    return await tx.one_or_none(GET, Mailbox, provider_id=provider_id)


async def note_read(
    tx: Tx,
    provider_id: UUID,
    *,
    uid_validity: int,
    uid_seen: int,
    read: int,
    told: int,
    now: datetime,
) -> None:
    await tx.run(
        READ,
        provider_id=provider_id,
        uid_validity=uid_validity,
        uid_seen=uid_seen,
        read=read,
        told=told,
        now=now,
    )


async def note_failed(tx: Tx, provider_id: UUID, error: str, *, now: datetime) -> None:
    await tx.run(FAILED, provider_id=provider_id, error=error[:300], now=now)
