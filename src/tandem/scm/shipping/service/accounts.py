"""Who tells us of parcels by webhook, what it signs with, and what it told."""

import secrets as random
from datetime import datetime
from uuid import UUID

import structlog

from tandem.kernel import audit, references
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.inbox import Webhook
from tandem.kernel.references import Reference
from tandem.kernel.signatures import is_signed
from tandem.scm.shipping.domain.notices import (
    AccountNameTaken,
    CarrierAccount,
    Form,
    Notice,
    Secrets,
    read_notice,
)
from tandem.scm.shipping.service.scanning import TooManyScans, record_scan
from tandem.scm.shipping.store import accounts as store

log = structlog.get_logger()

SYSTEM, KIND = "carrier", "account"
PROVIDER = "carrier_"
"""Before the form, as the inbox knows a carrier's webhooks."""
SECRET_BYTES = 32
MARK = "hmac-sha256-hex="


async def add_account(
    tx: Tx, *, name: str, form: Form, now: datetime
) -> tuple[CarrierAccount, str]:
    """With the secret it has to sign with, told this once. Raises AccountNameTaken."""
    tx.actor.require("shipping.configure")
    account = CarrierAccount(id=new_id(), name=name, form=form, heard_at=None, created_at=now)
    secret = random.token_urlsafe(SECRET_BYTES)
    if not await store.insert(tx, account, Secrets(current=secret)):
        raise AccountNameTaken(f"There is a carrier account {name!r} already.", field="name")
    reference = Reference(
        system=SYSTEM,
        kind=KIND,
        external_id=str(account.id),
        entity_kind="carrier_account",
        entity_id=account.id,
    )
    await references.add(tx, reference)
    await _audit(tx, "add_carrier_account", account, now)
    return account, secret


async def list_accounts(tx: Tx) -> list[CarrierAccount]:
    tx.actor.require("shipping.configure")
    return await store.list_accounts(tx)


async def rotate_secret(tx: Tx, account_id: UUID, *, now: datetime) -> str:
    """A new one; the previous one is taken until the next change."""
    tx.actor.require("shipping.configure")
    account = await _lock(tx, account_id)
    before = await store.read_secrets(tx, account_id)
    assert before, "it is locked"
    after = Secrets(current=random.token_urlsafe(SECRET_BYTES), previous=before.current)
    await store.save_secrets(tx, account_id, after)
    await _audit(tx, "change_carrier_secret", account, now)
    return after.current


async def remove_account(tx: Tx, account_id: UUID, *, now: datetime) -> None:
    """Nothing it sends is taken any more; what it told stays."""
    tx.actor.require("shipping.configure")
    account = await _lock(tx, account_id)
    await store.remove(tx, account_id)
    await _audit(tx, "remove_carrier_account", account, now)


async def genuine_account(
    tx: Tx, account_id: UUID, body: bytes, signature: str, now: datetime
) -> CarrierAccount | None:
    """The account whose secret signed these bytes; None for anything else."""
    known = await store.read_secrets(tx, account_id)
    given = signature.removeprefix(MARK)
    if known is None or not is_signed([known.current, known.previous], body, given):
        return None
    await store.note_heard(tx, account_id, now)
    return await store.lock(tx, account_id)


async def follow_notice(tx: Tx, kept: Webhook, *, now: datetime) -> int:
    """Record what it says of its parcel; how many scans were taken. Scans that cannot be, such as
    one of last year, are left out, and so is a number that is no parcel of ours."""
    form = Form(kept.provider.removeprefix(PROVIDER))
    notice: Notice = read_notice(form, kept.body)
    shipment_id = await store.shipment_of_awb(tx, notice.awb)
    if shipment_id is None:
        log.info("carrier_notice_of_nothing", webhook_id=str(kept.id))
        return 0
    taken = 0
    for seen in sorted(notice.scans, key=lambda each: each.occurred_at):
        try:
            await record_scan(
                tx,
                shipment_id=shipment_id,
                status=seen.status,
                occurred_at=seen.occurred_at,
                now=now,
                code=seen.code,
                reason=seen.reason,
                location=seen.location,
                source=str(form),
            )
            taken += 1
        except (Invalid, TooManyScans) as reason:
            log.info("carrier_scan_left_out", webhook_id=str(kept.id), error=reason.code)
    return taken


async def _lock(tx: Tx, account_id: UUID) -> CarrierAccount:
    found = await store.lock(tx, account_id)
    if found is None:
        raise NotFound("There is no such carrier account.")
    return found


async def _audit(tx: Tx, what: str, account: CarrierAccount, now: datetime) -> None:
    """Without a secret in it."""
    await audit.write(
        tx,
        action=f"shipping.{what}",
        subject_kind="carrier_account",
        subject_id=account.id,
        now=now,
        after={"name": account.name, "form": account.form},
    )
