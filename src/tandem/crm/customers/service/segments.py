"""Segments: defining them, looking before saving, who is in and why, and keeping them fresh."""

import re
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.customers import SegmentEntered, SegmentLeft
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.custom_fields import CustomField
from tandem.crm.customers.domain.segments import (
    PREVIEW_SECONDS,
    REFRESH_SECONDS,
    SAMPLE_SIZE,
    SEGMENTS_MAX,
    Member,
    NewSegment,
    Preview,
    Segment,
    SegmentChange,
    SegmentStatic,
    SegmentTaken,
    next_refresh,
)
from tandem.crm.customers.service.people import get_customer
from tandem.crm.customers.store import custom_fields
from tandem.crm.customers.store import segments as store
from tandem.crm.customers.store.people import NOTHING
from tandem.crm.customers.store.vocabulary import people
from tandem.kernel import audit, rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

BATCH = 5000
"""People who enter or leave in one transaction; each is told as an event."""
LEAST = "-1e16"
MOST = "1e16"


async def words(tx: Tx) -> rules.Vocabulary:
    """What a rule may say here: the suite's words and the organisation's own fields."""
    tx.actor.require("customers.read")
    known = people(await custom_fields.list_fields(tx, "customer"))
    return known.without(tx.actor.hidden)


async def list_segments(tx: Tx) -> list[Segment]:
    tx.actor.require("customers.read")
    return await store.list_segments(tx, SEGMENTS_MAX)


async def get_segment(tx: Tx, segment_id: UUID) -> Segment:
    tx.actor.require("customers.read")
    found = await store.get(tx, segment_id)
    if found is None:
        raise NotFound("There is no such segment.")
    return found


async def lock_segment(tx: Tx, segment_id: UUID) -> Segment:
    tx.actor.require("customers.segment")
    found = await store.lock(tx, segment_id)
    if found is None:
        raise NotFound("There is no such segment.")
    return found


async def add_segment(tx: Tx, new: NewSegment, *, now: datetime) -> Segment:
    """A new segment; a dynamic one is filled within a minute. Raises RuleWrong, SegmentTaken."""
    tx.actor.require("customers.segment")
    if new.rule is not None:
        rules.read(new.rule, await words(tx))
    if len(await store.list_segments(tx, SEGMENTS_MAX)) >= SEGMENTS_MAX:
        raise Invalid(f"A company has {SEGMENTS_MAX} segments at most.")
    segment = Segment(
        id=new_id(),
        name=new.name.strip(),
        description=new.description.strip(),
        kind="static" if new.rule is None else "dynamic",
        rule=new.rule,
        member_count=0,
        refreshed_at=None,
        error="",
        version=1,
        retired_at=None,
        created_at=now,
        updated_at=now,
    )
    await _check_name(tx, segment)
    await store.insert(tx, segment, now)
    await _audit(tx, "customers.add_segment", segment.id, now, after=msgspec.to_builtins(new))
    return segment


async def change_segment(
    tx: Tx, segment: Segment, change: SegmentChange, *, now: datetime
) -> Segment:
    """Apply what is given to a segment from `lock_segment`."""
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not msgspec.UNSET
    }
    if "rule" in given:
        if segment.kind == "static":
            raise SegmentStatic("A list kept by hand has no rule.", field="rule")
        rules.read(given["rule"], await words(tx))
    if "is_retired" in given:
        given["retired_at"] = now if given.pop("is_retired") else None
    changed = msgspec.structs.replace(segment, **given)
    await _check_name(tx, changed)
    await store.update(tx, changed, now)
    await _audit(
        tx,
        "customers.change_segment",
        segment.id,
        now,
        before=msgspec.to_builtins(segment),
        after=msgspec.to_builtins(given),
    )
    return await get_segment(tx, segment.id)


async def preview(tx: Tx, rule: Any, moment: rules.Moment) -> Preview:
    """Whom a rule finds among those the actor may see. Raises RuleWrong, RuleTooSlow."""
    vocabulary = await words(tx)
    read = rules.read(rule, vocabulary)
    made = rules.condition(read, vocabulary, moment, is_whole=True)
    reach = tx.actor.reach("customers.read")
    async with rules.bounded(tx, seconds=PREVIEW_SECONDS), rules.everybody(tx):
        count, sample = await store.count(tx, made, reach, SAMPLE_SIZE)
    return Preview(count=count, sample=sample, says=rules.describe(read, vocabulary))


