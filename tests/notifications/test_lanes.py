"""Lanes, streams and outages, with the real sender against the real stand-ins."""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.notifications import service
from tandem.crm.notifications.domain.messages import Channel, Lane, State
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.rules import Cap, QuietHours, SendingRules, Storm
from tandem.crm.notifications.gateways.port import Mailer, Site, Texter
from tandem.crm.notifications.gateways.smtp import SmtpMailer
from tandem.crm.notifications.service import rules, senders
from tandem.flows.send_messages.lanes import Budget, run_lane, send_lane
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Query
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.notifications.givens import EMAIL, SITE, Post
from tests.sandbox.serving import free_port

FEED = "stream:summer"
JOBS_OF_OTHERS = Query(
    """
    select count(*) from notifications.message
     where org_id = :org_id and state = 'queued'
    """
)


def outgoing(number: int, **more: Any) -> Outgoing:
    usual: dict[str, Any] = {
        "dedupe": f"summer:{number}",
        "channel": Channel.EMAIL,
        "kind": "campaign",
        "purpose": "service",
        "customer_id": None,
        "recipient": f"p{number}@example.test",
        "lane": Lane.BULK,
        "feed": FEED,
        "sender_name": "Nilgiri Teas",
        "subject": f"Summer {number}",
        "text": "New teas.\n",
        "html": "<p>New teas.</p>",
    }
    return Outgoing(**{**usual, **more})


async def plan(post: Post, *wanted: Outgoing) -> list[UUID]:
    async with post.work.transaction() as tx:
        return await service.plan(tx, wanted, now=post.work.now())


async def set_feed(post: Post, per_minute: int | None = None, *, is_paused: bool = False) -> None:
    async with post.work.transaction() as tx:
        await service.set_feed(
            tx, FEED, per_minute=per_minute, is_paused=is_paused, now=post.work.now()
        )


async def set_rules(post: Post, **wanted: Any) -> None:
    async with post.work.transaction() as tx:
        before = await rules.get_rules(tx)
        await rules.set_rules(
            tx, SendingRules(**wanted), version=before.version, now=post.work.now()
        )


async def states(post: Post) -> dict[str, int]:
    async with post.work.transaction() as tx:
        page = await service.messages_of(tx, limit=200)
    counted: dict[str, int] = {}
    for message in page.items:
        word = message.reason or str(message.state)
        counted[word] = counted.get(word, 0) + 1
    return counted


async def run(post: Post, lane: Lane = Lane.BULK, work: Work | None = None) -> None:
    await run_lane(work or post.work, lane, seconds=20)


def by_mailer(post: Post, mailer: SmtpMailer, place: str = SITE) -> Work:
    held = Resources()
    held.add(Mailer, mailer)
    held.add(Texter, post.work.get(Texter))
    held.add(Site, Site(base_url=place))
    return Work(post.work.database, held, post.work.org_id)


def unreachable(post: Post) -> Work:
    return by_mailer(post, SmtpMailer(f"smtp://127.0.0.1:{free_port()}", sender="x@tandem.test"))


async def test_planning_twice_is_planning_once_and_answers_with_the_same_ids(post: Post) -> None:
    wanted = [outgoing(1), outgoing(2), outgoing(1), outgoing(3, recipient="no address")]
    first = await plan(post, *wanted)
    assert first[0] == first[2]
    assert len(set(first)) == 3
    assert await plan(post, *wanted) == first
    assert await states(post) == {"queued": 2, "no_address": 1}
    assert await post.told() == ["message_skipped"]


async def test_many_at_once_plan_one_message_and_all_learn_its_id(post: Post) -> None:
    planned = await asyncio.gather(*(plan(post, outgoing(1)) for _ in range(10)))
    assert len({ids[0] for ids in planned}) == 1


