"""kill -9 at random moments while orders are placed, paid and delivered: nothing is lost, nothing
doubled, and whoever watches sees the vehicle only ever move on.

`CRASH_SECONDS=120 CRASH_GAP=1.5` makes a longer run; its figures are printed.
"""

import asyncio
import os
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx2 as httpx
import msgspec
import pytest

from tandem.app.doctor import broken_invariants
from tests.app.installation import Up
from tests.faults.couriers import Courier, Told, Watcher
from tests.waiting import until

SECONDS = float(os.environ.get("CRASH_SECONDS", "12"))
GAP = float(os.environ.get("CRASH_GAP", "1.5"))
BUYERS = 4
COURIERS = 2
PAID_SHARE = 2
SETTLE_SECONDS = 90.0
VICTIMS = ("web", "worker", "postgres", "web", "worker", "sandbox")
AWAY = (httpx.TransportError, msgspec.DecodeError)


class Acknowledged(msgspec.Struct):
    """What a buyer was told: the order exists; the gateway took this payment for it."""

    order_id: str
    number: str
    payment_id: str | None = None


class Shop:
    """Buyers who repeat a request with the same key until somebody answers."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.api = httpx.Client(
            base_url=ready["base_url"],
            headers={"authorization": f"Bearer {ready['api_key']}"},
            timeout=15,
        )
        self.gateway = httpx.Client(base_url=ready["sandbox_url"], timeout=15)
        self.acknowledged: list[Acknowledged] = []
        self.failures: list[str] = []
        self.over = threading.Event()
        self.customer = self.get("/v1/customers?limit=1")["items"][0]
        self.skus = [row["sku"] for row in self.get("/v1/variants?limit=20")["items"]]

    def get(self, path: str) -> Any:
        answer = self.api.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def buy_until_over(self, seed: int) -> None:
        chance = random.Random(seed)
        count = 0
        while not self.over.is_set():
            count += 1
            try:
                order = self._place(f"crash-{seed}-{count}", chance)
                if order and chance.randrange(PAID_SHARE) == 0:
                    order.payment_id = self._pay(order)
            except AssertionError as reason:
                self.failures.append(str(reason))
                return

    def _place(self, key: str, chance: random.Random) -> Acknowledged | None:
        lines = [
            {"sku": sku, "quantity": chance.randint(1, 2)} for sku in chance.sample(self.skus, 3)
        ]
        body = {
            "customer_id": self.customer["id"],
            "ship_to": self.customer["addresses"][0]["address"],
            "payment_method": "prepaid",
            "lines": lines,
        }
        found = self._insist("POST", "/v1/orders", json=body, headers={"idempotency-key": key})
        if found.status_code == 409 and found.json()["code"] == "insufficient_stock":
            return None  # the shelf is empty after a long run: nobody was promised anything
        assert found.status_code == 201, found.text
        order = Acknowledged(order_id=found.json()["id"], number=found.json()["number"])
        self.acknowledged.append(order)
        return order

    def _insist(self, method: str, path: str, **content: Any) -> httpx.Response:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                answer = self.api.request(method, path, **content)
            except AWAY:
                time.sleep(0.05)
                continue
            if answer.status_code < 500:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"nobody answered {method} {path} for a minute")

    def _pay(self, order: Acknowledged) -> str | None:
        """At the stand-in's checkout; the browser never returns, the webhook may be lost."""
        token = self._insist("GET", f"/v1/orders/{order.order_id}").json()["public_token"]
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline and not self.over.is_set():
            state = self._insist("GET", f"/v1/public/pay/{token}").json()
            if not state.get("checkout"):
                time.sleep(0.05)
                continue
            path = f"/razorpay/checkout/{state['checkout']['provider_order_id']}/payments"
            try:
                answer = self.gateway.post(
                    path,
                    data={
                        "method": "upi",
                        "vpa": "success@razorpay",
                        "callback_url": "http://127.0.0.1:1/",
                    },
                )
            except AWAY:
                return None
            found = re.search(r'name="razorpay_payment_id" value="(pay_\w+)"', answer.text)
            return found[1] if found else None
        return None


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("crashes") / "data") as started:
        started.start()
        yield started


def _kill_until_over(up: Up, shop: Shop, chance: random.Random) -> dict[str, int]:
    kills = dict.fromkeys(VICTIMS, 0)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.5, 1.5) * GAP)
        victim = chance.choice(VICTIMS)
        before = up.pid(victim)
        os.kill(before, signal.SIGKILL)
        kills[victim] += 1
        up.pid_other_than(victim, before)
    until(lambda: _is_ready(shop), seconds=30)
    return kills


def _is_ready(shop: Shop) -> bool:
    try:
        return shop.api.get("/readyz").status_code == 200
    except AWAY:
        return False


