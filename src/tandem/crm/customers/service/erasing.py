"""Erasing a person from customers' own tables; `flows.erase` does it for the whole suite."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomerErased
from tandem.crm.customers.domain.consents import CHANNELS_OF, Channel, address_hash
from tandem.crm.customers.domain.erasing import (
    NOTICE,
    Erasure,
    ErasureOver,
    ErasureWaits,
    NewErasure,
    seal,
)
from tandem.crm.customers.service import notes
from tandem.crm.customers.service.people import get_customer, lock_customer
from tandem.crm.customers.store import consents, timeline
from tandem.crm.customers.store import erasing as store
from tandem.crm.customers.store import records as kept
from tandem.kernel import audit, blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """What erasing found: every id and address the person had, and how much is gone."""

    ids: list[UUID]
    emails: list[str]
    phones: list[str]
    hashes: list[tuple[Channel, str]]
    """Channel and hash of every address, as suppression keeps them."""
    counts: dict[str, int]


async def request_erasure(tx: Tx, customer_id: UUID, new: NewErasure, *, now: datetime) -> Erasure:
    """Announce it. Due after 48 hours, at once where the person asked. Raises ErasureWaits."""
    tx.actor.require("customers.erase")
    await lock_customer(tx, customer_id)
    erasure = Erasure(
        id=new_id(),
        customer_id=customer_id,
        state="waiting",
        reason=new.reason,
        requested_at=now,
        requested_label=tx.actor.label,
        due_at=now if new.is_urgent else now + NOTICE,
        done_at=None,
        certificate=None,
        certificate_sha256="",
    )
    if not await store.insert(tx, erasure):
        raise ErasureWaits("This is announced already.")
    await _audit(tx, "customers.request_erasure", erasure, now)
    return erasure


async def cancel_erasure(tx: Tx, erasure_id: UUID, *, now: datetime) -> Erasure:
    tx.actor.require("customers.erase")
    erasure = await lock_erasure(tx, erasure_id)
    await store.settle(tx, erasure_id, state="cancelled")
    await _audit(tx, "customers.cancel_erasure", erasure, now)
    return await get_erasure(tx, erasure_id)


async def lock_erasure(tx: Tx, erasure_id: UUID) -> Erasure:
    """One that still waits. Raises NotFound, ErasureOver."""
    found = await store.lock(tx, erasure_id)
    if found is None:
        raise NotFound("There is no such erasure.")
    if found.state != "waiting":
        raise ErasureOver(f"This erasure is {found.state}.")
    return found


async def get_erasure(tx: Tx, erasure_id: UUID) -> Erasure:
    tx.actor.require("customers.read")
    found = await store.get(tx, erasure_id)
    if found is None:
        raise NotFound("There is no such erasure.")
    return found


async def waiting_erasure(tx: Tx, customer_id: UUID) -> Erasure | None:
    tx.actor.require("customers.read")
    return await store.waiting(tx, customer_id)


async def list_erasures(tx: Tx) -> list[Erasure]:
    tx.actor.require("customers.erase")
    return await store.list_erasures(tx)


async def due_erasures(tx: Tx, now: datetime) -> list[UUID]:
    return await store.due(tx, now)


async def erase_person(tx: Tx, customer_id: UUID, *, cause_id: UUID, now: datetime) -> Gone:
    """Take the person out of every table here, under every id, and suppress their addresses. The
    bytes of their files go soon after the commit."""
    ids = await store.family(tx, customer_id)
    known = await store.addresses(tx, ids)
    hashes = [
        (channel, address_hash(tx.actor.org_id, channel, value).hex())
        for kind, value in known
        for channel in CHANNELS_OF[kind]
    ]
    await suppress_hashes(tx, hashes, since=now)
    await blobs.discard(tx, await store.files(tx, ids), cause_id=cause_id, now=now)
    counts = await store.erase(tx, ids, now)
    await tx.publish(CustomerErased(customer_id=customer_id))
    return Gone(
        ids=ids,
        emails=[value for kind, value in known if kind == "email"],
        phones=[value for kind, value in known if kind == "phone"],
        hashes=hashes,
        counts=counts,
    )


async def suppress_hashes(
    tx: Tx, hashes: Sequence[tuple[Channel, str]], *, since: datetime
) -> None:
    """Nobody writes to these addresses any more, whoever comes with them."""
    for channel, hashed in hashes:
        await consents.suppress(
            tx,
            channel=channel,
            hashed=bytes.fromhex(hashed),
            reason="erased",
            detail="",
            since=since,
        )


async def certify(
    tx: Tx, erasure: Erasure, certificate: dict[str, Any], *, now: datetime
) -> Erasure:
    """Close the request with its certificate, sealed by a hash."""
    await store.settle(
        tx,
        erasure.id,
        state="done",
        done_at=now,
        certificate=certificate,
        sha256=seal(certificate),
    )
    await _audit(tx, "customers.erase", erasure, now)
    return await get_erasure(tx, erasure.id)


async def erasures_to_keep(tx: Tx) -> list[Erasure]:
    """Done, and not written down outside the database yet; oldest first, at most 50."""
    tx.actor.require("customers.erase")
    return await store.to_keep(tx)


async def note_erasure_kept(tx: Tx, erasure_id: UUID, *, now: datetime) -> None:
    tx.actor.require("customers.erase")
    await store.note_kept(tx, erasure_id, now)


async def not_erased(tx: Tx, ids: Sequence[UUID]) -> list[UUID]:
    """Who of these is here with their name, as after a restore; locked."""
    tx.actor.require("customers.erase")
    return await store.still_there(tx, list(ids))


async def announce_again(
    tx: Tx, customer_id: UUID, *, erasure_id: UUID, reason: str, now: datetime
) -> UUID:
    """An erasure that a restored database has lost, due now; the id of the one that waits."""
    waiting = await waiting_erasure(tx, customer_id)
    if waiting is not None:
        return waiting.id
    known = await store.get(tx, erasure_id)
    erasure = Erasure(
        id=new_id() if known else erasure_id,
        customer_id=customer_id,
        state="waiting",
        reason=reason,
        requested_at=now,
        requested_label=tx.actor.label,
        due_at=now,
        done_at=None,
        certificate=None,
        certificate_sha256="",
    )
    await store.insert(tx, erasure)
    await _audit(tx, "customers.request_erasure", erasure, now)
    return erasure.id


async def export_person(tx: Tx, customer_id: UUID) -> dict[str, Any]:
    """Everything customers itself knows of somebody, as plain values."""
    customer = await get_customer(tx, customer_id)
    return {
        "customer": msgspec.to_builtins(customer),
        "consents": msgspec.to_builtins(await consents.history(tx, customer_id)),
        "notes": msgspec.to_builtins(await notes.list_of(tx, "customer", customer_id)),
        "tasks": msgspec.to_builtins(await kept.tasks(tx, "customer", customer_id)),
        "files": msgspec.to_builtins(await kept.files(tx, "customer", customer_id)),
        "purchases": msgspec.to_builtins(await timeline.purchases(tx, customer_id, 10_000)),
    }


async def _audit(tx: Tx, action: str, erasure: Erasure, now: datetime) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="customer",
        subject_id=erasure.customer_id,
        now=now,
        after={"erasure_id": str(erasure.id), "due_at": erasure.due_at.isoformat()},
    )
