"""One migrated database for a test file; an organisation of its own for each test."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.app.asgi import create_app
from tandem.app.doctor import broken_invariants
from tandem.app.migrate import migrate, migrations
from tandem.app.sealed import ring_of
from tandem.app.settings import Settings
from tandem.crm.identity import service as identity
from tandem.kernel import secrets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests import postgres
from tests.givens import api_key_of, visitor

APP_ROLE = "tandem_test_app"
APP_PASSWORD = "test"
SECRET = "a secret for tests only, forty characters"


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


def _migrate(dsn: str) -> None:
    asyncio.run(migrate(dsn, app_role=APP_ROLE, app_password=APP_PASSWORD))


@pytest.fixture(scope="module")
def owner_dsn(server: postgres.Server) -> Iterator[str]:
    """The owner's DSN of this file's database. Owners see every organisation."""
    key = hashlib.sha256("".join(one.sha256 for one in migrations()).encode()).hexdigest()
    dsn = postgres.clone(server, postgres.template(server, _migrate, key))
    yield dsn
    postgres.drop(server, dsn)


@pytest.fixture
def settings(owner_dsn: str, tmp_path: object) -> Settings:
    return settings_for(owner_dsn, str(tmp_path))


def settings_for(owner_dsn: str, tmp_path: str) -> Settings:
    """A process's settings; its secret keys are held as `app.wiring` would."""
    settings = Settings(
        database_url=owner_dsn,
        app_database_url=postgres.as_role(owner_dsn, APP_ROLE, APP_PASSWORD),
        secret_key=SECRET,
        data_dir=str(tmp_path),
        blobs_url=f"file://{tmp_path}/blobs",
        base_url="http://test",
        razorpay_key_id="rzp_test_tandemsandbox",
        razorpay_key_secret="sandbox_key_secret",
        razorpay_webhook_secret="sandbox_webhook_secret",
    )
    secrets.hold(ring_of(settings))
    return settings


@pytest.fixture
async def database(settings: Settings, owner_dsn: str) -> AsyncIterator[Database]:
    """The app role's database; every invariant of every service must hold when a test ends."""
    opened = await Database.connect(settings.app_dsn, size_min=1, size_max=16)
    yield opened
    await opened.close()
    assert await broken_invariants(owner_dsn) == []


@pytest.fixture
async def org_id(database: Database, now: datetime) -> object:
    """A company of this test alone, with the ready-made roles."""
    return await identity.found_organisation(
        database, name="Test Traders", slug=f"t-{new_id().hex}", now=now
    )


@pytest.fixture
def actor(org_id: object) -> Actor:
    """A staff member who may everything in the test's company."""
    return Actor(org_id=org_id, user_id=new_id(), grants=frozenset({"*"}), label="Asha")  # type: ignore[arg-type]


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture
def app(settings: Settings, database: Database) -> Litestar:
    return create_app(settings, database)


@pytest.fixture
async def client(
    app: Litestar, database: Database, actor: Actor, now: datetime
) -> AsyncIterator[httpx.AsyncClient]:
    """The real application over ASGI, called with an API key of the test's company."""
    key = await api_key_of(database, actor)
    async with visitor(app) as opened:
        opened.headers["authorization"] = f"Bearer {key}"
        yield opened
