"""The webhook sender the stand-ins share: a durable queue, retries like a vendor's, faults.

At least once and in no promised order, as with every vendor. A delivery is signed when it is sent,
with the secret it was enqueued with: after a change of secret the retries carry the old one.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

import httpx2
import msgspec

from tandem.sandbox import webhook_queue as queue
from tandem.sandbox.faults import WEBHOOK_KINDS, Fault, Faults
from tandem.sandbox.loopback import check_loopback
from tandem.sandbox.store import Store
from tandem.sandbox.webhook_queue import Delivery, Endpoint

TIMEOUT_SECONDS = 5.0
DELAYS_SECONDS = (0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
"""Vendors wait minutes to hours; the first waits are short here: a demo heals while watched."""
HELD_BACK_SECONDS = 1.0
IDLE_SECONDS = 0.5

Sign = Callable[[Delivery, str], Mapping[str, str]]
"""Headers to add for a delivery, made with the given secret."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """`delays_seconds` are the waits between attempts; after the last the endpoint is disabled."""

    sign: Sign
    delays_seconds: Sequence[float] = DELAYS_SECONDS
    timeout_seconds: float = TIMEOUT_SECONDS


class Webhooks:
    def __init__(self, store: Store, faults: Faults) -> None:
        self._store = store
        self._faults = faults
        self._providers: dict[str, Provider] = {}
        self._wake = asyncio.Event()
        store.create(queue.DDL)

    def declare(
        self,
        provider: str,
        *,
        sign: Sign,
        delays_seconds: Sequence[float] = DELAYS_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Say how a provider signs and how patient it is, before anything is enqueued for it."""
        self._providers[provider] = Provider(
            sign=sign, delays_seconds=tuple(delays_seconds), timeout_seconds=timeout_seconds
        )

    def enqueue(
        self,
        provider: str,
        *,
        url: str,
        event: str,
        event_id: str,
        body: bytes,
        secret: str,
        old_secret: str | None = None,
        content_type: str = "application/json",
        not_before_seconds: float = 0,
    ) -> int:
        """Queue a delivery, in the caller's transaction if it has one; its id. Refuses addresses
        that are not on loopback (`NotLoopback`). While an endpoint is disabled what is queued for
        it waits."""
        assert provider in self._providers, f"{provider} was never declared"
        check_loopback(url)
        delivery_id = queue.insert(
            self._store,
            provider=provider,
            url=url,
            event=event,
            event_id=event_id,
            content_type=content_type,
            body=body,
            secret=secret,
            old_secret=old_secret,
            due_at=time.time() + not_before_seconds,
        )
        self._wake.set()
        return delivery_id

    def list_deliveries(self, *, provider: str | None = None, limit: int = 200) -> list[Delivery]:
        """Newest first, delivered and waiting alike."""
        return queue.list_deliveries(self._store, provider=provider, limit=limit)

    def list_endpoints(self) -> list[Endpoint]:
        return queue.list_endpoints(self._store)

    def enable(self, provider: str, url: str) -> None:
        """Switch a disabled endpoint on again, as an operator does in the vendor's dashboard."""
        queue.enable(self._store, provider=provider, url=url)
        self._wake.set()

    def send_again(self, delivery_id: int) -> bool:
        """Queue an old delivery once more under the same event id; False when there is none."""
        found = queue.requeue(self._store, delivery_id, due_at=time.time())
        self._wake.set()
        return found

    async def run(self) -> None:
        """Send whatever is due until cancelled."""
        async with httpx2.AsyncClient(trust_env=False, follow_redirects=False) as client:
            while True:
                self._wake.clear()
                due = queue.list_due(self._store, now=time.time())
                if due:
                    await self._send_all(client, due)
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._idle_seconds()):
                        await self._wake.wait()

    def _idle_seconds(self) -> float:
        next_at = queue.next_due_at(self._store)
        wait = IDLE_SECONDS if next_at is None else next_at - time.time()
        return min(max(wait, 0.01), IDLE_SECONDS)

    async def _send_all(self, client: httpx2.AsyncClient, due: Sequence[Delivery]) -> None:
        """Endpoints side by side, each one's deliveries in turn: a slow one delays only itself."""
        by_url = sorted(due, key=lambda delivery: (delivery.url, delivery.due_at, delivery.id))
        lanes = [list(lane) for _, lane in groupby(by_url, key=lambda delivery: delivery.url)]
        await asyncio.gather(*(self._send_lane(client, lane) for lane in lanes))

    async def _send_lane(self, client: httpx2.AsyncClient, lane: Sequence[Delivery]) -> None:
        for delivery in lane:
            await self._send(client, delivery)

    async def _send(self, client: httpx2.AsyncClient, delivery: Delivery) -> None:
        fault = self._take_fault(delivery)
        kind = fault.kind if fault else None
        if kind == "drop":
            queue.finish(self._store, delivery.id, state="dropped", fault=kind)
            return
        if fault and kind in {"reorder", "delay"}:
            seconds = HELD_BACK_SECONDS if fault.seconds is None else fault.seconds
            queue.hold_back(self._store, delivery.id, due_at=time.time() + seconds, fault=kind)
            return
        for _ in range(2 if kind == "duplicate" else 1):
            status, error = await self._post(client, delivery, kind)
        self._record(delivery, status, error, kind)

    def _take_fault(self, delivery: Delivery) -> Fault | None:
        """A delivery once held back is not held back again."""
        kinds = WEBHOOK_KINDS - ({"reorder", "delay"} if delivery.fault else set())
        return self._faults.take(delivery.provider, delivery.event, kinds)

    async def _post(
        self, client: httpx2.AsyncClient, delivery: Delivery, kind: str | None
    ) -> tuple[int | None, str | None]:
        provider = self._providers[delivery.provider]
        headers = {
            "content-type": delivery.content_type,
            "user-agent": f"tandem-sandbox/{delivery.provider}",
            **provider.sign(delivery, _secret(delivery, kind)),
        }
        try:
            async with asyncio.timeout(provider.timeout_seconds):
                answer = await client.post(delivery.url, content=delivery.body, headers=headers)
        except (httpx2.HTTPError, TimeoutError) as error:
            return None, type(error).__name__
        return answer.status_code, None

    def _record(
        self, delivery: Delivery, status: int | None, error: str | None, kind: str | None
    ) -> None:
        if status is not None and 200 <= status < 300:
            queue.finish(self._store, delivery.id, state="delivered", status=status, fault=kind)
            return
        delays = self._providers[delivery.provider].delays_seconds
        if delivery.attempts < len(delays):
            queue.retry(
                self._store,
                delivery.id,
                due_at=time.time() + delays[delivery.attempts],
                status=status,
                error=error,
                fault=kind,
            )
            return
        with self._store.transaction():
            queue.finish(
                self._store, delivery.id, state="failed", status=status, error=error, fault=kind
            )
            queue.disable(self._store, provider=delivery.provider, url=delivery.url)


def _secret(delivery: Delivery, kind: str | None) -> str:
    match kind:
        case "bad_signature":
            return f"not-{delivery.secret}"
        case "old_secret":
            return delivery.old_secret or f"old-{delivery.secret}"
        case _:
            return delivery.secret
