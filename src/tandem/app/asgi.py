"""The web process: routes, middleware, life span."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from tandem import __version__
from tandem.app.health import Measure
from tandem.app.routes import ROUTES
from tandem.app.settings import Settings
from tandem.app.tracing import Trace, tracer_of
from tandem.app.wiring import import_reactions, resources_of
from tandem.crm.identity.sessions import Sessions
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.http import dependencies
from tandem.kernel.http.access import Access
from tandem.kernel.http.unit import UnitOfWork
from tandem.kernel.limits import Limiter
from tandem.kernel.resources import Resources
from tandem.scm.delivery import service as delivery
from tandem.scm.delivery.http.live import Live
from tandem.web.errors import HANDLERS
from tandem.web.routes import PAGES

BODY_MAX = 25 * 1024 * 1024


def create_app(settings: Settings, database: Database | None = None) -> Litestar:
    """The suite over ASGI. A test may hand in an open database; else the life span opens one."""
    import_reactions()
    resources = resources_of(settings)
    resources.add(Live, Live())
    state = State(
        {
            "settings": settings,
            "resources": resources,
            "database": database,
            "find_device": find_device,
        }
    )
    sessions = Sessions(state)
    return Litestar(
        route_handlers=[*ROUTES, *PAGES],
        dependencies=dependencies,
        exception_handlers=HANDLERS,
        middleware=[*_tracing(settings), Measure(), Access(sessions, Limiter()), UnitOfWork()],
        state=state,
        lifespan=[_life(settings, resources)],
        openapi_config=_openapi(),
        request_max_body_size=BODY_MAX,
        logging_config=None,
        debug=False,
    )


def _tracing(settings: Settings) -> list[Trace]:
    return [Trace(tracer_of(settings))] if settings.otlp_endpoint else []


async def find_device(database: Database, token_hash: bytes) -> Actor | None:
    """A driver's device token; delivery knows them."""
    return await delivery.actor_of_device(database, token_hash)


def _life(settings: Settings, resources: Resources) -> Any:
    @asynccontextmanager
    async def live(app: Litestar) -> AsyncIterator[None]:
        opened = None
        if app.state.database is None:
            app.state.database = opened = await Database.connect(settings.app_dsn)
        resources.get(Live).start(app.state.database)
        try:
            yield
        finally:
            await resources.get(Live).stop()
            if opened:
                await opened.close()

    return live


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Tandem",
        version=__version__,
        description="Orders, stock, payments, GST invoices, shipping and live delivery in one API.",
        path="/v1",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(
            security_schemes={
                "ApiKey": SecurityScheme(type="http", scheme="bearer"),
                "Session": SecurityScheme(
                    type="apiKey", name="tandem_session", security_scheme_in="cookie"
                ),
            }
        ),
        security=[{"ApiKey": []}, {"Session": []}],
    )
