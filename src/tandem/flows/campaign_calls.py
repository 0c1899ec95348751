"""Campaigns that call a webhook about each person: what they say, and where it goes."""

from typing import Any
from uuid import UUID

from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.marketing.domain.campaigns import (
    Campaign,
    CampaignIncomplete,
    Channel,
    Plan,
    Variant,
)
from tandem.crm.notifications.domain import calls
from tandem.crm.webhooks import service as webhooks
from tandem.crm.webhooks.domain import Endpoint
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound

TESTED = "test"
"""Whom a test names as its recipient."""


def is_call(campaign: Campaign | Plan) -> bool:
    return campaign.channel is Channel.WEBHOOK


def address_of(campaign: Campaign, person: Reachable) -> str:
    """By which the campaign's channel knows a person: a call names them, and goes to one address
    for all."""
    return person.number if is_call(campaign) else person.address(campaign.channel)


def check_call(variant: Variant) -> None:
    """Refuses a body that is no JSON, or whose values could not be filled in."""
    problems = calls.examine(variant.text)
    if problems:
        raise CampaignIncomplete(
            f"Variant {variant.name}: {problems[0]}", field="variants", problems=problems
        )


def body_of(
    campaign: Campaign, variant: Variant, person: Reachable, parameters: dict[str, Any]
) -> str:
    """The call about one person. Raises ParameterWrong."""
    more = {
        "customer": {**parameters["customer"], "id": str(person.id)},
        "campaign": {"id": str(campaign.id), "name": campaign.name},
        "variant": variant.name,
    }
    return calls.filled(variant.text, {**parameters, **more})


async def check_endpoint(tx: Tx, plan: Plan) -> None:
    """Refuses an address that is not there: another company's is not either."""
    if plan.endpoint_id is not None:
        await _endpoint(tx, plan.endpoint_id)


async def check_reachable(tx: Tx, campaign: Campaign) -> None:
    """Refuses to begin, or to test, what calls nobody."""
    if not is_call(campaign):
        return
    if campaign.endpoint_id is None:
        raise CampaignIncomplete("Say which webhook it calls.", field="endpoint_id")
    if not (await _endpoint(tx, campaign.endpoint_id)).is_active:
        raise CampaignIncomplete("The webhook it calls is switched off.", field="endpoint_id")


async def endpoints(tx: Tx) -> list[Endpoint]:
    """Those that can be called, to choose from."""
    found = await webhooks.list_endpoints(tx.with_all_grants())
    return [one for one in found if one.is_active]


async def _endpoint(tx: Tx, endpoint_id: UUID) -> Endpoint:
    try:
        return await webhooks.get_endpoint(tx.with_all_grants(), endpoint_id)
    except NotFound as reason:
        raise NotFound("There is no such webhook.", field="endpoint_id") from reason
