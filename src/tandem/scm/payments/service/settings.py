"""A company's payment settings: when authorised money is taken."""

from datetime import datetime

import msgspec

from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.scm.payments.domain import CaptureAt, PaymentSettings, PaymentSettingsChange
from tandem.scm.payments.store import settings as store

DEFAULTS = PaymentSettings()


async def get_settings(tx: Tx) -> PaymentSettings:
    return await store.find(tx) or DEFAULTS


async def save_settings(tx: Tx, change: PaymentSettingsChange, *, now: datetime) -> PaymentSettings:
    """Counts for every payment that is not captured yet, whenever it was authorised."""
    tx.actor.require("payments.configure")
    before = await get_settings(tx)
    after = await store.save(tx, change.capture_at)
    await audit.write(
        tx,
        action="payments.configure",
        subject_kind="organisation",
        subject_id=tx.actor.org_id,
        now=now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(after),
    )
    return after


async def is_captured_at_dispatch(tx: Tx) -> bool:
    return (await get_settings(tx)).capture_at is CaptureAt.DISPATCH
