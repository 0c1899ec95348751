"""Openings and clicks, and whether a person did them or a machine that looks into mail.

A verdict has a reason and may change: what follows within seconds tells scanners from people. It is
told to others once, when the seconds are over; a later change is told as a change.
"""

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

Verdict = Literal["human", "bot"]
Type = Literal["open", "click", "unsubscribe"]

SETTLED_AFTER = timedelta(seconds=15)
ALL_LINKS_WITHIN = timedelta(seconds=10)
ALL_LINKS_MIN = 2
NEAR_HIDDEN = timedelta(seconds=60)
TOO_SOON = timedelta(seconds=3)
"""After the hand-over: no mailbox shows a message, and nobody reads it, that fast."""

MACHINES = re.compile(
    r"bot\b|crawl|spider|scan|preview|proxy|prefetch|slurp|monitor|checker|validator|headless|"
    r"phantomjs|selenium|puppeteer|playwright|curl|wget|python|java/|go-http|okhttp|libwww|axios|"
    r"node-fetch|barracuda|mimecast|proofpoint|safelinks|bingpreview|facebookexternalhit|"
    r"whatsapp|telegram|slack|skypeuri|linkexpanding|googleimageproxy|yahoomailproxy|ms-office",
    re.IGNORECASE,
)

NETWORKS = tuple(
    ipaddress.ip_network(one)
    for one in (
        "17.0.0.0/8",
        "40.92.0.0/15",
        "40.107.0.0/16",
        "52.100.0.0/14",
        "104.47.0.0/17",
        "67.231.144.0/20",
        "148.163.128.0/19",
        "209.222.80.0/21",
    )
)
"""Whose machines open mail before people do: Apple's privacy proxy, Exchange Online Protection,
Proofpoint, Barracuda, as they publish their ranges."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """`url` is empty for the picture that tells of an opening."""

    id: UUID
    feed: str
    kind: Literal["link", "hidden", "pixel"]
    url: str


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it left: whose it is, and how many links it held."""

    message_id: UUID
    feed: str
    customer_id: UUID | None
    channel: str
    links: int
    left_at: datetime
    variant_id: UUID | None


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a link or a picture, as the edge saw it."""

    method: str
    user_agent: str
    address: str
    at: datetime


class Engagement(msgspec.Struct, frozen=True, kw_only=True):
    """`network` is the address without its last part; `told` is the verdict others have heard."""

    id: UUID
    feed: str
    message_id: UUID | None
    customer_id: UUID | None
    variant_id: UUID | None
    channel: str
    type: Type
    link_id: UUID | None
    url: str
    at: datetime
    method: str
    user_agent: str
    network: str
    verdict: Verdict
    reason: str
    told: Verdict | None = None
    is_by_hand: bool = False


def network_of(address: str) -> str:
    """As much of an address as tells a company's machines from a person's line, and no more."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    width = 24 if found.version == 4 else 48
    return str(ipaddress.ip_network(f"{found}/{width}", strict=False))


def at_first_sight(hit: Hit, kind: str, left_at: datetime | None) -> tuple[Verdict, str]:
    """What one request alone tells."""
    if kind == "hidden":
        return "bot", "hidden_link"
    if hit.method != "GET":
        return "bot", "head"
    if not hit.user_agent.strip() or MACHINES.search(hit.user_agent):
        return "bot", "user_agent"
    if _is_known_network(hit.address):
        return "bot", "data_centre"
    if left_at is not None and hit.at - left_at < TOO_SOON:
        return "bot", "too_soon"
    return "human", "no_sign_of_a_machine"


def judged(found: Sequence[Engagement], links: int) -> list[Engagement]:
    """One message's openings and clicks together, in order of time: what each is after all.

    What somebody decided by hand stays. A verdict once `bot` by a sign of its own stays too.
    """
    clicks = [one for one in found if one.type == "click"]
    swept = _swept(clicks, links)
    traps = [one for one in clicks if one.reason == "hidden_link"]
    after = []
    for one in found:
        verdict, reason = one.verdict, one.reason
        if one.is_by_hand or one.type == "unsubscribe":
            pass
        elif one.id in swept and verdict == "human":
            verdict, reason = "bot", "all_links"
        elif verdict == "human" and any(_is_near(one, trap) for trap in traps):
            verdict, reason = "bot", "near_hidden_link"
        after.append(msgspec.structs.replace(one, verdict=verdict, reason=reason))
    return after


def _is_near(one: Engagement, trap: Engagement) -> bool:
    """From where somebody has just followed a link that no person sees."""
    return one.network == trap.network and abs(one.at - trap.at) <= NEAR_HIDDEN


def _swept(clicks: Sequence[Engagement], links: int) -> set[UUID]:
    """Those of a run that took every link of the message within seconds, from one network."""
    if links < ALL_LINKS_MIN:
        return set()
    swept: set[UUID] = set()
    for first, start in enumerate(clicks):
        run = [
            one
            for one in clicks[first:]
            if one.network == start.network and one.at - start.at <= ALL_LINKS_WITHIN
        ]
        if len({one.link_id or one.url for one in run}) >= links:
            swept |= {one.id for one in run}
    return swept


def _is_known_network(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in NETWORKS if network.version == found.version)
