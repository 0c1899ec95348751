"""The last hand on messages of campaigns and journeys: links that can be followed back, UTM tags,
the dot that tells of an opening, and the way to say no, for people and for mail programs."""

from collections.abc import Mapping, Sequence
from email.utils import formataddr
from uuid import UUID

import msgspec

from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.domain.campaigns import Campaign, Utm, campaign_of
from tandem.crm.marketing.domain.links import (
    addresses_of,
    is_trackable,
    replaced,
    tagged,
    with_at_end,
)
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import SERVICE, SITE, Channel, Message
from tandem.crm.notifications.domain.outgoing import Content, Worded, finishes
from tandem.crm.notifications.service import deciding
from tandem.kernel.db import Tx

TEXTS = frozenset({Channel.SMS, Channel.WHATSAPP})
HIDDEN = '<a href="{place}" style="display:none" aria-hidden="true" tabindex="-1"></a>'
LEAVE = (
    '<p style="margin:24px 0 0;font-size:12px;color:#6b6b6b">'
    '<a href="{place}" style="color:#6b6b6b">Unsubscribe</a></p>'
)
DOT = '<img src="{place}" width="1" height="1" alt="" style="display:block;border:0">'


class Tracking(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted of a stream. Without `is_personal` only how many click is known, not who."""

    clicks: bool = True
    opens: bool = False
    is_personal: bool = True
    utm: Utm = Utm()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """Words with tagged addresses, and which (kind, address) of them is to be led through us."""

    message: Message
    content: Content
    wanted: list[tuple[str, str]]

    @property
    def links(self) -> list[str]:
        return [url for kind, url in self.wanted if kind == "link"]


async def finish_campaign(tx: Tx, worded: Sequence[Worded]) -> list[Content]:
    """Of one campaign: what is the same for all of them is asked once."""
    if worded[0][0].channel is Channel.WEBHOOK:
        return [content for _, content in worded]
    campaign_id = campaign_of(worded[0][0].feed)
    assert campaign_id, "only a campaign's messages come here"
    campaign = await marketing.get_campaign(tx, campaign_id)
    channel = worded[0][0].channel
    tracking = Tracking(
        clicks=campaign.tracks_clicks and await _may_follow(tx, channel),
        opens=campaign.tracks_opens,
        is_personal=campaign.is_tracking_people,
        utm=campaign.utm or Utm(),
    )
    own = await _from(tx, campaign, channel)
    ready = [
        (message, _with_headers(_left(tx, message, content, campaign.purpose), own))
        for message, content in worded
    ]
    return await with_links(tx, ready, tracking)


def _left(tx: Tx, message: Message, content: Content, purpose: str) -> Content:
    return with_way_out(message, content, tx.actor.org_id, purpose)


def _with_headers(content: Content, more: Mapping[str, str]) -> Content:
    if not more:
        return content
    return msgspec.structs.replace(content, headers={**content.headers, **more})


async def _from(tx: Tx, campaign: Campaign, channel: Channel) -> dict[str, str]:
    """Asked again at the last moment: a domain that is not one's own any more is not used, and the
    messages leave from the usual address."""
    if campaign.from_address_id is None or channel is not Channel.EMAIL:
        return {}
    sender = await marketing.get_address(tx, campaign.from_address_id)
    return {"From": formataddr((sender.name, sender.address))} if sender.is_verified else {}


async def finish_journey(tx: Tx, worded: Sequence[Worded]) -> list[Content]:
    clicks = await _may_follow(tx, worded[0][0].channel)
    ready = [(one, _left(tx, one, content, one.purpose)) for one, content in worded]
    return await with_links(tx, ready, Tracking(clicks=clicks))


async def finish_alone(tx: Tx, worded: Sequence[Worded]) -> list[Content]:
    """Of no stream: a promotion says how to leave, whoever asked for it to be sent."""
    return [_left(tx, one, content, one.purpose) for one, content in worded]


async def _may_follow(tx: Tx, channel: Channel) -> bool:
    """In texts and chats only where the company has its addresses shortened."""
    if channel is Channel.EMAIL:
        return True
    return channel in TEXTS and (await deciding.rules_in_force(tx)).shortens_links


def way_out(org_id: UUID, person: Reachable, purpose: str, channel: str) -> dict[str, str]:
    """The link for `{{ unsubscribe_link }}`, before there is a message that it could name."""
    token = notifications.unsubscribe_token(
        org_id, person.id, purpose, channel, person.address(channel)
    )
    return {"unsubscribe_link": f"/u/{token}", "preferences_link": f"/u/{token}"}


def with_way_out(message: Message, content: Content, org_id: UUID, purpose: str) -> Content:
    """One click for mail programs (RFC 8058), and a link that people see: the writer's own where
    there is one, else below the rest. Both name the message, so that it is known where they left.
    """
    if message.customer_id is None or message.channel is not Channel.EMAIL or purpose == SERVICE:
        return content
    about = (org_id, message.customer_id, purpose, message.channel.value, message.recipient)
    written = notifications.unsubscribe_token(*about)
    token = notifications.unsubscribe_token(*about, message_id=message.id)
    html = content.html.replace(f"/u/{written}", f"/u/{token}")
    text = content.text.replace(f"/u/{written}", f"/u/{token}")
    place = f"{SITE}/u/{token}"
    if html and place not in html:
        html = with_at_end(html, LEAVE.format(place=place))
    if place not in text:
        text = f"{text.rstrip()}\n\nUnsubscribe: {place}\n"
    headers = {
        **content.headers,
        **notifications.unsubscribe_headers(SITE, token),
        "List-ID": f"<{purpose}.{org_id}.list>",
    }
    return msgspec.structs.replace(content, html=html, text=text, headers=headers)


async def with_links(tx: Tx, worded: Sequence[Worded], tracking: Tracking) -> list[Content]:
    """The same words with tagged, traceable links, of one stream and channel. The sender's own
    pages stay as they are."""
    if worded[0][0].channel in TEXTS:
        return await _with_short_links(tx, worded, tracking)
    drafts = [_draft(message, content, tracking) for message, content in worded]
    made = await marketing.make_links(
        tx,
        feed=worded[0][0].feed,
        wanted=[(one.message.id if tracking.is_personal else None, one.wanted) for one in drafts],
        now=tx.started_at,
    )
    if tracking.is_personal:
        await _note_departures(tx, [(one.message, len(one.links)) for one in drafts if one.wanted])
    return [_led_back(one, tokens) for one, tokens in zip(drafts, made, strict=True)]


def _draft(message: Message, content: Content, tracking: Tracking) -> Draft:
    html = _tagged(content.html, tracking, is_html=True)
    text = _tagged(content.text, tracking, is_html=False)
    found = [*addresses_of(html, is_html=True), *addresses_of(text, is_html=False)]
    trackable = [url for url in dict.fromkeys(found) if is_trackable(url, SITE)]
    wanted = [("link", url) for url in trackable] if tracking.clicks else []
    if message.channel is Channel.EMAIL and html:
        wanted += [("hidden", "")] if wanted else []
        wanted += [("pixel", "")] if tracking.opens else []
    words = msgspec.structs.replace(content, html=html, text=text)
    return Draft(message=message, content=words, wanted=wanted)


async def _with_short_links(tx: Tx, worded: Sequence[Worded], tracking: Tracking) -> list[Content]:
    """A text's addresses are as long as they are read: a code stands for each, tags and all. The
    words as they were written stay beside, for where they are registered to the character."""
    leads = [_leads(content.text, tracking) for _, content in worded]
    made = await marketing.make_short_links(
        tx,
        feed=worded[0][0].feed,
        wanted=[
            (one.id if tracking.is_personal else None, list(dict.fromkeys(lead.values())))
            for (one, _), lead in zip(worded, leads, strict=True)
        ],
        now=tx.started_at,
    )
    places = [
        {url: f"{SITE}/l/{codes[led]}" for url, led in lead.items() if led in codes}
        for lead, codes in zip(leads, made, strict=True)
    ]
    if tracking.is_personal:
        left = [(one, len(at)) for (one, _), at in zip(worded, places, strict=True) if at]
        await _note_departures(tx, left)
    return [
        _shortened(content, at, tracking) for (_, content), at in zip(worded, places, strict=True)
    ]


def _leads(text: str, tracking: Tracking) -> dict[str, str]:
    """A text's addresses as they are written, and where a code of each is to lead."""
    if not tracking.clicks:
        return {}
    found = [url for url in addresses_of(text, is_html=False) if is_trackable(url, SITE)]
    return {url: tagged(url, tracking.utm) for url in found}


def _shortened(content: Content, places: Mapping[str, str], tracking: Tracking) -> Content:
    written = content.text
    tags = _tagged(written, tracking, is_html=False)
    text = replaced(written, places, is_html=False) if places else tags
    unshortened = written if text != written else ""
    return msgspec.structs.replace(content, text=text, unshortened=unshortened)


async def _note_departures(tx: Tx, leaving: Sequence[tuple[Message, int]]) -> None:
    """Each with how many links it has; all of one stream and channel."""
    if not leaving:
        return
    first = leaving[0][0]
    await marketing.note_departures(
        tx,
        [(message.id, message.customer_id, links) for message, links in leaving],
        feed=first.feed,
        channel=first.channel.value,
        now=tx.started_at,
    )


def _led_back(draft: Draft, made: Mapping[tuple[str, str], str]) -> Content:
    if not made:
        return draft.content
    places = {url: f"{SITE}/l/{made['link', url]}" for url in draft.links if ("link", url) in made}
    html = replaced(draft.content.html, places, is_html=True)
    for kind, markup in (("hidden", HIDDEN), ("pixel", DOT)):
        if (kind, "") in made:
            at = "l" if kind == "hidden" else "o"
            end = ".gif" if kind == "pixel" else ""
            html = with_at_end(html, markup.format(place=f"{SITE}/{at}/{made[kind, '']}{end}"))
    text = replaced(draft.content.text, places, is_html=False)
    return msgspec.structs.replace(draft.content, html=html, text=text)


def _tagged(body: str, tracking: Tracking, *, is_html: bool) -> str:
    places = {
        url: tagged(url, tracking.utm)
        for url in addresses_of(body, is_html=is_html)
        if is_trackable(url, SITE)
    }
    return replaced(body, places, is_html=is_html) if places else body


finishes("campaign", finish_campaign)
finishes("journey", finish_journey)
finishes("", finish_alone)
