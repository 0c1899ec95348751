"""The web process: routes, middleware, life span."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.exceptions import MethodNotAllowedException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from tandem import __version__
from tandem.app.health import Measure
from tandem.app.routes import ROUTES
from tandem.app.settings import Settings
from tandem.app.suite import Suite, Together, answer_method
from tandem.app.tracing import Trace, tracer_of
from tandem.app.wiring import import_reactions, resources_of
from tandem.crm.identity.sessions import Sessions
from tandem.kernel.db import Database
from tandem.kernel.http import dependencies
from tandem.kernel.http.access import Access
from tandem.kernel.http.unit import UnitOfWork
from tandem.kernel.limits import Limiter
from tandem.scm.delivery.http.live import Live
from tandem.web.clocks import Clocks, Zones
from tandem.web.errors import HANDLERS
from tandem.web.routes import PAGES

BODY_MAX = 25 * 1024 * 1024


def create_app(settings: Settings, database: Database | None = None) -> Litestar:
    """The suite over ASGI. A test may hand in an open database; else the life span opens one."""
    import_reactions()
    state = State()
    equip(state, settings, database)
    return Suite(
        route_handlers=[*ROUTES, *PAGES],
        dependencies=dependencies,
        exception_handlers={**HANDLERS, MethodNotAllowedException: answer_method},
        middleware=[
            Together(*_tracing(settings), Measure(), Access(), Clocks(), UnitOfWork()),
        ],
        state=state,
        lifespan=[_life],
        openapi_config=_openapi(),
        request_max_body_size=BODY_MAX,
        logging_config=None,
        debug=False,
    )


def equip(state: State, settings: Settings, database: Database | None) -> None:
    """Put all that an application holds into its state; whatever was there before is gone."""
    resources = resources_of(settings)
    live = Live()
    resources.add(Live, live)
    state.clear()
    state.update(
        settings=settings,
        resources=resources,
        database=database,
        find_device=live.devices.actor_of,
        limiter=Limiter(),
        zones=Zones(),
    )
    state.authenticator = Sessions(state)


def _tracing(settings: Settings) -> list[Trace]:
    return [Trace(tracer_of(settings))] if settings.otlp_endpoint else []


@asynccontextmanager
async def _life(app: Litestar) -> AsyncIterator[None]:
    state, opened = app.state, None
    if state.database is None:
        state.database = opened = await Database.connect(state.settings.app_dsn)
    live = state.resources.get(Live)
    live.start(state.database)
    try:
        yield
    finally:
        await live.stop()
        if opened:
            await opened.close()


class Description(JsonRenderPlugin):
    """The document alone, without the framework's own page for every other path beside it."""

    def receive_router(self, router: Router) -> None:
        router.routes[:] = [route for route in router.routes if route.path.endswith(".json")]


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Tandem",
        version=__version__,
        description="Orders, stock, payments, GST invoices, shipping and live delivery in one API.",
        path="/v1",
        render_plugins=[Description(path="/openapi.json")],
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
