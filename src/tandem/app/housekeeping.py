"""What the kernel keeps only for a while, forgotten in time."""

from tandem.kernel.http.unit import FORGET_KEYS, KEPT_FOR
from tandem.kernel.jobs import Work, every


@every(3600, "kernel.forget_idempotency_keys")
async def forget_idempotency_keys(work: Work) -> None:
    """Keys count for 24 hours; after that a repeat is a new request."""
    async with work.transaction() as tx:
        await tx.run(FORGET_KEYS, expired_before=work.now() - KEPT_FOR)
