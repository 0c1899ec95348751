import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tandem.sandbox.faults import Faults, NewFault, Target
from tandem.sandbox.loopback import NotLoopback, check_loopback
from tandem.sandbox.store import Store
from tandem.sandbox.webhook_queue import Delivery
from tandem.sandbox.webhooks import Webhooks
from tests.sandbox.listening import Call, Listener
from tests.sandbox.serving import Sandbox
from tests.sandbox.test_sms import TEXT, post
from tests.waiting import until

BODY = b'{"event":"payment.captured"}'


def sign(delivery: Delivery, secret: str) -> Mapping[str, str]:
    digest = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return {"x-signature": digest, "x-event-id": delivery.event_id}


def signed_with(call: Call, secret: str) -> bool:
    expected = hmac.new(secret.encode(), call.body, hashlib.sha256).hexdigest()
    return call.headers["x-signature"] == expected


class Desk:
    """A sender over a store of its own, with a vendor called `acme`."""

    def __init__(self, file: Path, listener: Listener) -> None:
        self.store = Store(file)
        self.faults = Faults(self.store)
        self.faults.declare(Target(name="acme", has_webhooks=True))
        self.webhooks = Webhooks(self.store, self.faults)
        self.webhooks.declare("acme", sign=sign, delays_seconds=(0.02, 0.02))
        self.listener = listener

    def tell(self, event: str, event_id: str) -> int:
        return self.webhooks.enqueue(
            "acme",
            url=self.listener.url,
            event=event,
            event_id=event_id,
            body=BODY,
            secret="new",
            old_secret="old",
        )

    def states(self) -> list[str]:
        return [delivery.state for delivery in reversed(self.webhooks.list_deliveries())]

    def heard(self) -> list[str]:
        return [call.headers["x-event-id"] for call in self.listener.calls]

    async def settled(self) -> list[str]:
        """The states once nothing is queued any more."""
        await asyncio.to_thread(until, lambda: "queued" not in self.states())
        return self.states()


@pytest.fixture
def desk(tmp_path: Path, listener: Listener) -> Desk:
    return Desk(tmp_path / "sandbox.sqlite3", listener)


