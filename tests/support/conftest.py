"""A desk with the stand-in for Jira, one sandbox and one web server for a file."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tandem.app.settings import Settings
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.conftest import settings_for
from tests.sandbox.serving import Sandbox, running_sandbox
from tests.serving import serving
from tests.support.jira_desk import JiraDesk, desk_at


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as opened:
        yield opened


@pytest.fixture(scope="module")
def web(owner_dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application on a port: the stand-in's webhooks go there."""
    with serving(settings_for(owner_dsn, str(tmp_path_factory.mktemp("web")))) as base_url:
        yield base_url


@pytest.fixture
async def desk(
    settings: Settings, database: Database, actor: Actor, running: Sandbox, web: str
) -> AsyncIterator[JiraDesk]:
    async with desk_at(settings, database, actor, running, web) as opened:
        yield opened