async def explain(
    tx: Tx, segment_id: UUID, customer_id: UUID, moment: rules.Moment
) -> rules.Explanation:
    """Why somebody is in or out: every condition, what it found, and whether it holds."""
    segment = await get_segment(tx, segment_id)
    if segment.rule is None:
        raise SegmentStatic("Who is on this list was put there by hand.")
    return await explain_rule(tx, segment.rule, customer_id, moment)


async def explain_rule(
    tx: Tx, rule: Any, customer_id: UUID, moment: rules.Moment
) -> rules.Explanation:
    await get_customer(tx, customer_id)
    vocabulary = await words(tx)
    read = rules.read(rule, vocabulary)
    row = await store.facts(tx, rules.facts(read, vocabulary, moment), customer_id)
    return rules.explain_row(read, row, vocabulary, moment)


async def list_segment_members(
    tx: Tx, segment_id: UUID, *, limit: int, cursor: str | None = None
) -> Page[Member]:
    await get_segment(tx, segment_id)
    after: UUID = decode_cursor(cursor, UUID)[0] if cursor else NOTHING
    reach = tx.actor.reach("customers.read")
    found = await store.members(tx, segment_id, reach, after=after, limit=limit + 1)
    return page_of(found, limit, lambda member: (member.customer_id,))


async def segments_of(tx: Tx, customer_id: UUID) -> list[Segment]:
    """The segments that somebody is in."""
    await get_customer(tx, customer_id)
    return await store.of_customer(tx, customer_id)


async def members_among(tx: Tx, segment_id: UUID, ids: Sequence[UUID]) -> set[UUID]:
    """Which of them are in the segment, as far as it is kept."""
    tx.actor.require_everywhere("customers.read")
    return await store.among(tx, segment_id, ids)


async def add_to_segment(tx: Tx, segment: Segment, ids: list[UUID], *, now: datetime) -> int:
    """Put people on a list kept by hand; unknown ones are left out. How many were new."""
    if segment.kind != "static":
        raise SegmentStatic("This segment finds its people by its rule.")
    entered = await store.add(tx, segment.id, ids, tx.actor.reach("customers.read"), now)
    await _tell(tx, segment.id, entered, [])
    await store.settle(tx, segment.id, now=now, due_at=now, took_ms=0)
    return len(entered)


async def remove_from_segment(tx: Tx, segment: Segment, ids: list[UUID], *, now: datetime) -> int:
    if segment.kind != "static":
        raise SegmentStatic("This segment finds its people by its rule.")
    gone = await store.remove(tx, segment.id, ids)
    await _tell(tx, segment.id, [], gone)
    await store.settle(tx, segment.id, now=now, due_at=now, took_ms=0)
    return len(gone)


async def due_segments(tx: Tx, now: datetime) -> list[UUID]:
    return await store.due(tx, now)


async def refresh_segment(tx: Tx, segment_id: UUID, moment: rules.Moment) -> bool:
    """Let people in and out by the rule as of now, a batch of each; True while there are more.

    A rule that names a field that is gone no longer can be read: the segment keeps its members
    and says so.
    """
    segment = await store.lock(tx, segment_id)
    if segment is None or segment.rule is None or segment.retired_at is not None:
        return False
    started = time.monotonic()
    vocabulary = await words(tx)
    try:
        rule = rules.read(segment.rule, vocabulary)
    except rules.RuleWrong as reason:
        due_at = next_refresh(moment.now, 60_000)
        said = f"{reason.detail} ({reason.field})"
        await store.settle(
            tx, segment_id, now=moment.now, due_at=due_at, took_ms=0, error=said[:500]
        )
        return False
    async with rules.bounded(tx, seconds=REFRESH_SECONDS):
        made = rules.condition(rule, vocabulary, moment, is_whole=True)
        async with rules.everybody(tx):
            gone = await store.leave(tx, segment_id, made, limit=BATCH)
            entered = await store.enter(tx, segment_id, made, now=moment.now, limit=BATCH)
    await _tell(tx, segment_id, entered, gone)
    took_ms = int((time.monotonic() - started) * 1000)
    is_done = max(len(gone), len(entered)) < BATCH
    due_at = next_refresh(moment.now, took_ms) if is_done else moment.now
    await store.settle(tx, segment_id, now=moment.now, due_at=due_at, took_ms=took_ms)
    return not is_done


