"""A shop with goods on its shelves."""

from datetime import datetime

import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.flows.shop import Shop, open_shop


@pytest.fixture
async def shop(database: Database, actor: Actor, now: datetime) -> Shop:
    async with database.transaction(actor) as tx:
        return await open_shop(tx, now)
