"""What a campaign says, as a reader would see it, and whose words there are to choose from."""

from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain.campaigns import Campaign, Variant
from tandem.crm.notifications.domain import calls, rendering
from tandem.crm.notifications.domain.parts import PART
from tandem.crm.notifications.domain.template_versions import ParameterWrong, Rendered, State
from tandem.crm.notifications.service import templates
from tandem.flows.campaign_calls import body_of, is_call
from tandem.flows.campaign_words import own_words, parameters_of
from tandem.kernel.db import Tx

EXAMPLE = Reachable(
    id=UUID(int=0),
    number="C-1",
    name="Asha Rao",
    company_name="Rao Stores",
    email="asha@example.test",
    phone="+919876543210",
    city="Coonoor",
)
LINKS = {"confirm_link": "/consent/example", "unsubscribe_link": "/u/example"}


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A template's published version that a campaign may speak with."""

    id: UUID
    channel: str
    says: str


async def shown(tx: Tx, campaign: Campaign, variant: Variant) -> Rendered:
    """Filled in for an example person; with the reason instead where it cannot be."""
    company = (await identity.get_organisation(tx)).name
    parameters = parameters_of(EXAMPLE, company=company, links=LINKS)
    try:
        if is_call(campaign):
            return _call(campaign, variant, parameters)
        if variant.template_version_id is None:
            return own_words(campaign, variant, parameters)
        version = await templates.version(tx, variant.template_version_id)
        if version is None:
            return Rendered(subject="", text="Its template is gone.", html="")
        return rendering.render(version, parameters)
    except ParameterWrong as reason:
        return Rendered(subject="", text=f"It cannot be filled in: {reason.detail}", html="")


def _call(campaign: Campaign, variant: Variant, parameters: dict[str, Any]) -> Rendered:
    problems = calls.examine(variant.text)
    if problems:
        return Rendered(subject="", text=problems[0] if variant.text.strip() else "", html="")
    body = body_of(campaign, variant, EXAMPLE, parameters)
    pretty = msgspec.json.format(body, indent=2)
    return Rendered(subject="", text=pretty, html="")


async def wordings(tx: Tx) -> list[Wording]:
    """Every published version, by name."""
    if not tx.actor.may("notifications.read"):
        return []
    found = []
    for template in await templates.list_templates(tx):
        if template.channel == PART:
            continue
        for version in await templates.list_versions(tx, template.id):
            if version.state is State.PUBLISHED:
                says = f"{template.name} · {version.locale} · version {version.number}"
                found.append(Wording(id=version.id, channel=template.channel, says=says))
    return found
