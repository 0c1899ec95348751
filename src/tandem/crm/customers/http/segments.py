"""Segments over HTTP: lists, rules, who is in and why."""

from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from tandem.crm.customers import service
from tandem.crm.customers.domain.segments import (
    Ids,
    Member,
    NewSegment,
    Preview,
    RuleJson,
    Segment,
    SegmentChange,
    SegmentStatic,
    SegmentTaken,
)
from tandem.kernel.company import moment_of
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.kernel.rules import (
    OPERATORS,
    Explanation,
    Field,
    RuleTooSlow,
    RuleWrong,
    Vocabulary,
)


class RuleAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    rule: RuleJson


class PeopleNamed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    customer_ids: Ids


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """`operators` are those that the kind of field can be asked."""

    name: str
    label: str
    kind: str
    options: list[str]
    operators: list[str]


class Words(msgspec.Struct, frozen=True, kw_only=True):
    fields: list[Word]
    events: dict[str, list[Word]]


class SegmentController(Controller):
    path = "/v1/segments"
    tags = ("customers",)

    @get("/", responses=refusals(Forbidden))
    async def list_segments(self, tx: Transaction) -> list[Segment]:
        return await service.list_segments(tx)

    @post("/", responses=refusals(Forbidden, RuleWrong, SegmentTaken, Invalid))
    async def add_segment(
        self, data: JSONBody[NewSegment], tx: Transaction, now: Now
    ) -> Response[Segment]:
        """With a rule the segment fills itself within a minute, and stays fresh."""
        segment = await service.add_segment(tx, data, now=now)
        return Response(segment, headers=etag(segment.version))

    @get("/words", responses=refusals(Forbidden))
    async def list_words(self, tx: Transaction) -> Words:
        """What a rule may say: fields with their operators, and events with theirs."""
        return words_of(await service.words(tx))

    @post("/preview", status_code=200, responses=refusals(Forbidden, RuleWrong, RuleTooSlow))
    async def preview(self, data: JSONBody[RuleAsked], tx: Transaction, now: Now) -> Preview:
        """How many a rule finds now, and some of them. Writes nothing."""
        return await service.preview(tx, data.rule, await moment_of(tx, now))

    @get("/{segment_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_segment(self, segment_id: FromPath[UUID], tx: Transaction) -> Response[Segment]:
        segment = await service.get_segment(tx, segment_id)
        return Response(segment, headers=etag(segment.version))

    @patch(
        "/{segment_id:uuid}",
        responses=refusals(
            Forbidden, NotFound, StaleVersion, RuleWrong, SegmentTaken, SegmentStatic
        ),
    )
    async def change_segment(
        self,
        segment_id: FromPath[UUID],
        data: JSONBody[SegmentChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Segment]:
        segment = await service.lock_segment(tx, segment_id)
        check_if_match(if_match, segment.version)
        changed = await service.change_segment(tx, segment, data, now=now)
        return Response(changed, headers=etag(changed.version))

    @get("/{segment_id:uuid}/members", responses=refusals(Forbidden, NotFound, Invalid))
    async def list_segment_members(
        self,
        segment_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Member]:
        return await service.list_segment_members(tx, segment_id, limit=limit, cursor=cursor)

    @post("/{segment_id:uuid}/members", responses=refusals(Forbidden, NotFound, SegmentStatic))
    async def add_members(
        self, segment_id: FromPath[UUID], data: JSONBody[PeopleNamed], tx: Transaction, now: Now
    ) -> dict[str, int]:
        """Put up to 1,000 people on a list kept by hand; who is not known is left out."""
        segment = await service.lock_segment(tx, segment_id)
        return {"added": await service.add_to_segment(tx, segment, data.customer_ids, now=now)}

    @delete(
        "/{segment_id:uuid}/members/{customer_id:uuid}",
        responses=refusals(Forbidden, NotFound, SegmentStatic),
    )
    async def remove_member(
        self, segment_id: FromPath[UUID], customer_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        segment = await service.lock_segment(tx, segment_id)
        if not await service.remove_from_segment(tx, segment, [customer_id], now=now):
            raise NotFound("They are not on this list.")

    @get(
        "/{segment_id:uuid}/members/{customer_id:uuid}/explanation",
        responses=refusals(Forbidden, NotFound, SegmentStatic, RuleWrong),
    )
    async def explain(
        self, segment_id: FromPath[UUID], customer_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Explanation:
        """Why somebody is in or out: each condition, what it found, whether it holds."""
        return await service.explain(tx, segment_id, customer_id, await moment_of(tx, now))


def words_of(vocabulary: Vocabulary) -> Words:
    return Words(
        fields=[_word(name, field) for name, field in vocabulary.fields.items()],
        events={
            name: [_word(key, field) for key, field in event.fields.items()]
            for name, event in vocabulary.behaviours.items()
        },
    )


def _word(name: str, field: Field) -> Word:
    return Word(
        name=name,
        label=field.label,
        kind=field.kind,
        options=list(field.options),
        operators=list(OPERATORS[field.kind]),
    )
