"""Reactions: what a carrier told by webhook becomes scans."""

from datetime import datetime

import structlog

from tandem.kernel import inbox
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.inbox import WebhookKept
from tandem.scm.shipping.domain.notices import NotANotice
from tandem.scm.shipping.service import accounts

log = structlog.get_logger()


@subscribe(WebhookKept, "shipping.read_webhook")
async def read_webhook(tx: Tx, event: WebhookKept, now: datetime) -> None:
    """The signature was checked before it was kept. What cannot be read stays in the inbox."""
    if not event.provider.startswith(accounts.PROVIDER):
        return
    kept = await inbox.get(tx, event.webhook_id)
    try:
        await accounts.follow_notice(tx, kept, now=now)
    except NotANotice as reason:
        log.warning("webhook_unreadable", webhook_id=str(kept.id), error=str(reason)[:200])
