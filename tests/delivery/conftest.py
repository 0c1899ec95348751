"""A company with one driver on shift, and a clock that tests may move."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database
from tests.delivery.givens import Crew, a_driver


class Hands:
    """Moves the test's clock, as the sandbox's page does for a demo."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seconds = 0.0

    def forward(self, span: timedelta) -> None:
        self._seconds += span.total_seconds()
        self._path.write_bytes(msgspec.json.encode({"offset_seconds": self._seconds}))


@pytest.fixture
def boss(actor: Actor) -> Actor:
    """The suite itself."""
    return Actor.system(actor.org_id)


@pytest.fixture
async def crew(database: Database, boss: Actor, now: datetime) -> Crew:
    async with database.transaction(boss) as tx:
        return await a_driver(tx, now)


@pytest.fixture
def hands(database: Database, tmp_path: Path) -> Hands:
    """The database's clock reads a file of this test."""
    path = tmp_path / "clock.json"
    database.clock = Clock(str(path))
    return Hands(path)
