"""The moving part of the web process: pings come in, positions go out to whoever watches."""

import asyncio

from tandem.kernel import broadcast
from tandem.kernel.db import Database
from tandem.scm.delivery.domain.live import CHANNEL
from tandem.scm.delivery.http.live.devices import Devices
from tandem.scm.delivery.http.live.hub import Hub
from tandem.scm.delivery.http.live.intake import Intake
from tandem.scm.delivery.http.live.pictures import Pictures
from tandem.scm.delivery.http.live.publisher import Publisher

__all__ = ["Live"]


class Live:
    """One per web process. Taking pings works at once; watchers hear from `start` on."""

    def __init__(self) -> None:
        self.devices = Devices()
        self.hub = Hub()
        self.pictures = Pictures()
        self.publisher = Publisher()
        self.intake = Intake(self.publisher)
        self._stop = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._beating: asyncio.Task[None] | None = None

    def start(self, database: Database) -> None:
        """Listen to what every process of the installation tells."""
        self._beating = asyncio.create_task(self.hub.beat())
        self._listening = asyncio.create_task(
            broadcast.listen(
                database, {CHANNEL: self.hub.hear}, self._stop, after_gap=self.hub.refresh_all
            )
        )

    async def stop(self) -> None:
        """Take in what was sent, end every stream, hang up."""
        self._stop.set()
        self.hub.close()
        if self._beating is not None:
            self._beating.cancel()
        await self.intake.finish()
        await self.publisher.finish()
        if self._listening is not None:
            await self._listening
        if self._beating is not None:
            await asyncio.wait({self._beating})
