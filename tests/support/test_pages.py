"""The desk's pages as forms: what is typed happens, what is refused is shown where it is wrong."""

from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.statuses import Status, Visibility
from tests.flows.shop import basket, open_shop, place_one
from tests.support.givens import a_complaint, told

PNG = b"\x89PNG\r\n\x1a\n" + b"\x02" * 60
SITE = {"origin": "http://test", "sec-fetch-site": "same-origin"}


@pytest.fixture
async def complaint(database: Database, actor: Actor, now: datetime) -> Complaint:
    async with database.transaction(actor) as tx:
        return await a_complaint(tx, now=now)


async def post(client: httpx.AsyncClient, path: str, **content: Any) -> httpx.Response:
    return await client.post(path, headers=SITE, **content)


async def test_every_page_of_the_desk_opens(
    client: httpx.AsyncClient, complaint: Complaint
) -> None:
    for path, says in (
        ("/complaints", complaint.number),
        ("/complaints?status=to_do&queue=general", complaint.number),
        ("/complaints?clock=overdue&with=nobody&sort=-opened_at", "Complaints"),
        ("/complaints/new", "What happened"),
        (f"/complaints/{complaint.id}", "Internal note"),
        ("/settings/complaints", "Three failed attempts"),
        ("/settings/replies", "No saved replies"),
    ):
        answer = await client.get(path)
        assert answer.status_code == 200, (path, answer.text[:500])
        assert says in answer.text, path


async def test_a_call_becomes_a_complaint_with_its_order(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    order = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    typed = {"about": "R9", "category": "late", "subject": "Where is it?", "channel": "phone"}
    refused = await post(client, "/complaints/new", data=typed)
    assert refused.status_code == 422
    assert "No order answers to that." in refused.text
    assert "Where is it?" in refused.text
    opened = await post(client, "/complaints/new", data={**typed, "about": order.number})
    assert opened.status_code == 303
    async with database.transaction(actor) as tx:
        [found] = await service.list_of_order(tx, order.id)
    assert opened.headers["location"] == f"/complaints/{found.id}"
    assert (found.category, found.channel, found.customer_name) == ("late", "phone", "Meera Rao")


async def test_words_files_and_a_move_go_together_or_not_at_all(
    client: httpx.AsyncClient, database: Database, actor: Actor, complaint: Complaint
) -> None:
    at = f"/complaints/{complaint.id}/messages"
    refused = await post(
        client,
        at,
        data={"body": "See the photo", "visibility": "public", "then": "resolved"},
        files={"files": ("run.png", b"MZ\x90")},
    )
    assert refused.status_code == 422
    assert "See the photo" in refused.text
    async with database.transaction(actor) as tx:
        assert await service.list_messages(tx, complaint.id) == []
        assert len(await told(tx)) == 1
    sent = await post(
        client,
        at,
        data={"body": "See the photo", "visibility": "public", "then": "resolved"},
        files={"files": ("new.png", PNG)},
    )
    assert sent.status_code == 303
    async with database.transaction(actor) as tx:
        [said] = await service.list_messages(tx, complaint.id)
        [file] = await service.list_files(tx, complaint.id)
        after = await service.get_complaint(tx, complaint.id)
    assert (said.visibility, file.visibility) == (Visibility.PUBLIC, Visibility.PUBLIC)
    assert after.status is Status.RESOLVED
    noted = await post(client, at, data={"body": "Only for us"})
    assert noted.status_code == 303
    async with database.transaction(actor) as tx:
        last = (await service.list_messages(tx, complaint.id))[-1]
    assert (last.body, last.visibility) == ("Only for us", Visibility.INTERNAL)


async def test_many_are_acknowledged_at_once_and_those_that_refuse_are_named(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        three = [await a_complaint(tx, now=now) for _ in range(3)]
        await service.move(
            tx, complaint_id=three[2].id, to=Status.RESOLVED, origin=three[2].origin, now=now
        )
    ids = " ".join(str(one.id) for one in three)
    done = await post(client, "/complaints/bulk", data={"ids": ids, "act": "acknowledge"})
    assert done.status_code == 303
    assert "2%20complaints%20acknowledged" in done.headers["set-cookie"]
    async with database.transaction(actor) as tx:
        statuses = [(await service.get_complaint(tx, one.id)).status for one in three]
    assert statuses == [Status.ACKNOWLEDGED, Status.ACKNOWLEDGED, Status.RESOLVED]


async def test_the_desk_is_set_up_section_by_section(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await identity.update_organisation(tx, name="Kiez", time_zone="Europe/Berlin", now=now)
    for path in ("/settings/complaints", "/settings/promise"):
        fresh = (await client.get(path)).text
        assert '<option value="Europe/Berlin" selected>Europe/Berlin</option>' in fresh, path
        assert '<option value="America/New_York" >America/New York</option>' in fresh, path
    times = {
        "version": "0",
        "time_zone": "Asia/Kolkata",
        "opens_1": "10:00",
        "closes_1": "18:00",
        "closures": "2026-11-08 Diwali\n01-26 Republic Day",
        **{f"response_{s}": "10" for s in ("low", "normal", "high", "critical")},
        **{f"resolution_{s}": "20" for s in ("low", "normal", "high", "critical")},
        "warn_minutes": "5",
        "close_after_hours": "24",
        "file_mib_max": "5",
    }
    wrong = {**times, "closures": "next week"}
    refused = await post(client, "/settings/complaints/times", data=wrong)
    assert refused.status_code == 422
    assert "is no day" in refused.text
    assert (await post(client, "/settings/complaints/times", data=times)).status_code == 303
    named = {"version": "1", "name_new": "Gift wrap torn", "queue_of_new": "money"}
    assert (await post(client, "/settings/complaints/categories", data=named)).status_code == 303
    rules = {"version": "2", "active_fake_attempt": "true"} | {
        f"condition_{key}": '{"field":"attempts","op":"gte","value":2}'
        for key in ("failed_attempts", "fake_attempt")
    }
    refused = await post(client, "/settings/complaints/rules", data=rules)
    assert refused.status_code == 422
    saved = (await client.get("/settings/complaints")).text
    assert '<option value="Asia/Kolkata" selected>' in saved, "what was chosen, not the company's"
    async with database.transaction(actor) as tx:
        held = await service.get_desk(tx)
    assert held.version == 2
    assert [(h.weekday, h.opens, h.closes) for h in held.desk.calendar.hours] == [
        (1, "10:00", "18:00")
    ]
    assert [one.is_yearly for one in held.desk.calendar.closures] == [False, True]
    added = held.desk.category("gift_wrap_torn")
    assert (added.name, added.queue, added.is_public) == ("Gift wrap torn", "money", False)
    reply = {"name": "Sorry", "body": "Sorry, {customer}!", "category": ""}
    assert (await post(client, "/settings/replies", data=reply)).status_code == 303
    twice = await post(client, "/settings/replies", data=reply)
    assert (twice.status_code, "already" in twice.text) == (409, True)
