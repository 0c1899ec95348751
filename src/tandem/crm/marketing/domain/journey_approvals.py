"""Two pairs of eyes on a journey: its draft is published once a second person has said yes to it.

A journey has no number: it takes in whoever comes, so any that sends something needs the yes where
the company wants one at all.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.approvals import ApprovalRule, Change, Standing
from tandem.crm.marketing.domain.journey_paths import paths
from tandem.crm.marketing.domain.journeys import Plan, Send

INNER = frozenset({"then", "otherwise", "id"})
"""Of a step: what it holds are steps of their own."""


class JourneyApproval(msgspec.Struct, frozen=True, kw_only=True):
    """`plan` is what was asked about, `segments` the versions of the rules it names; `people` are
    in the segment that it begins by, null where it begins otherwise. `changes`: since the decision
    before; empty where there was none."""

    id: UUID
    journey_id: UUID
    state: Standing
    people: int | None
    plan: Plan
    segments: dict[UUID, int]
    note: str
    asked_by: UUID | None
    asked_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    answer: str
    voided_at: datetime | None
    changes: list[Change] = []


def is_needed(rule: ApprovalRule, plan: Plan) -> bool:
    sends = any(isinstance(node.step, Send) for node in paths(plan).values())
    return rule.people_max is not None and sends


def covers(approval: JourneyApproval | None, plan: Plan, segments: Mapping[UUID, int]) -> bool:
    """Whether the yes is about this draft, and about the same people."""
    return (
        approval is not None
        and approval.state is Standing.APPROVED
        and approval.plan == plan
        and approval.segments == dict(segments)
    )


def changes(before: Plan, after: Plan) -> list[Change]:
    """Field by field, and step by step; of a step what it does itself."""
    old, new = _told(before), _told(after)
    return [
        Change(field=name, before=old.get(name), after=new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _told(plan: Plan) -> dict[str, Any]:
    parts: dict[str, Any] = msgspec.to_builtins(plan)
    del parts["steps"]
    for node in paths(plan).values():
        step: dict[str, Any] = msgspec.to_builtins(node.step)
        parts[f"step {node.step.id}"] = {
            name: [(one["name"], one["weight"]) for one in value] if name == "shares" else value
            for name, value in step.items()
            if name not in INNER
        }
    return parts | {"order of steps": list(paths(plan))}
