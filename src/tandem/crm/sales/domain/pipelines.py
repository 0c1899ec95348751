"""Pipelines and stages: a stage is named freely, and means what its kind says."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

STAGES_MAX = 30
PRINTABLE = whole(r"(?=.*\S)[^\x00-\x1f\x7f]+")
"""One line with more on it than blanks."""


class Kind(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Needed(StrEnum):
    """A field that a stage may ask for before anything enters it."""

    AMOUNT = "amount_minor"
    CLOSE_ON = "close_on"
    CUSTOMER = "customer_id"
    OWNER = "owner_id"
    NEXT_STEP = "next_step"


Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE)]
Probability = Annotated[int, msgspec.Meta(ge=0, le=100)]


class StageDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage as somebody wants it. `id` names one that is there; without it, it is new."""

    name: Name
    kind: Kind = Kind.OPEN
    probability: Probability | None = None
    required_fields: Annotated[list[Needed], msgspec.Meta(max_length=5)] = []
    wip_limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    expected_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = None
    id: UUID | None = None


class PipelineDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without stages a new pipeline gets the usual ones."""

    name: Name
    stages: Annotated[list[StageDraft], msgspec.Meta(max_length=STAGES_MAX)] = []


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """`probability` in per cent; `wip_limit` open cards at most; after `expected_days` a card has
    stood too long."""

    id: UUID
    pipeline_id: UUID
    name: str
    kind: Kind
    position: int
    probability: int
    required_fields: list[Needed]
    wip_limit: int | None
    expected_days: int | None
    version: int


class Pipeline(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    position: int
    archived_at: datetime | None
    version: int
    stages: list[Stage] = []


class StageInUse(Conflict):
    """Something stands in it: move that first."""

    code = "stage_in_use"


class PipelineNameTaken(Conflict):
    code = "pipeline_name_taken"


DEFAULT_STAGES = (
    StageDraft(name="Qualification", probability=10, expected_days=14),
    StageDraft(name="Needs analysis", probability=25, expected_days=21),
    StageDraft(name="Proposal", probability=50, expected_days=21, required_fields=[Needed.AMOUNT]),
    StageDraft(
        name="Negotiation",
        probability=75,
        expected_days=14,
        required_fields=[Needed.AMOUNT, Needed.CLOSE_ON],
    ),
    StageDraft(name="Won", kind=Kind.WON),
    StageDraft(name="Lost", kind=Kind.LOST),
)


def check_stages(stages: Sequence[StageDraft]) -> None:
    """One way to win, one to lose, something before them, no name twice."""
    kinds = [stage.kind for stage in stages]
    if kinds.count(Kind.WON) != 1 or kinds.count(Kind.LOST) != 1 or Kind.OPEN not in kinds:
        raise Invalid(
            "A pipeline has at least one open stage, one for won and one for lost.", field="stages"
        )
    names = [stage.name.strip().casefold() for stage in stages]
    if len(set(names)) < len(names):
        raise Invalid("Two stages have the same name.", field="stages")
    for stage in stages:
        if stage.kind is Kind.OPEN and stage.probability is None:
            raise Invalid(f"Give the probability of {stage.name}.", field="stages")


def probability_of(draft: StageDraft) -> int:
    if draft.kind is Kind.OPEN:
        return draft.probability or 0
    return 100 if draft.kind is Kind.WON else 0
