"""How many may leave now: of a stream, of a recipients' domain, of the whole company.

What is known before messages are taken in hand keeps most of them waiting in their place. What
counts is counted under its lock, right before they are handed over, over all workers together.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tandem.crm.notifications.domain import domain_limits
from tandem.crm.notifications.domain.messages import COMPANY_FEED, Lane, Message
from tandem.crm.notifications.domain.throttle import grant
from tandem.crm.notifications.store import domain_limits as limit_store
from tandem.crm.notifications.store import feeds
from tandem.crm.notifications.store import lanes as store
from tandem.crm.notifications.store.feeds import Spending
from tandem.crm.notifications.store.lanes import Stream
from tandem.kernel.db import Tx

UNLIMITED = 1_000_000
SOON = timedelta(minutes=1)
"""What waits longer, for quiet hours say, is left to who looks at all lanes every few seconds."""


def room(stream: Stream, now: datetime) -> int:
    if stream.per_minute is None:
        return UNLIMITED
    return grant(stream.spent or {}, stream.per_minute, stream.per_minute, now).granted


def domain_room(stream: Stream, taken: Sequence[Message], now: datetime) -> int:
    """What was taken a moment ago, of another stream, is on its way to the same domain."""
    limit = stream.limit
    if limit is None:
        return UNLIMITED
    already = sum(1 for message in taken if message.domain == stream.domain)
    return domain_limits.grant(limit, UNLIMITED, now).granted - already


async def room_of_company(tx: Tx, lane: Lane, now: datetime) -> int:
    """Codes are not counted. What goes to many leaves room for what somebody waits for by now."""
    company = await _company(tx, lane)
    if company is None or company.per_minute is None:
        return UNLIMITED
    free = grant(company.spent, company.per_minute, company.per_minute, now).granted
    if lane is Lane.BULK and free:
        free -= await _awaited(tx, free, now)
    return free


async def next_turn(tx: Tx, lane: Lane, *, now: datetime) -> datetime | None:
    """When a throttled stream, or a domain or company that has a limit, may go on in this lane;
    None when none waits for that."""
    waiting = [stream for stream in await store.streams(tx, lane) if not stream.is_paused]
    company = await _company(tx, lane) if waiting else None
    turns = [at for stream in waiting if (at := _turn(stream, company, now)) is not None]
    return min(turns, default=None)


def _turn(stream: Stream, company: Spending | None, now: datetime) -> datetime | None:
    turns = []
    if stream.per_minute is not None:
        turns.append(grant(stream.spent or {}, stream.per_minute, 0, now).next_at)
    if stream.limit is not None and stream.due_at <= now:
        turns.append(domain_limits.grant(stream.limit, 0, now).next_at)
    if company is not None and company.per_minute is not None:
        turns.append(grant(company.spent, company.per_minute, 0, now).next_at)
    at = max([*turns, stream.due_at]) if turns else None
    return at if at is not None and at - now <= SOON else None


async def wait_for_streams(
    tx: Tx, messages: Sequence[Message], now: datetime
) -> dict[UUID, datetime]:
    """Until when those wait that are over their stream's or the company's limit."""
    by_key: dict[str, list[Message]] = {}
    for message in messages:
        if message.feed:
            by_key.setdefault(message.feed, []).append(message)
        if message.lane is not Lane.OTP:
            by_key.setdefault(COMPANY_FEED, []).append(message)
    wait: dict[UUID, datetime] = {}
    if not by_key:
        return wait
    held = await feeds.lock_feeds(tx, sorted(by_key))
    for feed in sorted(held, key=lambda one: one.key == COMPANY_FEED):
        wanted = [message for message in by_key[feed.key] if message.id not in wait]
        if feed.is_paused:
            wait |= {message.id: now for message in wanted}
            continue
        assert feed.per_minute is not None, "only throttled and paused streams are locked"
        count = len(wanted)
        if feed.key == COMPANY_FEED and all(one.lane is Lane.BULK for one in wanted):
            # Looked at anew under the lock: two senders in bulk may both have seen the same room.
            kept = await _awaited(tx, feed.per_minute, now)
            room = grant(feed.spent, feed.per_minute, count + kept, now).granted
            count = max(0, min(count, room - kept))
        allowed = grant(feed.spent, feed.per_minute, count, now)
        wait |= {message.id: allowed.next_at for message in wanted[allowed.granted :]}
        if allowed.granted:
            await feeds.spend(tx, feed.key, allowed.spent)
    return wait


async def wait_for_domains(
    tx: Tx, messages: Sequence[Message], now: datetime
) -> dict[UUID, datetime]:
    """Those that are over their domain's limit, counted under its lock as streams are. They are due
    at once: until there is room, nobody takes them in hand."""
    by_domain: dict[str, list[Message]] = {}
    for message in messages:
        if message.domain:
            by_domain.setdefault(message.domain, []).append(message)
    wait: dict[UUID, datetime] = {}
    if not by_domain:
        return wait
    asking = [message.id for message in messages]
    for limit in await limit_store.lock(tx, sorted(by_domain), asking=asking):
        wanted = by_domain[limit.domain]
        allowed = domain_limits.grant(limit, len(wanted), now)
        wait |= {message.id: now for message in wanted[allowed.granted :]}
        if allowed.granted:
            await limit_store.spend(tx, limit.domain, allowed.spent)
    return wait


async def _awaited(tx: Tx, count: int, now: datetime) -> int:
    """How much somebody waits for by now, as far as `count`."""
    return await store.count_due(tx, Lane.TRANSACTIONAL, count=count, now=now)


async def _company(tx: Tx, lane: Lane) -> Spending | None:
    return await feeds.find_spending(tx, COMPANY_FEED) if lane is not Lane.OTP else None
