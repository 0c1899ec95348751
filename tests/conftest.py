"""One migrated database for a test file; an organisation of its own for each test."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.app.asgi import create_app, equip
from tandem.app.migrate import migrate, migrations
from tandem.app.reference import NOWHERE
from tandem.app.sealed import ring_of
from tandem.app.settings import Settings
from tandem.crm.identity import service as identity
from tandem.kernel import secrets
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests import postgres
from tests.givens import api_key_of, visitor
from tests.invariants import Invariants

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


def as_app(owner_dsn: str) -> str:
    return postgres.as_role(owner_dsn, APP_ROLE, APP_PASSWORD)


@pytest.fixture
def settings(owner_dsn: str, tmp_path: object) -> Settings:
    return settings_for(owner_dsn, str(tmp_path))


def settings_for(owner_dsn: str, tmp_path: str) -> Settings:
    """A process's settings; its secret keys are held as `app.wiring` would."""
    settings = Settings(
        database_url=owner_dsn,
        app_database_url=as_app(owner_dsn),
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


@pytest.fixture(scope="module")
async def opened(owner_dsn: str) -> AsyncIterator[Database]:
    """The app role's pool, for a whole file: its connections stay warm from test to test."""
    pool = await Database.connect(as_app(owner_dsn), size_min=1, size_max=16)
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
async def invariants(owner_dsn: str) -> AsyncIterator[Invariants]:
    watched = await Invariants.of(owner_dsn)
    yield watched
    await watched.close()


@pytest.fixture
async def database(
    settings: Settings, opened: Database, invariants: Invariants
) -> AsyncIterator[Database]:
    """The app role's database; every invariant of every service must hold when a test ends."""
    yield Database(opened.pool)
    assert await invariants.broken() == []


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


@pytest.fixture(scope="session")
def application() -> Litestar:
    """Its 500 routes take a third of a second to set up: once for all tests of a process."""
    return create_app(NOWHERE)


@pytest.fixture
def app(application: Litestar, settings: Settings, database: Database) -> Litestar:
    """The application with this test's settings and database, and nothing of the one before."""
    equip(application.state, settings, database)
    return application


@pytest.fixture
async def client(
    app: Litestar, database: Database, actor: Actor, now: datetime
) -> AsyncIterator[httpx.AsyncClient]:
    """The real application over ASGI, called with an API key of the test's company."""
    key = await api_key_of(database, actor)
    async with visitor(app) as opened:
        opened.headers["authorization"] = f"Bearer {key}"
        yield opened
