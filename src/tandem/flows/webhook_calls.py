"""Messages by webhook go to the company's own addresses, signed as its events are."""

from datetime import datetime
from uuid import UUID

from tandem.crm.notifications.domain.calls import Call, keeps_doors
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.webhooks import service as webhooks
from tandem.kernel.db import Tx

TEST = "campaign_test"
"""The kind of a message that is only a test; its receiver is told so in a header."""


class EndpointDoors:
    async def open(self, tx: Tx, endpoint_id: UUID, message: Message, now: datetime) -> Call | None:
        signed = await webhooks.sign_call(
            tx.with_all_grants(), endpoint_id, message.id, message.text, now=now
        )
        if signed is None:
            return None
        more = {"tandem-test": "true"} if message.template == TEST else {}
        return Call(url=signed.url, headers={**signed.headers, **more})

    async def note_gone(self, tx: Tx, endpoint_id: UUID) -> None:
        await webhooks.note_gone(tx, endpoint_id)


keeps_doors(EndpointDoors())
