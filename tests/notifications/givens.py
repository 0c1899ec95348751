"""A post office in a few words: queue, carry, and look into the mailbox."""

from typing import Any, Protocol
from uuid import UUID

import msgspec

from tandem.crm.notifications import service
from tandem.crm.notifications.domain.attempts import Attempt
from tandem.crm.notifications.domain.messages import Lane, Message
from tandem.crm.notifications.jobs import look_up
from tandem.flows.send_messages.lanes import deliver, run_lane
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel.actor import Actor
from tandem.kernel.db import Query
from tandem.kernel.jobs import Work
from tests.sandbox.serving import Sandbox

SITE = "http://shop.test"
BASE = "https://shop.test"
"""Where vendors report to."""
EMAIL = "meera@example.test"
PARAMETERS = {
    "company": "Nilgiri Teas",
    "name": "Meera",
    "order": "SO-1001",
    "promise": "Tue, 24 Nov",
    "track_link": "/track/abc",
    "pay_link": "/pay/abc",
    "pay_until": "22 Nov, 4:00 pm",
    "invoice_link": "/v1/public/orders/abc/invoice.pdf",
    "invoice": "INV/26-27/000001",
    "shipment": "SHP-1",
    "amount": "₹118.00",
    "amount_plain": "Rs 118.00",
    "payment": "Paid",
    "payment_plain": "paid",
    "refund": "₹118.00",
    "refund_plain": "Rs 118.00",
    "reason": "Changed my mind",
    "due": "",
    "code": "482913",
    "complaint": "CMP-1001",
    "complaint_link": "/complaint/abc",
    "about": "Arrived damaged",
    "said": "We send you a new one today.",
    "reset_link": "/reset/abc",
    "what": "Your password was changed.",
    "when": "22 Nov 2026, 10:00 UTC",
    "security_link": "/security",
    "inviter": "Asha",
    "invitation_link": "/invitation/abc",
    "until": "29 Nov 2026",
    "campaign_link": "/campaigns/abc",
    "count": "9",
    "form": "Ask for a sample",
    "confirm_link": "/forms/confirmation/abc",
    "quote": "QUO-1001",
    "valid_until": "29 Nov 2026",
    "note": "As we said on the phone.",
    "quote_link": "/q/abcdefghijklmnopqrstuv",
}

TOLD = Query(
    """
    select topic, key
      from kernel.event
     where org_id = :org_id and topic like 'notifications.%'
     order by seq
    """
)


class Moving(Protocol):
    def advance(self, **span: float) -> None: ...


class Post(msgspec.Struct, frozen=True, kw_only=True):
    work: Work
    actor: Actor
    hands: Any
    sandbox: Sandbox
    phone: str
    """Of this test alone: a gateway's list goes back further than a test."""

    async def queue(
        self,
        *,
        template: str = "order_placed",
        email: str | None = EMAIL,
        phone: str | None = None,
        dedupe: str = "once",
        order_id: UUID | None = None,
        **more: Any,
    ) -> list[UUID]:
        async with self.work.transaction() as tx:
            return await service.send(
                tx,
                template=template,
                order_id=order_id,
                email=email,
                phone=phone,
                parameters=PARAMETERS | more.pop("parameters", {}),
                dedupe=dedupe,
                now=self.work.now(),
                **more,
            )

    async def carry(self, *message_ids: UUID) -> None:
        for message_id in message_ids:
            await deliver(self.work, str(message_id))

    async def sweep(self, **later: float) -> None:
        """What the worker does every few seconds, for every lane."""
        self.hands.advance(**later)
        await tidy(self.work)
        await look_up(self.work)
        for lane in Lane:
            await run_lane(self.work, lane, seconds=20)

    async def read(self, message_id: UUID) -> Message:
        async with self.work.transaction() as tx:
            return await service.get_message(tx, message_id)

    async def history(self, message_id: UUID) -> list[str]:
        async with self.work.transaction() as tx:
            found: list[Attempt] = await service.list_attempts(tx, message_id)
        return [attempt.outcome for attempt in found]

    async def told(self) -> list[str]:
        async with self.work.transaction() as tx:
            return [row["topic"].split(".")[1] for row in await tx.records(TOLD)]

    def mailbox(self, kind: str) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.sandbox.http.get(f"/api/messages?kind={kind}").json()
        return found


def header(mail: dict[str, Any], name: str) -> str:
    return next(str(value) for found, value in mail["headers"] if found.lower() == name.lower())
