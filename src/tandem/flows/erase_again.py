"""Erasures outlive a restore: each is written down beside the files, outside the database, and a
restored database is told of them.

What is written names nobody: ids, hashes of addresses, the certificate and our signature.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import Channel
from tandem.crm.customers.domain.erasing import Erasure, seal
from tandem.flows import erase
from tandem.kernel import secrets
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.jobs import Work, every

FOLDER = "erasures"
PURPOSE = "erasures"
REASON = "Erased again: a restored backup had brought them back."


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure as it stands in `erasures/<company>/<id>.json`."""

    org_id: UUID
    erasure_id: UUID
    certificate: dict[str, Any]
    signature: str

    @property
    def ids(self) -> list[UUID]:
        return [UUID(one) for one in self.certificate["ids"]]

    @property
    def suppressed(self) -> list[tuple[Channel, str]]:
        """Certificates from before they were named have none."""
        return [(channel, hashed) for channel, hashed in self.certificate.get("suppressed", [])]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    known: int
    erased: int
    forged: int


@every(15, "customers.keep_erasures")
async def keep(work: Work) -> None:
    """Written first and noted then: a worker that dies between writes the same once more."""
    async with work.transaction() as tx:
        done = await customers.erasures_to_keep(tx)
    for erasure in done:
        name = f"{FOLDER}/{work.org_id}/{erasure.id}.json"
        await work.get(Blobs).put_beside(name, written(work.org_id, erasure))
        async with work.transaction() as tx:
            await customers.note_erasure_kept(tx, erasure.id, now=work.now())


async def read_all(blobs: Blobs, org_id: UUID) -> list[bytes]:
    return await blobs.list_beside(f"{FOLDER}/{org_id}")


def written(org_id: UUID, erasure: Erasure) -> bytes:
    assert erasure.certificate is not None, "only what is done is written down"
    signature = secrets.sign(
        _signed(org_id, erasure.id, erasure.certificate), purpose=PURPOSE
    ).hex()
    return msgspec.json.encode(
        Written(
            org_id=org_id,
            erasure_id=erasure.id,
            certificate=erasure.certificate,
            signature=signature,
        )
    )


async def replay(tx: Tx, files: Iterable[bytes], *, now: datetime) -> Replayed:
    """Erase whoever is here again, in one transaction, and suppress their addresses whether they
    are or not. What is not signed by this installation for this company counts as forged and does
    nothing. Done twice it changes nothing more."""
    known = erased = forged = 0
    for content in files:
        one = read(content, tx.actor.org_id)
        if one is None:
            forged += 1
            continue
        known += 1
        await customers.suppress_hashes(tx, one.suppressed, since=now)
        erased += await _erase_again(tx, one, now)
    return Replayed(known=known, erased=erased, forged=forged)


def read(content: bytes, org_id: UUID) -> Written | None:
    """None where we did not write it for this company."""
    try:
        one = msgspec.json.decode(content, type=Written)
        made = bytes.fromhex(one.signature)
    except (msgspec.MsgspecError, ValueError):
        return None
    message = _signed(one.org_id, one.erasure_id, one.certificate)
    if one.org_id != org_id or not secrets.is_signed(message, made, purpose=PURPOSE):
        return None
    return one


async def _erase_again(tx: Tx, one: Written, now: datetime) -> int:
    """Each by each: a backup of before a merge has them apart."""
    count = 0
    while left := await customers.not_erased(tx, one.ids):
        erasure_id = await customers.announce_again(
            tx, left[0], erasure_id=one.erasure_id, reason=REASON, now=now
        )
        await erase.carry_out(tx, erasure_id, now=now)
        # The first file knows more addresses than the backup does: it stays as it was written.
        await customers.note_erasure_kept(tx, erasure_id, now=now)
        count += 1
        assert count <= len(one.ids), "whoever is erased is not there any more"
    return count


def _signed(org_id: UUID, erasure_id: UUID, certificate: dict[str, Any]) -> bytes:
    return org_id.bytes + erasure_id.bytes + seal(certificate).encode()
