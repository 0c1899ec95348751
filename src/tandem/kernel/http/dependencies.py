"""What a route may ask for by name: `tx`, `now`, `actor`, `database`, `resources`."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import Unauthenticated
from tandem.kernel.pages import LIMIT_MAX
from tandem.kernel.resources import Resources


async def transaction(request: Request[Any, Any, Any]) -> Tx:
    return await request.scope["state"]["unit"].open()  # type: ignore[no-any-return]


async def now(state: State) -> datetime:
    return state.database.clock.now()  # type: ignore[no-any-return]


async def actor(request: Request[Any, Any, Any]) -> Actor:
    found: Actor | None = request.scope["state"].get("actor")
    if found is None:
        raise Unauthenticated("Sign in first.")
    return found


async def database(state: State) -> Database:
    return state.database  # type: ignore[no-any-return]


async def resources(state: State) -> Resources:
    return state.resources  # type: ignore[no-any-return]


Transaction = NamedDependency[Tx]
Now = NamedDependency[datetime]
Acting = NamedDependency[Actor]
Store = NamedDependency[Database]
Given = NamedDependency[Resources]

LimitParameter = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
"""Declare as `limit: LimitParameter = LIMIT_DEFAULT`."""
Cursor = Annotated[str | None, QueryParameter(max_length=500)]

dependencies = {
    "tx": Provide(transaction),
    "now": Provide(now),
    "actor": Provide(actor),
    "database": Provide(database),
    "resources": Provide(resources),
}
