"""Is it alive, is it ready, how is it doing."""

import time

from litestar import MediaType, Response, get
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from tandem.kernel.db import Query
from tandem.kernel.errors import Unavailable
from tandem.kernel.http import PUBLIC

REQUESTS = Histogram(
    "tandem_http_request_seconds",
    "Time from request to the first byte of the answer, by route.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
WAITING = Gauge("tandem_outbox_waiting", "Deliveries of events that are due or postponed.")
PARKED = Gauge("tandem_outbox_parked", "Deliveries parked after too many failures.")
REFUSED = Counter("tandem_http_refusals_total", "Answers of 400 and above.", ["status"])

ALIVE = Query("select 1 as one", beyond_org="readiness asks the database nothing but to answer")
WORK = Query(
    """
    select coalesce(sum(waiting), 0)::bigint as waiting, coalesce(sum(parked), 0)::bigint as parked
      from kernel.organisations_with_work()
    """,
    beyond_org="metrics count over the installation and show no rows",
)


@get("/healthz", opt={**PUBLIC, "static": True}, media_type=MediaType.TEXT, tags=["operations"])
async def healthz() -> str:
    """This process runs."""
    return "ok"


@get("/readyz", opt={**PUBLIC, "static": True}, media_type=MediaType.TEXT, tags=["operations"])
async def readyz(state: State) -> str:
    """This process can serve: the database answers."""
    try:
        await state.database.pool.fetchval(ALIVE.sql, timeout=2)
    except Exception as reason:  # whatever keeps the database from answering, we are not ready
        raise Unavailable("The database does not answer.") from reason
    return "ready"


@get("/metrics", opt={**PUBLIC, "static": True}, tags=["operations"])
async def metrics(state: State) -> Response[bytes]:
    """Prometheus text format."""
    row = await state.database.pool.fetchrow(WORK.sql)
    WAITING.set(row["waiting"])
    PARKED.set(row["parked"])
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


class Measure(ASGIMiddleware):
    """Counts and times every request by its route template, never by its path."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        started = time.perf_counter()
        route = scope.get("path_template", "unknown")
        method = str(scope.get("method", ""))

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = str(message["status"])
                REQUESTS.labels(method, route, status).observe(time.perf_counter() - started)
                if message["status"] >= 400:
                    REFUSED.labels(status).inc()
            await send(message)

        await next_app(scope, receive, watch)
