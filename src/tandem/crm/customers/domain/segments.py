"""Segments: lists kept by hand, and rules that find their people themselves."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.errors import Conflict, Invalid

SegmentName = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=FILLED)]
Description = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]
Ids = Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=1000)]
RuleJson = dict[str, Any]

SEGMENTS_MAX = 500
SAMPLE_SIZE = 10
PREVIEW_SECONDS = 8.0
"""A count takes a second of a million customers; on a busy machine late is better than never."""
REFRESH_SECONDS = 60.0
REFRESH_GAP = timedelta(seconds=20)
EFFORT_MAX = 10
"""A refresh that took a second comes again after ten at the earliest."""


class NewSegment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With a rule it is dynamic, without one its members are kept by hand."""

    name: SegmentName
    description: Description = ""
    rule: RuleJson | None = None


class SegmentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: SegmentName | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    rule: RuleJson | msgspec.UnsetType = msgspec.UNSET
    is_retired: bool | msgspec.UnsetType = msgspec.UNSET


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    description: str
    kind: Literal["static", "dynamic"]
    rule: RuleJson | None
    member_count: int
    refreshed_at: datetime | None
    error: str
    version: int
    retired_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Member(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: UUID
    number: str
    name: str
    entered_at: datetime


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    number: str
    name: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """How many the rule finds now, some of them, and the rule in words. Nothing is written."""

    count: int
    sample: list[Sampled]
    says: str


class SegmentTaken(Conflict):
    code = "segment_taken"


class SegmentStatic(Invalid):
    """Only lists kept by hand take members by hand; only rules explain themselves."""

    code = "segment_kind_wrong"


def next_refresh(now: datetime, took_ms: int) -> datetime:
    """Small companies at once again; a heavy segment leaves the database time for others."""
    return now + max(REFRESH_GAP, timedelta(milliseconds=took_ms * EFFORT_MAX))
