"""Proofs and door codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel import secrets
from tandem.kernel.db import Query, Tx
from tandem.scm.delivery.domain.doorcodes import DoorCode
from tandem.scm.delivery.domain.proofs import Proof, ProofKind

DOOR_CODE = "delivery.door_code"
"""What secrets are sealed for (kernel.secrets)."""

ADD = Query(
    """
    insert into delivery.proof
           (org_id, id, delivery_id, kind, blob_id, sha256, meta, lat, lon, is_at_door, occurred_at,
            received_at, client_event_id)
    values (:org_id, :id, :delivery_id, :kind, :blob_id, :sha256, :meta, :lat, :lon, :is_at_door,
            :occurred_at, :received_at, :client_event_id)
    """
)

LIST = Query(
    """
    select id, delivery_id, kind, blob_id, sha256, meta, lat, lon, is_at_door, occurred_at,
           received_at, client_event_id
      from delivery.proof
     where org_id = :org_id and delivery_id = :delivery_id
     order by id
     limit 100
    """
)

GET = Query(
    """
    select id, delivery_id, kind, blob_id, sha256, meta, lat, lon, is_at_door, occurred_at,
           received_at, client_event_id
      from delivery.proof
     where org_id = :org_id and delivery_id = :delivery_id and id = :id
    """
)

FIND_BY_EVENT = Query(
    """
    select id, delivery_id, kind, blob_id, sha256, meta, lat, lon, is_at_door, occurred_at,
           received_at, client_event_id
      from delivery.proof
     where org_id = :org_id and client_event_id = :client_event_id
    """
)

KINDS = Query(
    """
    select delivery_id, array_agg(distinct kind) as kinds
      from delivery.proof
     where org_id = :org_id and delivery_id = any(:delivery_ids::uuid[])
     group by delivery_id
    """
)

MAKE_DOOR_CODE = Query(
    """
    insert into delivery.door_code (org_id, delivery_id, sealed)
    values (:org_id, :delivery_id, :sealed)
    """
)

GET_DOOR_CODE = Query(
    """
    select delivery_id, secret, sealed::bytea as sealed, generation, tries, sends, sent_at,
           verified_at
      from delivery.door_code
     where org_id = :org_id and delivery_id = :delivery_id
    """
)

LOCK_DOOR_CODE = Query(
    """
    select delivery_id, secret, sealed::bytea as sealed, generation, tries, sends, sent_at,
           verified_at
      from delivery.door_code
     where org_id = :org_id and delivery_id = :delivery_id
     order by delivery_id
       for update
    """
)

SAVE_DOOR_CODE = Query(
    """
    update delivery.door_code
       set generation = :generation, tries = :tries, sends = :sends, sent_at = :sent_at,
           verified_at = :verified_at
     where org_id = :org_id and delivery_id = :delivery_id
    """
)


async def add(tx: Tx, proof: Proof) -> None:
    await tx.run(ADD, **msgspec.structs.asdict(proof))


async def list_of(tx: Tx, delivery_id: UUID) -> list[Proof]:
    return await tx.many(LIST, Proof, delivery_id=delivery_id)


async def find(tx: Tx, delivery_id: UUID, proof_id: UUID) -> Proof | None:
    return await tx.one_or_none(GET, Proof, delivery_id=delivery_id, id=proof_id)


async def find_by_event(tx: Tx, client_event_id: UUID) -> Proof | None:
    return await tx.one_or_none(FIND_BY_EVENT, Proof, client_event_id=client_event_id)


async def kinds_of(tx: Tx, delivery_ids: list[UUID]) -> dict[UUID, set[ProofKind]]:
    rows = await tx.records(KINDS, delivery_ids=delivery_ids)
    return {row["delivery_id"]: {ProofKind(kind) for kind in row["kinds"]} for row in rows}


async def make_door_code(tx: Tx, delivery_id: UUID, secret: bytes) -> None:
    sealed = secrets.seal(
        secret, org_id=tx.actor.org_id, purpose=DOOR_CODE, subject=str(delivery_id)
    )
    await tx.run(MAKE_DOOR_CODE, delivery_id=delivery_id, sealed=sealed)


async def get_door_code(tx: Tx, delivery_id: UUID) -> DoorCode:
    return _opened(tx, await tx.records(GET_DOOR_CODE, delivery_id=delivery_id))


async def lock_door_code(tx: Tx, delivery_id: UUID) -> DoorCode:
    return _opened(tx, await tx.records(LOCK_DOOR_CODE, delivery_id=delivery_id))


def _opened(tx: Tx, rows: Sequence[Any]) -> DoorCode:
    (row,) = rows
    facts = dict(row)
    if sealed := facts.pop("sealed"):
        facts["secret"] = secrets.unseal(
            sealed,
            org_id=tx.actor.org_id,
            purpose=DOOR_CODE,
            subject=str(facts["delivery_id"]),
        )
    return DoorCode(**facts)


async def save_door_code(
    tx: Tx,
    door_code: DoorCode,
    *,
    generation: int | None = None,
    tries: int | None = None,
    sends: int | None = None,
    sent_at: datetime | None = None,
    verified_at: datetime | None = None,
) -> None:
    await tx.run(
        SAVE_DOOR_CODE,
        delivery_id=door_code.delivery_id,
        generation=door_code.generation if generation is None else generation,
        tries=door_code.tries if tries is None else tries,
        sends=door_code.sends if sends is None else sends,
        sent_at=sent_at or door_code.sent_at,
        verified_at=verified_at or door_code.verified_at,
    )
