"""Whose token is this? Remembered for a second, for a phone asks several times a minute."""

import time
from collections import OrderedDict

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.fleet import KnownDevice, hash_of

REMEMBERED_SECONDS = 1.0
REMEMBERED_MAX = 20_000


class Devices:
    """A revoked device stops reporting within a second, the time an answer is remembered."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, tuple[float, KnownDevice]] = OrderedDict()

    async def find(self, database: Database, token: str) -> KnownDevice | None:
        return await self._of_hash(database, hash_of(token))

    async def actor_of(self, database: Database, token_hash: bytes) -> Actor | None:
        """The driver behind a bearer token, for whoever asks who is calling."""
        found = await self._of_hash(database, token_hash)
        return service.actor_of_device(found) if found else None

    async def _of_hash(self, database: Database, token_hash: bytes) -> KnownDevice | None:
        at = time.monotonic()
        if (held := self._seen.get(token_hash)) and at - held[0] < REMEMBERED_SECONDS:
            return held[1]
        found = await service.find_device(database, token_hash)
        if found is None:
            self._seen.pop(token_hash, None)
            return None
        self._seen[token_hash] = (at, found)
        self._seen.move_to_end(token_hash)
        if len(self._seen) > REMEMBERED_MAX:
            self._seen.popitem(last=False)
        return found
