"""What was seen of a shipment."""

import hashlib
from datetime import UTC
from uuid import UUID

from tandem.kernel.db import Query, Tx
from tandem.scm.shipping.domain.shipments import Scan
from tandem.scm.shipping.domain.statuses import Step

ADD = Query(
    """
    insert into shipping.scan
           (org_id, id, shipment_id, status, code, reason, location, source, latitude, longitude,
            occurred_at, received_at, hash)
    values (:org_id, :id, :shipment_id, :status, :code, :reason, :location, :source,
            :latitude::double precision, :longitude::double precision, :occurred_at, :received_at,
            :hash)
        on conflict (org_id, shipment_id, hash) do nothing
    """
)

LIST = Query(
    """
    select id, shipment_id, status, code, reason, location, source, latitude, longitude,
           occurred_at, received_at
      from shipping.scan
     where org_id = :org_id and shipment_id = :shipment_id
     order by occurred_at, id
     limit 2000
    """
)

STEPS = Query(
    """
    select status, occurred_at, reason, code
      from shipping.scan
     where org_id = :org_id and shipment_id = :shipment_id
     order by occurred_at, id
     limit 2000
    """
)


async def add(tx: Tx, scan: Scan) -> bool:
    """False where exactly this was reported before."""
    added = await tx.run(
        ADD,
        id=scan.id,
        shipment_id=scan.shipment_id,
        status=scan.status,
        code=scan.code,
        reason=scan.reason,
        location=scan.location,
        source=scan.source,
        latitude=scan.latitude,
        longitude=scan.longitude,
        occurred_at=scan.occurred_at,
        received_at=scan.received_at,
        hash=_hash(scan),
    )
    return added == 1


def _hash(scan: Scan) -> bytes:
    """Of what was seen, where and when; not of when or how often we were told."""
    seen = (
        scan.status,
        scan.code,
        scan.reason,
        scan.location,
        scan.source,
        scan.occurred_at.astimezone(UTC).isoformat(),
    )
    return hashlib.sha256("\x1f".join(seen).encode()).digest()


async def list_scans(tx: Tx, shipment_id: UUID) -> list[Scan]:
    return await tx.many(LIST, Scan, shipment_id=shipment_id)


async def steps(tx: Tx, shipment_id: UUID) -> list[Step]:
    return await tx.many(STEPS, Step, shipment_id=shipment_id)
