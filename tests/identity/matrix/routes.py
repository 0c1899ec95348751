"""The route table, as the application itself has it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Litestar
from litestar.routes import HTTPRoute

from tests.identity.matrix.exact import EXACT
from tests.identity.matrix.policy import AREAS, Rule

READS = frozenset({"GET", "HEAD"})
LEDGER = Path(__file__).with_name("routes.txt")
"""Every route and what it asks, a line each. A new one is added by hand, once somebody has looked
whether the rule of the area that it falls into is the right one for it."""


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


def lines_of(app: Litestar) -> list[str]:
    """The lines that the ledger must have, no more and no less."""
    return sorted(f"{route}: {rule_of(route)}" for route in routes(app))


def _is_below(path: str, area: str) -> bool:
    return path == area or path.startswith(area if area.endswith("/") else f"{area}/")


def operation_of(schema: dict[str, Any], route: Route) -> dict[str, Any]:
    found: dict[str, Any] = schema["paths"].get(route.path, {}).get(route.method.lower(), {})
    return found
