"""Links that say no, and the headers that let a mail program say it (RFC 8058)."""

from uuid import UUID

from tandem.contracts.notifications import MessageEngaged
from tandem.crm.notifications import store
from tandem.crm.notifications.domain.opting_out import OptOutLink, packed, unpacked
from tandem.crm.notifications.service.telling import facts_of
from tandem.kernel import secrets
from tandem.kernel.db import Tx

PURPOSE = "notifications.opting_out"


def unsubscribe_token(
    org_id: UUID,
    customer_id: UUID,
    purpose: str,
    channel: str,
    address: str,
    *,
    message_id: UUID | None = None,
) -> str:
    """For `/u/{token}` (the page) and `/v1/public/unsubscribe/{token}` (one click). It costs no
    row and does not expire: a right to say no has no date. Keys that are taken out of
    TANDEM_SECRET_KEYS end the links they signed."""
    return packed(
        org_id,
        customer_id,
        purpose=purpose,
        channel=channel,
        address=address,
        message_id=message_id,
        sign=lambda head: secrets.sign(head, purpose=PURPOSE),
    )


def read_token(token: str) -> OptOutLink:
    """Raises LinkUnknown."""
    return unpacked(token, lambda head, made: secrets.is_signed(head, made, purpose=PURPOSE))


def unsubscribe_headers(base_url: str, token: str) -> dict[str, str]:
    """RFC 2369 and RFC 8058: a mail program POSTs to the address, a person who opens it in a
    browser is led to the page. Sign both headers with DKIM."""
    return {
        "List-Unsubscribe": f"<{base_url.rstrip('/')}/v1/public/unsubscribe/{token}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


async def tell_opted_out(tx: Tx, link: OptOutLink) -> None:
    """Whoever counts campaigns hears which message it was."""
    if link.message_id is None:
        return
    message = await store.find(tx, link.message_id)
    if message is not None:
        facts = facts_of(message)
        await tx.publish(MessageEngaged(**facts, action="unsubscribed", at=tx.started_at))
