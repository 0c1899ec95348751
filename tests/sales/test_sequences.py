"""A rep's mails to a lead: each once and in time, and none after the lead answered or said no."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar

from tandem.contracts.notifications import MessageBounced
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import MemberChange
from tandem.crm.notifications.domain.outgoing import Content
from tandem.crm.notifications.service import planning
from tandem.crm.sales.domain.sequences import feed_of, filled
from tandem.flows import sequences
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.clocks import Stopped
from tests.givens import visitor
from tests.identity.company import Member, hire
from tests.sales.converting import Desk
from tests.sales.test_lead_inlets import MAIL, way

STEPS: list[dict[str, Any]] = [
    {"subject": "Crates for {company}", "text": "Dear {name},\nwe {have} crates.\n{sender}"},
    {"after_days": 3, "subject": "Still there, {name}?", "text": "See {number}."},
]
PROVEN = Query(
    """
    insert into marketing.sending_domain
           (org_id, id, domain, challenge, verified_at, created_at)
    values (:org_id, :id, 'example.test', 'x', :now, :now)
    """
)
INBOX = Query(
    """
    select user_id, title, body from notifications.inbox_item
     where org_id = :org_id and kind = 'lead_answered'
    """
)


class Office:
    """Somebody who writes, at a moment that is set by hand."""

    def __init__(self, desk: Desk, database: Database, actor: Actor, asha: Member) -> None:
        self.desk, self.actor, self.asha = desk, actor, asha
        self.real, self.days = database.clock, 0.0
        self.clock = Stopped(self.real.now())
        self.database = Database(database.pool, self.clock)

    async def sequence(self, name: str = "Crates", **more: Any) -> dict[str, Any]:
        return await self.desk.made("/v1/sequences", name=name, steps=STEPS, **more)

    async def begin(self, sequence: dict[str, Any], lead: dict[str, Any]) -> dict[str, Any]:
        at = f"/v1/sequences/{sequence['id']}/runs"
        return await self.desk.made(at, lead_id=lead["id"], sender_id=str(self.asha.id))

    async def turn(self, days: float = 0) -> None:
        """The worker's, so many days later; what is told is heard."""
        self.days += days
        self.clock.at = self.real.now() + timedelta(days=self.days)
        await sequences.send_due(Work(self.database, Resources(), self.actor.org_id))
        await outbox.drain(self.database)

    async def run(self, lead: dict[str, Any]) -> dict[str, Any]:
        found = await self.desk.read(f"/v1/sequence-runs?lead_id={lead['id']}")
        run: dict[str, Any] = found[0]
        return run

    async def ended(self, lead: dict[str, Any]) -> tuple[str, str, int]:
        run = await self.run(lead)
        assert (run["due_at"] is None) == (run["state"] != "running")
        return run["state"], run["reason"], run["sent"]

    async def mails(self, lead: dict[str, Any]) -> list[Any]:
        feed = feed_of(UUID((await self.run(lead))["id"]))
        async with self.database.transaction(self.actor) as tx:
            page = await planning.messages_of(tx, feed=feed, limit=10)
        return page.items[::-1]


@pytest.fixture
async def office(desk: Desk, database: Database, actor: Actor, now: Any) -> AsyncIterator[Office]:
    async with database.transaction(actor) as tx:
        asha = await hire(tx, "asha", "sales", now)
    yield Office(desk, database, actor, asha)


async def test_each_mail_leaves_once_in_its_time_and_in_the_reps_name(
    office: Office, desk: Desk
) -> None:
    sequence = await office.sequence()
    lead = await desk.lead()
    run = await office.begin(sequence, lead)
    assert (run["state"], run["sent"], run["steps"]) == ("running", 0, 2)
    for days, sent in ((0, 1), (0, 1), (2.9, 1), (0.2, 2), (30, 2)):
        await office.turn(days)
        assert len(await office.mails(lead)) == sent
    assert await office.ended(lead) == ("finished", "", 2)
    first, second = await office.mails(lead)
    assert (first.recipient, first.sender_name, first.subject) == (
        "ravi@kumar-cold.test",
        "Asha",
        "Crates for Kumar Cold Stores",
    )
    assert first.text == "Dear Ravi Kumar,\nwe {have} crates.\nAsha"
    assert (second.subject, second.text) == ("Still there, Ravi Kumar?", f"See {lead['number']}.")

    asked = [(first, Content(subject="", text="", html=""))]
    async with office.database.transaction(office.actor) as tx:
        [content] = await sequences.finish(tx, asked)
        assert content.headers == {"Reply-To": office.asha.email}
        await tx.run(PROVEN, id=new_id(), now=office.clock.now())
        [content] = await sequences.finish(tx, asked)
    assert content.headers["From"] == f"Asha <{office.asha.email}>"
    [listed] = await desk.read("/v1/sequences")
    assert [listed[name] for name in ("running", "finished", "replied", "stopped")] == [0, 1, 0, 0]
    page = (await desk.client.get(f"/leads/{lead['id']}")).text
    assert "heard all of it after 2 of 2 mails" in page
    assert "Mail 2 of Crates is on its way" in page


