"""What every stand-in is handed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import msgspec

from tandem.sandbox.clock import Clock
from tandem.sandbox.faults import Faults
from tandem.sandbox.settings import SandboxSettings
from tandem.sandbox.store import Store
from tandem.sandbox.webhooks import Webhooks


class Dependencies(msgspec.Struct, frozen=True, kw_only=True):
    """`background` holds coroutine functions that run from start to stop of the server, `contexts`
    what is entered before the first request; if one cannot be, the server does not start."""

    settings: SandboxSettings
    store: Store
    clock: Clock
    faults: Faults
    webhooks: Webhooks
    background: list[Callable[[], Awaitable[None]]]
    contexts: list[Callable[[], AbstractAsyncContextManager[object]]]
