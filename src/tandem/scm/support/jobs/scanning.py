"""Files that wait for their scan: read, looked into with no transaction open, released or held."""

import structlog

from tandem.kernel.blobs import Blobs
from tandem.kernel.jobs import Work, every
from tandem.scm.support import service
from tandem.scm.support.gateways.scanner import Scanner, ScannerAway

log = structlog.get_logger()


@every(5, "support.scan_files")
async def scan_files(work: Work) -> None:
    """Without a scanner they wait; nothing unscanned is handed out where the desk wants scans."""
    scanner = work.get(Scanner)
    if not scanner.is_configured:
        return
    async with work.transaction() as tx:
        waiting = await service.list_unscanned(tx)
    for file in waiting:
        async with work.transaction() as tx:
            _, content = await work.get(Blobs).get(tx, file.blob_id)
        try:
            is_clean = await scanner.is_clean(content)
        except ScannerAway as reason:
            log.warning("scanner_away", error=str(reason))
            return
        async with work.transaction() as tx:
            await service.record_scan(tx, file.id, is_clean=is_clean, now=work.now())
