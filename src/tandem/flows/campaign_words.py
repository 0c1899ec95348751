"""What a campaign says to one person: a template's version, or the variant's own words."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.marketing.domain.campaigns import (
    Campaign,
    CampaignIncomplete,
    Channel,
    Variant,
    written,
)
from tandem.crm.notifications.domain import rendering
from tandem.crm.notifications.domain.template_versions import (
    Content,
    Rendered,
    State,
    TemplateVersion,
    Variable,
)

OWN = UUID(int=0)
ADDRESS = re.compile(r"(https?://[^\s<>\"'{}]*[^\s<>\"'{}.,;:!?)]|\{\{\s*[a-z_]+_link\s*\}\})")
"""One on the web, or one that is filled in."""
LOOK = (
    "margin:0;padding:24px;max-width:600px;"
    "font:15px/1.55 -apple-system,Segoe UI,Roboto,sans-serif;color:#1d1d1b"
)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When words that are kept nowhere were made."""
CONFIRM = Variable(name="confirm_link", kind="link", example="/consent/example")
"""Where somebody says yes, in a campaign that asks for their consent."""


def check_words(channel: Channel, variant: Variant) -> None:
    """Refuses words that could not be filled, or that hide something in them."""
    problems = rendering.examine(_content(channel, variant), channel)
    if problems:
        raise CampaignIncomplete(
            f"Variant {variant.name}: {problems[0]}", field="variants", problems=problems
        )


def own_words(campaign: Campaign, variant: Variant, parameters: dict[str, Any]) -> Rendered:
    """The variant's own words for one person. Raises ParameterWrong."""
    return words_of(campaign.channel, variant, parameters)


def words_of(channel: Channel, variant: Variant, parameters: dict[str, Any]) -> Rendered:
    """Words that no template has, for one person. Raises ParameterWrong."""
    return rendering.render(version_of(channel, variant), parameters)


def parameters_of(
    person: Reachable, *, company: str, links: dict[str, str] | None = None
) -> dict[str, Any]:
    """What a campaign's words may name of somebody, by the names all templates know."""
    first, _, last = person.name.partition(" ")
    return {
        "company": company,
        "name": first,
        "customer": {
            "name": person.name,
            "first_name": first,
            "last_name": last,
            "company": person.company_name,
            "email": person.email or "",
            "phone": person.phone or "",
            "city": person.city,
            "number": person.number,
        },
        **(links or {}),
    }


def _content(channel: Channel, variant: Variant) -> Content:
    if channel is Channel.EMAIL:
        source = variant.html or _paragraphs(variant.text)
        return Content(
            format="html",
            subject=variant.subject,
            source=source,
            text=variant.text,
            variables=[CONFIRM],
        )
    return Content(format="text", source=variant.text, variables=[CONFIRM])


def _paragraphs(text: str) -> str:
    """Plain words as a letter: paragraphs, and addresses that can be followed."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    linked = ADDRESS.sub(r'<a href="\1">\1</a>', safe)
    blocks = (block.strip().replace("\n", "<br>") for block in linked.split("\n\n"))
    inner = "".join(f'<p style="margin:0 0 14px">{block}</p>' for block in blocks if block)
    return f'<html><body style="{LOOK}">{inner}</body></html>'


def version_of(channel: Channel, variant: Variant) -> TemplateVersion:
    """The variant's words in the form that the renderer takes; kept nowhere. Making it costs as
    much as a letter: make it once for many people."""
    content = _content(channel, variant)
    letter = rendering.compiled(content)
    return TemplateVersion(
        id=OWN,
        template_id=OWN,
        key="campaign",
        channel=written(channel),
        locale="en",
        number=1,
        state=State.PUBLISHED,
        format=content.format,
        subject=content.subject,
        preheader="",
        source=content.source,
        html=letter.html,
        text=content.text,
        variables=content.variables,
        dlt_template_id="",
        note="",
        sha256="",
        version=1,
        created_by="",
        created_at=NEVER,
        updated_at=NEVER,
        published_at=None,
        archived_at=None,
    )
