"""The audit's seals, read as the owner: does the chain still end in what was sealed?

The chain itself is an invariant of the kernel; a seal shows what the chain alone cannot: that
all of it was written anew. Only the newest seal that holds matters: all before hangs on its hash.
"""

from uuid import UUID

import asyncpg

from tandem.app.sealed import ring_of
from tandem.app.settings import Settings
from tandem.kernel import audit
from tandem.kernel.secrets import CannotOpen, Keyring

NEWEST = 1000

SEALS = """
    select s.org_id, s.seq, s.sealed::bytea as sealed, a.hash
      from (select *, row_number() over (partition by org_id order by seq desc) as place
              from kernel.audit_seal) s
      left join kernel.audit a on a.org_id = s.org_id and a.seq = s.seq
     where s.place <= $1
     order by s.org_id, s.seq
"""

HEADS = """
    select h.org_id, o.name, h.count, encode(h.hash, 'hex') as hash
      from kernel.audit_head h
      left join identity.organisation o on o.org_id = h.org_id
     order by o.created_at, h.org_id
"""


async def torn_seals(settings: Settings) -> list[str]:
    """One line for each company whose rows are not the ones that were sealed: from where on."""
    ring = ring_of(settings)
    connection = await asyncpg.connect(settings.database_url)
    try:
        seals = await connection.fetch(SEALS, NEWEST)
    finally:
        await connection.close()
    torn: dict[UUID, str] = {}
    held: dict[UUID, int] = {}
    for seal in seals:
        if _holds(ring, seal):
            held[seal["org_id"]] = seal["seq"]
        elif seal["org_id"] not in torn:
            since = held.get(seal["org_id"], 0)
            torn[seal["org_id"]] = (
                f"{seal['org_id']}: rows {since + 1} to {seal['seq']} are not the ones sealed"
            )
    return list(torn.values())


def _holds(ring: Keyring, seal: asyncpg.Record) -> bool:
    try:
        sealed = ring.unseal(
            seal["sealed"], org_id=seal["org_id"], purpose=audit.SEAL, subject=str(seal["seq"])
        )
    except CannotOpen:
        return False
    return bool(sealed == seal["hash"])


async def audit_heads(settings: Settings) -> list[str]:
    """Each company's newest row. Kept elsewhere, it shows later that no row before it changed."""
    connection = await asyncpg.connect(settings.database_url)
    try:
        return [
            f"{head['name'] or head['org_id']}: {head['count']} rows, head {head['hash']}"
            for head in await connection.fetch(HEADS)
        ]
    finally:
        await connection.close()
