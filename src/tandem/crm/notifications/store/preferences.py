"""What people chose to hear, and their hours."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.hours import Hours, MemberHours
from tandem.kernel.db import Query, Tx


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    subject_kind: str
    subject_id: UUID
    category: str
    channel: str
    pace: str


LIST = Query(
    """
    select subject_kind, subject_id, category, channel, pace
      from notifications.preference
     where org_id = :org_id
       and (subject_kind = 'company'
            or (subject_kind = :subject_kind and subject_id = any(:subject_ids::uuid[])))
    """
)

SET = Query(
    """
    insert into notifications.preference
           (org_id, subject_kind, subject_id, category, channel, pace, updated_at)
    select :org_id, :subject_kind, :subject_id, category, channel, pace, :now::timestamptz
      from unnest(:categories::text[], :channels::text[], :paces::text[])
           as given (category, channel, pace)
        on conflict (org_id, subject_kind, subject_id, category, channel) do update
       set pace = excluded.pace, updated_at = excluded.updated_at
    """
)

MOVE = Query(
    """
    insert into notifications.preference as held
           (org_id, subject_kind, subject_id, category, channel, pace, updated_at)
    select org_id, subject_kind, :into, category, channel, pace, updated_at
      from notifications.preference
     where org_id = :org_id and subject_kind = 'customer' and subject_id = :source
        on conflict (org_id, subject_kind, subject_id, category, channel) do update
       set pace = 'off'
     where held.pace = 'off' or excluded.pace = 'off'
    """
)

FORGET = Query(
    """
    delete from notifications.preference
     where org_id = :org_id and subject_kind = 'customer' and subject_id = :customer_id
    """
)

HOURS = Query(
    """
    select user_id, zone, quiet_from, quiet_until, digest_at, digest_day
      from notifications.person_hours
     where org_id = :org_id and user_id = any(:user_ids::uuid[])
    """
)

SET_HOURS = Query(
    """
    insert into notifications.person_hours
           (org_id, user_id, zone, quiet_from, quiet_until, digest_at, digest_day, updated_at)
    values (:org_id, :user_id, :zone, :quiet_from, :quiet_until, :digest_at, :digest_day, :now)
        on conflict (org_id, user_id) do update
       set zone = excluded.zone, quiet_from = excluded.quiet_from,
           quiet_until = excluded.quiet_until, digest_at = excluded.digest_at,
           digest_day = excluded.digest_day, updated_at = excluded.updated_at
    """
)


async def list_chosen(tx: Tx, subject_kind: str, subject_ids: Sequence[UUID]) -> list[Chosen]:
    """The company's rows, and those of these subjects."""
    return await tx.many(
        LIST, Chosen, subject_kind=subject_kind, subject_ids=list(dict.fromkeys(subject_ids))
    )


async def set_chosen(
    tx: Tx,
    subject_kind: str,
    subject_id: UUID,
    choices: Sequence[tuple[str, str, str]],
    *,
    now: datetime,
) -> None:
    """`choices` are (category, channel, pace), each pair once."""
    await tx.run(
        SET,
        subject_kind=subject_kind,
        subject_id=subject_id,
        categories=[category for category, _, _ in choices],
        channels=[channel for _, channel, _ in choices],
        paces=[pace for _, _, pace in choices],
        now=now,
    )


async def move_customer(tx: Tx, source: UUID, into: UUID) -> int:
    """Of two people who turn out to be one, whoever wants less decides."""
    return await tx.run(MOVE, source=source, into=into)


async def forget_customer(tx: Tx, customer_id: UUID) -> int:
    return await tx.run(FORGET, customer_id=customer_id)


async def hours_of(tx: Tx, user_ids: Sequence[UUID]) -> list[MemberHours]:
    rows = await tx.records(HOURS, user_ids=list(user_ids))
    return [
        MemberHours(
            user_id=row["user_id"],
            hours=Hours(**{name: row[name] for name in Hours.__struct_fields__}),
        )
        for row in rows
    ]


async def set_hours(tx: Tx, user_id: UUID, hours: Hours, *, now: datetime) -> None:
    fields = {name: getattr(hours, name) for name in Hours.__struct_fields__}
    await tx.run(SET_HOURS, user_id=user_id, now=now, **fields)
