"""What many tests need before they begin."""

import httpx2 as httpx
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database


async def api_key_of(database: Database, actor: Actor, *grants: str) -> str:
    """A fresh API key of the actor's company with these grants, or with all of them."""
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        _, key = await identity.add_api_key(
            tx, name="test", grants=list(grants) or ["*"], now=database.clock.now()
        )
    return key


def visitor(app: Litestar) -> httpx.AsyncClient:
    """A caller without credentials, over ASGI; cookies are kept."""
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # the ASGI typings differ
    return httpx.AsyncClient(transport=transport, base_url="http://test")
