"""The desk as its company set it up."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.scm.support.domain.desk import Desk, check_desk
from tandem.scm.support.domain.rules import check_rules_shown
from tandem.scm.support.store import settings as store

SUBJECT = UUID(int=0)
"""The document is the organisation's own: it has no id besides."""


class HeldDesk(msgspec.Struct, frozen=True, kw_only=True):
    """Version 0 is the usual desk, never saved."""

    desk: Desk
    version: int


async def get_desk(tx: Tx) -> HeldDesk:
    stored = await store.find(tx)
    if stored is None:
        return HeldDesk(desk=Desk(), version=0)
    return HeldDesk(desk=stored.document, version=stored.version)


async def lock_desk(tx: Tx) -> int:
    """The version, held until the transaction ends; for `If-Match`."""
    tx.actor.require("support.configure")
    return await store.lock_version(tx)


async def save_desk(tx: Tx, desk: Desk, *, now: datetime) -> HeldDesk:
    """Replace it whole. Complaints opened before keep the times they were given.

    Raises DeskWrong and CalendarWrong, and FieldKept for a condition that is new and asks for what
    is hidden from its author.
    """
    tx.actor.require("support.configure")
    check_desk(desk)
    before = await get_desk(tx)
    check_rules_shown(desk.rules, before.desk.rules, tx.actor.hidden)
    version = await store.save(tx, desk, now)
    await audit.write(
        tx,
        action="support.configure",
        subject_kind="support_settings",
        subject_id=SUBJECT,
        before=msgspec.to_builtins(before.desk),
        after=msgspec.to_builtins(desk),
        now=now,
    )
    return HeldDesk(desk=desk, version=version)
