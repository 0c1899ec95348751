"""Staff hear of what concerns them, and their mail comes gathered."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from tandem.contracts.customers import ImportFailed
from tandem.contracts.sales import LeadAssigned
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.people import User
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.service import inbox, preferences
from tandem.crm.notifications.service.preferences import Choice
from tandem.flows import mentions, staff_mail, tell_staff
from tandem.flows.send_messages import lanes
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tandem.kernel.outbox import drain

assert lanes, "planning a message wakes the job that sends it"
assert tell_staff, "it hears of what staff are told"
NINE = datetime.fromisoformat("2026-11-23T03:30:00+00:00")
"""Nine in the morning in Kolkata."""


@pytest.fixture
async def ravi(database: Database, actor: Actor, now: datetime) -> User:
    async with database.transaction(actor) as tx:
        return await identity.add_user(
            tx,
            email=f"ravi-{actor.org_id.hex[-12:]}@example.test",
            name="Ravi Kumar",
            password="correct horse battery staple",
            role_key="support",
            now=now,
        )


def as_member(actor: Actor, user: User) -> Actor:
    return Actor(org_id=actor.org_id, user_id=user.id, label=user.name)


async def mailed(database: Database, actor: Actor, now: datetime) -> list[tuple[str, str, str]]:
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        for user_id in await inbox.list_due(tx, now=now):
            await staff_mail.mail_one(tx, user_id, now=now)
        page = await notifications.list_messages(tx, limit=20, cursor=None)
    return [(one.recipient, one.subject, one.text) for one in page.items]


async def test_a_hundred_things_are_one_message_and_what_comes_late_is_in_the_next(
    database: Database, actor: Actor, ravi: User, now: datetime
) -> None:
    async with database.transaction(as_member(actor, ravi)) as tx:
        daily = [Choice(category="mentions", way="email", pace="daily")]
        await preferences.choose_own(tx, daily, now=now)
    async with database.transaction(actor) as tx:
        for number in range(100):
            await inbox.tell_staff(
                tx,
                [ravi.id],
                kind="mention",
                title=f"Thing {number:03} <b>",
                link=f"/complaints/{number}",
                dedupe=str(number),
                now=now + timedelta(seconds=number),
            )
    assert await mailed(database, actor, NINE - timedelta(seconds=1)) == []
    with pytest.raises(RuntimeError, match="dies"):
        async with database.transaction(Actor.system(actor.org_id)) as tx:
            assert len(await staff_mail.mail_one(tx, ravi.id, now=NINE)) == 1
            raise RuntimeError("the worker dies before it commits")
    async with database.transaction(actor) as tx:
        await inbox.tell_staff(tx, [ravi.id], kind="mention", title="Late", dedupe="late", now=NINE)
    ((recipient, subject, text),) = await mailed(database, actor, NINE)
    assert recipient == ravi.email
    assert subject == "100 things for you at Test Traders"
    assert all(f"Thing {number:03} <b>: " in text for number in range(100))
    assert "Late" not in text
    assert len(await mailed(database, actor, NINE + timedelta(hours=23))) == 1
    latest, _ = await mailed(database, actor, NINE + timedelta(days=1))
    assert latest[1] == "Late"


@pytest.mark.parametrize(
    ("pace", "mails"),
    [("hourly", [(60, 4)]), ("eased", [(0, 1), (60, 3), (120, 1)])],
)
async def test_an_hour_of_news_is_one_message(
    database: Database, actor: Actor, ravi: User, pace: str, mails: list[tuple[int, int]]
) -> None:
    """Something happens at 0, 5, 50, 55 and 65 minutes; `mails` says when how many were mailed."""
    async with database.transaction(as_member(actor, ravi)) as tx:
        choice = msgspec.convert({"category": "mentions", "way": "email", "pace": pace}, Choice)
        await preferences.choose_own(tx, [choice], now=NINE)
    left: list[tuple[int, int]] = []
    for minute in range(0, 125, 5):
        now = NINE + timedelta(minutes=minute)
        if minute in (0, 5, 50, 55, 65):
            async with database.transaction(actor) as tx:
                await inbox.tell_staff(
                    tx, [ravi.id], kind="mention", title=f"At {minute}", dedupe=pace + str(minute),
                    now=now,
                )  # fmt: skip
        async with database.transaction(Actor.system(actor.org_id)) as tx:
            taken = await inbox.take_due(tx, ravi.id, now=now)
        if taken:
            left.append((minute, len(taken)))
    assert left == mails


async def test_a_storm_ends_in_a_list_and_a_number(
    database: Database, actor: Actor, ravi: User, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        for number in range(130):
            await inbox.tell_staff(
                tx, [ravi.id], kind="alert", title=f"A{number}", dedupe=f"a{number}", now=now
            )
    ((_, subject, text),) = await mailed(database, actor, now)
    assert subject == "130 things for you at Test Traders"
    assert "And 30 more" in text


async def test_a_lead_given_to_somebody_is_told_and_one_taken_by_themselves_is_not(
    database: Database, actor: Actor, ravi: User, now: datetime
) -> None:
    def given(number: str, owner_id: UUID) -> LeadAssigned:
        return LeadAssigned(
            lead_id=new_id(), number=number, owner_id=owner_id, team_id=None, territory_id=None
        )

    async with database.transaction(actor) as tx:
        await tx.publish(given("L-1", ravi.id))
    async with database.transaction(as_member(actor, ravi)) as tx:
        await tx.publish(given("L-2", ravi.id))
    await drain(database)
    async with database.transaction(as_member(actor, ravi)) as tx:
        items = (await inbox.list_inbox(tx, limit=9)).items
    assert [item.title for item in items] == ["Lead L-1 is yours now"]


async def test_an_import_that_cannot_go_on_is_told_to_who_began_it(
    database: Database, actor: Actor, ravi: User
) -> None:
    async with database.transaction(actor) as tx:
        for user_id in (ravi.id, None):
            failed = ImportFailed(
                job_id=new_id(), filename="people.csv", reason="Row 8 is torn.", user_id=user_id
            )
            await tx.publish(failed)
    await drain(database)
    async with database.transaction(as_member(actor, ravi)) as tx:
        (item,) = (await inbox.list_inbox(tx, limit=9)).items
    assert (item.title, item.body) == (
        "The import of people.csv could not go on",
        "Row 8 is torn.",
    )


async def test_who_is_named_is_found_by_name_or_address_and_never_guessed(
    database: Database, actor: Actor, ravi: User, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        other = await identity.add_user(
            tx,
            email=f"x-{actor.org_id.hex[-12:]}@example.test",
            name="Ravi Menon",
            password="correct horse battery staple",
            role_key="support",
            now=now,
        )
        assert await mentions.mentioned(tx, "@ravi, look; mail me@ravi.test") == []
        assert await mentions.mentioned(tx, "See @ravi.menon.") == [other.id]
        assert await mentions.mentioned(tx, f"(@{ravi.email})") == [ravi.id]
        assert await mentions.mentioned(tx, "nobody") == []
