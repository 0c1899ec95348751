"""May a person be passed on to a webhook? It is no channel that anybody agrees to.

So no consent is needed for it. Who has said no to the purpose by every way they were asked, or must
not be written to at all, is left out all the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.customers.domain.consents import Channel as ContactChannel
from tandem.crm.customers.domain.consents import MayContact, Standing
from tandem.crm.notifications.domain.messages import SERVICE, Channel
from tandem.crm.notifications.domain.policy import SendAsk
from tandem.kernel.db import Tx

ASKED_AT_ONCE = 1_000
NOT_AT_ALL = frozenset(
    {"suppressed:complained", "suppressed:legal", "suppressed:by_hand", "suppressed:erased"}
)
"""About the person, where `bounced` and `unsubscribed` are about one of their addresses."""
NO = frozenset({"consent:withdrawn", "suppressed:unsubscribed"})
WAYS: tuple[ContactChannel, ...] = ("email", "sms", "whatsapp")


async def call_refusals(tx: Tx, asks: Sequence[SendAsk]) -> list[str]:
    """For each ask, in order, why the person is not to be passed on; empty where they may be, and
    for every other channel."""
    asked = {
        (ask.customer_id, ask.purpose)
        for ask in asks
        if ask.channel is Channel.WEBHOOK and ask.customer_id and ask.purpose != SERVICE
    }
    refused: dict[tuple[UUID | None, str], str] = {}
    if asked:
        people = await customers.reachable(tx, list({who for who, _ in asked if who}))
        wanted = [
            one
            for who, purpose in sorted(asked, key=str)
            if who in people
            for one in _ways(people[who], purpose)
        ]
        refused = await _judged(tx, wanted)
    return [
        refused.get((ask.customer_id, ask.purpose), "") if ask.channel is Channel.WEBHOOK else ""
        for ask in asks
    ]


def _ways(person: Reachable, purpose: str) -> list[MayContact]:
    return [
        MayContact(channel=way, address=address, purpose=purpose, customer_id=person.id)
        for way in WAYS
        if (address := person.address(way))
    ]


async def _judged(tx: Tx, wanted: Sequence[MayContact]) -> dict[tuple[UUID | None, str], str]:
    standings: defaultdict[tuple[UUID | None, str], list[Standing]] = defaultdict(list)
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        part = wanted[start : start + ASKED_AT_ONCE]
        for one, standing in zip(part, await customers.may_contact(tx, part), strict=True):
            standings[one.customer_id, one.purpose].append(standing)
    return {who: _why_not(found) for who, found in standings.items()}


def _why_not(standings: Sequence[Standing]) -> str:
    reasons = [one.reason for one in standings]
    for reason in reasons:
        if reason in NOT_AT_ALL:
            return reason
    if any(one.is_allowed for one in standings):
        return ""
    return next((reason for reason in reasons if reason in NO), "")
