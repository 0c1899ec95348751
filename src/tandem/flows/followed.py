"""Records that can be followed: what they are called, where their pages are, and who sees them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerMerged
from tandem.crm.identity import service as identity
from tandem.crm.notifications.service import following
from tandem.crm.notifications.service.following import Followed
from tandem.crm.notifications.service.preferences import member_of
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.leads import LeadMerged
from tandem.crm.sales.service import leads
from tandem.kernel.db import Tx
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.scm.orders import service as orders
from tandem.scm.support import service as support


class Record(msgspec.Struct, frozen=True):
    """`read` answers the record's number, or refuses as its page would."""

    page: str
    read: Callable[[Tx, UUID], Awaitable[str]]


class Following(msgspec.Struct, frozen=True, kw_only=True):
    is_followed: bool
    followers: int


async def _complaint(tx: Tx, subject_id: UUID) -> str:
    tx.actor.require("support.read")
    return (await support.get_complaint(tx, subject_id)).number


async def _customer(tx: Tx, subject_id: UUID) -> str:
    return (await customers.get_customer(tx, subject_id)).number


async def _account(tx: Tx, subject_id: UUID) -> str:
    return (await customers.get_account(tx, subject_id)).number


async def _lead(tx: Tx, subject_id: UUID) -> str:
    return (await leads.get_lead(tx, subject_id)).number


async def _deal(tx: Tx, subject_id: UUID) -> str:
    return (await sales.get_opportunity(tx, subject_id)).number


async def _order(tx: Tx, subject_id: UUID) -> str:
    return (await orders.read_order(tx, subject_id)).number


RECORDS: Mapping[Followed, Record] = {
    "complaint": Record("/complaints/{}", _complaint),
    "customer": Record("/customers/{}", _customer),
    "account": Record("/accounts/{}", _account),
    "lead": Record("/leads/{}", _lead),
    "deal": Record("/deals/{}", _deal),
    "order": Record("/orders/{}", _order),
}


def kind_named(text: str) -> Followed:
    try:
        found: Followed = msgspec.convert(text, Followed)
    except msgspec.ValidationError as reason:
        raise Invalid("Nobody can follow that.", field="kind") from reason
    return found


def page_of(kind: Followed, subject_id: UUID) -> str:
    return RECORDS[kind].page.format(subject_id)


async def look(tx: Tx, kind: Followed, subject_id: UUID) -> Following:
    """Whether the asker follows it, and how many do. Refuses what they do not see, and whoever is
    no member of the staff."""
    member_of(tx)
    await RECORDS[kind].read(tx, subject_id)
    watchers = await following.watchers_of(tx, kind, subject_id)
    return Following(is_followed=tx.actor.user_id in watchers, followers=len(watchers))


async def follow(tx: Tx, kind: Followed, subject_id: UUID, *, now: datetime) -> None:
    member_of(tx)
    await RECORDS[kind].read(tx, subject_id)
    await following.follow(tx, kind, subject_id, now=now)


async def unfollow(tx: Tx, kind: Followed, subject_id: UUID, *, now: datetime) -> None:
    """Also what they may not see any more."""
    await following.unfollow(tx, kind, subject_id, now=now)


async def who_sees(
    tx: Tx, people: Iterable[UUID | None], kind: Followed, subject_id: UUID, *, now: datetime
) -> list[UUID]:
    """Those of them who are members, active, and may see the record as of now."""
    wanted = set(people) - {None}
    if not wanted:
        return []
    seeing = []
    for row in await identity.access_of_all(tx.with_all_grants(), now=now):
        if row.user_id not in wanted:
            continue
        theirs = tx.acting(identity.as_actor(tx, row.user_id, row.access))
        try:
            await RECORDS[kind].read(theirs, subject_id)
        except (Forbidden, NotFound, CustomerMerged, LeadMerged):
            continue
        seeing.append(row.user_id)
    return seeing
