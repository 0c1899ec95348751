"""What a route may ask for by name: `tx`, `reading`, `now`, `actor`, `database`, `resources`."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Request
from litestar._kwargs import KwargsModel
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


async def reading(request: Request[Any, Any, Any]) -> Tx:
    return await request.scope["state"]["unit"].read()  # type: ignore[no-any-return]


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
Selects = NamedDependency[Tx]
"""Declare as `reading: Selects` in a short, much-used route that writes nothing."""
Now = NamedDependency[datetime]
Acting = NamedDependency[Actor]
Store = NamedDependency[Database]
Given = NamedDependency[Resources]

LimitParameter = Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)]
"""Declare as `limit: LimitParameter = LIMIT_DEFAULT`."""
Cursor = Annotated[str | None, QueryParameter(max_length=500)]

dependencies = {
    "tx": Provide(transaction),
    "reading": Provide(reading),
    "now": Provide(now),
    "actor": Provide(actor),
    "database": Provide(database),
    "resources": Provide(resources),
}


def in_turn(model: KwargsModel) -> KwargsModel:
    """Have a route fetch what it asks for one after another.

    Litestar starts a group of tasks for two or more of them. Ours answer from memory or open the
    transaction, so there is nothing to gain, and the group was an eighth of a short request's CPU.
    """
    model.dependency_batches = [
        {one} for batch in model.dependency_batches for one in _by_name(batch)
    ]
    return model


def _by_name(batch: Any) -> list[Any]:
    return sorted(batch, key=lambda one: one.key)
