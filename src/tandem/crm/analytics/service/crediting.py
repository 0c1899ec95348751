"""Credit follows the facts: what changed in a digest is shared out anew under the same mark.

So credit has the versions that money and touches have, and a number as of a moment is made of what
was known of both then.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID, uuid5

from tandem.crm.analytics.domain.attribution import WINDOWS, Share, Touch, credit
from tandem.crm.analytics.domain.folds import Fact
from tandem.crm.analytics.store import credits as store
from tandem.crm.analytics.store import facts
from tandem.crm.analytics.store.credits import Known, Movement
from tandem.crm.analytics.store.facts import Touched
from tandem.kernel.db import Tx

TOGETHER = 500
"""Records that are held in memory at once."""
LONGEST = timedelta(days=WINDOWS[-1])

_RECORDS: Mapping[str, tuple[str, str]] = {
    "order": ("order", "id"),
    "payment": ("order", "order_id"),
    "lead": ("lead", "id"),
    "opportunity": ("deal", "id"),
}
"""Facts whose change changes what is credited, and the record that is."""

Spans = dict[UUID, tuple[datetime, datetime]]


async def follow(tx: Tx, touched: Sequence[Touched], mark: datetime) -> None:
    """Share out anew whatever these changes of facts have to do with."""
    records = {
        (_RECORDS[one.table][0], row[_RECORDS[one.table][1]])
        for one in touched
        if one.table in _RECORDS
        for row in one.values
    }
    spans = _spans(touched)
    if spans:
        same = await store.same_people(tx, list(spans))
        records |= await store.reached_by(tx, _of_everybody(spans, same))
    for kind in ("order", "lead", "deal"):
        ids = sorted(record_id for one, record_id in records if one == kind)
        for start in range(0, len(ids), TOGETHER):
            await _share_out(tx, kind, ids[start : start + TOGETHER], mark)


def _spans(touched: Sequence[Touched]) -> Spans:
    """Whose touches changed, and when orders were placed that they may have led to."""
    found: Spans = {}
    for one in touched:
        for row in one.values:
            if one.table == "touch":
                _widen(found, row["person_id"], row["at"], row["at"] + LONGEST)
            elif one.table == "alias":
                for person in (row["from_id"], row["to_id"]):
                    _widen(found, person, _EVER[0], _EVER[1])
    return found


_EVER = (datetime.fromisoformat("1900-01-01T00:00Z"), datetime.fromisoformat("2200-01-01T00:00Z"))


def _widen(spans: Spans, person: UUID, begins: datetime, ends: datetime) -> None:
    known = spans.get(person, (begins, ends))
    spans[person] = min(known[0], begins), max(known[1], ends)


def _of_everybody(spans: Spans, same: Mapping[UUID, Iterable[UUID]]) -> Spans:
    found: Spans = {}
    for person, (begins, ends) in spans.items():
        for each in same[person]:
            _widen(found, each, begins, ends)
    return found


async def _share_out(tx: Tx, kind: str, record_ids: Sequence[UUID], mark: datetime) -> None:
    moved = await store.movements(tx, kind, record_ids)
    people = sorted({one.person_id for one in moved if one.person_id})
    same = await store.same_people(tx, people)
    touches = await store.touches_of(tx, sorted({each for some in same.values() for each in some}))
    fresh: list[Fact] = []
    for _, some in groupby(moved, key=lambda one: one.record_id):
        fresh += _credited(list(some), same, touches)
    gone = await store.standing(tx, record_ids) - {one.id for one in fresh}
    if gone:
        await store.end(tx, sorted(gone), mark)
    await facts.write(tx, fresh, mark)


def _credited(
    moved: Sequence[Movement],
    same: Mapping[UUID, Iterable[UUID]],
    touches: Mapping[UUID, Sequence[Known]],
) -> Iterator[Fact]:
    """All credit of one record. An order is one conversion from when money came in until all of it
    went back."""
    whose = same.get(moved[0].person_id, ()) if moved[0].person_id else ()
    known = {touch.id: touch for person in whose for touch in touches.get(person, ())}
    path = [Touch(one.id, one.at) for one in known.values()]
    for one, conversions in zip(moved, _conversions(moved), strict=True):
        found = credit(path, one.converted_at, money=one.money, conversions=conversions)
        for touch_id, share in found.items():
            touch = None if touch_id is None else known[touch_id]
            yield Fact("credit", uuid5(one.id, str(touch_id)), _values(one, touch, share))


def _conversions(moved: Sequence[Movement]) -> Iterator[int]:
    """By how much each movement changes the number of records that count."""
    balance, is_counted = 0, False
    for one in moved:
        balance += one.money or 0
        before, is_counted = is_counted, (
            one.kind in ("lead", "deal") or one.money is None or balance > 0
        )  # fmt: skip
        yield is_counted - before


def _values(one: Movement, touch: Known | None, share: Share) -> dict[str, Any]:
    return {
        "key": str(one.record_id),
        "at": one.at,
        "on_day": one.on_day,
        "kind": one.kind,
        "record_id": one.record_id,
        "movement_id": one.id,
        "number": one.number,
        "touch_id": touch.id if touch else None,
        "touched_at": touch.at if touch else None,
        "touch": touch.kind if touch else "",
        "channel": touch.channel if touch else "",
        "source": touch.source if touch else "",
        "medium": touch.medium if touch else "",
        "utm_campaign": touch.utm_campaign if touch else "",
        "campaign_id": touch.campaign_id if touch else None,
        "journey_id": touch.journey_id if touch else None,
        "whole_base": one.money,
        "credits": share.credits,
        "shares": share.shares,
    }
