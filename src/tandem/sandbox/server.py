"""The sandbox's composition root: one app of all stand-ins, and how it is served."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
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

ROUTES: Sequence[Callable[[], Sequence[ControllerRouterHandler]]] = (
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
PREPARE: Sequence[Callable[[Dependencies], None]] = (
    mailbox.prepare,
    razorpay.prepare,
    jira.prepare,
    sms.prepare,
    carriers.prepare,
    google.prepare,
)


class StandIns(Litestar):
    """Litestar, which else loads pydantic where it is installed: 8 MB and a tenth of a start."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_sandbox(settings: SandboxSettings) -> Litestar:
    """The app over the state in `settings.data`. Its lifespan runs the stand-ins' loops."""
    app = build()
    equip(app, settings)
    return app


def build() -> Litestar:
    """Every route, over no state yet; `equip` it before it is served."""
    handlers = [handler for routes in ROUTES for handler in routes()]
    static = create_static_files_router(path="/static", directories=[HERE / "static"])
    return StandIns(
        route_handlers=[*handlers, static],
        dependencies={"deps": Provide(_deps, sync_to_thread=False)},
        middleware=[FaultMiddleware()],
        lifespan=[_running],
        exception_handlers=dict.fromkeys(control.REFUSALS, control.answer_refusal),
        openapi_config=None,
        logging_config=None,
    )


def equip(app: Litestar, settings: SandboxSettings) -> None:
    """Give the app the state in `settings.data`, and nothing of what it had before."""
    app.state.deps = deps = _open_dependencies(settings)
    for prepare in PREPARE:
        prepare(deps)


def _deps(state: State) -> Dependencies:
    deps: Dependencies = state.deps
    return deps


def _open_dependencies(settings: SandboxSettings) -> Dependencies:
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
    return served(create_sandbox(settings), settings)


def served(app: Litestar, settings: SandboxSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=HOST,
        port=settings.port,
        http=SandboxProtocol,
        lifespan="on",
        log_level="warning",
        timeout_graceful_shutdown=2,
    )


@asynccontextmanager
async def _running(app: Litestar) -> AsyncIterator[None]:
    deps = _deps(app.state)
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
