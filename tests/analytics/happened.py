"""Letters for what happens to people, told as services tell it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from tandem.contracts.marketing import CampaignClicked, CampaignOpened
from tandem.contracts.support import ComplaintOpened
from tandem.crm.analytics.domain.folds import Fact
from tandem.crm.analytics.store import facts
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id
from tests.analytics.givens import NOON, Counted, placed

BEGIN = NOON - timedelta(days=30)
KINDS: Mapping[str, str] = {
    "A": "message_clicked", "B": "order_placed", "C": "complaint_opened", "X": "message_opened",
}  # fmt: skip
PEOPLE = UUID(int=42)


def person(name: str) -> UUID:
    return uuid5(PEOPLE, name)


def event_of(letter: str, name: str, at: datetime) -> Event:
    touch: dict[str, Any] = {
        "message_id": new_id(), "customer_id": person(name), "campaign_id": new_id(),
        "journey_id": None, "channel": "email", "variant_id": None, "reason": "", "at": at,
        "engagement_id": new_id(), "verdict": "human",
    }  # fmt: skip
    match letter:
        case "A":
            return CampaignClicked(**touch, url="https://x")
        case "X":
            return CampaignOpened(**touch)
        case "B":
            return placed(100_00, customer=person(name), channel=name[0])
    return ComplaintOpened(
        complaint_id=new_id(),
        number="C",
        order_id=None,
        origin="staff",
        category="late",
        severity="p2",
        queue="care",
        channel="phone",
        customer_id=person(name),
        shipment_id=None,
    )


async def tell(company: Counted, table: Mapping[str, Sequence[tuple[str, timedelta]]]) -> int:
    """Everything that happened to everybody, in no order; how many events that were."""
    told = [
        (BEGIN + after, event_of(letter, name, BEGIN + after))
        for name, some in table.items()
        for letter, after in some
    ]
    for at, event in reversed(told):
        await company.tell(event, at=at, counts=False)
    return await company.count()


async def write(company: Counted, moments: Sequence[tuple[UUID, str, datetime]]) -> None:
    """Facts as a digest would have left them: (person, letter or kind, when)."""
    now = company.clock.at
    rows = [
        Fact("moment", new_id(), _values(who, KINDS.get(kind, kind), at))
        for who, kind, at in moments
    ]
    async with company.database.transaction(company.actor) as tx:
        known = await facts.lock_watermark(tx, zone="Asia/Kolkata", currency="INR", now=now)
        mark = max(known.at + timedelta(microseconds=1), now)
        await facts.write(tx, rows, mark)
        await facts.advance(tx, mark)


def _values(who: UUID, kind: str, at: datetime) -> dict[str, Any]:
    local = at + timedelta(hours=5, minutes=30)
    empty = dict.fromkeys(("channel", "source", "campaign", "state_code", "stage", "status"), "")
    return {
        **empty,
        "key": str(who),
        "at": at,
        "on_day": local.date(),
        "kind": kind,
        "holds": True,
        "customer_id": who,
        "lead_id": None,
        "record_id": who,
    }
