"""Whose clock a page goes by: that of the company it is of."""

import time
from collections import OrderedDict
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.company import find_zone
from tandem.kernel.db import Database

REMEMBERED_SECONDS = 1.0
REMEMBERED_MAX = 10_000


CONTINENTS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
"""The IANA names that are places; all others are aliases and history."""


def zone_options(*standing: str) -> list[tuple[str, str]]:
    """Zones to choose from: every place, UTC, and whatever is set already, so that a form that is
    saved unread changes no clock."""
    names = sorted({*_places(), *filter(None, standing)})
    return [(name, name.replace("_", " ")) for name in names]


@cache
def _places() -> frozenset[str]:
    return frozenset({"UTC", *(one for one in available_timezones() if one.startswith(CONTINENTS))})


class Zones:
    """The zones of companies, each remembered for as long as a session is: a process that did not
    see the change goes by the new clock within a second."""

    def __init__(self) -> None:
        self._seen: OrderedDict[UUID, tuple[float, str]] = OrderedDict()

    async def zone_of(self, database: Database, org_id: UUID) -> str:
        at = time.monotonic()
        if (held := self._seen.get(org_id)) and at - held[0] < REMEMBERED_SECONDS:
            return held[1]
        async with database.transaction(Actor.system(org_id)) as tx:
            zone = await find_zone(tx)
        self._seen[org_id] = (at, zone)
        self._seen.move_to_end(org_id)
        if len(self._seen) > REMEMBERED_MAX:
            self._seen.popitem(last=False)
        return zone

    def forget(self, org_id: UUID) -> None:
        """It was changed here: the next page goes by the new one."""
        self._seen.pop(org_id, None)


class Clocks(ASGIMiddleware):
    """Puts `state.zone` in place for the pages of whoever signed in; public pages name their
    company themselves."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        actor: Actor | None = scope["state"].get("actor")
        handler = scope["route_handler"]
        is_page = isinstance(handler, HTTPRouteHandler) and not handler.resolve_include_in_schema()
        if is_page and actor is not None and actor.org_id != INSTALLATION:
            held = scope["litestar_app"].state
            zone = await held.zones.zone_of(held.database, actor.org_id)
            scope["state"]["zone"] = zone
        await next_app(scope, receive, send)
