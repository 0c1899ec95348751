"""Whose token is this? Remembered for a second, for a phone asks several times a minute."""

import time
from collections import OrderedDict

from tandem.kernel.db import Database
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.fleet import KnownDevice

REMEMBERED_SECONDS = 1.0
REMEMBERED_MAX = 20_000


class Devices:
    """A revoked device stops reporting within a second, the time an answer is remembered."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, KnownDevice]] = OrderedDict()

    async def find(self, database: Database, token: str) -> KnownDevice | None:
        at = time.monotonic()
        if (held := self._seen.get(token)) and at - held[0] < REMEMBERED_SECONDS:
            return held[1]
        found = await service.find_device(database, token)
        if found is None:
            self._seen.pop(token, None)
            return None
        self._seen[token] = (at, found)
        self._seen.move_to_end(token)
        if len(self._seen) > REMEMBERED_MAX:
            self._seen.popitem(last=False)
        return found
