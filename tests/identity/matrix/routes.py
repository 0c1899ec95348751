"""The route table, as the application itself has it."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from litestar import Litestar
from litestar.routes import HTTPRoute

from tests.identity.matrix.policy import AREAS, EXACT, Rule

READS = frozenset({"GET", "HEAD"})


class Route(NamedTuple):
    """`path` as the OpenAPI writes it: `/v1/orders/{order_id}`."""

    method: str
    path: str
    names: tuple[str, ...]

    @property
    def is_read(self) -> bool:
        return self.method in READS

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes(app: Litestar) -> list[Route]:
    return sorted(_routes(app))


def _routes(app: Litestar) -> Iterator[Route]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            if handler.opt.get("static"):
                continue
            path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
            for method in handler.http_methods:
                if method not in {"OPTIONS", "HEAD"}:
                    yield Route(str(method), path, tuple(re.findall(r"\{(\w+)\}", path)))


def rule_of(route: Route) -> str | None:
    """The permission the policy names; None for a route without an entry."""
    if exact := EXACT.get(str(route)):
        return exact
    fitting = [area for area in AREAS if _is_below(route.path, area)]
    if not fitting:
        return None
    rule: Rule = AREAS[max(fitting, key=len)]
    return rule.reads if route.is_read else rule.writes


def _is_below(path: str, area: str) -> bool:
    return path == area or path.startswith(area if area.endswith("/") else f"{area}/")


def operation_of(schema: dict[str, Any], route: Route) -> dict[str, Any]:
    found: dict[str, Any] = schema["paths"].get(route.path, {}).get(route.method.lower(), {})
    return found
