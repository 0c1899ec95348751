"""What notifications do when others tell."""

from datetime import datetime
from urllib.parse import parse_qsl
from uuid import UUID

from tandem.crm.notifications import service
from tandem.crm.notifications.domain import SMS_PROVIDER
from tandem.kernel import inbox
from tandem.kernel.db import Tx
from tandem.kernel.events import subscribe
from tandem.kernel.inbox import WebhookKept


@subscribe(WebhookKept, "notifications.apply_receipt")
async def apply_receipt(tx: Tx, event: WebhookKept, now: datetime) -> None:
    """A text gateway's report; its subject is our message's id."""
    if event.provider != SMS_PROVIDER:
        return
    kept = await inbox.get(tx, event.webhook_id)
    form = dict(parse_qsl(kept.body.decode("utf-8", "replace")))
    code = form.get("ErrorCode", "")
    await service.apply_receipt(
        tx,
        UUID(event.subject),
        provider_message_id=form.get("MessageSid", ""),
        receipt=form.get("MessageStatus", ""),
        reason=f"The gateway reports error {code}." if code else "",
        now=now,
    )
