"""A company's own choice of when to capture."""

from tandem.kernel.db import Query, Tx
from tandem.scm.payments.domain import CaptureAt, PaymentSettings

FIND = Query("select capture_at, version from payments.settings where org_id = :org_id")

SAVE = Query(
    """
    insert into payments.settings as s (org_id, capture_at)
    values (:org_id, :capture_at)
        on conflict (org_id) do update
       set capture_at = excluded.capture_at, version = s.version + 1
    returning capture_at, version
    """
)


async def find(tx: Tx) -> PaymentSettings | None:
    return await tx.one_or_none(FIND, PaymentSettings)


async def save(tx: Tx, capture_at: CaptureAt) -> PaymentSettings:
    return await tx.one(SAVE, PaymentSettings, capture_at=capture_at)
