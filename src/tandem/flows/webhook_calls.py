"""Messages by webhook go to the company's own addresses, signed as its events are."""

from datetime import datetime
from uuid import UUID

from tandem.contracts.marketing import JourneyTold
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.journey_paths import paths
from tandem.crm.marketing.domain.journeys import Act, Step
from tandem.crm.marketing.service import journeys
from tandem.crm.notifications.domain.calls import Call, keeps_doors
from tandem.crm.notifications.domain.messages import Message
from tandem.crm.webhooks import service as webhooks
from tandem.crm.webhooks.domain import Endpoint
from tandem.kernel.db import Tx

TOLD = JourneyTold.topic
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


@webhooks.uses_endpoints
async def users_of(tx: Tx, endpoint: Endpoint) -> list[str]:
    """Campaigns that have not ended and call it, and journeys that tell nobody but it."""
    calling = [f"the campaign “{name}”" for name in await marketing.calling(tx, endpoint.id)]
    others = [one for one in await webhooks.list_endpoints(tx) if one.id != endpoint.id]
    if TOLD not in endpoint.topics or any(one.is_active and TOLD in one.topics for one in others):
        return calling
    telling = [
        f"the journey “{journey.name}”"
        for journey, plan in await journeys.live_journeys(tx)
        if any(_tells(node.step) for node in paths(plan).values())
    ]
    return calling + telling


def _tells(step: Step) -> bool:
    return isinstance(step, Act) and step.what == "tell_webhooks"


keeps_doors(EndpointDoors())
