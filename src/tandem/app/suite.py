"""The web framework for a thousand paths: what each of them costs, in memory and at each start.

Litestar is made for some dozens of routes. For each it wraps the whole middleware anew, draws up a
handler that answers OPTIONS, and prepares whatever its first request will need: together a third of
a web process and half of its start. Here the middleware is one for all routes, OPTIONS is answered
in one place (`answer_method`), and a route is prepared by its first request.
"""

from operator import is_not
from typing import Any

import litestar.router
from litestar import Litestar, Request, Response, Router
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.routes import ASGIRoute, BaseRoute, HTTPRoute, WebSocketRoute
from litestar.types import ASGIApp, ControllerRouterHandler, HTTPScope, Receive, Send
from litestar.types.internal_types import RouteHandlerMapItem

from tandem.kernel.http.dependencies import in_turn
from tandem.web import errors

NEXT = "tandem.route"
AnyRequest = Request[Any, Any, Any]


class Suite(Litestar):
    """Litestar, without two more things that make a start slow and large.

    It draws up the map of all routes anew for each path that it registers: with a thousand paths a
    third of a start. Here the map grows with the routes. And it loads pydantic and attrs where they
    are installed, to ask them about each parameter of each route: ours are msgspec's.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]

    def register(self, value: ControllerRouterHandler) -> None:  # type: ignore[override]  # as in Litestar
        known = len(self.routes)
        super().register(value)
        for route in self.routes[known:]:
            for one in getattr(route, "route_handlers", ()):
                if one.owner is not self and isinstance(one.owner, Router):
                    one.owner.routes.clear()  # What it joined to itself is ours by now.

    @property
    def route_handler_method_map(self) -> dict[str, RouteHandlerMapItem]:
        seen: list[BaseRoute]
        mapped: dict[str, RouteHandlerMapItem]
        seen, mapped = self.__dict__.get("_mapped", ([], {}))
        routes = self.routes
        known = len(seen)
        if len(routes) < known or any(map(is_not, seen, routes)):
            seen, mapped, known = [], {}, 0
        for route in routes[known:]:
            mapped.setdefault(route.path, {}).update(_handlers_of(route))
        self.__dict__["_mapped"] = ([*routes], mapped)
        return mapped


def _handlers_of(route: BaseRoute) -> RouteHandlerMapItem:
    if isinstance(route, HTTPRoute):
        return {method: one for one in route.route_handlers for method in one.http_methods}
    if isinstance(route, WebSocketRoute):
        return {"websocket": route.route_handler}
    assert isinstance(route, ASGIRoute), "Litestar knows three kinds of routes"
    return {"asgi": route.route_handler}


class Route(HTTPRoute):
    """A path with the methods that were written for it; prepared by the first request of each."""

    __slots__ = ()

    def __init__(self, *, path: str, route_handlers: list[HTTPRouteHandler]) -> None:
        self.route_handlers = route_handlers
        self.route_handler_map = {}
        super(HTTPRoute, self).__init__(
            methods=[method for one in route_handlers for method in one.http_methods],
            path=path,
            scope_type=ScopeType.HTTP,
            handler_names=[one.handler_name for one in route_handlers],
        )

    def create_handler_map(self) -> None:
        for one in self.route_handlers:
            for method in one.http_methods:
                assert method not in self.route_handler_map, f"two handlers of {method} {self.path}"
                self.route_handler_map[method] = (one, None)  # type: ignore[assignment]  # not yet

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:  # type: ignore[override]  # as in HTTPRoute
        if self.route_handler_map[scope["method"]][1] is None:
            self.prepare(scope["method"])
        await super().handle(scope, receive, send)

    def prepare(self, method: Any) -> None:
        handler, _ = self.route_handler_map[method]
        model = handler.create_kwargs_model(path_parameters=self.path_parameters)
        self.route_handler_map[method] = (handler, in_turn(model))


# Routers make their routes themselves, each time that they are joined.
vars(litestar.router)["HTTPRoute"] = Route


class Together:
    """The middleware of the application, wrapped once around whichever route a request is for."""

    def __init__(self, *middleware: ASGIMiddleware) -> None:
        self._outermost: ASGIApp = _enter_route
        for one in reversed(middleware):
            self._outermost = one(app=self._outermost)

    def __call__(self, app: ASGIApp) -> ASGIApp:
        outermost = self._outermost

        async def enter(scope: Any, receive: Receive, send: Send) -> None:
            scope[NEXT] = app
            await outermost(scope, receive, send)

        return enter


async def _enter_route(scope: Any, receive: Receive, send: Send) -> None:
    await scope[NEXT](scope, receive, send)


def answer_method(request: AnyRequest, reason: MethodNotAllowedException) -> Response[Any]:
    """OPTIONS with what the path allows; any other method that is not among these with 405 and the
    same list."""
    known = (reason.headers or {}).get("allow", "").split(", ")
    allowed = ", ".join(sorted({"OPTIONS", *filter(str.isupper, known)}))
    if request.method == "OPTIONS":
        return Response(None, status_code=204, headers={"allow": allowed})
    answer = errors.answer_http(request, reason)
    answer.headers["allow"] = allowed
    return answer
