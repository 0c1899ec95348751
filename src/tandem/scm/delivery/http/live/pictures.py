"""One picture of a company's vehicles for everybody who asks at the same moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

FRESH_SECONDS = 1.0
KEPT = 1_000


class Pictures:
    """A thousand consoles that reconnect at once cost one look at the tables, not a thousand. What
    moved since the picture was taken, the hub tells beside it."""

    def __init__(self) -> None:
        self._taken: dict[UUID, tuple[float, bytes]] = {}
        self._taking: dict[UUID, asyncio.Task[bytes]] = {}

    async def of(self, org_id: UUID, take: Callable[[], Awaitable[bytes]]) -> bytes:
        at, picture = self._taken.get(org_id, (0.0, b""))
        if time.monotonic() - at < FRESH_SECONDS:
            return picture
        taking = self._taking.get(org_id)
        if taking is None:
            taking = asyncio.ensure_future(self._take(org_id, take))
            self._taking[org_id] = taking
            taking.add_done_callback(lambda _: self._taking.pop(org_id, None))
        # A caller who leaves must not take the picture from the others.
        return await asyncio.shield(taking)

    async def _take(self, org_id: UUID, take: Callable[[], Awaitable[bytes]]) -> bytes:
        begun = time.monotonic()
        picture = await take()
        if len(self._taken) >= KEPT:
            self._taken.clear()
        self._taken[org_id] = (begun, picture)
        return picture
