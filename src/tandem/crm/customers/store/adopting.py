"""What stands in the way of letting a customer or an account go again."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

# Two transactions that bring the same company wait for each other, whether by name or by domain.
LOCK_COMPANY = Query(
    """
    select pg_advisory_xact_lock(hashtextextended(:org_id::uuid::text || word, 17))
      from unnest(:words::text[]) as given (word)
     order by word
    """
)

USES_OF_PERSON = Query(
    """
    select array_remove(array[
        case when exists (select from customers.purchase p
                           where p.org_id = :org_id and p.customer_id = :id) then 'orders' end,
        case when exists (select from customers.note n
                           where n.org_id = :org_id and n.subject_kind = 'customer'
                             and n.subject_id = :id and n.id <> all(:notes::uuid[]))
             then 'notes' end,
        case when exists (select from customers.task t
                           where t.org_id = :org_id and t.subject_kind = 'customer'
                             and t.subject_id = :id) then 'tasks' end,
        case when exists (select from customers.file f
                           where f.org_id = :org_id and f.subject_kind = 'customer'
                             and f.subject_id = :id) then 'files' end,
        case when exists (select from customers.account_contact m
                           where m.org_id = :org_id and m.customer_id = :id
                             and m.account_id is distinct from :but_account::uuid)
             then 'roles at accounts' end,
        case when exists (select from customers.consent s
                           where s.org_id = :org_id and s.customer_id = :id)
             then 'consents' end,
        case when exists (select from customers.customer c
                           where c.org_id = :org_id and c.merged_into_id = :id)
             then 'others merged into it' end], null) as used
    """
)

FORGET_ACTIVITIES = Query(
    "delete from customers.activity where org_id = :org_id and customer_id = :id"
)

USES_OF_COMPANY = Query(
    """
    select array_remove(array[
        case when exists (select from customers.account_contact m
                           where m.org_id = :org_id and m.account_id = :id
                             and m.customer_id is distinct from :but_member::uuid)
             then 'members' end,
        case when exists (select from customers.account a
                           where a.org_id = :org_id and a.parent_id = :id)
             then 'accounts below it' end,
        case when exists (select from customers.note n
                           where n.org_id = :org_id and n.subject_kind = 'account'
                             and n.subject_id = :id) then 'notes' end,
        case when exists (select from customers.task t
                           where t.org_id = :org_id and t.subject_kind = 'account'
                             and t.subject_id = :id) then 'tasks' end,
        case when exists (select from customers.file f
                           where f.org_id = :org_id and f.subject_kind = 'account'
                             and f.subject_id = :id) then 'files' end], null) as used
    """
)

DELETE_COMPANY = Query("delete from customers.account where org_id = :org_id and id = :id")


class _Used(msgspec.Struct, frozen=True):
    used: list[str]


async def lock_company(tx: Tx, name: str, domain: str | None) -> None:
    words = {f"name {name.strip().lower()}"} | ({f"domain {domain}"} if domain else set())
    await tx.records(LOCK_COMPANY, words=sorted(words))


async def uses_of_person(
    tx: Tx, customer_id: UUID, *, notes: Sequence[UUID], but_account: UUID | None
) -> list[str]:
    """What hangs on them besides these notes and the roles at this account."""
    found = await tx.one(
        USES_OF_PERSON, _Used, id=customer_id, notes=list(notes), but_account=but_account
    )
    return found.used


async def forget_activities(tx: Tx, customer_id: UUID) -> None:
    await tx.run(FORGET_ACTIVITIES, id=customer_id)


async def uses_of_company(tx: Tx, account_id: UUID, *, but_member: UUID | None) -> list[str]:
    return (await tx.one(USES_OF_COMPANY, _Used, id=account_id, but_member=but_member)).used


async def delete_company(tx: Tx, account_id: UUID) -> None:
    await tx.run(DELETE_COMPANY, id=account_id)
