"""Somebody taken out of the rows that imports keep: as they stood, and what was before."""

from collections.abc import Sequence
from uuid import UUID

from tandem.kernel.db import Query, Tx

EMPTY_TAKEN = Query(
    """
    update kernel.import_row
       set cells = '[]', errors = '[]', before = null
     where org_id = :org_id and record_id = any(:ids::uuid[])
    """
)
EMPTY_ALIKE = Query(
    """
    update kernel.import_row
       set cells = '[]', errors = '[]'
     where org_id = :org_id and status = 'alike'
       and string_to_array(errors -> 0 ->> 'whom', ' ') && :ids::text[]
    """
)
EMPTY_LEFT_OUT = Query(
    """
    update kernel.import_row
       set cells = '[]', errors = '[]'
     where org_id = :org_id and status in ('bad', 'alike')
       and (lower(cells::text) like any(:patterns::text[])
            or regexp_replace(cells::text, '[ ()-]', '', 'g') like any(:digits::text[]))
    """
)


async def forget(tx: Tx, record_ids: Sequence[UUID], addresses: Sequence[str]) -> int:
    """How many rows named these records or may have been them, or were left out and had one of
    these e-mails and numbers, written as people write them in a sheet."""
    rows = await tx.run(EMPTY_TAKEN, ids=list(record_ids))
    rows += await tx.run(EMPTY_ALIKE, ids=[str(one) for one in record_ids])
    if not addresses:
        return rows
    plain = [one.lower().replace("_", r"\_").replace("%", r"\%") for one in addresses]
    digits = [one[-10:] for one in addresses if one.startswith("+") and len(one) > 10]
    return rows + await tx.run(
        EMPTY_LEFT_OUT,
        patterns=[f"%{one}%" for one in plain],
        digits=[f"%{one}%" for one in digits],
    )
