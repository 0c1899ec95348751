"""A hundred thousand customers from a file and to files, and as many leads: rows a second, and how
much memory.

    python -m bench.imports APP_DSN ORG_ID FOLDER ROWS

is the worker's part, in a process of its own so that its memory is its own.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.table import Row, at_most
from bench.world import World
from tandem.app.wiring import import_reactions
from tandem.crm.customers import service
from tandem.flows.lead_imports import LEADS
from tandem.kernel import imports, rules
from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database
from tandem.kernel.imports import ImportMapping, Kind
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources

ROWS = int(os.environ.get("BENCH_IMPORT_ROWS", "100000"))
QUICK = 5_000
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
MEGABYTES_MAX = 150.0
"""How much a worker may grow by while it takes in or gives out any number of rows."""
SECONDS_MAX = 900.0


def measure(world: World, *, is_quick: bool = False) -> list[Row]:
    count = QUICK if is_quick else ROWS
    with tempfile.TemporaryDirectory(prefix="tandem-import-") as folder:
        told = subprocess.run(
            [
                *(sys.executable, "-m", "bench.imports"),
                *(world.app_dsn, str(world.company.org_id), folder, str(count)),
            ],
            check=True,
            stdout=subprocess.PIPE,
            timeout=SECONDS_MAX,
            text=True,
        )
    rows = []
    for step in json.loads(told.stdout.splitlines()[-1]):
        pace = count / step["seconds"]
        rows.append(Row(f"{step['name']}, {count:,} rows", f"{pace:,.0f} rows/s"))
        work = f"{step['name']}: memory above an idle worker"
        rows.append(at_most(work, step["megabytes"], MEGABYTES_MAX, unit=" MB", budget="< 150 MB"))
    return rows


class _Steps:
    """What each step took, and by how much memory peaked over an idle worker's meanwhile."""

    def __init__(self) -> None:
        self.idle = _peak()
        self.told: list[dict[str, Any]] = []

    def note(self, name: str, begun: float) -> None:
        seconds = time.perf_counter() - begun
        self.told.append({"name": name, "seconds": seconds, "megabytes": _peak() - self.idle})


async def _worker(app_dsn: str, org_id: UUID, folder: str, count: int) -> list[dict[str, Any]]:
    import_reactions()
    database = await Database.connect(app_dsn, size_min=1, size_max=2)
    actor = Actor.system(org_id)
    held = Resources()
    held.add(Blobs, Blobs(f"file://{folder}/blobs"))
    work = Work(database, held, org_id)
    async with database.transaction(actor) as tx:
        await service.list_customers(tx, limit=1)
    steps = _Steps()
    path = f"{folder}/people.csv"
    for kind in (service.IMPORTS, LEADS):
        _write_sheet(path, count, HEADS[kind.name])
        await _take_in(work, kind, path, steps)
    everybody = service.Chosen(moment=rules.Moment(now=NOW))
    for name, chunks in (
        ("export as CSV", service.export_csv(database, actor, everybody)),
        ("export as XLSX", service.export_xlsx(database, actor, everybody)),
    ):
        begun = time.perf_counter()
        await _drink(chunks)
        steps.note(name, begun)
    await database.close()
    return steps.told


async def _take_in(work: Work, kind: Kind, path: str, steps: _Steps) -> None:
    begun = time.perf_counter()
    content = Path(path).read_bytes()
    async with work.transaction() as tx:
        job = await imports.upload(
            tx, kind, work.get(Blobs), content=content, filename="people.csv", now=NOW
        )
    del content
    steps.note(f"{kind.things}: upload", begun)
    await _step(work, kind, job.id, "dry run", steps)
    await _step(work, kind, job.id, "import", steps)


async def _step(work: Work, kind: Kind, job_id: UUID, name: str, steps: _Steps) -> None:
    begun = time.perf_counter()
    async with work.transaction() as tx:
        if name == "dry run":
            job = await imports.get_import(tx, kind, job_id)
            mapping = ImportMapping(columns=job.mapping, key="email")
            await imports.check_import(tx, kind, job_id, mapping, now=NOW)
        else:
            await imports.run_import(tx, kind, job_id, now=NOW)
    await imports.run(work, kind, job_id)
    async with work.transaction() as tx:
        done = await imports.get_import(tx, kind, job_id)
    assert done.state in ("checked", "done"), done
    assert done.done_rows == done.row_count, done
    assert done.failed == 0, done
    steps.note(f"{kind.things}: {name}", begun)


async def _drink(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        continue


HEADS = {
    "customers": "name,email,phone,line1,city,postal_code,tags",
    "leads": "name,email,phone,company,city,campaign,tags",
}


def _write_sheet(path: str, count: int, head: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{head}\n")
        for n in range(count):
            file.write(
                f"Person {n},p{n}@bench.test,+917{n:09},{n} Street,Bengaluru,"
                f"{560000 + n % 100},bench\n"
            )


def _peak() -> float:
    """Megabytes at the most since this was asked last (Linux)."""
    told = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in told.splitlines() if line.startswith("VmHWM"))
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(kilobytes) / 1024


if __name__ == "__main__":
    dsn, org, where, many = sys.argv[1:]
    print(json.dumps(asyncio.run(_worker(dsn, UUID(org), where, int(many)))))
