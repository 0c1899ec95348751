"""Words of messages that are older than the company keeps them."""

from datetime import datetime

from tandem.kernel.db import Query, Tx

# What still waits, or is in somebody's hands, needs its words.
FORGET = Query(
    """
    with old as (
        select id from notifications.message
         where org_id = :org_id and words_forgotten_at is null and created_at < :before
           and state not in ('queued', 'held', 'sending')
         order by created_at
         limit :count
           for update skip locked
    )
    update notifications.message m
       set subject = '', text = '', html = '', parameters = '{}', template_version_id = null,
           words_forgotten_at = :now
      from old
     where m.org_id = :org_id and m.id = old.id
    """
)


async def forget(tx: Tx, *, before: datetime, count: int, now: datetime) -> int:
    return await tx.run(FORGET, before=before, count=count, now=now)