def test_kills_at_random_moments_lose_and_double_nothing(up: Up) -> None:
    ready = up.ready()
    shop = Shop(ready)
    couriers = [Courier(ready, place, COURIERS, shop.over) for place in range(COURIERS)]
    watchers = [Watcher(ready, shop.over) for _ in couriers]
    for courier, watcher in zip(couriers, watchers, strict=True):
        courier.watch = watcher.turn_to
    threads = [
        *(threading.Thread(target=shop.buy_until_over, args=(seed,)) for seed in range(BUYERS)),
        *(threading.Thread(target=courier.drive_until_over) for courier in couriers),
        *(threading.Thread(target=watcher.watch_until_over) for watcher in watchers),
    ]
    for thread in threads:
        thread.start()
    kills = _kill_until_over(up, shop, random.Random(20261122))
    shop.over.set()
    for thread in threads:
        thread.join(90)
    told = [told for courier in couriers for told in courier.told]
    assert [*shop.failures, *(said for one in couriers for said in one.failures)] == []

    report = asyncio.run(_settled(ready["database_url"], shop.acknowledged, told))
    print(  # noqa: T201  the run's figures, shown with -s
        f"\nkills {kills}, acknowledged {len(shop.acknowledged)}, steps {len(told)}, "
        f"pings {sum(one.pings for one in couriers)}, "
        f"watched {[(one.connections, one.positions) for one in watchers]}, {report}"
    )
    assert [problem for one in watchers for problem in one.problems] == []
    assert report["steps_lost"] == []
    assert report["lost"] == []
    assert report["doubled"] == []
    assert report["unpaid"] == []
    assert report["orders"] >= len(shop.acknowledged) > 10
    assert asyncio.run(broken_invariants(ready["database_url"])) == []


async def _settled(dsn: str, acknowledged: list[Acknowledged], told: list[Told]) -> dict[str, Any]:
    owner = await asyncpg.connect(dsn)
    paid = [one for one in acknowledged if one.payment_id]
    deadline = time.monotonic() + SETTLE_SECONDS
    while (unpaid := await _unconfirmed(owner, paid)) or await owner.fetchval(
        "select count(*) from kernel.delivery where parked_at is null"
    ):
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(0.2)
    found = {
        "orders": await owner.fetchval("select count(*) from orders.order"),
        "paid": len(paid),
        "unpaid": unpaid,
        "lost": await _lost(owner, acknowledged),
        "doubled": await _doubled(owner),
        "steps_lost": await _steps_lost(owner, told),
        "delivered": await owner.fetchval(
            "select count(*) from delivery.delivery where status = 'delivered'"
        ),
        "parked": await owner.fetchval(
            "select count(*) from kernel.delivery where parked_at is not null"
        ),
    }
    await owner.close()
    return found


async def _unconfirmed(owner: asyncpg.Connection, paid: list[Acknowledged]) -> list[str]:
    rows = await owner.fetch(
        """
        select o.number from orders.order o
         where o.id = any($1::uuid[]) and o.status in ('pending_payment', 'expired')
        """,
        [one.order_id for one in paid],
    )
    return [row["number"] for row in rows]


async def _lost(owner: asyncpg.Connection, acknowledged: list[Acknowledged]) -> list[str]:
    rows = await owner.fetch("select id::text as id, number from orders.order")
    kept = {(row["id"], row["number"]) for row in rows}
    return [one.number for one in acknowledged if (one.order_id, one.number) not in kept]


async def _steps_lost(owner: asyncpg.Connection, told: list[Told]) -> list[str]:
    """Steps that are not in the status table, or whose parcel's order does not know of the end."""
    rows = await owner.fetch(
        "select client_event_id::text as id, delivery_id::text, status "
        "from delivery.delivery_status where client_event_id is not null and conflict is null"
    )
    kept = {(row["id"], row["delivery_id"], row["status"]) for row in rows}
    lost = [
        f"{one.status} of {one.delivery_id}"
        for one in told
        if (one.client_event_id, one.delivery_id, one.status) not in kept
    ]
    open_rows = await owner.fetch(
        """
        select 'order ' || o.number as what
          from delivery.delivery d
          join orders.order o on o.org_id = d.org_id and o.id = d.order_id
         where d.status = 'delivered' and o.status <> 'completed'
        """
    )
    return [*lost, *(row["what"] for row in open_rows)]


async def _doubled(owner: asyncpg.Connection) -> list[str]:
    """Two orders for one key, two captures or invoices for one order, two messages of a kind."""
    rows = await owner.fetch(
        """
        select 'number ' || number as what
          from orders.order group by org_id, number having count(*) > 1
        union all
        select 'capture ' || order_id from payments.payment
         where status = 'captured' group by order_id having count(*) > 1
        union all
        select 'invoice ' || order_id from invoicing.invoice
         where kind = 'INV' group by order_id having count(*) > 1
        union all
        select 'shipment ' || order_id from shipping.shipment group by order_id having count(*) > 1
        union all
        select 'delivery ' || shipment_id from delivery.delivery
         group by shipment_id having count(*) > 1
        union all
        select 'step ' || status || ' of ' || delivery_id from delivery.delivery_status
         where conflict is null group by delivery_id, status having count(*) > 1
        """
    )
    return [row["what"] for row in rows]
