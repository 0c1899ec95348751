"""How many leave in a while: of a stream, of a domain, of a company; over all workers."""

import asyncio
from datetime import datetime, timedelta

from tandem.crm.notifications import service
from tandem.crm.notifications.domain.domain_limits import DomainLimit
from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.service import leaving
from tandem.flows.send_messages.lanes import send_lane
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel.db import Query
from tests.notifications.givens import Post
from tests.notifications.test_lanes import FEED, outgoing, plan, run, set_feed, set_rules, states


async def test_a_throttle_holds_over_all_workers_and_a_restart(post: Post) -> None:
    """A-MKT-22: four senders at once, clocks moved on by seconds; every window of sixty seconds."""
    await set_feed(post, per_minute=40)
    await plan(post, *(outgoing(number) for number in range(110)))
    for _ in range(15):
        await asyncio.gather(*(run(post) for _ in range(4)))
        post.hands.advance(seconds=7)
    async with post.work.transaction() as tx:
        page = await service.messages_of(tx, limit=200, feed=FEED)
    handed = sorted(one.handed_over_at for one in page.items if one.handed_over_at)
    most = max(
        sum(1 for other in handed if one - timedelta(seconds=60) < other <= one) for one in handed
    )
    assert most <= 40
    assert len(handed) >= 60


async def test_a_throttled_lane_is_looked_at_again_when_its_turn_comes(post: Post) -> None:
    await set_feed(post, per_minute=8)
    await plan(post, *(outgoing(number) for number in range(3)))
    await send_lane(post.work, "bulk")
    assert await states(post) == {"sent": 1, "queued": 2}
    async with post.work.transaction() as tx:
        waits = await tx.records(WAITING_JOBS, lane="bulk")
    assert [row["is_later"] for row in waits].count(True) == 1


WAITING_JOBS = Query(
    """
    select execute_after > created as is_later from jobs.pgqueuer
     where convert_from(payload, 'utf8')::jsonb ->> 'org_id' = (:org_id::uuid)::text
       and convert_from(payload, 'utf8')::jsonb -> 'payload' ->> 'lane' = :lane
    """
)


async def test_a_domain_s_limit_keeps_its_own_mail_back_and_nobody_else_s(post: Post) -> None:
    """MKT-07: by rate, over four senders at once, clocks moved on by tenths; others all leave."""
    await set_rules(post, domains=[DomainLimit(domain="slow.example.test", per_second=5)])
    slow = [outgoing(n, recipient=f"p{n}@Slow.example.test") for n in range(30)]
    await plan(post, *slow, *(outgoing(100 + n) for n in range(60)))
    await asyncio.gather(*(run(post) for _ in range(4)))
    assert await states(post) == {"queued": 25, "sent": 65}
    async with post.work.transaction() as tx:
        (waits,) = await service.domain_waits(tx, FEED)
    assert (waits.waiting, waits.says()) == (25, "5 a second")
    for _ in range(25):
        post.hands.advance(milliseconds=300)
        await asyncio.gather(*(run(post) for _ in range(2)))
    async with post.work.transaction() as tx:
        page = await service.messages_of(tx, limit=200, feed=FEED)
        assert await service.domain_waits(tx, FEED) == []
    handed = sorted(one.handed_over_at for one in page.items if one.domain and one.handed_over_at)
    second = timedelta(seconds=1)
    assert len(handed) == 30
    assert max(sum(1 for other in handed if one - second < other <= one) for one in handed) == 5


async def test_as_many_at_once_as_a_domain_bears_also_after_a_sender_died(post: Post) -> None:
    """The place of a message in hand is kept by its lease, and free when that is over."""
    await plan(post, *(outgoing(n, recipient=f"p{n}@slow.example.test") for n in range(6)))
    await set_rules(post, domains=[DomainLimit(domain="slow.example.test", at_once=3)])
    async with post.work.transaction() as tx:
        dead = await leaving.claim_lane(tx, Lane.BULK, count=1, now=post.work.now())
        await leaving.hand_over_many(tx, dead, now=post.work.now())
        found = await leaving.claim_lane(tx, Lane.BULK, count=100, now=post.work.now())
        assert len(found) == 2, "of three places, one is the dead one's"
    await set_rules(post, domains=[DomainLimit(domain="slow.example.test", at_once=2)])
    async with post.work.transaction() as tx:
        over = await leaving.hand_over_many(tx, found, now=post.work.now())
        assert (over.ours, [*over.wait]) == ({found[0].id}, [found[1].id])
        again = await leaving.hand_over_many(tx, found[:1], now=post.work.now())
        assert again.ours == {found[0].id}, "another provider is asked: it has its place"
    await run(post)
    assert await states(post) == {"queued": 3, "sending": 3}
    post.hands.advance(minutes=3)
    await tidy(post.work)
    await run(post)
    assert await states(post) == {"sent": 4, "unknown": 2}
    await set_rules(post)
    await plan(post, *(outgoing(50 + n, recipient=f"q{n}@slow.example.test") for n in range(5)))
    await run(post)
    assert await states(post) == {"sent": 9, "unknown": 2}


async def test_a_company_s_limit_holds_over_its_streams_and_lanes_and_codes_are_not_counted(
    post: Post,
) -> None:
    """NOT-16: 24 a minute of two campaigns and what somebody waits for; three senders at once."""
    await set_rules(post, per_minute=24)
    many = [outgoing(n, feed=f"stream:{n % 2}") for n in range(34)]
    codes = [outgoing(100 + n, feed=None, lane=Lane.OTP) for n in range(9)]
    await plan(post, *many, *codes)
    waited = [outgoing(200 + n, feed=None, lane=Lane.TRANSACTIONAL) for n in range(4)]
    for turn in range(10):
        if turn == 1:
            await plan(post, *waited)
        await run(post, Lane.OTP)
        await asyncio.gather(*(run(post) for _ in range(2)), run(post, Lane.TRANSACTIONAL))
        post.hands.advance(seconds=7)
    async with post.work.transaction() as tx:
        page = await service.messages_of(tx, limit=200)
    counted = [one for one in page.items if one.lane is not Lane.OTP]
    handed = sorted(one.handed_over_at for one in counted if one.handed_over_at)
    minute = timedelta(seconds=60)
    assert max(sum(1 for other in handed if one - minute < other <= one) for one in handed) == 24
    first = min(handed)
    assert 24 < len(handed) < 38
    at: dict[Lane, list[datetime]] = {lane: [] for lane in Lane}
    for one in page.items:
        if one.handed_over_at:
            at[one.lane].append(one.handed_over_at)
    assert [one - first for one in set(at[Lane.OTP])] == [timedelta()]
    assert len(at[Lane.OTP]) == 9
    assert max(at[Lane.TRANSACTIONAL]) - first <= timedelta(seconds=14), "campaigns let them pass"

    await set_rules(post)
    await run(post)
    assert (await states(post)) == {"sent": 47}
