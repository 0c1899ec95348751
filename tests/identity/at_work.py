"""People of the test's company, signed in over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx2 as httpx
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import visitor

PASSWORD = "violet anchor meadow 71"
SAME_SITE = {"sec-fetch-site": "same-origin"}


async def hire(
    database: Database, org_id: UUID, role: str = "admin", name: str = "Ravi"
) -> tuple[UUID, str]:
    """(the member's id, their address)."""
    email = f"{uuid4().hex}@example.test"
    async with database.transaction(Actor.system(org_id)) as tx:
        added = await identity.add_user(
            tx, email=email, name=name, password=PASSWORD, role_key=role, now=database.clock.now()
        )
    return added.id, email


@asynccontextmanager
async def at_work(app: Litestar, email: str) -> AsyncIterator[httpx.AsyncClient]:
    """Their browser, with a session."""
    async with visitor(app) as browser:
        opened = await browser.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        assert opened.status_code == 201, opened.text
        browser.headers.update(SAME_SITE)
        yield browser
