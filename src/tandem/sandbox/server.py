"""The sandbox's composition root: one app of all stand-ins, and how it is served."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from litestar import Litestar
from litestar.di import Provide
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from tandem.sandbox import city_pages, control, index
from tandem.sandbox.carriers import stand_in as carriers
from tandem.sandbox.clock import Clock
from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.fault_middleware import FaultMiddleware
from tandem.sandbox.faults import Faults
from tandem.sandbox.google import stand_in as google
from tandem.sandbox.http_protocol import SandboxProtocol
from tandem.sandbox.jira import stand_in as jira
from tandem.sandbox.mailbox import stand_in as mailbox
from tandem.sandbox.razorpay import stand_in as razorpay
from tandem.sandbox.settings import HOST, SandboxSettings
from tandem.sandbox.sms import stand_in as sms
from tandem.sandbox.store import Store
from tandem.sandbox.webhooks import Webhooks

HERE = Path(__file__).parent
log = logging.getLogger("tandem.sandbox")

STAND_INS: Sequence[Callable[[Dependencies], Sequence[ControllerRouterHandler]]] = (
    control.routes,
    mailbox.routes,
    razorpay.routes,
    jira.routes,
    sms.routes,
    carriers.routes,
    google.routes,
    city_pages.routes,
    index.routes,
)


def create_sandbox(settings: SandboxSettings) -> Litestar:
    """The app over the state in `settings.data`. Its lifespan runs the stand-ins' loops."""
    deps = open_dependencies(settings)
    handlers = [handler for routes in STAND_INS for handler in routes(deps)]
    static = create_static_files_router(path="/static", directories=[HERE / "static"])
    return Litestar(
        route_handlers=[*handlers, static],
        dependencies={"deps": Provide(lambda: deps, sync_to_thread=False)},
        middleware=[FaultMiddleware(deps.faults)],
        lifespan=[lambda _: _running(deps)],
        exception_handlers=dict.fromkeys(control.REFUSALS, control.answer_refusal),
        openapi_config=None,
        logging_config=None,
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
        contexts=[],
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


@asynccontextmanager
async def _running(deps: Dependencies) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(deps.store.close)
        for context in deps.contexts:
            await stack.enter_async_context(context())
        tasks = [asyncio.ensure_future(loop()) for loop in deps.background]
        stack.push_async_callback(_stop, tasks)
        for task in tasks:
            task.add_done_callback(_complain)
        yield


async def _stop(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _complain(task: asyncio.Future[None]) -> None:
    """A loop that ends by itself is a bug; without this nobody would hear of it."""
    if not task.cancelled():
        log.error("a background loop of the sandbox ended", exc_info=task.exception())
