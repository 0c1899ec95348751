"""Where the desk wants it, no file reaches anybody before the virus scanner has passed it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from tandem.kernel.actor import Actor
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Database
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tandem.scm.support import service
from tandem.scm.support.domain.desk import Desk
from tandem.scm.support.domain.files import FileNotReady, Scan
from tandem.scm.support.domain.statuses import Origin
from tandem.scm.support.gateways.scanner import ClamdScanner, Scanner
from tandem.scm.support.jobs.scanning import scan_files
from tests.support.givens import a_complaint, told

PNG = b"\x89PNG\r\n\x1a\n"
VIRUS = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


async def _clamd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As clamd answers INSTREAM: chunks with their length before them, the last one empty."""
    assert await reader.readexactly(10) == b"zINSTREAM\0"
    content = b""
    while size := int.from_bytes(await reader.readexactly(4)):
        content += await reader.readexactly(size)
    writer.write(b"stream: Eicar FOUND\0" if VIRUS in content else b"stream: OK\0")
    await writer.drain()
    writer.close()


@pytest.fixture
async def clamd() -> AsyncIterator[str]:
    server = await asyncio.start_server(_clamd, "127.0.0.1", 0)
    async with server:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def work_of(database: Database, actor: Actor, blobs: Blobs, url: str) -> Work:
    held = Resources()
    held.add(Blobs, blobs)
    held.add(Scanner, ClamdScanner(url))
    return Work(database, held, actor.org_id)


async def test_files_wait_for_their_scan_and_infected_ones_for_ever(
    database: Database, actor: Actor, now: datetime, clamd: str, tmp_path: object
) -> None:
    blobs = Blobs(f"file://{tmp_path}/blobs")
    async with database.transaction(actor) as tx:
        await service.save_desk(tx, Desk(scans_files=True), now=now)
        complaint = await a_complaint(tx, now=now)
        large = PNG + b"a" * 200_000
        files = [
            await service.add_file(
                tx,
                blobs,
                complaint_id=complaint.id,
                content=content,
                filename=name,
                origin=Origin.STAFF,
                now=now,
            )
            for name, content in (("good.png", large), ("bad.png", PNG + VIRUS))
        ]
        assert [file.scan for file in files] == [Scan.PENDING, Scan.PENDING]
        for file in files:
            with pytest.raises(FileNotReady):
                await service.read_file(tx, blobs, complaint_id=complaint.id, file_id=file.id)
        assert len(await told(tx)) == 1
    for url in ("", "tcp://127.0.0.1:1"):
        await scan_files(work_of(database, actor, blobs, url))
        async with database.transaction(actor) as tx:
            assert len(await service.list_unscanned(tx)) == 2
    for _ in range(2):
        await scan_files(work_of(database, actor, blobs, clamd))
    async with database.transaction(actor) as tx:
        good, bad = await service.list_files(tx, complaint.id)
        assert (good.scan, bad.scan) == (Scan.CLEAN, Scan.INFECTED)
        _, content = await service.read_file(tx, blobs, complaint_id=complaint.id, file_id=good.id)
        assert content == large
        with pytest.raises(FileNotReady):
            await service.read_file(tx, blobs, complaint_id=complaint.id, file_id=bad.id)
        added = [p["file_id"] for topic, p in await told(tx) if topic == "support.file_added.v1"]
        assert added == [str(good.id)]
        steps = await service.list_steps(tx, complaint.id)
        assert [s.after for s in steps if s.kind == "infected_file"] == ["bad.png"]
