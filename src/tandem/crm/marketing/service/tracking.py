"""Links of messages as they leave, and what is done with them: recorded, judged, told."""

import secrets as chance
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.marketing import (
    CampaignClicked,
    CampaignOpened,
    CampaignUnsubscribed,
    EngagementRejudged,
)
from tandem.crm.marketing.domain.campaigns import campaign_of, journey_of
from tandem.crm.marketing.domain.engagement import (
    SETTLED_AFTER,
    Departure,
    Engagement,
    Hit,
    Link,
    Type,
    Verdict,
    at_first_sight,
    judged,
    network_of,
)
from tandem.crm.marketing.domain.links import (
    CODE_ALPHABET,
    CODE_LENGTH,
    PURPOSE,
    LinkWrong,
    Reference,
    token_of,
)
from tandem.crm.marketing.domain.permissions import READ, WRITE
from tandem.crm.marketing.store import engagement as store
from tandem.crm.marketing.store import short_links
from tandem.kernel import audit, secrets
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

UNTOLD_AT_ONCE = 200
CODES_TRIED_MAX = 5
"""Draws until a code is free; a second one is needed once in a lifetime."""


async def make_links(
    tx: Tx,
    *,
    feed: str,
    wanted: Sequence[tuple[UUID | None, Sequence[tuple[str, str]]]],
    now: datetime,
) -> list[dict[tuple[str, str], str]]:
    """For each message, `(kind, address)` → a token for it, or for nobody where its id is None."""
    every = list(dict.fromkeys(link for _, links in wanted for link in links))
    ids = await store.put_links(tx, feed, every, now) if every else {}
    return [
        {link: _token(tx, ids[link], message_id) for link in links if link in ids}
        for message_id, links in wanted
    ]


def _token(tx: Tx, link_id: UUID, message_id: UUID | None) -> str:
    return token_of(
        Reference(org_id=tx.actor.org_id, link_id=link_id, message_id=message_id),
        lambda head: secrets.sign(head, purpose=PURPOSE),
    )


async def make_short_links(
    tx: Tx, *, feed: str, wanted: Sequence[tuple[UUID | None, Sequence[str]]], now: datetime
) -> list[dict[str, str]]:
    """For each message, address → a code for it, or for nobody where its id is None."""
    every = list(dict.fromkeys(url for _, urls in wanted for url in urls))
    if not every:
        return [{} for _ in wanted]
    ids = await store.put_links(tx, feed, [("link", url) for url in every], now)
    asked = [
        {url: (ids["link", url], message_id) for url in urls if ("link", url) in ids}
        for message_id, urls in wanted
    ]
    every_place = dict.fromkeys(place for places in asked for place in places.values())
    codes: dict[short_links.Place, str] = {}
    for _ in range(CODES_TRIED_MAX):
        places = [place for place in every_place if place not in codes]
        if not places:
            break
        codes |= await short_links.put(tx, [_code() for _ in places], places, now=now)
    return [
        {url: codes[place] for url, place in places.items() if place in codes} for places in asked
    ]


