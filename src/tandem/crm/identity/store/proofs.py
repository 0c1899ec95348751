"""Proofs: each found once by its browser or its secret, tried a few times, used once."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.kernel.db import Query, Tx

INSERT_PROOF = Query(
    """
    insert into identity.proof
           (org_id, id, purpose, person_id, browser_hash, secret_hash, data, tries_max,
            created_at, expires_at)
    values (:org_id, :id, :purpose, :person_id::uuid, :browser_hash::bytea, :secret_hash::bytea,
            :data, :tries_max, :now, :expires_at)
    """
)

GIVE_SECRET = Query(
    """
    update identity.proof set secret_hash = :secret_hash, person_id = :person_id
     where org_id = :org_id and id = :id and secret_hash is null and used_at is null
    """
)

TRY_PROOF = Query(
    """
    update identity.proof set tries = tries + 1
     where org_id = :org_id and purpose = :purpose and used_at is null and expires_at > :now
       and tries < tries_max
       and (browser_hash = :browser_hash or (browser_hash is null and secret_hash = :secret_hash))
    returning id, person_id, secret_hash, data, tries, created_at, expires_at
    """
)

READ_PROOF = Query(
    """
    select id, person_id, secret_hash, data, tries, created_at, expires_at
      from identity.proof
     where org_id = :org_id and purpose = :purpose and used_at is null and expires_at > :now
       and tries < tries_max
       and (browser_hash = :browser_hash or (browser_hash is null and secret_hash = :secret_hash))
    """
)

USE_PROOF = Query(
    """
    update identity.proof set used_at = :now
     where org_id = :org_id and id = :id and used_at is null
    """
)

END_PROOFS = Query(
    """
    update identity.proof set used_at = :now
     where org_id = :org_id and person_id = :person_id and used_at is null
       and (:purpose::text is null or purpose = :purpose) and id is distinct from :except_id::uuid
    """
)

FORGET_PROOFS = Query("delete from identity.proof where org_id = :org_id and expires_at < :before")


class Proof(msgspec.Struct, frozen=True):
    id: UUID
    person_id: UUID | None
    secret_hash: bytes | None
    data: dict[str, Any]
    tries: int
    created_at: datetime
    expires_at: datetime


async def try_proof(
    own: Tx,
    purpose: str,
    *,
    now: datetime,
    browser_hash: bytes | None = None,
    secret_hash: bytes | None = None,
) -> Proof | None:
    """The open proof of this browser, or with this secret, with one more try counted."""
    return await own.one_or_none(
        TRY_PROOF,
        Proof,
        purpose=purpose,
        browser_hash=browser_hash,
        secret_hash=secret_hash,
        now=now,
    )


async def read_proof(
    own: Tx,
    purpose: str,
    *,
    now: datetime,
    browser_hash: bytes | None = None,
    secret_hash: bytes | None = None,
) -> Proof | None:
    """The same without counting a try."""
    return await own.one_or_none(
        READ_PROOF,
        Proof,
        purpose=purpose,
        browser_hash=browser_hash,
        secret_hash=secret_hash,
        now=now,
    )


async def use_proof(own: Tx, proof_id: UUID, *, now: datetime) -> bool:
    """False when somebody else just did: of two at once one wins."""
    return bool(await own.run(USE_PROOF, id=proof_id, now=now))


async def end_proofs(
    own: Tx,
    person_id: UUID,
    *,
    now: datetime,
    purpose: str | None = None,
    except_id: UUID | None = None,
) -> None:
    await own.run(END_PROOFS, person_id=person_id, purpose=purpose, except_id=except_id, now=now)