async def test_a_code_does_not_wait_behind_a_campaign(post: Post) -> None:
    """A-NOT-4: the lanes are apart, so that a code leaves while the bulk lane is full."""
    await plan(post, *(outgoing(number) for number in range(60)))
    slow = asyncio.create_task(
        run_lane(post.work, Lane.BULK, seconds=20, budget=Budget(connections=1, batch=60))
    )
    await asyncio.sleep(0)
    (code,) = await post.queue(
        template="door_code", email=None, phone=post.phone, is_secret=True, dedupe="code"
    )
    began = time.monotonic()
    await send_lane(post.work, "otp")
    took = time.monotonic() - began
    assert (await post.read(code)).state is State.SENT
    assert not slow.done(), f"the campaign still runs after {took:.2f} s"
    await slow
    assert await states(post) == {"sent": 61}


async def test_an_outage_wears_no_message_out_and_ends_codes_in_time(post: Post) -> None:
    """A-NOT-4, A-MKT-2: an hour without a mail server. One message finds out at a time, nothing is
    given up, the code expires instead of coming late, and what is left drains by lanes."""
    await plan(post, *(outgoing(number) for number in range(30)))
    (code,) = await post.queue(
        template="sign_in_code",
        is_secret=True,
        dedupe="code",
        not_after=post.work.now() + timedelta(minutes=10),
    )
    (order,) = await post.queue(dedupe="order")
    nowhere = unreachable(post)
    for _ in range(60):
        post.hands.advance(minutes=1)
        await tidy(nowhere)
        for lane in Lane:
            await run(post, lane, nowhere)
    assert await states(post) == {"queued": 31, "expired": 1}
    tried = [await post.read(one) for one in [order, *await plan(post, outgoing(0))]]
    assert all(one.tries <= 1 for one in tried), [one.attempts for one in tried]
    assert (await post.read(code)).text == ""
    assert post.mailbox("email") == []

    await post.sweep(minutes=2)
    assert await states(post) == {"sent": 31, "expired": 1}
    to = [mail["to"][0] for mail in post.mailbox("email")]
    assert len(set(to)) == 31
    assert to[-1] == EMAIL, "what somebody waits for went before the campaign"


async def test_a_paused_stream_stays_and_a_resumed_one_goes_on(post: Post) -> None:
    await plan(post, *(outgoing(number) for number in range(5)), outgoing(9, feed=None))
    await set_feed(post, is_paused=True)
    await run(post)
    assert await states(post) == {"queued": 5, "sent": 1}
    await set_feed(post)
    await run(post)
    assert await states(post) == {"sent": 6}


async def test_what_is_cancelled_does_not_leave(post: Post) -> None:
    who = uuid4()
    await plan(
        post,
        outgoing(1),
        outgoing(2, feed=None),
        outgoing(3, feed=None, customer_id=who),
        outgoing(4, feed=None),
    )
    async with post.work.transaction() as tx:
        gone = [
            await service.cancel(tx, feed=FEED, reason="Stopped.", now=post.work.now()),
            await service.cancel(tx, dedupe="summer:2", reason="Wrong.", now=post.work.now()),
            await service.cancel(tx, customer_id=who, reason="Left.", now=post.work.now()),
            await service.cancel(tx, dedupe="summer:2", reason="Again.", now=post.work.now()),
        ]
    assert gone == [1, 1, 1, 0]
    await run(post)
    assert await states(post) == {"cancelled": 3, "sent": 1}
    assert await post.told() == ["message_skipped"] * 3 + ["message_sent"]


async def test_a_caps_limit_holds_over_campaigns_that_run_at_once(post: Post) -> None:
    """A-MKT-15: five campaigns and two journeys, two a week; transactional is unaffected."""
    who = await somebody(post)
    await set_rules(post, caps=[Cap(count=2, days=7)])
    feeds = [*(f"stream:{n}" for n in range(5)), "journey:a", "journey:b"]
    await plan(
        post,
        *(
            outgoing(n, feed=feed, purpose="marketing", customer_id=who, recipient=EMAIL)
            for n, feed in enumerate(feeds)
        ),
        outgoing(50, feed=None, customer_id=who, recipient=EMAIL, kind="order_placed"),
    )
    await asyncio.gather(
        *(
            run_lane(post.work, Lane.BULK, seconds=20, budget=Budget(connections=2, batch=2))
            for _ in range(4)
        )
    )
    assert await states(post) == {"sent": 3, "capped": 5}
    async with post.work.transaction() as tx:
        page = await service.messages_of(tx, limit=20, states=[State.SKIPPED])
    trace = {step.rule: (step.outcome, step.detail) for step in page.items[0].trace}
    assert trace["frequency_cap"] == ("skipped", "2 in 7 days have been sent.")


