"""Two pairs of eyes: a campaign to many people leaves once a second person has said yes to it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.campaigns import Kind, Plan, State
from tandem.kernel.actor import Actor
from tandem.kernel.actor import Kind as ActorKind
from tandem.kernel.errors import Conflict, Forbidden

REASON = "approval"
"""Why a campaign stands still that grew beyond what was approved."""
GROWTH_PERCENT = 10
"""By so much more people than were counted when it was approved a campaign may leave."""
MAY_BE_ASKED = frozenset({State.DRAFT, State.SCHEDULED, State.PAUSED})
KEPT_APART = frozenset({"budget_minor", "cost_minor"})
"""Money changes without being part of what people are sent, and not everybody sees it."""

Note = Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[^\x00]*$")]


class Standing(StrEnum):
    """`void`: the campaign was changed afterwards, or the yes was asked for anew."""

    ASKED = "asked"
    APPROVED = "approved"
    DECLINED = "declined"
    VOID = "void"


class ApprovalRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Campaigns to more people than `people_max` need a second person, and so does every journey
    that sends anything, as it takes in whoever comes; null: none does."""

    people_max: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] | None = None


class RuleKept(msgspec.Struct, frozen=True, kw_only=True):
    """`version` 0: nobody has set any."""

    rule: ApprovalRule
    version: int


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: Note = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    is_approved: bool
    note: Note = ""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the plan that was different when somebody last decided about it."""

    field: str
    before: Any
    after: Any


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """`plan` is what was asked about, `segments` the versions of its rules, `people` how many they
    were then. `changes`: since the decision before; empty where there was none."""

    id: UUID
    campaign_id: UUID
    state: Standing
    people: int
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


class ApprovalNeeded(Conflict):
    code = "approval_needed"


class OwnApproval(Forbidden):
    """Who made a campaign or a journey, changed it last or asks for the yes does not give it."""

    code = "own_approval"


class ApprovalSettled(Conflict):
    """Somebody has answered already, or the campaign was changed since it was asked for."""

    code = "approval_settled"


class ApprovalNotAsked(Conflict):
    """Only what is still to leave can be approved."""

    code = "approval_too_late"


def author_of(actor: Actor) -> UUID | None:
    """The person behind what is done: a key's maker, and who looks through another's eyes."""
    if actor.impersonator is not None:
        return actor.impersonator.user_id
    return actor.maker_id if actor.kind is ActorKind.API_KEY else actor.user_id


def is_needed(rule: ApprovalRule, kind: Kind, people: int) -> bool:
    """A welcome has no number: it greets whoever comes."""
    if rule.people_max is None:
        return False
    return kind is Kind.WELCOME or people > rule.people_max


def covers(approval: Approval, people: int, segments: Mapping[UUID, int]) -> bool:
    """Whether the yes still is about these people: their segments' rules are the same, and they
    have hardly become more."""
    if approval.state is not Standing.APPROVED or dict(segments) != approval.segments:
        return False
    grown = people * 100 > approval.people * (100 + GROWTH_PERCENT)
    return approval.plan.kind is Kind.WELCOME or not grown


def check_second(hands: Iterable[UUID | None], who: UUID | None) -> UUID:
    """A yes comes from a person, and from none of those who had a hand in it."""
    if who is None or who in set(hands):
        raise OwnApproval(
            "Somebody else must approve it: you made it, changed it last or asked for the approval."
        )
    return who


def says(people: int) -> str:
    """Why a campaign waits that had begun."""
    return f"It is for {people:,} people now, and nobody else has approved that."


def changes(before: Plan, after: Plan) -> list[Change]:
    """Field by field; of words only that they are others."""
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    old_words, new_words = _variants(old), _variants(new)
    found = [
        Change(field=name, before=old[name], after=new[name])
        for name in new
        if old[name] != new[name] and name not in KEPT_APART
    ]
    for name in sorted(old_words.keys() | new_words.keys()):
        was, now = old_words.get(name), new_words.get(name)
        if was != now:
            found.append(Change(field=f"variant {name}", before=_said(was), after=_said(now)))
    return found


def _variants(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in plan.pop("variants")}


def _said(variant: Mapping[str, Any] | None) -> str | None:
    return None if variant is None else variant["subject"] or variant["text"][:80] or "words"
