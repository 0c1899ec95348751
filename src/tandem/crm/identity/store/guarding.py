"""Token buckets in the database, so that all web processes draw on the same; and known browsers."""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.crm.identity.domain.guarding import Allowance
from tandem.kernel.db import Query, Tx

TAKE = Query(
    """
    insert into identity.bucket as held (org_id, kind, subject, level, at)
    values (:org_id, :kind, :subject, :burst::float8 - 1, :now)
        on conflict (org_id, kind, subject) do update
       set level = least(:burst::float8, held.level + :per_second::float8
                   * greatest(0, extract(epoch from excluded.at - held.at)::float8)) - 1,
           at = greatest(held.at, excluded.at)
     where least(:burst::float8, held.level + :per_second::float8
           * greatest(0, extract(epoch from excluded.at - held.at)::float8)) >= 1
    returning level
    """
)

GIVE_BACK = Query(
    """
    update identity.bucket set level = least(:burst::float8, level + 1)
     where org_id = :org_id and kind = :kind and subject = :subject
    """
)

FORGET_BUCKETS = Query("delete from identity.bucket where org_id = :org_id and at < :before")

KNOWS_BROWSER = Query(
    """
    select exists (select from identity.known_browser
                    where org_id = :org_id and token_hash = :token_hash and person_id = :person_id
                      and last_used_at > :since)
    """
)

KEEP_BROWSER = Query(
    """
    insert into identity.known_browser as held (org_id, token_hash, person_id, last_used_at)
    values (:org_id, :token_hash, :person_id, :now)
        on conflict (org_id, token_hash, person_id) do update
       set last_used_at = excluded.last_used_at
    """
)

FORGET_BROWSERS = Query(
    "delete from identity.known_browser where org_id = :org_id and last_used_at < :before"
)

FORGET_BROWSERS_OF = Query(
    "delete from identity.known_browser where org_id = :org_id and person_id = :person_id"
)

BROWSER_LIFE = timedelta(days=180)


async def take(own: Tx, allowance: Allowance, subject: bytes, *, now: datetime) -> float | None:
    """One try from the bucket: what is left, or None when it was empty. Parallel tries wait for one
    another."""
    left: float | None = await own.value(
        TAKE,
        kind=allowance.kind,
        subject=subject,
        burst=float(allowance.burst),
        per_second=allowance.per_hour / 3600,
        now=now,
    )
    return left


async def give_back(own: Tx, allowance: Allowance, subject: bytes) -> None:
    await own.run(GIVE_BACK, kind=allowance.kind, subject=subject, burst=float(allowance.burst))


async def knows_browser(own: Tx, token_hash: bytes, person_id: UUID, *, now: datetime) -> bool:
    return bool(
        await own.value(
            KNOWS_BROWSER, token_hash=token_hash, person_id=person_id, since=now - BROWSER_LIFE
        )
    )
