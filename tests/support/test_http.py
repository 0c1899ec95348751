"""The desk over HTTP: open, read, answer, attach, give away, move on; and who may not."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.flows.shop import basket, open_shop, place_one
from tests.givens import api_key_of, visitor
from tests.support.givens import a_complaint, told

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 60
EXE = b"MZ\x90\x00" + b"\x00" * 60
MIB = 1024 * 1024


async def opened(client: httpx.AsyncClient, **facts: Any) -> dict[str, Any]:
    body = {"category": "damaged", "subject": "The kettle is broken", **facts}
    answer = await client.post("/v1/complaints", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_complaint_opens_with_its_order_parcel_invoice_and_customer(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now)
    order = await place_one(database, actor, basket(shop, payment_method="cod"), now)
    complaint = await opened(client, order_id=str(order.id), channel="phone")
    assert (complaint["number"], complaint["status"]) == ("CMP-1001", "open")
    assert complaint["order_number"] == order.number
    assert complaint["customer_id"] == str(order.customer_id)
    assert complaint["customer_name"] == "Meera Rao"
    assert (complaint["severity"], complaint["queue"]) == ("high", "general")
    found = (await client.get("/v1/complaints", params={"order_id": str(order.id)})).json()
    assert [one["number"] for one in found["items"]] == ["CMP-1001"]
    for q in (order.number, "cmp-1001", "Meera", "kettle is"):
        listed = (await client.get("/v1/complaints", params={"q": q})).json()
        assert [one["id"] for one in listed["items"]] == [complaint["id"]], q
    for q in ("cmp-1001", complaint["id"], complaint["public_token"]):
        resolved = (await client.get("/v1/resolve", params={"q": q})).json()
        assert (resolved["kind"], resolved["id"]) == ("complaint", complaint["id"])
        assert resolved["order_id"] == str(order.id)
    story = (await client.get(f"/v1/orders/{order.id}/timeline")).json()["items"]
    assert "Complaint CMP-1001 opened" in [moment["title"] for moment in story]
    for path in (f"/orders/{order.id}", f"/customers/{order.customer_id}"):
        assert "CMP-1001" in (await client.get(path)).text
    assert (await client.get("/v1/complaints", params={"q": "%"})).json()["items"] == []


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"category": "unheard_of"}, "category"),
        ({"queue": "nowhere"}, "queue"),
        ({"order_id": str(uuid4())}, "order_id"),
        ({"shipment_id": str(uuid4())}, "shipment_id"),
        ({"invoice_id": str(uuid4())}, "invoice_id"),
        ({"customer_id": str(uuid4())}, "customer_id"),
    ],
)
async def test_what_is_not_there_opens_nothing(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    facts: dict[str, str],
    field: str,
) -> None:
    body = {"category": "damaged", "subject": "x", **facts}
    answer = await client.post("/v1/complaints", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert (await client.get("/v1/complaints")).json()["items"] == []
    async with database.transaction(actor) as tx:
        assert await told(tx) == []


async def test_ten_of_the_same_request_at_once_open_one(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    async def press() -> dict[str, Any]:
        answer = await client.post(
            "/v1/complaints",
            json={"category": "late", "subject": "Where is it?"},
            headers={"idempotency-key": "double-click"},
        )
        assert answer.status_code == 201
        found: dict[str, Any] = answer.json()
        return found

    pressed = await asyncio.gather(*(press() for _ in range(10)))
    assert {one["number"] for one in pressed} == {"CMP-1001"}
    async with database.transaction(actor) as tx:
        assert [topic for topic, _ in await told(tx)] == ["support.complaint_opened.v1"]


async def test_the_desk_works_from_opening_to_closing_without_anything_else(
    client: httpx.AsyncClient,
) -> None:
    """AJ13: no Jira anywhere, and every verb there is."""
    complaint = await opened(client)
    at = f"/v1/complaints/{complaint['id']}"
    note = await client.post(f"{at}/messages", json={"body": "Call her after six"})
    assert (note.status_code, note.json()["visibility"]) == (201, "internal")
    answer = await client.post(
        f"{at}/messages", json={"body": "We send a new one", "visibility": "public"}
    )
    assert answer.status_code == 201
    for path, status in (
        ("start", "in_progress"),
        ("pause", "waiting_customer"),
        ("resolution", "resolved"),
        ("reopening", "reopened"),
        ("resolution", "resolved"),
        ("closure", "closed"),
    ):
        moved = await client.post(f"{at}/{path}", json={"note": "as agreed"})
        assert (moved.status_code, moved.json()["status"]) == (201, status)
    steps = (await client.get(f"{at}/history")).json()["items"]
    assert [(s["before"], s["after"]) for s in steps if s["kind"] == "status"] == [
        ("", "open"),
        ("open", "acknowledged"),
        ("acknowledged", "in_progress"),
        ("in_progress", "waiting_customer"),
        ("waiting_customer", "resolved"),
        ("resolved", "reopened"),
        ("reopened", "resolved"),
        ("resolved", "closed"),
    ]
    refused = await client.post(f"{at}/reopening", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert refused.json()["allowed"] == []
    late = await client.post(f"{at}/messages", json={"body": "One more thing"})
    assert (late.status_code, late.json()["code"]) == (409, "complaint_closed")
    assert len((await client.get(f"{at}/messages")).json()["items"]) == 2


async def test_a_change_by_somebody_who_saw_an_older_state_is_refused(
    client: httpx.AsyncClient,
) -> None:
    complaint = await opened(client)
    at = f"/v1/complaints/{complaint['id']}"
    read = await client.get(at)
    first = await client.patch(
        at, json={"severity": "critical"}, headers={"if-match": read.headers["etag"]}
    )
    assert (first.status_code, first.json()["severity"]) == (200, "critical")
    late = await client.patch(
        at, json={"severity": "low"}, headers={"if-match": read.headers["etag"]}
    )
    assert late.status_code == 412
    assert (await client.get(at)).json()["severity"] == "critical"


async def test_complaints_are_given_to_people_and_queues_that_exist(
    client: httpx.AsyncClient, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        colleague = await identity.add_user(
            tx,
            email="ravi@example.test",
            name="Ravi Kumar",
            password="Kettle-Monsoon-Lantern-77",
            role_key="support",
            now=now,
        )
    complaint = await opened(client)
    at = f"/v1/complaints/{complaint['id']}/assignment"
    given = await client.post(at, json={"assignee_id": str(colleague.id), "queue": "money"})
    assert given.status_code == 201, given.text
    assert (given.json()["assignee_name"], given.json()["queue"]) == ("Ravi Kumar", "money")
    stranger = await client.post(at, json={"assignee_id": str(uuid4())})
    assert (stranger.status_code, stranger.json()["field"]) == (422, "assignee_id")
    assert (await client.post(at, json={"queue": "nowhere"})).status_code == 422
    counts = (await client.get("/v1/complaints/counts")).json()["items"]
    assert [(c["queue"], c["unsettled"], c["unassigned"]) for c in counts] == [
        ("", 1, 0),
        ("money", 1, 0),
    ]
    taken = await client.post(at, json={"assignee_id": None})
    assert (taken.json()["assignee_id"], taken.json()["queue"]) == (None, "money")
    listed = await client.get("/v1/complaints", params={"is_unassigned": "true", "queue": "money"})
    assert len(listed.json()["items"]) == 1


async def test_files_are_taken_by_content_kept_once_and_never_run(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    """AJ12: 30 MB, a program under any name, the same file twice."""
    complaint = await opened(client)
    at = f"/v1/complaints/{complaint['id']}/files"

    async def send(content: bytes, name: str, **form: str) -> httpx.Response:
        return await client.post(at, files={"file": (name, content)}, data=form)

    for content, name, status, code in (
        (PNG + b"0" * (30 * MIB), "photo.png", 413, "too_large"),
        (PNG + b"0" * (10 * MIB), "photo.png", 413, "file_too_large"),
        (EXE, "photo.png", 422, "file_refused"),
        (PNG, "photo.png.exe", 422, "file_refused"),
        (b"#!/bin/sh\necho", "notes.txt", 422, "file_refused"),
        (b"<script>alert(1)</script>", "notes.txt", 422, "file_refused"),
        (b"PK\x03\x04" + b"\x00" * 30, "photos.zip", 422, "file_refused"),
        (b"", "empty.png", 422, "file_refused"),
    ):
        refused = await send(content, name)
        assert refused.status_code == status, (name, refused.text[:200])
        if refused.headers["content-type"].startswith("application/problem"):
            assert refused.json()["code"] == code
    assert (await client.get(at)).json()["items"] == []
    first = (await send(PNG, "../../etc/my photo.jpg")).json()
    assert (first["filename"], first["media_type"]) == ("my photo.png", "image/png")
    assert first["visibility"] == "internal"
    again = (await send(PNG, "other.png", visibility="public")).json()
    assert (again["id"], again["visibility"]) == (first["id"], "public")
    [kept] = (await client.get(at)).json()["items"]
    assert kept["sha256"] == first["sha256"]
    read = await client.get(f"{at}/{first['id']}")
    assert (read.content, read.headers["content-type"]) == (PNG, "image/png")
    assert read.headers["content-security-policy"] == "default-src 'none'; sandbox"
    async with database.transaction(actor) as tx:
        added = [p["visibility"] for topic, p in await told(tx) if "file" in topic]
        assert added == ["internal", "public"]


async def test_saved_replies_are_kept_by_name(client: httpx.AsyncClient) -> None:
    new = {"name": "Sorry", "body": "Dear {customer}, sorry about {order}.", "category": "damaged"}
    made = await client.post("/v1/saved-replies", json=new)
    assert made.status_code == 201
    twice = await client.post("/v1/saved-replies", json=new)
    assert (twice.status_code, twice.json()["code"]) == (409, "reply_name_taken")
    at = f"/v1/saved-replies/{made.json()['id']}"
    changed = await client.put(at, json={**new, "body": "Sorry."})
    assert changed.json()["body"] == "Sorry."
    assert (await client.delete(at)).status_code == 204
    assert (await client.get("/v1/saved-replies")).json()["items"] == []
    assert (await client.put(at, json=new)).status_code == 404


async def test_the_desk_is_set_up_whole_and_refuses_what_cannot_be(
    client: httpx.AsyncClient,
) -> None:
    read = await client.get("/v1/support-settings")
    assert read.headers["etag"] == '"0"'
    desk = read.json()
    desk["queues"] = [queue for queue in desk["queues"] if queue["key"] != "money"]
    refused = await client.put("/v1/support-settings", json=desk)
    assert (refused.status_code, refused.json()["code"]) == (422, "desk_settings_wrong")
    desk = read.json()
    desk["targets"]["high"] = {"response_minutes": 5, "resolution_minutes": 10}
    saved = await client.put("/v1/support-settings", json=desk, headers={"if-match": '"0"'})
    assert (saved.status_code, saved.headers["etag"]) == (200, '"1"')
    stale = await client.put("/v1/support-settings", json=desk, headers={"if-match": '"0"'})
    assert stale.status_code == 412
    assert (await opened(client))["resolution_seconds"] == 600


async def test_readers_read_and_nothing_more_and_other_companies_see_nothing(
    client: httpx.AsyncClient, app: Litestar, database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        complaint = await a_complaint(tx, now=now)
    at = f"/v1/complaints/{complaint.id}"
    key = await api_key_of(database, actor, "support.read")
    async with visitor(app) as reader:
        reader.headers["authorization"] = f"Bearer {key}"
        assert (await reader.get(at)).status_code == 200
        writes: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/v1/complaints", {"category": "late", "subject": "x"}),
            ("POST", f"{at}/messages", {"body": "x"}),
            ("POST", f"{at}/resolution", {}),
            ("POST", f"{at}/assignment", {"queue": "money"}),
            ("PATCH", at, {"severity": "low"}),
            ("POST", "/v1/saved-replies", {"name": "x", "body": "x"}),
        ]
        for method, path, body in writes:
            answer = await reader.request(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
        upload = await reader.post(f"{at}/files", files={"file": ("a.png", PNG)})
        assert upload.status_code == 403
        desk = (await reader.get("/v1/support-settings")).json()
        assert (await reader.put("/v1/support-settings", json=desk)).status_code == 403
    async with visitor(app) as stranger:
        assert (await stranger.get(at)).status_code == 401
    other = Actor(org_id=uuid4(), user_id=uuid4(), grants=frozenset({"*"}))
    async with database.transaction(other) as tx:
        assert await told(tx) == []
    async with database.transaction(actor) as tx:
        assert len(await told(tx)) == 1
    missing = await client.get(f"/v1/complaints/{uuid4()}")
    assert missing.status_code == 404
