"""The sandbox's composition root: one app of all stand-ins, and how it is served."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from litestar import Litestar
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from tandem.sandbox import control
from tandem.sandbox.clock import Clock
from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.fault_middleware import FaultMiddleware
from tandem.sandbox.faults import Faults
from tandem.sandbox.http_protocol import SandboxProtocol
from tandem.sandbox.settings import HOST, SandboxSettings
from tandem.sandbox.store import Store
from tandem.sandbox.webhooks import Webhooks

STAND_INS: Sequence[Callable[[Dependencies], Sequence[ControllerRouterHandler]]] = (control.routes,)


def create_sandbox(settings: SandboxSettings) -> Litestar:
    """The app over the state in `settings.data`. Its lifespan runs the stand-ins' loops."""
    deps = open_dependencies(settings)
    handlers = [handler for routes in STAND_INS for handler in routes(deps)]

    @asynccontextmanager
    async def run_background(_: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.ensure_future(loop()) for loop in deps.background]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            deps.store.close()

    return Litestar(
        route_handlers=handlers,
        dependencies={"deps": Provide(lambda: deps, sync_to_thread=False)},
        middleware=[FaultMiddleware(deps.faults)],
        lifespan=[run_background],
        openapi_config=None,
    )


def open_dependencies(settings: SandboxSettings) -> Dependencies:
    store = Store(Path(settings.data) / "sandbox.sqlite3")
    faults = Faults(store)
    webhooks = Webhooks(store, faults)
    return Dependencies(
        settings=settings,
        store=store,
        clock=Clock(settings.clock_file),
        faults=faults,
        webhooks=webhooks,
        background=[webhooks.run],
    )


def serving(settings: SandboxSettings) -> uvicorn.Config:
    """How the sandbox is served: on loopback, with the protocol that silences need."""
    return uvicorn.Config(
        create_sandbox(settings),
        host=HOST,
        port=settings.port,
        http=SandboxProtocol,
        lifespan="on",
        log_level="warning",
        timeout_graceful_shutdown=2,
    )
