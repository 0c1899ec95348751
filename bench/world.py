"""A company to measure: PostgreSQL on disk with durable settings, and the web process."""

import asyncio
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from tandem.app.embedded import EmbeddedPostgres
from tandem.app.embedded.binaries import find_binaries
from tandem.app.migrate import migrate
from tandem.app.settings import app_dsn_of
from tandem.app.wiring import import_reactions
from tandem.contracts.address import Address
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.catalog import service as catalog
from tandem.scm.inventory import service as inventory
from tandem.scm.invoicing import service as invoicing

SECRET = "for measuring on this machine only, forty"
ROLE = "tandem_bench"
PASSWORD = "bench"
KEYS = 24
CUSTOMERS = 500
VARIANTS = 2_000
PLENTY = 1_000_000
START_SECONDS_MAX = 30.0


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """Ids the drivers need. A key may call 30,000 times before it is slowed: so there are many."""

    org_id: UUID
    keys: list[str]
    skus: list[str]
    variants: list[UUID]
    location_id: UUID
    customers: list[UUID]


class World(msgspec.Struct, kw_only=True):
    company: Company
    owner_dsn: str
    app_dsn: str
    postmaster: int
    web: int
    port: int
    programs: Path


@contextmanager
def world(*, has_web: bool = True) -> Iterator[World]:
    """Everything runs on this machine, in a temporary folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-bench-"))
    folder.chmod(0o755)
    database = EmbeddedPostgres(folder / "cluster")
    try:
        owner_dsn = database.start()
        assert database.server is not None, "a started server has a process"
        asyncio.run(migrate(owner_dsn, app_role=ROLE, app_password=PASSWORD))
        app_dsn = app_dsn_of(owner_dsn, ROLE, PASSWORD)
        company = asyncio.run(_found(app_dsn))
        serving = _web(owner_dsn, app_dsn, folder) if has_web else nullcontext((0, 0))
        with serving as (web, port):
            yield World(
                company=company,
                owner_dsn=owner_dsn,
                app_dsn=app_dsn,
                postmaster=database.server.pid,
                web=web,
                port=port,
                programs=find_binaries(Path(), None),
            )
    finally:
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _found(app_dsn: str) -> Company:
    import_reactions()
    database = await Database.connect(app_dsn, size_min=1, size_max=2)
    now = datetime.now(UTC)
    org_id = await identity.found_organisation(database, name="Bench", slug="bench", now=now)
    async with database.transaction(Actor.system(org_id)) as tx:
        keys = [
            (await identity.add_api_key(tx, name=f"k{n}", grants=["*"], now=now))[1]
            for n in range(KEYS)
        ]
        await invoicing.seed_demo_seller(tx, now=now)
        await catalog.import_products(tx, io.BytesIO(_sheet()), is_dry_run=False, now=now)
        skus = [f"SKU-{n:05d}" for n in range(VARIANTS)]
        facts = await catalog.facts(tx, skus)
        shelf = await inventory.add_location(
            tx, code="BLR", name="Bench", kind="warehouse", priority=1, address=None, now=now
        )
        await inventory.open_stock(
            tx,
            variants={fact.variant_id: fact.sku for fact in facts.values()},
            location_id=shelf.id,
            quantity=PLENTY,
            now=now,
        )
        buyers = await customers.find_or_add(tx, [_buyer(n) for n in range(CUSTOMERS)], now=now)
    await database.close()
    return Company(
        org_id=org_id,
        keys=keys,
        skus=skus,
        variants=[facts[sku].variant_id for sku in skus],
        location_id=shelf.id,
        customers=[buyer.id for buyer in buyers],
    )


def _sheet() -> bytes:
    """Enough SKUs that two orders seldom meet; the hot one is measured by itself."""
    rows = ["title,sku,hsn,unit,tax_class,price,weight_grams"]
    rows += [f"Article {n},SKU-{n:05d},0902,NOS,merit,{100 + n}.00,250" for n in range(VARIANTS)]
    return "\n".join(rows).encode()


def _buyer(number: int) -> CustomerDraft:
    return CustomerDraft(
        name=f"Buyer {number}", phone=f"+9198{number:08d}", email=f"b{number}@example.test"
    )


@contextmanager
def _web(owner_dsn: str, app_dsn: str, folder: Path) -> Iterator[tuple[int, int]]:
    port = _free_port()
    environment = os.environ | {
        "TANDEM_DATABASE_URL": owner_dsn,
        "TANDEM_APP_DATABASE_URL": app_dsn,
        "TANDEM_SECRET_KEY": SECRET,
        "TANDEM_DATA_DIR": str(folder),
        "TANDEM_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "tandem.app.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment)
    try:
        _wait_for(port)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the web process did not start")


HOME = Address(
    name="Meera Rao",
    line1="14, 3rd Cross",
    city="Bengaluru",
    state_code="29",
    postal_code="560001",
    phone="+919876543210",
)
