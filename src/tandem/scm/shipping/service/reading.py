"""Finding shipments and what was seen of them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ownership import sees_order
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.shipping.domain.shipments import Manifest, PromiseRevision, Scan, Shipment
from tandem.scm.shipping.domain.statuses import Status
from tandem.scm.shipping.store import picking, scans
from tandem.scm.shipping.store import shipments as store

NEWEST = UUID(int=2**128 - 1)


async def get_shipment(tx: Tx, shipment_id: UUID) -> Shipment:
    tx.actor.require("shipping.read")
    return await _there(tx, await store.find(tx, shipment_id))


async def find_shipment(tx: Tx, number: str) -> Shipment | None:
    """By our own number (SHP-100001)."""
    tx.actor.require("shipping.read")
    found = await store.find_by_number(tx, number)
    return found if found and await sees_order(tx, "shipping.read", found.order_id) else None


async def list_of_order(tx: Tx, order_id: UUID) -> list[Shipment]:
    """All of an order's shipments, cancelled ones too, oldest first."""
    tx.actor.require("shipping.read")
    if not await sees_order(tx, "shipping.read", order_id):
        return []
    return await store.list_of_order(tx, order_id)


async def list_chosen(tx: Tx, ids: Sequence[UUID]) -> list[Shipment]:
    """These, oldest first; NotFound where one of them is not there."""
    tx.actor.require("shipping.read")
    found = await picking.list_chosen(tx, ids)
    if len(found) < len(set(ids)):
        raise NotFound("There is no such shipment.", field="shipment_id")
    return found


async def list_with_us(tx: Tx, order_ids: Sequence[UUID]) -> list[Shipment]:
    """Shipments of these orders whose goods have not left yet, oldest first. For flows."""
    return await picking.list_with_us(tx, order_ids)


async def lock_shipment(tx: Tx, shipment_id: UUID) -> Shipment:
    """For verbs that check their own permission."""
    return await _there(tx, await store.lock(tx, shipment_id))


async def _there(tx: Tx, shipment: Shipment | None) -> Shipment:
    """What the asker does not reach is as if it were not there."""
    if shipment is None or not await sees_order(tx, "shipping.read", shipment.order_id):
        raise NotFound("There is no such shipment.")
    return shipment


async def list_shipments(
    tx: Tx,
    *,
    statuses: Sequence[Status] = (),
    order_id: UUID | None = None,
    carrier: str = "",
    number: str = "",
    promised_from: date | None = None,
    promised_to: date | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Shipment]:
    """Newest first. `number` is the shipment's, its order's or the carrier's."""
    tx.actor.require("shipping.read")
    filters = store.Filters(
        statuses=statuses,
        order_id=order_id,
        carrier=carrier,
        number=number,
        promised_from=promised_from,
        promised_to=promised_to,
    )
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    rows = await store.list_shipments(tx, filters, before=before, limit=limit + 1)
    return page_of(rows, limit, lambda shipment: [shipment.id])


async def list_scans(tx: Tx, shipment_id: UUID) -> list[Scan]:
    """The parcel's way as it happened, whatever order it was told in; 1,000 at most."""
    await get_shipment(tx, shipment_id)
    return await scans.list_scans(tx, shipment_id)


async def list_revisions(tx: Tx, shipment_id: UUID) -> list[PromiseRevision]:
    await get_shipment(tx, shipment_id)
    return await store.list_revisions(tx, shipment_id)


async def get_manifest(tx: Tx, manifest_id: UUID) -> Manifest:
    tx.actor.require_everywhere("shipping.read")
    found = await store.find_manifest(tx, manifest_id)
    if found is None:
        raise NotFound("There is no such manifest.")
    return found
