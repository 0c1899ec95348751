"""Google's routes, below `/google`."""

from collections.abc import Sequence
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import SerializationException
from litestar.types import ControllerRouterHandler

from tandem.sandbox.city import build_city
from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import Target
from tandem.sandbox.google import geocoding, routes_api
from tandem.sandbox.google.errors import GoogleRefusal, check_key, error_body
from tandem.sandbox.google.field_mask import pick, read_mask

PREFIX = "/google"
STATUS_FAULTS = {
    "over_query_limit": ("OVER_QUERY_LIMIT", "You have exceeded your daily request quota."),
    "request_denied": ("REQUEST_DENIED", geocoding.BAD_KEY),
}
"""Failures of the Geocoding API that come with HTTP 200."""


def prepare(deps: Dependencies) -> None:
    deps.faults.declare(
        Target(
            name="google",
            prefix=PREFIX,
            kinds=frozenset(STATUS_FAULTS),
            error_body=error_body,
        )
    )


def routes() -> Sequence[ControllerRouterHandler]:
    return [GoogleController]


class GoogleController(Controller):
    path = PREFIX

    @post("/directions/v2:computeRoutes", status_code=200)
    async def compute_routes(
        self, request: Request[Any, Any, Any], deps: NamedDependency[Dependencies]
    ) -> Response[Any]:
        key = request.headers.get("x-goog-api-key") or request.query_params.get("key")
        try:
            check_key(key, key=deps.settings.google_api_key)
            mask = request.headers.get("x-goog-fieldmask") or request.query_params.get("fields")
            asked = read_mask(mask, routes_api.MASK)
            city = build_city()
            trip = routes_api.read_trip(await _read_json(request), city, now=deps.clock.now())
        except GoogleRefusal as refusal:
            return Response(refusal.body, status_code=refusal.status)
        return Response(pick(routes_api.compute_routes(trip, city), asked))

    @get("/maps/api/geocode/json")
    async def geocode(
        self, request: Request[Any, Any, Any], deps: NamedDependency[Dependencies]
    ) -> Response[Any]:
        asked = request.query_params
        key, address, latlng = asked.get("key"), asked.get("address"), asked.get("latlng")
        fault = deps.faults.take("google", request.url.path.removeprefix(PREFIX), STATUS_FAULTS)
        if fault is not None:
            return Response(geocoding.failed(*STATUS_FAULTS[fault.kind]))
        if key != deps.settings.google_api_key:
            reason = geocoding.BAD_KEY if key else geocoding.NO_KEY
            return Response(geocoding.failed("REQUEST_DENIED", reason))
        if address:
            return Response(geocoding.geocode(address, build_city()))
        if latlng:
            return Response(geocoding.reverse(latlng, build_city()))
        return Response(geocoding.failed("INVALID_REQUEST", geocoding.MISSING), status_code=400)


async def _read_json(request: Request[Any, Any, Any]) -> Any:
    try:
        return await request.json()
    except SerializationException as error:
        raise GoogleRefusal(400, "Invalid JSON payload received.") from error