def _code() -> str:
    return "".join(chance.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


async def find_short_link(database: Database, code: str) -> Reference:
    """Whose link it is; for who knows no company yet. Raises LinkWrong."""
    found = await short_links.find(database, code)
    if found is None:
        raise LinkWrong("This is not a link of ours.")
    return found


async def note_departures(
    tx: Tx,
    leaving: Sequence[tuple[UUID, UUID | None, int]],
    *,
    feed: str,
    channel: str,
    now: datetime,
) -> None:
    """Messages (id, customer, number of links) are about to be handed over: whoever clicks in one
    later is known by it."""
    await store.depart(tx, leaving, feed=feed, channel=channel, left_at=now)


async def record_hit(tx: Tx, reference: Reference, hit: Hit) -> Link:
    """Somebody or something asked for a link or a picture; where it leads. Raises LinkWrong for a
    link that is not there any more."""
    link = await store.get_link(tx, reference.link_id)
    if link is None:
        raise LinkWrong("This is not a link of ours.")
    left = None
    if reference.message_id is not None:
        left = await store.get_departure(tx, reference.message_id)
    verdict, reason = at_first_sight(hit, link.kind, left.left_at if left else None)
    await store.add(tx, _engagement(link, reference.message_id, left, hit, verdict, reason))
    return link


async def record_told(
    tx: Tx,
    *,
    message_id: UUID,
    feed: str,
    kind: Type,
    url: str,
    hit: Hit,
    event: str,
    purpose: str = "",
) -> bool:
    """Somebody else tells of an opening, a click or a no; False when they did before."""
    left = await store.get_departure(tx, message_id)
    verdict, reason = at_first_sight(hit, "link", left.left_at if left else None)
    if kind == "unsubscribe":
        verdict, reason = "human", "asked_for"
    seen = _engagement(
        Link(id=message_id, feed=feed, kind="link", url=url), message_id, left, hit, verdict, reason
    )
    told = msgspec.structs.replace(seen, type=kind, link_id=None)
    is_new = await store.add(tx, told, provider_event=event[:200])
    if is_new and kind == "unsubscribe":
        facts = {name: _facts(told)[name] for name in CampaignUnsubscribed.__struct_fields__[:-1]}
        await tx.publish(CampaignUnsubscribed(**facts, purpose=purpose))
    return is_new


async def settle(tx: Tx, *, now: datetime) -> int:
    """Judge what happened some seconds ago and tell others, each once; how many were told."""
    before = now - SETTLED_AFTER
    told = 0
    for message_id in await store.untold(tx, before=before, count=UNTOLD_AT_ONCE):
        told += await _settle_message(tx, message_id, before)
    alone = await store.untold_alone(tx, before=before, count=UNTOLD_AT_ONCE)
    if alone:
        await store.judge(tx, alone, [True] * len(alone))
    return told + len(alone)


async def overrule(
    tx: Tx, engagement_id: UUID, verdict: Verdict, *, reason: str, now: datetime
) -> Engagement:
    """Somebody knows better; whoever counted the other verdict is told."""
    tx.actor.require(WRITE)
    known = await store.get(tx, engagement_id)
    if known is None:
        raise NotFound("There is no such opening or click.")
    await store.overrule(tx, engagement_id, verdict, reason)
    await audit.write(
        tx,
        action="marketing.overrule",
        subject_kind="engagement",
        subject_id=engagement_id,
        now=now,
        before={"verdict": known.verdict, "reason": known.reason},
        after={"verdict": verdict, "reason": reason},
    )
    after = msgspec.structs.replace(
        known, verdict=verdict, reason=reason, told=verdict, is_by_hand=True
    )
    if known.message_id is not None and known.told is None:
        await _tell(tx, [after])
    elif known.message_id is not None and known.told != verdict:
        await _tell_change(tx, after, known.told)
    return after


async def list_engagement(
    tx: Tx,
    feed: str,
    *,
    limit: int,
    cursor: str | None = None,
    kind: Type | None = None,
    verdict: Verdict | None = None,
) -> Page[Engagement]:
    """Newest first."""
    tx.actor.require(READ)
    before: UUID | None = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await store.list_engagement(
        tx, feed, kind=kind, verdict=verdict, before_id=before, count=limit + 1
    )
    return page_of(found, limit, lambda one: (one.id,))


async def erase_person(tx: Tx, customer_id: UUID) -> int:
    """Counts stay, whose they were goes."""
    return await store.erase(tx, customer_id)


async def export_person(tx: Tx, customer_id: UUID) -> list[dict[str, object]]:
    return await store.export(tx, customer_id)


async def hand_over(
    tx: Tx, source_id: UUID, into_id: UUID, ids: Sequence[UUID] | None
) -> list[UUID]:
    return await store.move(tx, source_id, into_id, ids)


async def _settle_message(tx: Tx, message_id: UUID, before: datetime) -> int:
    known = await store.of_message(tx, message_id)
    left = await store.get_departure(tx, message_id)
    after = judged(known, left.links if left else 0)
    fresh = [one.told is None and one.at <= before for one in after]
    changed = [one.told is not None and one.told != one.verdict for one in after]
    is_told = [new or other for new, other in zip(fresh, changed, strict=True)]
    await store.judge(tx, after, is_told)
    await _tell(tx, [one for one, new in zip(after, fresh, strict=True) if new])
    for one, other in zip(after, changed, strict=True):
        if other:
            await _tell_change(tx, one, one.told)
    return sum(fresh)


async def _tell(tx: Tx, fresh: Sequence[Engagement]) -> None:
    await tx.publish(
        *(
            CampaignClicked(**_facts(one), url=one.url)
            if one.type == "click"
            else CampaignOpened(**_facts(one))
            for one in fresh
            if one.type != "unsubscribe"
        )
    )


async def _tell_change(tx: Tx, one: Engagement, before: Verdict | None) -> None:
    if before is not None and one.type != "unsubscribe":
        await tx.publish(EngagementRejudged(**_facts(one), type=one.type, verdict_before=before))


def _facts(one: Engagement) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "customer_id": one.customer_id,
        "campaign_id": campaign_of(one.feed),
        "journey_id": journey_of(one.feed),
        "channel": one.channel,
        "at": one.at,
        "engagement_id": one.id,
        "variant_id": one.variant_id,
        "verdict": one.verdict,
        "reason": one.reason,
    }


def _engagement(
    link: Link,
    message_id: UUID | None,
    left: Departure | None,
    hit: Hit,
    verdict: Verdict,
    reason: str,
) -> Engagement:
    return Engagement(
        id=new_id(),
        feed=link.feed,
        message_id=message_id,
        customer_id=left.customer_id if left else None,
        variant_id=left.variant_id if left else None,
        channel=left.channel if left else "email",
        type="open" if link.kind == "pixel" else "click",
        link_id=link.id,
        url=link.url,
        at=hit.at,
        method=hit.method,
        user_agent=hit.user_agent[:300],
        network=network_of(hit.address),
        verdict=verdict,
        reason=reason,
    )
