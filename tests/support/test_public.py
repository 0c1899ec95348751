"""The buyer's side by link: complain once, follow, answer, say how it went. Nothing internal ever
leaves: every public answer, mail and text is searched for words that were said inside only."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.app.wiring import import_reactions
from tandem.contracts.orders import OrderSnapshot
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Message
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.outbox import drain
from tandem.scm.shipping import service as shipping
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import Complaint, Links
from tandem.scm.support.domain.statuses import Channel, Origin, Status, Visibility
from tests.flows.shop import basket, open_shop, place_one
from tests.givens import visitor
from tests.support.givens import draft, told

import_reactions()
PNG = b"\x89PNG\r\n\x1a\n" + b"\x01" * 60
SECRET = "Zebra-7741"
"""Said inside, in every place where something can be said inside."""


@pytest.fixture
async def order(database: Database, actor: Actor, now: datetime) -> OrderSnapshot:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    return await place_one(database, actor, basket(shop, payment_method="cod"), now)


@pytest.fixture
async def meera(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """The buyer's browser: no credentials."""
    async with visitor(app) as opened:
        yield opened


async def complains(meera: httpx.AsyncClient, order: OrderSnapshot, **facts: str) -> dict[str, Any]:
    body = {"category": "damaged", "body": "The kettle has a crack", **facts}
    answer = await meera.post(f"/v1/public/track/{order.public_token}/complaints", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def messages_to_customer(database: Database, actor: Actor) -> list[Message]:
    await drain(database)
    async with database.transaction(actor) as tx:
        page = await notifications.list_messages(tx, limit=100, cursor=None)
    return [one for one in reversed(page.items) if one.template.startswith("complaint")]


async def test_a_double_click_opens_one_complaint_and_tells_the_buyer_once(
    meera: httpx.AsyncClient, order: OrderSnapshot, database: Database, actor: Actor
) -> None:
    pressed = await asyncio.gather(*(complains(meera, order, form_id="f1") for _ in range(5)))
    assert {one["number"] for one in pressed} == {"CMP-1001"}
    again = await complains(meera, order, form_id="f1", body="Another text, the same form")
    assert again["number"] == "CMP-1001"
    same_words = [await complains(meera, order, body="Late  ") for _ in range(2)]
    assert {one["number"] for one in same_words} == {"CMP-1002"}
    async with database.transaction(actor) as tx:
        complaints = await service.list_of_order(tx, order.id)
        assert [one.number for one in complaints] == ["CMP-1002", "CMP-1001"]
        first = complaints[1]
        assert (first.origin, first.channel, first.customer_name) == (
            Origin.BUYER,
            Channel.TRACKING,
            "Meera Rao",
        )
        [said] = await service.list_messages(tx, first.id)
        assert (said.body, said.visibility, said.origin) == (
            "The kettle has a crack",
            Visibility.PUBLIC,
            Origin.BUYER,
        )
        topics = [topic for topic, _ in await told(tx)]
        assert topics.count("support.complaint_opened.v1") == 2
    sent = await messages_to_customer(database, actor)
    opened = [one for one in sent if "CMP-1001" in one.text]
    assert [(one.template, one.channel) for one in sorted(opened, key=lambda m: m.channel)] == [
        ("complaint_opened", "email"),
        ("complaint_opened", "sms"),
    ]


async def test_the_whole_way_from_complaint_to_rating(
    meera: httpx.AsyncClient,
    order: OrderSnapshot,
    database: Database,
    actor: Actor,
    now: datetime,
) -> None:
    head = await complains(meera, order)
    at = f"/v1/public/complaints/{head['token']}"
    sent = await meera.post(f"{at}/files", files={"file": ("crack.jpg", PNG)})
    assert sent.status_code == 201
    [picture] = sent.json()["files"]
    read = await meera.get(f"{at}/files/{picture['id']}")
    assert (read.content, picture["filename"]) == (PNG, "crack.png")
    async with database.transaction(actor) as tx:
        [complaint] = await service.list_of_order(tx, order.id)
        await service.add_message(
            tx,
            complaint_id=complaint.id,
            body="We send a new one today",
            visibility=Visibility.PUBLIC,
            origin=Origin.STAFF,
            now=now,
        )
    seen = (await meera.get(at)).json()
    assert (seen["state"], seen["about"]) == ("in_work", "Arrived damaged")
    assert [(one["is_yours"], one["body"]) for one in seen["messages"]] == [
        (True, "The kettle has a crack"),
        (False, "We send a new one today"),
    ]
    early = await meera.put(f"{at}/rating", json={"rating": 5})
    assert (early.status_code, early.json()["code"]) == (409, "complaint_not_resolved")
    async with database.transaction(actor) as tx:
        await service.move(
            tx, complaint_id=complaint.id, to=Status.RESOLVED, origin=Origin.STAFF, now=now
        )
    reply = await meera.post(f"{at}/messages", json={"body": "It is not", "form_id": "a"})
    twice = await meera.post(f"{at}/messages", json={"body": "It is not", "form_id": "a"})
    assert reply.json() == twice.json()
    assert reply.json()["state"] == "in_work"
    async with database.transaction(actor) as tx:
        assert (await service.get_complaint(tx, complaint.id)).status is Status.REOPENED
        await service.move(
            tx, complaint_id=complaint.id, to=Status.RESOLVED, origin=Origin.STAFF, now=now
        )
    rated = await meera.put(f"{at}/rating", json={"rating": 4, "note": "Quick in the end"})
    assert (rated.status_code, rated.json()["rating"]) == (200, 4)
    templates = [one.template for one in await messages_to_customer(database, actor)]
    assert templates.count("complaint_answered") == 2
    assert templates.count("complaint_resolved") == 2
    listed = (await meera.get(f"/v1/public/track/{order.public_token}/complaints")).json()
    assert [(one["number"], one["state"]) for one in listed["items"]] == [("CMP-1001", "resolved")]


async def test_nothing_internal_is_in_any_public_answer_mail_or_text(
    meera: httpx.AsyncClient,
    client: httpx.AsyncClient,
    order: OrderSnapshot,
    database: Database,
    actor: Actor,
    now: datetime,
) -> None:
    """AJ4: one secret word in each place for words inside, then everything public is read."""
    head = await complains(meera, order)
    async with database.transaction(actor) as tx:
        [complaint] = await service.list_of_order(tx, order.id)
        for origin in (Origin.STAFF, Origin.JIRA, Origin.RULE):
            await service.add_message(
                tx, complaint_id=complaint.id, body=f"{SECRET} {origin}", origin=origin, now=now
            )
        await service.move(
            tx,
            complaint_id=complaint.id,
            to=Status.RESOLVED,
            origin=Origin.STAFF,
            note=SECRET,
            now=now,
        )
        hidden, named = await _opened_inside(tx, order, now)
    inside = f"/v1/complaints/{complaint.id}"
    await client.post(
        f"{inside}/files", files={"file": (f"{SECRET}.txt", f"{SECRET} note".encode())}
    )
    kept = (await client.get(f"{inside}/files")).json()["items"]
    assert SECRET in kept[0]["filename"]
    sent = await messages_to_customer(database, actor)
    assert len(sent) >= 4
    for message in sent:
        assert SECRET not in message.subject + message.text + message.html
    async with database.transaction(actor) as tx:
        parcels = [one.public_token for one in await shipping.list_of_order(tx, order.id)]
    assert len(parcels) == 1
    for token in (order.public_token, *parcels):
        for path in (f"/v1/public/track/{token}", f"/v1/public/track/{token}/complaints"):
            await _reads(meera, path, 200)
        await _reads(meera, f"/track/{token}", 200)
    await _reads(meera, f"/v1/public/orders/{order.public_token}", 200)
    for token, status in (
        (head["token"], 200),
        (named.public_token, 200),
        (hidden.public_token, 404),
    ):
        await _reads(meera, f"/v1/public/complaints/{token}", status)
        await _reads(meera, f"/v1/public/complaints/{token}/files/{kept[0]['id']}", 404)
        await _reads(meera, f"/complaint/{token}", status)


async def _opened_inside(
    tx: Tx, order: OrderSnapshot, now: datetime
) -> tuple[Complaint, Complaint]:
    """One that a buyer must not know of, and one that they may, both full of words for inside."""
    hidden = await service.open_complaint(
        tx,
        draft(
            subject=f"Suspicious: {SECRET}",
            body=SECRET,
            rule="fake_attempt",
            rule_subject=uuid4(),
            links=Links(
                order_id=order.id, customer_name="Meera Rao", customer_email="m@example.test"
            ),
        ),
        origin=Origin.RULE,
        now=now,
    )
    named = await service.open_complaint(
        tx,
        draft(
            subject=SECRET,
            body=SECRET,
            category="failed_delivery",
            links=Links(order_id=order.id, customer_email="m@example.test"),
        ),
        origin=Origin.STAFF,
        now=now,
    )
    return hidden, named


async def _reads(meera: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await meera.get(path)
    assert answer.status_code == status, (path, answer.text[:300])
    for inside in (SECRET, "failed_delivery", "keeps failing", "Asha"):
        assert inside not in answer.text, path


async def test_what_a_link_does_not_open_is_refused_and_changes_nothing(
    meera: httpx.AsyncClient, order: OrderSnapshot, database: Database, actor: Actor
) -> None:
    head = await complains(meera, order)
    track, complaint = order.public_token, head["token"]
    refused: list[tuple[str, str, dict[str, Any], int]] = [
        (
            "POST",
            f"/v1/public/track/{complaint}/complaints",
            {"category": "late", "body": "x"},
            404,
        ),
        ("GET", f"/v1/public/complaints/{track}", {}, 404),
        ("POST", f"/v1/public/complaints/{track}/messages", {"body": "x"}, 404),
        ("GET", "/v1/public/complaints/aaaaaaaaaaaaaaaaaaaaaa", {}, 404),
        ("POST", f"/v1/public/track/{track}/complaints", {"category": "x", "body": "x"}, 422),
        (
            "POST",
            f"/v1/public/track/{track}/complaints",
            {"category": "failed_delivery", "body": "not for buyers to choose"},
            422,
        ),
        ("POST", f"/v1/public/track/{track}/complaints", {"category": "late", "body": " "}, 422),
        ("PUT", f"/v1/public/complaints/{complaint}/rating", {"rating": 6}, 422),
    ]
    for method, path, body, status in refused:
        answer = await meera.request(method, path, json=body or None)
        assert answer.status_code == status, (method, path, answer.text)
    async with database.transaction(actor) as tx:
        assert [topic for topic, _ in await told(tx)] == [
            "support.complaint_opened.v1",
            "support.message_added.v1",
        ]


async def test_one_address_cannot_flood_the_desk(
    meera: httpx.AsyncClient, order: OrderSnapshot, database: Database, actor: Actor
) -> None:
    """Ten in ten minutes from one address; never more than ten unsettled for one order."""
    answers = [
        await meera.post(
            f"/v1/public/track/{order.public_token}/complaints",
            json={"category": "other", "body": f"Matter {number}"},
        )
        for number in range(12)
    ]
    assert [one.status_code for one in answers] == [201] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) > 0
    async with database.transaction(actor) as tx:
        assert len(await service.list_of_order(tx, order.id)) == 10


async def test_a_complaint_with_a_file_that_is_refused_is_not_opened(
    meera: httpx.AsyncClient, order: OrderSnapshot, database: Database, actor: Actor
) -> None:
    head = await complains(meera, order)
    refused = await meera.post(
        f"/v1/public/complaints/{head['token']}/files", files={"file": ("run.png", b"MZ\x90\x00")}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "file_refused")
    seen = (await meera.get(f"/v1/public/complaints/{head['token']}")).json()
    assert seen["files"] == []
