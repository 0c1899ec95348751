"""What the application does in one place for all of its routes."""

import httpx2 as httpx
import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from tandem.app.asgi import create_app
from tandem.app.reference import NOWHERE

NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/orders", "GET, OPTIONS, POST"),
        (f"/v1/orders/{NOBODY}", "GET, OPTIONS, PATCH"),
        ("/v1/orders/nonsense", "GET, OPTIONS, PATCH"),
        ("/sign-in", "GET, OPTIONS, POST"),
        ("/healthz", "GET, OPTIONS"),
    ],
)
async def test_options_and_a_refused_method_tell_what_a_path_allows(
    client: httpx.AsyncClient, path: str, allowed: str
) -> None:
    asked = await client.options(path)
    assert (asked.status_code, asked.headers["allow"], asked.content) == (204, allowed, b"")

    refused = await client.delete(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    if path.startswith("/v1/"):
        assert refused.json()["code"] == "method_not_allowed"


async def test_a_path_that_is_not_there_allows_nothing(client: httpx.AsyncClient) -> None:
    asked = await client.options("/v1/no-such-thing")
    assert asked.status_code == 404
    assert "allow" not in asked.headers


def test_every_route_can_be_prepared_and_none_is_before_it_is_asked_for() -> None:
    app: Litestar = create_app(NOWHERE)
    routes = [route for route in app.routes if isinstance(route, HTTPRoute)]
    assert len(routes) > 900
    assert [route.path for route in routes if _prepared(route)] == []

    for route in routes:
        for method in route.route_handler_map:
            route.prepare(method)  # type: ignore[attr-defined]  # ours, at each path
        assert _prepared(route) == sorted(route.methods), route.path


def _prepared(route: HTTPRoute) -> list[str]:
    return sorted(method for method, (_, model) in route.route_handler_map.items() if model)
