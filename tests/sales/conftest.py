"""What tests of sales share."""

from datetime import datetime
from uuid import UUID

import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.sales.converting import Desk, a_lead


@pytest.fixture
async def lead_id(database: Database, actor: Actor, now: datetime) -> UUID:
    async with database.transaction(actor) as tx:
        return await a_lead(tx, now)


@pytest.fixture
def desk(client: httpx.AsyncClient) -> Desk:
    return Desk(client)
