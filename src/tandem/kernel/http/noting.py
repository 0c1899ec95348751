"""The edge's own part in the audit: no change by hand goes unnoted, and no refused try either.

What a service writes itself says more (before, after). A route whose service wrote nothing gets a
row here, beside its change; a 403 gets one in a transaction of its own. Routes that change nothing,
or whose changes have a ledger of their own, say so: `opt=unaudited("reason")`.
"""

from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel import audit
from tandem.kernel.actor import Actor, Kind, Origin
from tandem.kernel.db import Database, Tx
from tandem.kernel.http.access import SAFE_METHODS, client_address
from tandem.kernel.limits import Limit, Limiter

REFUSALS = Limit(name="refusals_noted", count=60, seconds=60)
"""Of one caller: who tries in a loop shall not fill the audit."""
_noted = Limiter()
PEOPLE = frozenset({Kind.STAFF, Kind.API_KEY, Kind.DRIVER, Kind.BUYER})


def unaudited(reason: str) -> dict[str, Any]:
    """Route `opt`: why a write leaves no row in the audit."""
    return {"unaudited": reason}


NOTED: dict[str, Any] = {"noted": True}
"""Route `opt` where the service has transactions of its own and notes every change in them."""
COMPUTES = unaudited("computes an answer, changes nothing")


def with_origin(actor: Actor | None, scope: Any, request_id: str) -> Actor | None:
    if actor is None:
        return None
    return msgspec.structs.replace(actor, origin=Origin(client_address(scope), request_id))


async def note_change(tx: Tx, scope: Any) -> None:
    handler = scope["route_handler"]
    if scope["method"] in SAFE_METHODS or tx.audited or tx.actor.kind not in PEOPLE:
        return
    if "unaudited" in handler.opt:
        return
    kind, subject_id = _subject(scope, tx.actor)
    await audit.write(
        tx,
        action=f"{_service(handler)}.{handler.fn.__name__}",
        subject_kind=kind,
        subject_id=subject_id,
        now=tx.started_at,
        after={"method": scope["method"], "path": scope["path"]},
    )


async def note_apart(database: Database, actor: Actor, scope: Any) -> None:
    """A write of a route that keeps its own transactions. Its service may have noted more."""
    if scope["method"] in SAFE_METHODS or scope["route_handler"].opt.get("public"):
        return
    if "noted" in scope["route_handler"].opt:
        return
    if "unaudited" not in scope["route_handler"].opt and actor.kind in PEOPLE:
        async with database.transaction(actor) as tx:
            await note_change(tx, scope)


async def note_refusal(database: Database, actor: Actor | None, scope: Any) -> None:
    """A write that the asker may not do (403): nothing changed, and that it was tried is kept."""
    if actor is None or scope["method"] in SAFE_METHODS or actor.kind not in PEOPLE:
        return
    if not _noted.take(REFUSALS, str(actor.user_id)).is_allowed:
        return
    kind, subject_id = _subject(scope, actor)
    async with database.transaction(actor) as tx:
        await audit.write(
            tx,
            action="access.refused",
            subject_kind=kind,
            subject_id=subject_id,
            now=tx.started_at,
            after={"method": scope["method"], "path": scope["path"][:500]},
        )


def _service(handler: Any) -> str:
    """`tandem.scm.orders.http` is orders, a page of the console is console."""
    parts = handler.fn.__module__.split(".")
    if parts[1] == "flows":
        return str(parts[-1])
    return str(parts[2]) if len(parts) > 2 else str(parts[-1])


def _subject(scope: Any, actor: Actor) -> tuple[str, UUID]:
    """The innermost id of the path, else the company itself."""
    found = [
        (name.removesuffix("_id"), value)
        for name, value in scope.get("path_params", {}).items()
        if isinstance(value, UUID)
    ]
    return found[-1] if found else ("company", actor.org_id)
