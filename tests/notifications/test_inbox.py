"""What staff are told: under the bell, by mail, and only as they want it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tandem.crm.notifications.domain.categories import CATEGORIES, Mandatory
from tandem.crm.notifications.domain.hours import Hours, Mailed, due_at
from tandem.crm.notifications.domain.inbox import ItemMissing
from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.policy import SendAsk
from tandem.crm.notifications.service import inbox, preferences
from tandem.crm.notifications.service.preferences import Choice
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Forbidden, Invalid

TOLD = Query(
    """
    select key from kernel.event
     where org_id = :org_id and topic = 'notifications.inbox_changed.v1'
    """
)


def colleague(actor: Actor) -> Actor:
    return Actor(org_id=actor.org_id, user_id=uuid4(), label="Ravi")


def one(actor: Actor) -> UUID:
    assert actor.user_id is not None
    return actor.user_id


async def told(
    database: Database, actor: Actor, *people: Actor, now: datetime, dedupe: str = "a", **more: Any
) -> list[UUID]:
    async with database.transaction(actor) as tx:
        return await inbox.tell_staff(
            tx,
            [one(person) for person in people],
            kind=more.pop("kind", "mention"),
            title=more.pop("title", "Ravi names you"),
            dedupe=dedupe,
            now=now,
            **more,
        )


async def test_an_occasion_is_told_once_and_read_put_away_and_counted(
    database: Database, actor: Actor, now: datetime
) -> None:
    ravi = colleague(actor)
    assert await told(database, actor, ravi, now=now, link="/complaints/1") == [one(ravi)]
    assert await told(database, actor, ravi, actor, now=now) == [one(actor)]
    await told(database, actor, ravi, now=now, dedupe="b", title="Two\nlines")
    async with database.transaction(ravi) as tx:
        page = await inbox.list_inbox(tx, limit=10)
        assert [(item.title, item.link) for item in page.items] == [
            ("Two lines", ""),
            ("Ravi names you", "/complaints/1"),
        ]
        assert await inbox.unread_count(tx) == 2
        newest = page.items[0]
        assert await inbox.mark(tx, [newest.id], "read", now=now) == 1
        assert await inbox.mark(tx, [newest.id], "unread", now=now) == 2
        assert await inbox.mark_all(tx, "archived", until_id=page.items[1].id, now=now) == 1
        assert [item.id for item in (await inbox.list_inbox(tx, limit=9)).items] == [newest.id]
        assert len((await inbox.list_inbox(tx, limit=9, is_archived=True)).items) == 1
        assert [row["key"] for row in await tx.records(TOLD)].count(str(one(actor))) == 1


async def test_an_inbox_is_its_owners_alone(
    database: Database, actor: Actor, now: datetime
) -> None:
    ravi = colleague(actor)
    await told(database, actor, ravi, actor, now=now)
    async with database.transaction(ravi) as tx:
        (own,) = (await inbox.list_inbox(tx, limit=9)).items
    async with database.transaction(actor) as tx:
        (mine,) = (await inbox.list_inbox(tx, limit=9)).items
    with pytest.raises(ItemMissing):
        async with database.transaction(actor) as tx:
            await inbox.mark(tx, [mine.id, own.id], "archived", now=now)
    for person in (actor, ravi):
        async with database.transaction(person) as tx:
            assert await inbox.unread_count(tx) == 1
    async with database.transaction(Actor.public(actor.org_id)) as tx:
        with pytest.raises(Forbidden):
            await inbox.list_inbox(tx, limit=9)


async def test_the_count_stays_exact_when_a_thousand_read_at_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        for number in range(20):
            await inbox.tell_staff(
                tx, [one(actor)], kind="mention", title="x", dedupe=str(number), now=now
            )
        items = (await inbox.list_inbox(tx, limit=20)).items
    gate = asyncio.Semaphore(12)

    async def read(item_id: UUID) -> None:
        async with gate, database.transaction(actor) as tx:
            await inbox.mark(tx, [item_id], "read", now=now)

    await asyncio.gather(*(read(items[number % 17].id) for number in range(1_000)))
    async with database.transaction(actor) as tx:
        assert await inbox.unread_count(tx) == 3


async def test_choices_go_before_the_companys_and_the_mandatory_before_both(
    database: Database, actor: Actor, now: datetime
) -> None:
    ravi, mine = colleague(actor), colleague(actor)
    async with database.transaction(actor) as tx:
        off = [Choice(category="mentions", way=way, pace="off") for way in ("inapp", "email")]
        await preferences.choose_for_company(tx, off, now=now)
    async with database.transaction(mine) as tx:
        await preferences.choose_own(
            tx, [Choice(category="mentions", way="inapp", pace="now")], now=now
        )
        with pytest.raises(Mandatory):
            await preferences.choose_own(
                tx, [Choice(category="security", way="email", pace="off")], now=now
            )
        with pytest.raises(Invalid):
            await preferences.choose_own(
                tx, [Choice(category="mentions", way="inapp", pace="daily")], now=now
            )
        standing = {(s.category, s.way): s for s in await preferences.own_choices(tx)}
    assert standing["mentions", "inapp"].decided_by == "person"
    assert (standing["mentions", "email"].pace, standing["mentions", "email"].decided_by) == (
        "off",
        "company",
    )
    assert await told(database, actor, ravi, mine, now=now) == [one(mine)]
    both = await told(database, actor, ravi, mine, now=now, kind="security", dedupe="s")
    assert set(both) == {one(ravi), one(mine)}
    async with database.transaction(actor) as tx:
        # Mail: nobody's mention, everybody's security.
        assert set(await inbox.list_due(tx, now=now)) == {one(ravi), one(mine)}
        (entry,) = await inbox.take_due(tx, one(ravi), now=now)
        assert entry.kind == "security"


async def test_a_customer_is_spared_what_they_switched_off_and_told_what_is_mandatory(
    database: Database, actor: Actor, now: datetime
) -> None:
    customer_id = uuid4()

    def ask(kind: str, purpose: str = "service", channel: Channel = Channel.SMS) -> SendAsk:
        return SendAsk(
            customer_id=customer_id,
            channel=channel,
            address="+919876543210",
            purpose=purpose,
            kind=kind,
            lane=Lane.TRANSACTIONAL,
            at=now,
        )

    asks = [
        ask("arriving"),
        ask("arriving", channel=Channel.EMAIL),
        ask("order_confirmed"),
        ask("buyer_code"),
        ask("campaign", "marketing"),
        ask("nobody_knows"),
    ]
    async with database.transaction(actor) as tx:
        assert await preferences.preference_allows(tx, asks) == [True] * 6
        choices = [Choice(category="delivery", way="sms", pace="off")]
        await preferences.choose_for_customer(tx, customer_id, choices, now=now)
        with pytest.raises(Mandatory):
            await preferences.choose_for_customer(
                tx, customer_id, [Choice(category="orders", way="sms", pace="off")], now=now
            )
        allowed = await preferences.preference_allows(tx, asks)
        assert allowed == [False, True, True, True, True, True]
        survivor = uuid4()
        await preferences.move_customer(tx, customer_id, survivor)
        standing = await preferences.customer_choices(tx, survivor)
    assert [(s.category, s.way) for s in standing if s.pace == "off"] == [("delivery", "sms")]


KOLKATA = Hours(zone="Asia/Kolkata", quiet_from="22:00", quiet_until="08:00", digest_at="09:00")


@pytest.mark.parametrize(
    ("pace", "hours", "now", "due"),
    [
        ("now", KOLKATA, "2026-11-22T10:00", "2026-11-22T10:00"),
        ("now", KOLKATA, "2026-11-22T17:00", "2026-11-23T02:30"),
        ("hourly", KOLKATA, "2026-11-22T10:00", "2026-11-22T11:00"),
        ("daily", KOLKATA, "2026-11-22T03:29", "2026-11-22T03:30"),
        # On the dot belongs to the next one: this one may have left.
        ("daily", KOLKATA, "2026-11-22T03:30", "2026-11-23T03:30"),
        ("weekly", KOLKATA, "2026-11-22T10:00", "2026-11-23T03:30"),
        ("weekly", KOLKATA, "2026-11-23T03:30", "2026-11-30T03:30"),
        # The night the clocks go forward in New York has no 02:30.
        ("daily", Hours(zone="America/New_York"), "2026-03-07T14:00", "2026-03-08T13:00"),
    ],
)
def test_mail_is_due_in_the_persons_own_time(pace: str, hours: Hours, now: str, due: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = due_at(pace, hours, at)  # type: ignore[arg-type]  # as written in the table
    assert found == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_what_comes_within_the_hour_goes_with_the_first_of_it() -> None:
    """A-NOT-6: a regular digest and a look back; each minute something happens."""
    begin, hours = datetime(2026, 11, 22, 10, tzinfo=UTC), Hours(zone="Asia/Kolkata")
    expected = {"hourly": [(60, 60), (120, 60)], "eased": [(1, 1), (61, 60), (121, 60)]}
    for pace, mails in expected.items():
        last_at: datetime | None = None
        waiting: list[datetime] = []
        left: list[tuple[int, int]] = []
        for minute in range(130):
            now = begin + timedelta(minutes=minute)
            due = [at for at in waiting if at <= now]
            if due:
                last_at, waiting = now, [at for at in waiting if at > now]
                left.append((minute, len(due)))
            mailed = Mailed(last_at=last_at, next_at=min(waiting, default=None))
            waiting.append(due_at(pace, hours, now, mailed))  # type: ignore[arg-type]  # as above
        assert left == mails, pace
        assert sum(count for _, count in left) + len(waiting) == 130, "none is lost"


def test_every_kind_belongs_to_one_category() -> None:
    kinds = [kind for category in CATEGORIES.values() for kind in category.kinds]
    assert len(kinds) == len(set(kinds))
