"""Links, departures, and what was done with messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.engagement import Departure, Engagement, Link
from tandem.crm.marketing.domain.results import LinkClicks
from tandem.kernel.db import Query, Tx
from tandem.kernel.ids import new_id

LOOKS_MAX = 3
_ENGAGEMENT: LiteralString = """
    select id, feed, message_id, customer_id, variant_id, channel, type, link_id, url, at, method,
           user_agent, network, verdict, reason, told, is_by_hand
      from marketing.engagement
"""

# Many messages' links in one statement; those already there keep their ids.
PUT_LINKS = Query(
    """
    with given as (
        select id, kind, url
          from unnest(:ids::uuid[], :kinds::text[], :urls::text[]) as given (id, kind, url)
    ),
    made as (
        insert into marketing.link (org_id, id, feed, kind, url, created_at)
        select :org_id, id, :feed, kind, url, :now from given
            on conflict (org_id, feed, kind, md5(url)) do nothing
        returning id, kind, url
    )
    select made.id, made.kind, made.url from made
    union all
    select known.id, known.kind, known.url
      from given
      join marketing.link known
        on known.org_id = :org_id and known.feed = :feed and known.kind = given.kind
       and md5(known.url) = md5(given.url)
    """
)

GET_LINK = Query(
    """
    select id, feed, kind, url
      from marketing.link
     where org_id = :org_id and id = :id
    """
)

DEPART = Query(
    """
    insert into marketing.departure
           (org_id, message_id, feed, customer_id, channel, links, left_at)
    select :org_id, message_id, :feed, customer_id, :channel, links, :left_at::timestamptz
      from unnest(:message_ids::uuid[], :customer_ids::uuid[], :links::int[])
           as leaving (message_id, customer_id, links)
     order by message_id
        on conflict (org_id, message_id) do update
       set links = excluded.links, left_at = excluded.left_at
    """
)

GET_DEPARTURE = Query(
    """
    select d.message_id, d.feed, d.customer_id, d.channel, d.links, d.left_at, r.variant_id
      from marketing.departure d
      left join marketing.campaign_recipient r
        on r.org_id = :org_id and r.message_id = d.message_id
     where d.org_id = :org_id and d.message_id = :message_id
    """
)

ADD = Query(
    """
    insert into marketing.engagement
           (org_id, id, feed, message_id, customer_id, variant_id, channel, type, link_id, url, at,
            method, user_agent, network, verdict, reason, provider_event)
    values (:org_id, :id, :feed, :message_id, :customer_id, :variant_id, :channel, :type, :link_id,
            :url, :at, :method, :user_agent, :network, :verdict, :reason, :provider_event)
        on conflict (org_id, provider_event) where provider_event is not null do nothing
    """
)

GET = Query(_ENGAGEMENT + "where org_id = :org_id and id = :id")

UNTOLD = Query(
    """
    select distinct message_id
      from marketing.engagement
     where org_id = :org_id and told is null and at <= :before and message_id is not null
     limit :count
    """
)

UNTOLD_ALONE = Query(
    _ENGAGEMENT
    + """
     where org_id = :org_id and told is null and at <= :before and message_id is null
     order by at, id
     limit :count
       for update skip locked
    """
)

OF_MESSAGE = Query(
    _ENGAGEMENT
    + """
     where org_id = :org_id and message_id = :message_id
     order by at, id
     limit 500
       for update
    """
)

JUDGE = Query(
    """
    update marketing.engagement e
       set verdict = given.verdict, reason = given.reason,
           told = case when given.is_told then given.verdict else e.told end
      from unnest(:ids::uuid[], :verdicts::text[], :reasons::text[], :are_told::boolean[])
           as given (id, verdict, reason, is_told)
     where e.org_id = :org_id and e.id = given.id
    """
)

OVERRULE = Query(
    """
    update marketing.engagement
       set verdict = :verdict, reason = :reason, told = :verdict, is_by_hand = true
     where org_id = :org_id and id = :id
    """
)

LIST = Query(
    _ENGAGEMENT
    + """
     where org_id = :org_id and feed = :feed
       and (:type::text is null or type = :type)
       and (:verdict::text is null or verdict = :verdict)
       and (:before_id::uuid is null or id < :before_id)
     order by id desc
     limit :count
    """
)

SUMS = Query(
    """
    select variant_id, type, verdict, count(*)::int as events,
           count(distinct coalesce(message_id, id))::int as messages
      from marketing.engagement
     where org_id = :org_id and feed = :feed
     group by variant_id, type, verdict
    """
)

CLICKS = Query(
    """
    select url, count(distinct coalesce(message_id, id))::int as messages, count(*)::int as clicks
      from marketing.engagement
     where org_id = :org_id and feed = :feed and type = 'click'
       and (verdict = 'human' or not :human_only::boolean)
     group by url
     order by messages desc, url
     limit 50
    """
)

ERASE = Query(
    """
    with parted as (
        update marketing.departure
           set customer_id = null
         where org_id = :org_id and customer_id = :customer_id
    )
    update marketing.engagement
       set customer_id = null, message_id = null, user_agent = '', network = ''
     where org_id = :org_id and customer_id = :customer_id
    """
)

EXPORT = Query(
    """
    select type, url, channel, at, verdict
      from marketing.engagement
     where org_id = :org_id and customer_id = :customer_id
     order by at, id
     limit 10000
    """
)

MOVE = Query(
    """
    with moved as (
        update marketing.departure d
           set customer_id = :into_id
         where d.org_id = :org_id and d.customer_id = :source_id
           and (:ids::uuid[] is null or d.message_id = any(:ids))
        returning d.message_id
    ), engaged as (
        update marketing.engagement e
           set customer_id = :into_id
         where e.org_id = :org_id and e.customer_id = :source_id
           and (:ids::uuid[] is null or e.message_id = any(:ids))
    )
    select message_id from moved
    """
)


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    variant_id: UUID | None
    type: str
    verdict: str
    events: int
    messages: int


async def put_links(
    tx: Tx, feed: str, links: Sequence[tuple[str, str]], now: datetime
) -> dict[tuple[str, str], UUID]:
    """`(kind, address)` → the link's id, the same for the whole stream.

    A link that somebody else is making at this moment is waited for, but seen by the next statement
    only: whoever does not find it looks again. In one order, so that two never wait for each other.
    """
    known: dict[tuple[str, str], UUID] = {}
    for _ in range(LOOKS_MAX):
        wanted = sorted(set(links) - known.keys())
        if not wanted:
            break
        found = await tx.records(
            PUT_LINKS,
            feed=feed,
            ids=[new_id() for _ in wanted],
            kinds=[kind for kind, _ in wanted],
            urls=[url for _, url in wanted],
            now=now,
        )
        known |= {(row["kind"], row["url"]): row["id"] for row in found}
    return known


async def get_link(tx: Tx, link_id: UUID) -> Link | None:
    return await tx.one_or_none(GET_LINK, Link, id=link_id)


async def depart(
    tx: Tx,
    leaving: Sequence[tuple[UUID, UUID | None, int]],
    *,
    feed: str,
    channel: str,
    left_at: datetime,
) -> None:
    """(message, customer, how many links it has) each."""
    await tx.run(
        DEPART,
        message_ids=[one[0] for one in leaving],
        customer_ids=[one[1] for one in leaving],
        links=[one[2] for one in leaving],
        feed=feed,
        channel=channel,
        left_at=left_at,
    )


async def get_departure(tx: Tx, message_id: UUID) -> Departure | None:
    return await tx.one_or_none(GET_DEPARTURE, Departure, message_id=message_id)


async def add(tx: Tx, engagement: Engagement, *, provider_event: str | None = None) -> bool:
    """False when the provider told of the same before."""
    row = msgspec.structs.asdict(engagement)
    del row["told"], row["is_by_hand"]
    return bool(await tx.run(ADD, provider_event=provider_event, **row))


async def get(tx: Tx, engagement_id: UUID) -> Engagement | None:
    return await tx.one_or_none(GET, Engagement, id=engagement_id)


async def untold(tx: Tx, *, before: datetime, count: int) -> list[UUID]:
    """Messages of which something happened that nobody was told yet."""
    found = await tx.records(UNTOLD, before=before, count=count)
    return [row["message_id"] for row in found]


async def untold_alone(tx: Tx, *, before: datetime, count: int) -> list[Engagement]:
    """The same of what is counted without the person."""
    return await tx.many(UNTOLD_ALONE, Engagement, before=before, count=count)


async def of_message(tx: Tx, message_id: UUID) -> list[Engagement]:
    return await tx.many(OF_MESSAGE, Engagement, message_id=message_id)


async def judge(tx: Tx, judged: Sequence[Engagement], told: Sequence[bool]) -> None:
    await tx.run(
        JUDGE,
        ids=[one.id for one in judged],
        verdicts=[one.verdict for one in judged],
        reasons=[one.reason for one in judged],
        are_told=list(told),
    )


async def overrule(tx: Tx, engagement_id: UUID, verdict: str, reason: str) -> None:
    await tx.run(OVERRULE, id=engagement_id, verdict=verdict, reason=reason)


async def list_engagement(
    tx: Tx,
    feed: str,
    *,
    kind: str | None,
    verdict: str | None,
    before_id: UUID | None,
    count: int,
) -> list[Engagement]:
    return await tx.many(
        LIST, Engagement, feed=feed, type=kind, verdict=verdict, before_id=before_id, count=count
    )


async def sums(tx: Tx, feed: str) -> list[Sum]:
    return await tx.many(SUMS, Sum, feed=feed)


async def clicks(tx: Tx, feed: str, *, human_only: bool) -> list[LinkClicks]:
    return await tx.many(CLICKS, LinkClicks, feed=feed, human_only=human_only)


async def erase(tx: Tx, customer_id: UUID) -> int:
    """Counts stay, the person goes."""
    return await tx.run(ERASE, customer_id=customer_id)


async def export(tx: Tx, customer_id: UUID) -> list[dict[str, object]]:
    return [dict(row) for row in await tx.records(EXPORT, customer_id=customer_id)]


async def move(tx: Tx, source_id: UUID, into_id: UUID, ids: Sequence[UUID] | None) -> list[UUID]:
    found = await tx.records(
        MOVE, source_id=source_id, into_id=into_id, ids=None if ids is None else list(ids)
    )
    return [row["message_id"] for row in found]
