"""One migrated database for a test file; an organisation of its own for each test."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2 as httpx
import pytest
import structlog
from litestar import Litestar

from tandem.app.asgi import create_app, equip
from tandem.app.loading import hold_collector, keep_what_is_loaded
from tandem.app.reference import NOWHERE
from tandem.app.sealed import ring_of
from tandem.app.settings import Settings
from tandem.crm.identity import service as identity
from tandem.kernel import secrets
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests import hashing, postgres
from tests.clocks import ClockFrom
from tests.databases import as_app, fresh
from tests.givens import api_key_of, visitor
from tests.invariants import Invariants

TESTS = Path(__file__).parent
SECRET = "a secret for tests only, forty characters"


def pytest_collection_finish(session: pytest.Session) -> None:
    """All tests and the program are loaded; `tests/__init__.py` held the collector until now."""
    keep_what_is_loaded()
    if session.config.getoption("loadgroup", default=False):
        scattered = [item.nodeid for item in session.items if "@" not in item.nodeid]
        assert not scattered, f"pytest-xdist does not keep groups together: {scattered[:3]}"


def pytest_configure() -> None:
    """Tracebacks as Python writes them: coloured ones with their sources take longer to draw than
    much of what goes wrong on purpose, and are shown only when a test fails."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])
    hashing.set_cost(*hashing.CHEAP)


SECOND_INSTALLATION = (
    "web/test_every_page.py",
    "web/test_whole_life.py",
    "web/test_whole_story.py",
    "web/test_driver.py",
    "web/test_driver_offline.py",
)
"""Half, by time, of the files that share an installation: two processes have one each."""

SECONDS = {
    "installation": 400,
    "second installation": 400,
    "web/test_dispatch.py": 130,
    "app/test_up.py": 120,
    "identity/test_matrix.py": 60,
    "faults/test_fuzz.py": 60,
    "flows/test_whole_life.py": 60,
    "faults/test_crashes.py": 40,
    "sandbox/test_process.py": 20,
    "app/test_embedded.py": 20,
    "app/test_tracing.py": 15,
    "sales/test_assigning_leads.py": 15,
    "notifications/test_lanes.py": 15,
    "marketing/test_leaving.py": 10,
}
"""About how long the longest groups take. The others go by their number of tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One file after another, the longest first, so that no process is left alone with one at the
    end; what shares an installation stays together.

    A file is one group of pytest-xdist: it runs in one process, on one database.
    """
    groups = {item: _group(item) for item in items}
    counts = Counter(groups.values())
    order = {item: (-SECONDS.get(each, 0), -counts[each], each) for item, each in groups.items()}
    items.sort(key=order.__getitem__)
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str:
    file = str(item.path.relative_to(TESTS))
    if "installation" not in getattr(item, "fixturenames", ()):
        return file
    return "second installation" if file in SECOND_INSTALLATION else "installation"


@pytest.fixture
def full_cost() -> Iterator[None]:
    """For a test of what hashing a password costs: as much as in the product."""
    with hashing.at_full_cost():
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    with postgres.server() as running:
        yield running


@pytest.fixture(scope="module")
def owner_dsn(server: postgres.Server) -> Iterator[str]:
    """The owner's DSN of this file's database. Owners see every organisation."""
    dsn = fresh(server)
    yield dsn
    postgres.drop(server, dsn)


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
    settings: Settings, opened: Database, invariants: Invariants, now: datetime
) -> AsyncIterator[Database]:
    """The app role's database; every invariant of every service must hold when a test ends. Its
    clock goes on from `now`, so that no test sees which day it really is."""
    database = Database(opened.pool)
    database.clock = ClockFrom(now)
    yield database
    assert await invariants.broken() == []


@pytest.fixture
def real_time(database: Database) -> None:
    """Beside servers and providers of their own, which go by the machine's clock."""
    database.clock = clock


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
    """Its thousand routes take a second to set up: once for all tests of a process."""
    hold_collector()
    made = create_app(NOWHERE)
    keep_what_is_loaded()
    return made


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
