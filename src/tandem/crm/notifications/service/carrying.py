"""Taking one message to the other side, by the company's own providers or the installation's ways.

No transaction is open while it travels.
"""

from uuid import UUID

import msgspec

from tandem.crm.notifications.domain.messages import Channel
from tandem.crm.notifications.gateways.port import HandOver, Leaving, Mailer, Texter
from tandem.kernel.jobs import Work


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """`provider_id` is None where the installation's own way was taken."""

    provider_id: UUID | None
    provider_message_id: str


async def carry(work: Work, leaving: Leaving, *, hand_over: HandOver) -> Carried:
    """Hand it over once. Raises Refused, TryLater or OutcomeUnknown; see gateways.port."""
    message = leaving.message
    if message.channel is Channel.EMAIL:
        taken = await work.get(Mailer).send(message, hand_over=hand_over, headers=leaving.headers)
    else:
        taken = await work.get(Texter).send(message, org_id=leaving.org_id, hand_over=hand_over)
    return Carried(provider_id=None, provider_message_id=taken)