async def somebody(post: Post) -> UUID:
    """A customer who has agreed to marketing by e-mail."""
    now = post.work.now()
    async with post.work.transaction() as tx:
        draft = CustomerDraft(name="Meera Rao", email=EMAIL, phone=None)
        (person,) = await customers.find_or_add(tx, [draft], now=now)
        agreed = NewConsent(purpose="marketing", channel="email", is_granted=True, source="test")
        await customers.record_consent(tx, person.id, agreed, now=now)
    return person.id


async def test_quiet_hours_hold_and_release_once_even_for_a_traveller(post: Post) -> None:
    """A-NOT-5: held for the night of the company's zone, released at once by the person's own."""
    who = uuid4()
    now = post.work.now()
    here = (now + timedelta(hours=5.5)).strftime("%H:%M")
    later = (now + timedelta(hours=7.5)).strftime("%H:%M")
    await set_rules(
        post,
        quiet_hours=QuietHours(starts=here, ends=later, covers="all", urgent_kinds=["arriving"]),
    )
    await plan(
        post,
        outgoing(1, customer_id=who, feed=None),
        outgoing(2, feed=None),
        outgoing(3, feed=None, kind="arriving"),
    )
    await run(post)
    assert await states(post) == {"quiet": 2, "sent": 1}
    async with post.work.transaction() as tx:
        await rules.set_time_zone(tx, who, "America/New_York", now=now)
    await run(post)
    assert await states(post) == {"quiet": 1, "sent": 2}
    post.hands.advance(hours=2)
    await asyncio.gather(run(post), run(post))
    assert await states(post) == {"sent": 3}
    assert len(post.mailbox("email")) == 3


async def test_a_storm_becomes_a_few_messages_and_one_that_counts_the_rest(post: Post) -> None:
    """A-NOT-13: 10,000 of one kind for one person within a minute."""
    await set_rules(post, storm=Storm(count=10, seconds=60))
    for thousand in range(10):
        await plan(
            post,
            *(
                outgoing(
                    thousand * 1000 + n,
                    kind="stock_low",
                    recipient=EMAIL,
                    feed=None,
                    lane=Lane.TRANSACTIONAL,
                )
                for n in range(1000)
            ),
        )
    await asyncio.gather(run(post, Lane.TRANSACTIONAL), run(post, Lane.TRANSACTIONAL))
    assert len(post.mailbox("email")) == 10
    await post.sweep(seconds=61)
    newest = post.mailbox("email")[0]
    assert newest["subject"] == "And 9,990 more: stock low"
    assert len(post.mailbox("email")) == 11
    async with post.work.transaction() as tx:
        left = await tx.value(JOBS_OF_OTHERS)
    assert left == 0


async def test_a_copy_of_the_database_keeps_still_until_it_is_told_to_send(post: Post) -> None:
    """A-MKT-4."""
    await plan(post, outgoing(1))
    await run(post)
    await plan(post, outgoing(2))
    elsewhere = by_mailer(post, _mailer(post), place="https://copy.example")
    await run(post, Lane.BULK, elsewhere)
    assert await states(post) == {"sent": 1, "queued": 1}
    async with post.work.transaction() as tx:
        reason = await senders.sending_refused(tx, "https://copy.example", now=post.work.now())
    assert f"it is at {SITE}, we are at https://copy.example" in reason

    own = Actor.system(INSTALLATION)
    async with post.work.database.transaction(own) as tx:
        await senders.take_over(tx, "https://copy.example", now=post.work.now())
    await run(post)
    assert await states(post) == {"sent": 1, "queued": 1}, "the first one keeps still now"
    await run(post, Lane.BULK, elsewhere)
    assert await states(post) == {"sent": 2}
    async with post.work.database.transaction(own) as tx:
        await senders.take_over(tx, SITE, now=post.work.now() + timedelta(seconds=1))


def _mailer(post: Post) -> SmtpMailer:
    found = post.work.get(Mailer)
    assert isinstance(found, SmtpMailer)
    return found
