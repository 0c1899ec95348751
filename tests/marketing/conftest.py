"""A company with people who agreed to hear from it, and a clock whose hands a test moves."""

import httpx2 as httpx
import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.marketing.givens import Company, Hands


@pytest.fixture
def hands(database: Database) -> Hands:
    moved = Hands()
    database.clock = moved
    return moved


@pytest.fixture
def company(client: httpx.AsyncClient, database: Database, actor: Actor, hands: Hands) -> Company:
    work = Work(database, Resources(), actor.org_id)
    return Company(client=client, database=database, actor=actor, work=work, hands=hands)
