"""The last hand on messages of campaigns and journeys: links that can be followed back, UTM tags,
the dot that tells of an opening."""

from collections.abc import Sequence

import msgspec

from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import Utm, campaign_of
from tandem.crm.marketing.domain.links import (
    addresses_of,
    is_trackable,
    replaced,
    tagged,
    with_at_end,
)
from tandem.crm.notifications.domain.messages import SITE, Channel, Message
from tandem.crm.notifications.domain.outgoing import Content, finishes
from tandem.kernel.db import Tx

HIDDEN = '<a href="{place}" style="display:none" aria-hidden="true" tabindex="-1"></a>'
DOT = '<img src="{place}" width="1" height="1" alt="" style="display:block;border:0">'


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of a stream. Without `is_personal` only how many click is known, not who."""

    clicks: bool = True
    opens: bool = False
    is_personal: bool = True
    utm: Utm = Utm()


async def finish_campaign(tx: Tx, message: Message, content: Content) -> Content:
    campaign_id = campaign_of(message.feed)
    assert campaign_id, "only a campaign's messages come here"
    campaign = await marketing.get_campaign(tx, campaign_id)
    tracking = Tracking(
        clicks=campaign.tracks_clicks and campaign.channel == Channel.EMAIL.value,
        opens=campaign.tracks_opens,
        is_personal=campaign.is_tracking_people,
        utm=campaign.utm or Utm(),
    )
    return await with_links(tx, message, content, tracking)


async def with_links(tx: Tx, message: Message, content: Content, tracking: Tracking) -> Content:
    """The same words with tagged, traceable links. The sender's own pages stay as they are."""
    html, text = _tagged(content.html, tracking, is_html=True), content.text
    text = _tagged(text, tracking, is_html=False)
    found = [*addresses_of(html, is_html=True), *addresses_of(text, is_html=False)]
    trackable = [url for url in dict.fromkeys(found) if is_trackable(url, SITE)]
    wanted = [("link", url) for url in trackable] if tracking.clicks else []
    if message.channel is Channel.EMAIL and html:
        wanted += [("hidden", "")] if wanted else []
        wanted += [("pixel", "")] if tracking.opens else []
    if wanted:
        html, text = await _led_back(tx, message, (html, text), wanted, tracking)
    return msgspec.structs.replace(content, html=html, text=text)


async def _led_back(
    tx: Tx,
    message: Message,
    bodies: tuple[str, str],
    wanted: Sequence[tuple[str, str]],
    tracking: Tracking,
) -> tuple[str, str]:
    now = tx.started_at
    made = await marketing.make_links(
        tx,
        feed=message.feed,
        message_id=message.id if tracking.is_personal else None,
        links=wanted,
        now=now,
    )
    places = {url: f"{SITE}/l/{made[kind, url]}" for kind, url in wanted if kind == "link"}
    if tracking.is_personal:
        await marketing.note_departure(
            tx,
            message_id=message.id,
            feed=message.feed,
            customer_id=message.customer_id,
            channel=message.channel.value,
            links=len(places),
            now=now,
        )
    html = replaced(bodies[0], places, is_html=True)
    for kind, markup in (("hidden", HIDDEN), ("pixel", DOT)):
        if (kind, "") in made:
            at = "l" if kind == "hidden" else "o"
            end = ".gif" if kind == "pixel" else ""
            html = with_at_end(html, markup.format(place=f"{SITE}/{at}/{made[kind, '']}{end}"))
    return html, replaced(bodies[1], places, is_html=False)


def _tagged(body: str, tracking: Tracking, *, is_html: bool) -> str:
    places = {
        url: tagged(url, tracking.utm)
        for url in addresses_of(body, is_html=is_html)
        if is_trackable(url, SITE)
    }
    return replaced(body, places, is_html=is_html) if places else body


finishes("campaign", finish_campaign)
