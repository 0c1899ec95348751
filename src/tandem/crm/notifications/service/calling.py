"""Calling a webhook about one person, as the last step of a message by that channel."""

from uuid import UUID

from tandem.crm.notifications.domain.calls import Call, doors
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.notifications.gateways import calls
from tandem.crm.notifications.gateways.port import HandOver, Refused, TryLater
from tandem.kernel.errors import NotFound
from tandem.kernel.guard import Guard
from tandem.kernel.jobs import Work

ENDPOINT = "endpoint_id"
"""The parameter of a message that says which address it calls."""


async def call(work: Work, message: Message, *, hand_over: HandOver) -> str:
    """The id that the receiver knows it by, the same at every try. Raises as `Carrier.send` does.

    A 410 switches the address off for everybody.
    """
    said = message.parameters.get(ENDPOINT)
    if said is None:
        raise Refused("It is not said which address it calls.")
    endpoint_id = UUID(said)
    opened = await _open(work, endpoint_id, message)
    try:
        await calls.post(work.get(Guard), opened, message.text, hand_over=hand_over)
    except calls.Gone:
        async with work.transaction() as tx:
            await doors().note_gone(tx, endpoint_id)
        raise
    return str(message.id)


async def _open(work: Work, endpoint_id: UUID, message: Message) -> Call:
    try:
        async with work.transaction() as tx:
            opened = await doors().open(tx, endpoint_id, message, work.now())
    except NotFound as reason:
        raise Refused("The webhook's address was removed.") from reason
    if opened is None:
        raise TryLater("The webhook's address is switched off.")
    return opened
