"""What the kernel keeps only for a while, forgotten in time; discarded files; the audit's seals."""

from datetime import timedelta

import structlog

from tandem.kernel import audit, blobs, bulk, secrets
from tandem.kernel.blobs import Blobs
from tandem.kernel.idempotency import FORGET_KEYS, KEPT_FOR
from tandem.kernel.jobs import Work, every

log = structlog.get_logger()
BULK_KEPT = timedelta(days=7)
BULK_BATCH = 20


@every(3600, "kernel.forget_idempotency_keys")
async def forget_idempotency_keys(work: Work) -> None:
    """Keys count for 24 hours; after that a repeat is a new request."""
    async with work.transaction() as tx:
        await tx.run(FORGET_KEYS, expired_before=work.now() - KEPT_FOR)


@every(3600, "kernel.forget_bulk_jobs")
async def forget_bulk_jobs(work: Work) -> None:
    """Acts on many records are followed and taken back for a week."""
    async with work.transaction() as tx:
        await bulk.forget(tx, before=work.now() - BULK_KEPT, limit=BULK_BATCH)


@every(60, "kernel.delete_discarded_files")
async def delete_discarded_files(work: Work) -> None:
    """The bytes of files that were discarded, each in a transaction of its own."""
    async with work.transaction() as tx:
        waiting = await blobs.list_discarded(tx)
    for sha256 in waiting:
        async with work.transaction() as tx:
            await work.get(Blobs).delete_discarded(tx, sha256)


@every(60, "kernel.seal_audit")
async def seal_audit(work: Work) -> None:
    """Seal how far the audit goes with a key that the database does not have."""
    async with work.transaction() as tx:
        head = await audit.head(tx)
        if head is None or head.seq == head.sealed_seq:
            return
        sealed = secrets.seal(
            bytes.fromhex(head.hash),
            org_id=work.org_id,
            purpose=audit.SEAL,
            subject=str(head.seq),
        )
        await tx.run(audit.ADD_SEAL, seq=head.seq, sealed=sealed, at=work.now())
    log.info("audit_sealed", org_id=str(work.org_id), seq=head.seq, hash=head.hash)
