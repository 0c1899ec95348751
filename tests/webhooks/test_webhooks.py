"""AUT-27: events go out signed, in order, once more when they failed, and nowhere they must not."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.contracts.customers import CustomerChanged
from tandem.crm.webhooks import jobs, service
from tandem.crm.webhooks.domain import GAPS, sign
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tandem.kernel.guard import Guard
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.givens import api_key_of, visitor
from tests.identity.at_work import at_work, hire
from tests.webhooks.receiver import Receiver, receiver

TOPIC = "customers.added.v1"


@pytest.fixture
async def shop() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


@pytest.fixture
def guard() -> Guard:
    return Guard(["127.0.0.0/8"])


@pytest.fixture
def open_app(app: Litestar, guard: Guard) -> Litestar:
    """The owner of the installation opened loopback."""
    app.state.resources._held[Guard] = guard
    return app


class Later:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return clock.now() + self.ahead


@pytest.fixture
def work(database: Database, actor: Actor, guard: Guard) -> Work:
    given = Resources()
    given.add(Guard, guard)
    database.clock = Later()  # type: ignore[assignment]
    return Work(database, given, actor.org_id)


async def _send(work: Work) -> None:
    await outbox.drain(work.database)
    await jobs.send_due(work)


async def _add(client: httpx.AsyncClient, url: str, *topics: str) -> Any:
    return await client.post(
        "/v1/webhook-endpoints", json={"url": url, "topics": list(topics) or [TOPIC]}
    )


async def _customer(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.post("/v1/customers", json={"name": name})).status_code == 201


def _names(shop: Receiver) -> list[str]:
    return [msgspec.json.decode(got.body)["type"] for got in shop.got]


def _is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As Standard Webhooks tells receivers to verify."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        hmac.compare_digest(f"v1,{expected}", one)
        for one in headers["webhook-signature"].split(" ")
    )


async def test_an_event_arrives_signed_and_only_where_it_is_wanted(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver
) -> None:
    await _customer(client, "Before")
    made = (await _add(client, shop.url)).json()
    assert made["secret"].startswith("whsec_")
    await _customer(client, "Asha")
    await _send(work)
    [got] = shop.got
    told = msgspec.json.decode(got.body)
    assert told["type"] == TOPIC and "data" in told and told["timestamp"]
    assert _is_signed(made["secret"], got.headers, got.body)
    assert not _is_signed("whsec_" + base64.b64encode(b"x" * 32).decode(), got.headers, got.body)
    path = f"/v1/webhook-endpoints/{made['endpoint']['id']}/messages"
    [message] = (await client.get(path)).json()["items"]
    assert (message["state"], message["last_status"], message["attempts"]) == ("sent", 204, 1)
    assert message["id"] == got.headers["webhook-id"]
    await _send(work)
    assert len(shop.got) == 1


async def test_the_secret_rests_sealed(
    open_app: Litestar, client: httpx.AsyncClient, shop: Receiver, owner_dsn: str, work: Work
) -> None:
    made = (await _add(client, shop.url)).json()
    connection = await asyncpg.connect(owner_dsn)
    kept = await connection.fetchval(
        "select secret::bytea from webhooks.endpoint where id = $1", UUID(made["endpoint"]["id"])
    )
    await connection.close()
    assert base64.b64decode(made["secret"].removeprefix("whsec_")) not in kept
    assert made["secret"].encode() not in kept
    listed = (await client.get("/v1/webhook-endpoints")).text
    assert made["secret"] not in listed


async def test_events_told_at_once_arrive_in_their_order(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver, actor: Actor
) -> None:
    await _add(client, shop.url, "customers.changed.v1")
    told = [CustomerChanged(customer_id=UUID(int=n)) for n in range(40)]
    async with work.database.transaction(actor) as tx:
        await tx.publish(*told)
    await _send(work)
    arrived = [msgspec.json.decode(got.body)["data"]["customer_id"] for got in shop.got]
    assert arrived == [str(UUID(int=n)) for n in range(40)]


async def test_messages_keep_their_order_through_failures(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver
) -> None:
    await _add(client, shop.url)
    later: Any = work.database.clock
    failures = iter([500, 302, 500])
    shop.answer = lambda _: next(failures, 200)
    for number in range(5):
        await _customer(client, f"Customer {number}")
    await _send(work)
    assert len(shop.got) == 1, "the next waits behind the first"
    await _send(work)
    assert len(shop.got) == 1, "and the first waits for its time"
    for gap in GAPS[:3]:
        later.ahead += gap + timedelta(seconds=1)
        await _send(work)
    ids = [got.headers["webhook-id"] for got in shop.got]
    assert ids[:4] == [ids[0]] * 4, "each try has the same id"
    assert len(ids) == 8 and len(set(ids)) == 5
    stamps = {got.headers["webhook-timestamp"] for got in shop.got[:4]}
    assert len(stamps) == 4, "and a fresh time"


async def test_what_never_succeeds_fails_and_can_be_sent_again(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver
) -> None:
    made = (await _add(client, shop.url)).json()
    later: Any = work.database.clock
    shop.answer = lambda _: 500
    await _customer(client, "Asha")
    await _send(work)
    for gap in GAPS:
        later.ahead += gap + timedelta(seconds=1)
        await _send(work)
    path = f"/v1/webhook-endpoints/{made['endpoint']['id']}/messages"
    [message] = (await client.get(path)).json()["items"]
    assert (message["state"], message["attempts"]) == ("failed", len(GAPS) + 1)
    assert (message["last_status"], message["last_error"]) == (500, "refused_by_receiver")
    shop.answer = lambda _: 200
    again = await client.post(f"/v1/webhook-messages/{message['id']}/redelivery")
    assert (again.status_code, again.json()["state"]) == (201, "waiting")
    await _send(work)
    [message] = (await client.get(path)).json()["items"]
    assert (message["state"], message["attempts"]) == ("sent", 1)
    assert len({got.headers["webhook-id"] for got in shop.got}) == 1


async def test_what_fails_for_three_days_is_given_up_once_and_those_who_can_mend_it_are_told(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver, database: Database
) -> None:
    """A-NOT-14: also where the last message has failed long before."""
    _, email = await hire(database, work.org_id, "admin", "Asha")
    made = (await _add(client, shop.url)).json()["endpoint"]
    later: Any = work.database.clock
    shop.answer = lambda _: 500
    await _customer(client, "Asha")
    await _send(work)
    later.ahead += timedelta(hours=69)
    await _send(work)
    [shown] = (await client.get("/v1/webhook-endpoints")).json()
    assert shown["is_active"] is True
    later.ahead += timedelta(hours=3)
    for _ in range(3):
        await _send(work)
    [shown] = (await client.get("/v1/webhook-endpoints")).json()
    assert (shown["is_active"], shown["disabled_reason"]) == (
        False,
        "It has taken nothing for almost three days.",
    )
    async with at_work(open_app, email) as asha:
        items = (await asha.get("/v1/inbox")).json()["items"]
    assert [(one["title"], one["link"]) for one in items] == [
        (f"No more events go to {shop.url}", "/settings/webhooks")
    ]
    tried = len(shop.got)
    await _customer(client, "Ravi")
    await _send(work)
    assert len(shop.got) == tried
    shop.answer = lambda _: 200
    body = {"url": shop.url, "topics": [TOPIC], "is_active": True}
    assert (await client.put(f"/v1/webhook-endpoints/{made['id']}", json=body)).status_code == 200
    await _send(work)
    assert len(shop.got) == tried + 1, "what waited follows"


def test_the_signature_is_the_standards_own() -> None:
    """Standard Webhooks, libraries/python/tests/test_webhooks.py."""
    signed = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        '{"test": 2432232314}',
    )
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_an_address_that_is_gone_or_never_answers_is_given_up(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver
) -> None:
    gone = (await _add(client, shop.url)).json()["endpoint"]["id"]
    shop.answer = lambda _: 410
    await _customer(client, "Asha")
    await _send(work)
    [shown] = (await client.get("/v1/webhook-endpoints")).json()
    assert (shown["is_active"], shown["disabled_reason"]) == (
        False,
        "The address answered 410, gone.",
    )
    await _customer(client, "Ravi")
    await _send(work)
    assert len(shop.got) == 1
    shop.answer = lambda _: 200
    body = {"url": shop.url, "topics": [TOPIC], "is_active": True}
    assert (await client.put(f"/v1/webhook-endpoints/{gone}", json=body)).status_code == 200
    await _customer(client, "Meera")
    await _send(work)
    assert [msgspec.json.decode(got.body)["type"] for got in shop.got[1:]] != []


async def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver
) -> None:
    made = (await _add(client, shop.url)).json()
    path = f"/v1/webhook-endpoints/{made['endpoint']['id']}/secret"
    fresh = (await client.post(path)).json()["secret"]
    await _customer(client, "Asha")
    await _send(work)
    for secret in (made["secret"], fresh):
        assert _is_signed(secret, shop.got[0].headers, shop.got[0].body)
    later: Any = work.database.clock
    later.ahead += timedelta(days=1, seconds=1)
    await _customer(client, "Ravi")
    await _send(work)
    assert _is_signed(fresh, shop.got[1].headers, shop.got[1].body)
    assert not _is_signed(made["secret"], shop.got[1].headers, shop.got[1].body)


async def test_a_test_message_waits_its_turn_and_arrives(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver
) -> None:
    made = (await _add(client, shop.url)).json()
    tried = await client.post(f"/v1/webhook-endpoints/{made['endpoint']['id']}/test")
    assert tried.status_code == 201
    await _send(work)
    assert _names(shop) == ["webhooks.test.v1"]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/hooks",
        "https://169.254.169.254/latest",
        "http://example.com/hooks",
        "https://2130706433/hooks",
        "https://user:pw@example.com/",
        "https://localhost./hooks",
    ],
)
async def test_an_inner_address_is_refused_when_it_is_saved(
    client: httpx.AsyncClient, url: str
) -> None:
    refused = await _add(client, url)
    assert (refused.status_code, refused.json()["code"]) == (422, "address_refused")
    assert (await client.get("/v1/webhook-endpoints")).json() == []


async def test_an_inner_address_is_refused_when_it_is_sent_to_and_the_log_does_not_tell(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver
) -> None:
    """The name was public when it was saved; its owner has it point at us since."""
    made = (await _add(client, shop.url)).json()
    shut = Resources()
    shut.add(Guard, Guard())
    await _customer(client, "Asha")
    await _send(Work(work.database, shut, work.org_id))
    assert shop.got == []
    path = f"/v1/webhook-endpoints/{made['endpoint']['id']}/messages"
    [message] = (await client.get(path)).json()["items"]
    assert (message["last_status"], message["last_error"]) == (None, "refused")


async def test_refusals_change_nothing(
    open_app: Litestar,
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    shop: Receiver,
) -> None:
    unknown = await _add(client, shop.url, "orders.order_eaten.v1")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "topic_unknown")
    inner = await _add(client, shop.url, "kernel.webhook_kept.v1")
    assert inner.status_code == 422
    path = f"/v1/webhook-endpoints/{uuid4()}"
    assert (await client.delete(path)).status_code == 404
    assert (await client.get(f"{path}/messages")).status_code == 404
    async with visitor(open_app) as script:
        key = await api_key_of(database, actor, "webhooks.read")
        script.headers["authorization"] = f"Bearer {key}"
        assert (await _add(script, shop.url)).status_code == 403
        assert (await script.get("/v1/webhook-endpoints")).json() == []
    for hidden in ({"hidden": frozenset({"customer.notes"})},):
        half = msgspec.structs.replace(actor, **hidden)
        with pytest.raises(Exception, match="do not see all"):
            service.check_may_choose(half)
    assert (await client.get("/v1/webhook-endpoints")).json() == []


async def test_another_company_hears_nothing(
    open_app: Litestar, client: httpx.AsyncClient, work: Work, shop: Receiver, database: Database
) -> None:
    await _add(client, shop.url)
    stranger = Actor(org_id=uuid4(), user_id=uuid4(), grants=frozenset({"*"}))
    async with visitor(open_app) as script:
        script.headers["authorization"] = f"Bearer {await api_key_of(database, stranger)}"
        await _customer(script, "Not ours")
        assert (await script.get("/v1/webhook-endpoints")).json() == []
    await outbox.drain(database)
    for org_id in (work.org_id, stranger.org_id):
        await jobs.send_due(Work(database, work._resources, org_id))
    assert shop.got == []