async def choose_customers(
    tx: Tx,
    rule: Any,
    moment: rules.Moment,
    *,
    sort: str = "name",
    limit: int,
    cursor: str | None = None,
) -> Page[Customer]:
    """Everybody a rule finds, by name or by an own field (`custom.size`, `-custom.age`)."""
    vocabulary = await words(tx)
    read = rules.All(()) if rule is None else rules.read(rule, vocabulary)
    made = rules.condition(read, vocabulary, moment)
    return await _chosen(tx, made, sort, limit, cursor)


async def _chosen(
    tx: Tx, made: rules.Condition, sort: str, limit: int, cursor: str | None
) -> Page[Customer]:
    reach = tx.actor.reach("customers.read")
    key = sort.removeprefix("-").removeprefix("custom.")
    if sort == "name":
        after = _after(cursor, "")
        async with rules.bounded(tx, seconds=PREVIEW_SECONDS):
            rows = await store.chosen_by_name(tx, made, reach, after=after, limit=limit + 1)
        return page_of(rows, limit, lambda customer: (customer.name, customer.id))
    field = await _sortable(tx, key)
    is_down = sort.startswith("-")
    start = _edge(field.kind, is_down)
    after = _after(cursor, start[0], start[1], is_number=field.kind == "number")
    async with rules.bounded(tx, seconds=PREVIEW_SECONDS):
        rows = await store.chosen_by_field(
            tx,
            made,
            reach,
            key=key,
            kind=field.kind,
            is_down=is_down,
            after=after,
            limit=limit + 1,
        )
    least = LEAST if field.kind == "number" else ""
    return page_of(rows, limit, lambda one: (str(one.custom.get(key, least)), one.id))


def _edge(kind: str, is_down: bool) -> tuple[str, UUID]:
    """Before the first row of the order."""
    if not is_down:
        return ("-1e17" if kind == "number" else ""), NOTHING
    return (MOST if kind == "number" else "\U0010ffff"), UUID(int=2**128 - 1)


def _after(
    cursor: str | None, start: str, start_id: UUID = NOTHING, *, is_number: bool = False
) -> tuple[str, UUID]:
    if not cursor:
        return start, start_id
    value, customer_id = decode_cursor(cursor, str, UUID)
    is_right = "\x00" not in value
    if is_right and is_number:
        is_right = (
            re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?", value) is not None
        )
    if not is_right:
        raise Invalid("This cursor is not one of ours.", field="cursor")
    return value, customer_id


async def _sortable(tx: Tx, key: str) -> CustomField:
    fields = await custom_fields.list_fields(tx, "customer")
    found = next((one for one in fields if one.key == key), None)
    if found is None or found.kind not in ("text", "number", "date", "choice"):
        raise Invalid("There is no such order.", field="sort")
    return found


async def _check_name(tx: Tx, segment: Segment) -> None:
    if segment.retired_at is None and await store.is_taken(tx, segment.name, segment.id):
        raise SegmentTaken("There is a segment with this name.", field="name")


async def _tell(tx: Tx, segment_id: UUID, entered: list[UUID], gone: list[UUID]) -> None:
    await tx.publish(
        *(SegmentEntered(segment_id=segment_id, customer_id=one) for one in entered),
        *(SegmentLeft(segment_id=segment_id, customer_id=one) for one in gone),
    )


async def _audit(
    tx: Tx,
    action: str,
    segment_id: UUID,
    now: datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await audit.write(
        tx,
        action=action,
        subject_kind="segment",
        subject_id=segment_id,
        now=now,
        before=before,
        after=after,
    )