async def test_an_answer_ends_it_and_takes_back_what_has_not_left(
    office: Office, desk: Desk, app: Litestar
) -> None:
    async with visitor(app) as stranger:
        post = await way(desk, stranger, "email")
        lead = await desk.lead(name="Meera", email="meera@iyer.test")
        await office.begin(await office.sequence(), lead)
        await office.turn()
        away = MAIL.replace("<1@iyer.test>", "<2@iyer.test>\r\nAuto-Submitted: auto-replied")
        for mail, state in ((away, ("running", "", 1)), (MAIL, ("stopped", "replied", 1))):
            assert (await post.send(mail)).status_code == 202
            await outbox.drain(office.database)
            assert await office.ended(lead) == state
    [mail] = await office.mails(lead)
    assert (mail.state, mail.reason) == ("skipped", "cancelled")
    await office.turn(10)
    assert len(await office.mails(lead)) == 1
    async with office.database.transaction(office.actor) as tx:
        told = [tuple(row) for row in await tx.records(INBOX)]
    said = "The sequence Crates ended after 1 of 2 mails."
    assert told == [(office.asha.id, "Meera answered", said)]


async def test_whoever_must_not_hear_of_us_hears_nothing_more(
    office: Office, desk: Desk, now: Any
) -> None:
    sequence = await office.sequence()
    people = {
        why: await desk.lead(name=why, email=f"{why}@end.test", phone="")
        for why in ("settled", "said_no", "no_address", "bounced", "by_hand", "sender_left")
    }
    slow = [STEPS[0], STEPS[1] | {"after_days": 9}]
    later = await desk.made("/v1/sequences", name="Slow", steps=slow)
    runs = {
        why: await office.begin(later if why == "sender_left" else sequence, lead)
        for why, lead in people.items()
    }
    await office.turn()
    lost = next(one for one in await desk.read("/v1/lead-statuses") if one["kind"] == "lost")
    for why, change in (("settled", {"status_id": lost["id"]}), ("no_address", {"email": ""})):
        at = f"/v1/leads/{people[why]['id']}"
        assert (await desk.client.patch(at, json=change)).status_code == 200
    gone = {"channel": "email", "address": "said_no@end.test", "reason": "unsubscribed"}
    assert (await desk.client.post("/v1/suppressions", json=gone)).status_code < 300
    stop = f"/v1/sequence-runs/{runs['by_hand']['id']}/stop"
    await desk.made(stop)
    twice = await desk.post(stop)
    assert (twice.status_code, twice.json()["code"]) == (409, "sequence_running")
    [mail] = await office.mails(people["bounced"])
    async with office.database.transaction(office.actor) as tx:
        bounced = MessageBounced(
            message_id=mail.id, order_id=None, channel="email", template="sequence",
            feed=feed_of(UUID(runs["bounced"]["id"])), bounce="hard", reason="550",
        )  # fmt: skip
        await tx.publish(bounced)
    await outbox.drain(office.database)
    off = {"name": "Crates", "steps": STEPS, "is_active": False}
    assert (await desk.client.put(f"/v1/sequences/{sequence['id']}", json=off)).status_code == 200
    await office.turn(5)
    assert (await office.ended(people["said_no"]))[0] == "running", "switched off, it waits"
    on = off | {"is_active": True}
    await desk.client.put(f"/v1/sequences/{sequence['id']}", json=on)
    await office.turn()
    async with office.database.transaction(office.actor) as tx:
        await hire(tx, "boss", "admin", now)
        await identity.change_member(tx, office.asha.id, MemberChange(is_active=False), now=now)
    await office.turn(5)
    found = {why: await office.ended(lead) for why, lead in people.items()}
    assert found == {why: ("stopped", why, 1) for why in people}


