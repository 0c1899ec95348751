"""Automations: when this happens and that holds, do these things. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec

from tandem.contracts.sales import (
    LeadAssigned,
    LeadCaptured,
    LeadMoved,
    LeadScored,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityWon,
)
from tandem.crm.sales.domain.leads import LINE, Tag
from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.kernel.errors import Conflict, Invalid

AUTOMATIONS_MAX = 100
ACTIONS_MAX = 10
RUNS_A_DAY = 5
"""How often one automation acts on one record within 24 hours: two that answer each other end."""
DAYS_KEPT = 90
"""What an automation did stands in its log for so long."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE)]
OnlyTo = Annotated[str, msgspec.Meta(max_length=80, pattern=LINE)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTABLE)]
NoteWords = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"(?s)^[^\x00]*$")]
Days = Annotated[int, msgspec.Meta(ge=0, le=365)]
SubjectKind = Literal["lead", "opportunity"]


class Trigger(StrEnum):
    LEAD_CAME = "lead_came"
    LEAD_CAME_AGAIN = "lead_came_again"
    LEAD_MOVED = "lead_moved"
    LEAD_CROSSED = "lead_crossed"
    LEAD_ASSIGNED = "lead_assigned"
    DEAL_OPENED = "deal_opened"
    DEAL_MOVED = "deal_moved"
    DEAL_WON = "deal_won"
    DEAL_LOST = "deal_lost"

    @property
    def subject(self) -> SubjectKind:
        return "lead" if self.startswith("lead") else "opportunity"


TOPICS: Mapping[Trigger, str] = {
    Trigger.LEAD_CAME: LeadCaptured.topic,
    Trigger.LEAD_CAME_AGAIN: LeadCaptured.topic,
    Trigger.LEAD_MOVED: LeadMoved.topic,
    Trigger.LEAD_CROSSED: LeadScored.topic,
    Trigger.LEAD_ASSIGNED: LeadAssigned.topic,
    Trigger.DEAL_OPENED: OpportunityOpened.topic,
    Trigger.DEAL_MOVED: OpportunityMoved.topic,
    Trigger.DEAL_WON: OpportunityWon.topic,
    Trigger.DEAL_LOST: OpportunityLost.topic,
}
_PLACES: Mapping[Trigger, str] = {
    Trigger.LEAD_MOVED: "status",
    Trigger.LEAD_CROSSED: "crossed",
    Trigger.DEAL_OPENED: "stage",
    Trigger.DEAL_MOVED: "stage",
    Trigger.DEAL_LOST: "reason",
}
"""The event's field that `only_to` names a value of."""


class AddTask(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="add_task"):
    """For `assignee_id`, or else for whoever has the record. Due so many days from then."""

    title: Words
    kind: Literal["task", "call", "meeting"] = "task"
    due_days: Days = 1
    assignee_id: UUID | None = None


class AddNote(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="add_note"):
    text: NoteWords


class Tell(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="tell"):
    """Under the bell, and by mail as they chose: `user_id`, or else whoever has the record."""

    text: Words
    user_id: UUID | None = None


class GiveTo(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="give_to"):
    owner_id: UUID


class AssignByRules(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="assign"):
    """Leads only."""


class MoveTo(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="move_to"):
    """Leads only: into another status, but for one that converts."""

    status_id: UUID


class AddTags(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="add_tags"):
    """Leads only."""

    tags: Annotated[list[Tag], msgspec.Meta(min_length=1, max_length=10)]


Action = AddTask | AddNote | Tell | GiveTo | AssignByRules | MoveTo | AddTags
Actions = Annotated[list[Action], msgspec.Meta(min_length=1, max_length=ACTIONS_MAX)]
FOR_LEADS = (AssignByRules, MoveTo, AddTags)


class AutomationDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`only_to` narrows a trigger to a status, a stage, a threshold or a reason by its name.
    Without a `condition` (in the rule language, of leads or of deals) it goes for every record.
    The actions are done in order, all of them or none. In texts {name}, {company} and {number}
    stand for the record's."""

    name: Name
    trigger: Trigger
    only_to: OnlyTo = ""
    condition: dict[str, Any] | None = None
    actions: Actions
    is_active: bool = True


class Automation(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    trigger: Trigger
    only_to: str
    condition: dict[str, Any] | None
    actions: list[Action]
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    done_count: int = 0
    failed_count: int = 0
    """Of the last 30 days."""
    last_at: datetime | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """`note` says why it failed."""

    id: UUID
    automation_id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    number: str
    outcome: Literal["done", "failed", "stopped"]
    note: str
    at: datetime


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The lead or the deal that something happened to."""

    kind: SubjectKind
    id: UUID
    number: str
    name: str
    company: str
    owner_id: UUID | None
    page: str


class AutomationTaken(Conflict):
    """Another automation has this name."""

    code: ClassVar[str] = "automation_taken"


def check_draft(draft: AutomationDraft) -> None:
    if draft.only_to.strip() and draft.trigger not in _PLACES:
        raise Invalid("This trigger goes nowhere in particular.", field="only_to")
    if draft.trigger.subject == "lead":
        return
    for place, action in enumerate(draft.actions):
        if isinstance(action, FOR_LEADS):
            raise Invalid("Only leads can be dealt with in this way.", field=f"actions[{place}]")


def fits(automation: Automation, topic: str, payload: Mapping[str, Any]) -> bool:
    """Whether this is what the automation waits for. `payload` as the log has it."""
    if TOPICS[automation.trigger] != topic:
        return False
    if topic == LeadCaptured.topic:
        return bool(payload["is_new"]) is (automation.trigger is Trigger.LEAD_CAME)
    place = _PLACES.get(automation.trigger, "")
    found = str(payload[place]) if place else ""
    if automation.trigger is Trigger.LEAD_CROSSED and not found:
        return False
    wanted = automation.only_to.strip().casefold()
    return not wanted or found.casefold() == wanted


def filled(text: str, subject: Subject) -> str:
    """The text with the record's words in it."""
    for place in ("name", "company", "number"):
        text = text.replace(f"{{{place}}}", getattr(subject, place))
    return text


def people_of(actions: Sequence[Action]) -> dict[str, UUID]:
    """Everybody whom an action names, by the action's field."""
    found: dict[str, UUID] = {}
    for place, action in enumerate(actions):
        for name in ("assignee_id", "user_id", "owner_id"):
            if (user_id := getattr(action, name, None)) is not None:
                found[f"actions[{place}].{name}"] = user_id
    return found


def described(action: Action, people: Mapping[UUID, str], statuses: Mapping[UUID, str]) -> str:
    """What it does, as a sentence goes on after "then"."""

    def whom(user_id: UUID | None) -> str:
        return "its owner" if user_id is None else people.get(user_id, "somebody who left")

    match action:
        case AddTask():
            when = "today" if action.due_days == 0 else f"within {action.due_days} d"
            return f"{action.kind} for {whom(action.assignee_id)} {when}: {action.title}"
        case AddNote():
            return f"note: {action.text[:80]}"
        case Tell():
            return f"tell {whom(action.user_id)}: {action.text}"
        case GiveTo():
            return f"give it to {whom(action.owner_id)}"
        case AssignByRules():
            return "assign it by the rules"
        case MoveTo():
            return f"move it to {statuses.get(action.status_id, 'a status that is gone')}"
    return f"tag it {', '.join(action.tags)}"