@asynccontextmanager
async def sending(desk: Desk) -> AsyncIterator[None]:
    task = asyncio.create_task(desk.webhooks.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_webhook_arrives_once_signed(desk: Desk) -> None:
    async with sending(desk):
        desk.tell("payment.captured", "evt_1")
        assert await desk.settled() == ["delivered"]
    (call,) = desk.listener.calls
    assert call.body == BODY
    assert call.headers["content-type"] == "application/json"
    assert signed_with(call, "new")


async def test_a_refused_webhook_is_tried_again_and_then_delivered(desk: Desk) -> None:
    desk.listener.answers += [500, 404]
    async with sending(desk):
        desk.tell("payment.captured", "evt_1")
        assert await desk.settled() == ["delivered"]
    assert desk.heard() == ["evt_1"] * 3
    (delivery,) = desk.webhooks.list_deliveries()
    assert (delivery.attempts, delivery.status) == (3, 200)


async def test_an_endpoint_that_keeps_failing_is_disabled_until_enabled(desk: Desk) -> None:
    desk.listener.answers += [500, 500, 500]
    async with sending(desk):
        desk.tell("payment.captured", "evt_1")
        assert await desk.settled() == ["failed"]
        (endpoint,) = desk.webhooks.list_endpoints()
        assert endpoint.is_disabled

        second = desk.tell("payment.captured", "evt_2")
        assert desk.webhooks.send_again(1)
        assert desk.states() == ["queued", "queued"]
        assert desk.heard() == ["evt_1"] * 3

        desk.webhooks.enable("acme", desk.listener.url)
        assert await desk.settled() == ["delivered", "delivered"]
    assert sorted(desk.heard()[3:]) == ["evt_1", "evt_2"]
    assert not desk.webhooks.send_again(second + 1)


async def test_a_duplicate_has_the_same_event_id(desk: Desk) -> None:
    desk.faults.add(NewFault(target="acme", kind="duplicate", match="payment."))
    async with sending(desk):
        desk.tell("payment.captured", "evt_1")
        desk.tell("order.paid", "evt_2")
        assert await desk.settled() == ["delivered", "delivered"]
    assert desk.heard() == ["evt_1", "evt_1", "evt_2"]


async def test_a_dropped_webhook_never_arrives(desk: Desk) -> None:
    desk.faults.add(NewFault(target="acme", kind="drop", match="payment.captured"))
    async with sending(desk):
        desk.tell("payment.captured", "evt_1")
        desk.tell("order.paid", "evt_2")
        assert await desk.settled() == ["dropped", "delivered"]
    assert desk.heard() == ["evt_2"]


async def test_a_reordered_webhook_arrives_after_a_later_one(desk: Desk) -> None:
    desk.faults.add(
        NewFault(target="acme", kind="reorder", match="payment.authorized", seconds=0.2)
    )
    async with sending(desk):
        desk.tell("payment.authorized", "evt_1")
        desk.tell("payment.captured", "evt_2")
        assert await desk.settled() == ["delivered", "delivered"]
    assert desk.heard() == ["evt_2", "evt_1"]


@pytest.mark.parametrize(("kind", "secret"), [("old_secret", "old"), ("bad_signature", "not-new")])
async def test_a_wrongly_signed_webhook_is_retried_rightly_signed(
    desk: Desk, kind: str, secret: str
) -> None:
    desk.faults.add(NewFault(target="acme", kind=kind))
    desk.listener.answers.append(400)
    async with sending(desk):
        desk.tell("payment.captured", "evt_1")
        assert await desk.settled() == ["delivered"]
    first, second = desk.listener.calls
    assert signed_with(first, secret) and not signed_with(first, "new")
    assert signed_with(second, "new")


async def test_a_webhook_rolled_back_with_its_cause_is_never_sent(desk: Desk) -> None:
    with pytest.raises(RuntimeError), desk.store.transaction():
        desk.tell("payment.captured", "evt_1")
        raise RuntimeError("the capture failed")
    async with sending(desk):
        desk.tell("order.paid", "evt_2")
        await desk.settled()
    assert desk.heard() == ["evt_2"]


async def test_what_was_queued_before_a_stop_is_sent_after_it(
    desk: Desk, tmp_path: Path, listener: Listener
) -> None:
    desk.tell("payment.captured", "evt_1")
    desk.store.close()
    again = Desk(tmp_path / "sandbox.sqlite3", listener)
    async with sending(again):
        assert await again.settled() == ["delivered"]
    assert again.heard() == ["evt_1"]


async def test_a_silent_endpoint_is_given_up_after_the_vendors_patience(
    desk: Desk, tmp_path: Path
) -> None:
    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    desk.webhooks.declare("acme", sign=sign, delays_seconds=(), timeout_seconds=0.05)
    desk.listener.url = f"http://127.0.0.1:{port}/"
    async with server, sending(desk):
        desk.tell("payment.captured", "evt_1")
        assert await desk.settled() == ["failed"]
    (delivery,) = desk.webhooks.list_deliveries()
    assert (delivery.status, delivery.error) == (None, "TimeoutError")


@pytest.mark.parametrize(
    "url",
    [
        "http://198.51.100.7/",
        "https://example.test/hook",
        "http://localhost.example.test/",
        "http://127.0.0.1@198.51.100.7/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://0.0.0.0/",
        "//127.0.0.1/",
        "",
    ],
)
def test_addresses_beyond_this_machine_are_refused(desk: Desk, url: str) -> None:
    with pytest.raises(NotLoopback):
        check_loopback(url)
    desk.listener.url = url
    with pytest.raises(NotLoopback):
        desk.tell("payment.captured", "evt_1")
    assert desk.states() == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8000/hook", "http://localhost/", "https://[::1]:9/", "http://127.9.9.9/"],
)
def test_addresses_of_this_machine_are_called(url: str) -> None:
    check_loopback(url)


def test_deliveries_are_shown_without_their_secrets(sandbox: Sandbox, listener: Listener) -> None:
    post(sandbox, data=TEXT | {"StatusCallback": listener.url})
    until(lambda: len(listener.calls) == 2)

    def shown() -> list[str]:
        deliveries = sandbox.http.get("/sandbox/webhooks", params={"provider": "sms"}).json()
        return [delivery["state"] for delivery in deliveries["deliveries"]]

    until(lambda: shown() == ["delivered", "delivered"])
    answer = sandbox.http.get("/sandbox/webhooks")
    assert sandbox.settings.sms_auth_token not in answer.text
    assert answer.json()["deliveries"][0]["event"] == "delivered"
    assert "sms: delivered" in sandbox.http.get("/webhooks").text

    assert sandbox.http.post("/sandbox/webhooks/1/redelivery").status_code == 202
    until(lambda: len(listener.calls) == 3)
    assert listener.calls[2].form["MessageStatus"] == "sent"
    assert sandbox.http.post("/sandbox/webhooks/99/redelivery").status_code == 404