async def test_of_two_leads_who_are_one_the_sequence_that_began_first_goes_on(
    office: Office, desk: Desk
) -> None:
    sequence = await office.sequence()
    loser, kept = [await desk.lead(email=f"{one}@two.test", phone="") for one in ("a", "b")]
    for lead in (loser, kept):
        await office.begin(sequence, lead)
    await desk.made("/v1/lead-merges", survivor_id=kept["id"], loser_id=loser["id"])
    await outbox.drain(office.database)
    runs = await desk.read(f"/v1/sequence-runs?lead_id={kept['id']}")
    assert [(run["lead_id"], run["state"], run["reason"]) for run in runs] == [
        (kept["id"], "stopped", "gone"),
        (loser["id"], "running", ""),
    ]
    await office.turn()
    async with office.database.transaction(office.actor) as tx:
        sent = await planning.messages_of(tx, kind="sequence", limit=10)
    assert [mail.recipient for mail in sent.items] == ["b@two.test"]
    stopped = await desk.made(f"/v1/sequence-runs/{runs[1]['id']}/stop", reason="replied")
    assert (stopped["state"], stopped["reason"], stopped["sent"]) == ("stopped", "replied", 1)


REFUSED: list[tuple[dict[str, Any], dict[str, Any], int, str]] = [
    ({"email": ""}, {}, 422, "lead_id"),
    ({}, {"sender_id": None}, 422, "sender_id"),
    ({}, {"sender_id": str(UUID(int=3))}, 422, "sender_id"),
    ({"asks_consent": True}, {}, 422, "lead_id"),
    ({"is_active": False}, {}, 422, "sequence_id"),
    ({"twice": True}, {}, 409, "sequence_running"),
]


async def test_who_cannot_be_put_in_is_refused_and_nothing_is_sent(
    office: Office, desk: Desk
) -> None:
    for place, (given, asked, status, said) in enumerate(REFUSED):
        lead = await desk.lead(email=given.get("email", f"{place}@no.test"), phone="")
        more = {name: given[name] for name in ("asks_consent", "is_active") if name in given}
        sequence = await office.sequence(f"No {place}", **more)
        if "twice" in given:
            await office.begin(sequence, lead)
        body = {"lead_id": lead["id"], "sender_id": str(office.asha.id)} | asked
        answer = await desk.post(f"/v1/sequences/{sequence['id']}/runs", **body)
        told = answer.json()
        assert (answer.status_code, told.get("field") or told["code"]) == (status, said), told
        runs = await desk.read(f"/v1/sequence-runs?lead_id={lead['id']}")
        assert len(runs) == ("twice" in given)
    for change, field in (
        ({"steps": []}, "steps"),
        ({"steps": [{"subject": " ", "text": "x"}]}, "steps[0].subject"),
        ({"reply_to": "nowhere"}, "reply_to"),
        ({"name": "no 0"}, "name"),
    ):
        wrong = await desk.post("/v1/sequences", **({"name": "New", "steps": STEPS} | change))
        assert wrong.status_code in (409, 422) and wrong.json()["field"] == field, wrong.text
    form = {"name": "Typed", "subject_0": "Hello", "text_0": "Yes", "after_days_0": "0",
            "subject_1": "", "text_1": "", "is_active": "true"}  # fmt: skip
    assert (await desk.client.post("/settings/sequences", data=form)).status_code == 303
    made = next(one for one in await desk.read("/v1/sequences") if one["name"] == "Typed")
    assert [step["subject"] for step in made["steps"]] == ["Hello"]
    wrong = await desk.client.post("/settings/sequences", data={**form, "after_days_0": "x"})
    assert wrong.status_code == 422 and "whole days" in wrong.text
    third = {**form, "subject_2": "Third", "text_2": ""}
    wrong = await desk.client.post("/settings/sequences", data=third)
    at_it = wrong.text.partition('name="text_2"')[2].partition("</section>")[0]
    assert (wrong.status_code, "Mail 3: Say something" in at_it) == (422, True), wrong.text


def test_a_name_in_brackets_is_no_place_of_its_own() -> None:
    words = {"name": "{number} {", "company": "", "number": "L-1", "sender": "A"}
    assert filled("{name}|{number}|{nobody}|{|}{company}", words) == "{number} {|L-1|{nobody}|{|}"
