"""How the exchange with Jira stands, in one question."""

from datetime import datetime

import msgspec

from tandem.kernel.db import Query, Tx

COUNT = Query(
    """
    select (select count(*) from support.jira_link
             where org_id = :org_id and state in ('linked', 'conflict')) as linked,
           (select count(*) from support.jira_link
             where org_id = :org_id and state = 'creating') as creating,
           (select count(*) from support.jira_link
             where org_id = :org_id and state = 'failed') as failed,
           (select count(*) from support.jira_link
             where org_id = :org_id and state = 'orphaned') as orphaned,
           (select count(*) from support.jira_outbox
             where org_id = :org_id and state = 'waiting') as waiting_out,
           (select count(*) from support.jira_outbox
             where org_id = :org_id and state = 'dead') as dead_out,
           (select count(*) from support.jira_inbox
             where org_id = :org_id and state = 'waiting') as waiting_in,
           (select count(*) from support.jira_inbox
             where org_id = :org_id and state = 'dead') as dead_in,
           (select count(*) from support.jira_conflict
             where org_id = :org_id and decided_at is null) as clashes,
           (select min(at) from (
                   select min(created_at) as at from support.jira_outbox
                    where org_id = :org_id and state = 'waiting'
                    union all
                   select min(received_at) from support.jira_inbox
                    where org_id = :org_id and state = 'waiting') as ages) as oldest_waiting_at
    """
)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    linked: int
    creating: int
    failed: int
    orphaned: int
    waiting_out: int
    dead_out: int
    waiting_in: int
    dead_in: int
    clashes: int
    oldest_waiting_at: datetime | None


async def count(tx: Tx) -> Counts:
    return await tx.one(COUNT, Counts)
