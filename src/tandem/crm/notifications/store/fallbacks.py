"""Messages that stand by for another one of the same occasion."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tandem.kernel.db import Query, Tx

ADD = Query(
    """
    insert into notifications.fallback (org_id, message_id)
    select :org_id, id from unnest(:message_ids::uuid[]) as given (id)
        on conflict do nothing
    """
)

ARRIVED = Query(
    """
    select distinct on (f.message_id) f.message_id, other.channel
      from notifications.fallback f
      join notifications.message m on m.org_id = :org_id and m.id = f.message_id
      join notifications.message other
        on other.org_id = :org_id and other.dedupe = m.dedupe and other.id <> m.id
     where f.org_id = :org_id and f.message_id = any(:message_ids::uuid[])
       and other.state in ('delivered', 'complained')
     order by f.message_id, other.id
    """
)

# Only the next of each occasion: who comes after it still waits its time. So does everybody while
# one that was to follow the gone one is on its way: it has its own time to arrive in. Ids are in
# the order in which the channels were named.
HURRY = Query(
    """
    update notifications.message m
       set due_at = :now, updated_at = :now
     where m.org_id = :org_id and m.state in ('queued', 'held') and m.due_at > :now
       and m.id in (
           select distinct on (m2.dedupe) m2.id
             from notifications.message gone
             join notifications.message m2
               on m2.org_id = :org_id and m2.dedupe = gone.dedupe and m2.id <> gone.id
             join notifications.fallback f on f.org_id = :org_id and f.message_id = m2.id
            where gone.org_id = :org_id and gone.id = any(:message_ids::uuid[])
              and m2.state in ('queued', 'held')
              and not exists (
                  select from notifications.message leaves
                   where leaves.org_id = :org_id and leaves.dedupe = gone.dedupe
                     and leaves.id > gone.id and leaves.state in ('sending', 'sent', 'unknown'))
            order by m2.dedupe, m2.due_at, m2.id)
    """
)


async def add(tx: Tx, message_ids: Sequence[UUID]) -> None:
    await tx.run(ADD, message_ids=list(message_ids))


async def arrived(tx: Tx, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Of those that stand by, the channel by which their occasion has arrived."""
    rows = await tx.records(ARRIVED, message_ids=list(message_ids))
    return {row["message_id"]: row["channel"] for row in rows}


async def hurry(tx: Tx, message_ids: Sequence[UUID], now: datetime) -> int:
    """Whoever stands by next for one of these is due now; how many."""
    return await tx.run(HURRY, message_ids=list(message_ids), now=now)
