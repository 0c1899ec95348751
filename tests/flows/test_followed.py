"""Whoever is named beside a record hears of it, whoever writes or has it follows, and nobody hears
of what they may not see."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.service import inbox
from tandem.flows import staff_mail
from tandem.flows.send_messages import lanes
from tandem.kernel.db import Database
from tandem.kernel.outbox import drain
from tests.identity.company import Company, browsing, found

assert lanes, "planning a message wakes the job that sends it"


class Floor:
    """Rina sells to Kestrel; Mona manages her, Asha may everything, Sam sells elsewhere."""

    def __init__(self, company: Company, desks: dict[str, httpx.AsyncClient]) -> None:
        self.company, self.desks = company, desks

    async def post(self, who: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = await self.desks[who].post(path, json=body)
        assert answer.status_code in (200, 201), f"{path}: {answer.text}"
        made: dict[str, Any] = answer.json()
        return made

    async def heard(self, who: str) -> list[tuple[str, str, str]]:
        """What is new under somebody's bell, oldest first, and then nothing is."""
        items = (await self.desks[who].get("/v1/inbox", params={"unread": True})).json()["items"]
        if items:
            marks = {"what": "read", "ids": [one["id"] for one in items]}
            await self.post(who, "/v1/inbox/marks", marks)
        return [(one["kind"], one["title"], one["link"]) for one in reversed(items)]


@pytest.fixture
async def floor(app: Litestar, database: Database, now: datetime) -> AsyncIterator[Floor]:
    company = await found(database, now)
    async with AsyncExitStack() as opened:
        desks = {
            who: await opened.enter_async_context(browsing(app, database, company, who))
            for who in ("asha", "mona", "rina", "sam")
        }
        yield Floor(company, desks)


async def records(floor: Floor) -> dict[str, tuple[str, str, str]]:
    """Of Rina's: kind to where it is followed, where its notes are, and its page."""
    customer, order = floor.company.customers["rina"], floor.company.orders["rina"]
    deal = await floor.post("rina", "/v1/opportunities", {"title": "Tea", "amount_minor": 100})
    hers = {"owner_id": str(floor.company.people["rina"].id)}
    lead = await floor.post("asha", "/v1/leads", {"name": "Somebody", "email": "s@x.in"} | hers)
    return {
        "customer": (str(customer), f"/v1/customers/{customer}/notes", f"/customers/{customer}"),
        "order": (str(order.id), f"/v1/orders/{order.id}/notes", f"/orders/{order.id}"),
        "deal": (deal["id"], f"/v1/opportunities/{deal['id']}/notes", f"/deals/{deal['id']}"),
        "lead": (lead["id"], f"/v1/leads/{lead['id']}/notes", f"/leads/{lead['id']}"),
    }


async def test_names_in_notes_followers_and_owners_are_told_of_what_they_see(
    floor: Floor, database: Database
) -> None:
    every = await records(floor)
    await drain(database)
    for who in floor.desks:
        await floor.heard(who)
    for kind, (subject_id, notes, page) in every.items():
        at = f"/v1/followed/{kind}/{subject_id}"
        assert (await floor.desks["sam"].put(at)).status_code == 404
        assert (await floor.desks["asha"].put(at)).json()["is_followed"]
        kept = await floor.post("rina", notes, {"text": "Ask @mona, not @sam or @nobody."})
        await drain(database)
        (told,) = await floor.heard("mona")
        assert (told[0], told[2]) == ("mention", page)
        assert told[1].startswith("Rina names you in ")
        assert "Somebody" not in told[1] and "Kestrel" not in told[1]
        ((how, said, link),) = await floor.heard("asha")
        assert (how, link) == ("followed", page)
        assert said.endswith(": Rina wrote")
        assert (await floor.heard("sam"), await floor.heard("rina")) == ([], [])
        assert (await floor.desks["rina"].get(at)).json() == {"is_followed": True, "followers": 2}
        assert kept["text"].startswith("Ask @mona")


async def test_who_stops_following_is_not_brought_back_by_writing_or_by_having_it(
    floor: Floor, database: Database
) -> None:
    subject_id, notes, page = (await records(floor))["deal"]
    await drain(database)
    at, rina = f"/v1/followed/deal/{subject_id}", floor.desks["rina"]
    assert (await rina.get(at)).json()["is_followed"], "whoever has a deal follows it"
    await floor.heard("rina")
    await floor.post("mona", f"/v1/opportunities/{subject_id}/loss", {"reason": "price"})
    await drain(database)
    assert [(how, link) for how, _, link in await floor.heard("rina")] == [("followed", page)]
    assert (await rina.delete(at)).status_code == 204
    await floor.post("rina", notes, {"text": "Let us see."})
    await floor.post("mona", f"/v1/opportunities/{subject_id}/reopening")
    await drain(database)
    assert [how for how, _, _ in await floor.heard("rina") if how == "followed"] == []
    assert (await rina.get(at)).json() == {"is_followed": False, "followers": 0}
    assert (await rina.put(at)).json()["is_followed"]


async def test_a_mention_is_mailed_and_notes_go_with_their_record(
    floor: Floor, database: Database, now: datetime
) -> None:
    _, notes, page = (await records(floor))["order"]
    made = await floor.post("rina", notes, {"text": "@mona: call them", "is_pinned": True})
    await drain(database)
    later = database.clock.now() + timedelta(days=1)
    async with database.transaction(floor.company.actor()) as tx:
        for user_id in await inbox.list_due(tx, now=later):
            await staff_mail.mail_one(tx, user_id, now=later)
        sent = (await notifications.list_messages(tx, limit=50, cursor=None)).items
    mails = [one for one in sent if one.recipient == floor.company.people["mona"].email]
    assert [one.text.count(page) for one in mails] == [1]
    assert "call them" not in mails[0].text
    shown = await floor.desks["asha"].get(page)
    assert "@mona: call them" in shown.text
    assert (await floor.desks["sam"].delete(f"{notes}/{made['id']}")).status_code == 404
    assert (await floor.desks["rina"].delete(f"{notes}/{made['id']}")).status_code == 204
    assert (await floor.desks["rina"].get(notes)).json() == []


async def test_only_members_follow_and_only_what_there_is(
    floor: Floor, client: httpx.AsyncClient
) -> None:
    order = floor.company.orders["rina"].id
    assert (await client.put(f"/v1/followed/order/{order}")).status_code == 403
    wrong = await floor.desks["rina"].put(f"/v1/followed/moon/{order}")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "kind")
    button = await floor.desks["rina"].post(
        f"/inbox/follow/order/{order}", data={"on": "true", "back": f"/orders/{order}"}
    )
    assert button.headers["location"] == f"/orders/{order}"
    assert "Unfollow" in (await floor.desks["rina"].get(f"/orders/{order}")).text
