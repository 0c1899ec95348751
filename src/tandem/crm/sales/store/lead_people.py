"""What leads, their forms and notes hold of one person: found, handed over, emptied, shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tandem.kernel.db import Query, Tx

HAND_OVER = Query(
    """
    update sales.lead set customer_id = :into, version = version + 1
     where org_id = :org_id and customer_id = :source
       and (:ids::uuid[] is null or id = any(:ids::uuid[]))
    returning id
    """
)

FIND = Query(
    """
    select l.id from sales.lead l
     where l.org_id = :org_id and l.erased_at is null
       and (l.customer_id = :customer_id or l.email = any(:emails::text[])
            or (l.phone = any(:phones::text[]) and l.email is null)
            or l.id in (select k.lead_id from sales.lead_key k
                         where k.org_id = :org_id and k.kind = 'email'
                           and k.value = any(:emails::text[])))
     union
    select m.id from sales.lead m
      join sales.lead l on l.org_id = m.org_id and l.id = m.merged_into_id
     where m.org_id = :org_id and m.erased_at is null and l.customer_id = :customer_id
    """
)

EMPTY_LEADS = Query(
    """
    update sales.lead
       set name = '', company_name = '', job_title = '', email = null, phone = null,
           website = '', city = '', description = '', lost_reason = '', tags = '{}',
           custom = custom - :personal::text[], first_touch = null, last_touch = null,
           erased_at = :now, version = version + 1, updated_at = :now
     where org_id = :org_id and id = any(:ids::uuid[])
    """
)
DROP_KEYS = Query(
    "delete from sales.lead_key where org_id = :org_id and lead_id = any(:ids::uuid[])"
)
DROP_NOTES = Query(
    "delete from sales.lead_note where org_id = :org_id and lead_id = any(:ids::uuid[])"
)
EMPTY_TOUCHES = Query(
    """
    update sales.lead_touch set referrer = '', landing = ''
     where org_id = :org_id and lead_id = any(:ids::uuid[])
    """
)
EMPTY_EVENTS = Query(
    """
    update sales.lead_event set facts = facts - array['url', 'name']
     where org_id = :org_id and lead_id = any(:ids::uuid[])
    """
)
EMPTY_SUBMISSIONS = Query(
    """
    update sales.form_submission
       set payload = '{}', touch = '{}', consents = '[]', user_agent = '', network_hash = '',
           problem = ''
     where org_id = :org_id
       and (lead_id = any(:ids::uuid[]) or payload ->> 'email' = any(:emails::text[]))
       and payload <> '{}'
    """
)

SHOW = Query(
    """
    select jsonb_build_object(
             'number', l.number, 'name', l.name, 'company_name', l.company_name,
             'job_title', l.job_title, 'email', l.email, 'phone', l.phone, 'website', l.website,
             'city', l.city, 'country', l.country, 'description', l.description,
             'source', l.source, 'score', l.score, 'tags', l.tags, 'custom', l.custom,
             'created_at', l.created_at,
             'touches', coalesce((select jsonb_agg(to_jsonb(t) - array['org_id', 'lead_id',
                                         'dedupe'] order by t.at)
                                    from sales.lead_touch t
                                   where t.org_id = :org_id and t.lead_id = l.id), '[]'),
             'notes', coalesce((select jsonb_agg(jsonb_build_object('text', n.text,
                                       'at', n.created_at) order by n.id)
                                  from sales.lead_note n
                                 where n.org_id = :org_id and n.lead_id = l.id), '[]'),
             'submissions', coalesce((select jsonb_agg(jsonb_build_object('sent', s.payload,
                                             'consents', s.consents, 'at', s.received_at)
                                             order by s.id)
                                        from sales.form_submission s
                                       where s.org_id = :org_id and s.lead_id = l.id), '[]')
           ) as shown
      from sales.lead l
     where l.org_id = :org_id and l.id = any(:ids::uuid[])
     order by l.id
    """
)


async def hand_over(tx: Tx, source: UUID, into: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    listed = None if ids is None else list(ids)
    rows = await tx.records(HAND_OVER, source=source, into=into, ids=listed)
    return [row["id"] for row in rows]


async def find(
    tx: Tx, customer_id: UUID, emails: Sequence[str], phones: Sequence[str]
) -> list[UUID]:
    rows = await tx.records(FIND, customer_id=customer_id, emails=list(emails), phones=list(phones))
    return [row["id"] for row in rows]


async def empty(
    tx: Tx, ids: Sequence[UUID], emails: Sequence[str], personal: Sequence[str], now: datetime
) -> None:
    await tx.run(EMPTY_SUBMISSIONS, ids=list(ids), emails=list(emails))
    await tx.run(DROP_KEYS, ids=list(ids))
    await tx.run(DROP_NOTES, ids=list(ids))
    await tx.run(EMPTY_TOUCHES, ids=list(ids))
    await tx.run(EMPTY_EVENTS, ids=list(ids))
    await tx.run(EMPTY_LEADS, ids=list(ids), personal=list(personal), now=now)


async def show(tx: Tx, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    return [row["shown"] for row in await tx.records(SHOW, ids=list(ids))]
