"""What every stand-in is handed."""

from collections.abc import Awaitable, Callable

import msgspec

from tandem.sandbox.clock import Clock
from tandem.sandbox.faults import Faults
from tandem.sandbox.settings import SandboxSettings
from tandem.sandbox.store import Store
from tandem.sandbox.webhooks import Webhooks


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """`background` holds coroutine functions that run from start to stop of the server."""

    settings: SandboxSettings
    store: Store
    clock: Clock
    faults: Faults
    webhooks: Webhooks
    background: list[Callable[[], Awaitable[None]]]
