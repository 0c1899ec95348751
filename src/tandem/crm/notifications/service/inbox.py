"""Telling staff: under the bell at once, by mail as each of them wants it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from tandem.contracts.notifications import InboxChanged
from tandem.crm.notifications.domain.categories import CATEGORIES, Category, Pace, category_of
from tandem.crm.notifications.domain.hours import GATHERED_FOR, Hours, Mailed, due_at
from tandem.crm.notifications.domain.inbox import (
    BODY_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    TOLD_MAX,
    Entry,
    InboxItem,
    ItemMissing,
)
from tandem.crm.notifications.domain.texts import one_line
from tandem.crm.notifications.service.preferences import member_of
from tandem.crm.notifications.store import inbox as store
from tandem.crm.notifications.store import preferences
from tandem.kernel.db import Tx
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

Mark = Literal["seen", "read", "unread", "archived", "kept"]
ZONE = "Asia/Kolkata"
GATHERED: frozenset[Pace] = frozenset({"eased", "hourly"})
KEPT_FOR = timedelta(days=30)
PEOPLE_A_SWEEP = 200


async def tell_staff(
    tx: Tx,
    user_ids: Sequence[UUID],
    *,
    kind: str,
    title: str,
    body: str = "",
    link: str = "",
    dedupe: str,
    now: datetime,
    zone: str = ZONE,
    has_own_mail: bool = False,
) -> list[UUID]:
    """Tell members something, once per `dedupe`: whom it was new to.

    Under the bell and by mail, each as they chose for the kind's category (`domain.categories`);
    mail keeps to their quiet hours and digests. `link` is a path of ours. `zone` is the company's,
    for whoever set none. Whoever did it themselves is not told by the caller. At most 500. What
    `has_own_mail` from the caller stands under the bell alone.
    """
    people = [one for one in dict.fromkeys(user_ids) if one is not None]
    assert len(people) <= TOLD_MAX, "tell five hundred at a time"
    assert link == "" or link.startswith("/"), "a link leads into this installation"
    if not people:
        return []
    category = category_of(kind) or CATEGORIES["system"]
    paces = await _paces(tx, category, people)
    facts = {
        "kind": kind,
        "title": one_line(title, TITLE_LENGTH_MAX) or kind,
        "body": body[:BODY_LENGTH_MAX],
        "link": link[:500],
        "dedupe": dedupe[:200],
    }
    inside = [one for one in people if paces[one]["inapp"] != "off"]
    new_to = await store.insert(tx, [(new_id(), one) for one in inside], now=now, **facts)
    by_mail = [one for one in people if paces[one]["email"] != "off"]
    if by_mail and not has_own_mail:
        hours = await _hours(tx, by_mail, zone)
        gathered = [one for one in by_mail if paces[one]["email"] in GATHERED]
        known = await store.mailed(tx, gathered, now=now, since=now - GATHERED_FOR)
        due = [
            (new_id(), one, due_at(paces[one]["email"], hours[one], now, known.get(one, Mailed())))
            for one in by_mail
        ]
        await store.add_entries(tx, due, now=now, **facts)
    await tx.publish(*(InboxChanged(user_id=one) for one in new_to))
    return new_to


async def unread_count(tx: Tx) -> int:
    return await store.unread(tx, member_of(tx))


async def list_inbox(
    tx: Tx,
    *,
    limit: int,
    cursor: str | None = None,
    is_unread: bool = False,
    is_archived: bool = False,
) -> Page[InboxItem]:
    """The asker's own, newest first."""
    after = decode_cursor(cursor, UUID) if cursor else [None]
    found = await store.list_items(
        tx,
        member_of(tx),
        is_unread=is_unread,
        is_archived=is_archived,
        after_id=after[0],
        count=limit + 1,
    )
    return page_of(found, limit, lambda item: (item.id,))


async def get_item(tx: Tx, item_id: UUID) -> InboxItem:
    """Raises ItemMissing for everybody else's."""
    found = await store.get_item(tx, member_of(tx), item_id)
    if found is None:
        raise ItemMissing("There is no such item in your inbox.")
    return found


async def mark(tx: Tx, ids: Sequence[UUID], what: Mark, *, now: datetime) -> int:
    """How many are unread now. Raises ItemMissing unless every one is the asker's own."""
    user_id = member_of(tx)
    if await store.mark(tx, user_id, what, ids=ids, until_id=None, now=now) != len(set(ids)):
        raise ItemMissing("There is no such item in your inbox.")
    return await _told(tx, user_id)


async def mark_all(tx: Tx, what: Mark, *, until_id: UUID, now: datetime) -> int:
    """Everything up to what the asker had on screen: what came since stays as it is."""
    user_id = member_of(tx)
    await store.mark(tx, user_id, what, ids=None, until_id=until_id, now=now)
    return await _told(tx, user_id)


async def list_due(tx: Tx, *, now: datetime) -> list[UUID]:
    """Members with mail due."""
    return await store.list_due(tx, now=now, count=PEOPLE_A_SWEEP)


async def take_due(tx: Tx, user_id: UUID, *, now: datetime) -> list[Entry]:
    """What goes into one message to them. Taken for good once the transaction commits."""
    return await store.take(tx, user_id, now=now)


async def prune(tx: Tx, *, now: datetime) -> int:
    return await store.prune(tx, before=now - KEPT_FOR)


async def _told(tx: Tx, user_id: UUID) -> int:
    await tx.publish(InboxChanged(user_id=user_id))
    return await store.unread(tx, user_id)


async def _paces(
    tx: Tx, category: Category, people: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, Pace]]:
    ways: dict[str, Pace] = {str(way): pace for way, pace in category.ways.items()}
    if category.is_mandatory:
        return dict.fromkeys(people, ways)
    rows = [
        row
        for row in await preferences.list_chosen(tx, "user", people)
        if row.category == category.key
    ]
    company = {row.channel: row.pace for row in rows if row.subject_kind == "company"}
    own = {(row.subject_id, row.channel): row.pace for row in rows if row.subject_kind == "user"}
    return {
        one: {way: own.get((one, way)) or company.get(way) or pace for way, pace in ways.items()}  # type: ignore[misc]  # the table checks paces
        for one in people
    }


async def _hours(tx: Tx, people: Sequence[UUID], zone: str) -> Mapping[UUID, Hours]:
    own = {one.user_id: one.hours for one in await preferences.hours_of(tx, people)}
    return {one: own.get(one) or Hours(zone=zone) for one in people}
