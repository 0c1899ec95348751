"""A journey: who begins it, the steps each person takes, and when it ends for them.

Steps are a list; some hold lists of their own (branches), after which everybody goes on with what
follows. So a journey can neither loop nor lead nowhere.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.crm.marketing.domain.campaigns import Body, Channel, Name, Purpose, Subject
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.patterns import whole

STEPS_MAX = 100
DEEPEST = 6
YEAR_MINUTES = 366 * 24 * 60

StepId = Annotated[str, msgspec.Meta(pattern=whole(r"[a-z0-9]{1,16}"))]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=YEAR_MINUTES)]
Hour = Annotated[str, msgspec.Meta(pattern=whole(r"([01][0-9]|2[0-3]):[0-5][0-9]"))]
Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]
Happening = Literal["opened", "clicked", "ordered", "entered_segment"]
"""What may be waited for. Openings and clicks count where a person did them, of this journey's own
messages."""


class _Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """`id` stays with a step as the journey is changed: people are remembered at it."""

    id: StepId


class Wait(_Step, frozen=True, kw_only=True, tag="wait"):
    """So long, and then until it is `at` o'clock on one of `weekdays` (1 is Monday) where the
    person lives; without weekdays on any day."""

    minutes: Minutes = 0
    at: Hour | None = None
    weekdays: Annotated[list[Weekday], msgspec.Meta(max_length=7)] = []


class WaitFor(_Step, frozen=True, kw_only=True, tag="wait_for"):
    """`then` if it happens no later than `minutes` from now, `otherwise` if not."""

    happening: Happening
    minutes: Annotated[int, msgspec.Meta(ge=1, le=YEAR_MINUTES)]
    segment_id: UUID | None = None
    then: "list[Step]" = []
    otherwise: "list[Step]" = []


class Branch(_Step, frozen=True, kw_only=True, tag="branch"):
    """By a segment that somebody is in, or by a rule over people (kernel.rules)."""

    segment_id: UUID | None = None
    rule: Any = None
    then: "list[Step]" = []
    otherwise: "list[Step]" = []


class Share(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=FILLED)]
    weight: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    steps: "list[Step]" = []


class Split(_Step, frozen=True, kw_only=True, tag="split"):
    """At random by weight; the same person always goes the same way."""

    shares: Annotated[list[Share], msgspec.Meta(min_length=2, max_length=6)]


class Send(_Step, frozen=True, kw_only=True, tag="send"):
    """A template's version, or own words with `{{ name }}` and the like."""

    channel: Channel = Channel.EMAIL
    template_version_id: UUID | None = None
    subject: Subject = ""
    text: Body = ""
    html: Body = ""

    def __post_init__(self) -> None:
        if self.channel is Channel.WEBHOOK:
            raise ValueError("A message goes to a person. Webhooks are told by an act.")


class Act(_Step, frozen=True, kw_only=True, tag="act"):
    """`list_id` is a segment kept by hand; a task is its owner's, due in `days`. `points` are added
    to the score of every lead they are, and its explanation says the `reason`. Webhooks on the
    topic `marketing.journey_told.v1` are told the `title`. Every lead they are that was not
    converted gets the status `status_id`; a deal called `title` is opened in the first pipeline,
    for the customer's owner."""

    what: Literal[
        "add_to_list",
        "remove_from_list",
        "set_owner",
        "add_task",
        "change_score",
        "set_lead_status",
        "open_deal",
        "tell_webhooks",
    ]
    list_id: UUID | None = None
    owner_id: UUID | None = None
    status_id: UUID | None = None
    title: Title | None = None
    days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 1
    points: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] | None = None
    reason: Title | None = None


class Leave(_Step, frozen=True, kw_only=True, tag="leave"):
    """It ends here for whoever comes to it."""


Step = Wait | WaitFor | Branch | Split | Send | Act | Leave


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who begins it: whoever enters a segment, places an order, or is put in by hand or the API.

    `again_after_days`: None once in a life; else again so many days after the last time began.
    Nobody walks the same journey twice at once.
    """

    by: Literal["segment", "order", "hand"] = "hand"
    segment_id: UUID | None = None
    again_after_days: Annotated[int, msgspec.Meta(ge=0, le=3660)] | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of a journey that a version keeps. Whoever enters the goal's segment has arrived and
    leaves; with `leaves_with_segment` whoever leaves the entry's segment leaves too."""

    entry: Entry = Entry()
    purpose: Purpose = "marketing"
    goal_segment_id: UUID | None = None
    leaves_with_segment: bool = False
    steps: Annotated[list[Step], msgspec.Meta(max_length=STEPS_MAX)] = []


class State(StrEnum):
    """`paused`: nobody takes a step; what was due is taken when it goes on."""

    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


MOVES: Mapping[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.RUNNING, State.ENDED}),
    State.RUNNING: frozenset({State.PAUSED, State.ENDED}),
    State.PAUSED: frozenset({State.RUNNING, State.ENDED}),
    State.ENDED: frozenset(),
}
assert MOVES.keys() == set(State), "every state states its moves"


class NewJourney(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Name
    plan: Plan = msgspec.field(default_factory=Plan)


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """`plan` is the draft; people walk the published version number `published`."""

    id: UUID
    name: str
    state: State
    plan: Plan
    published: int | None
    owner_id: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime
    enrolled_through: UUID | None = None
    is_enrolling: bool = False
    created_by: UUID | None = None
    changed_by: UUID | None = None


class Ending(StrEnum):
    DONE = "done"
    GOAL = "goal"
    LEFT = "left"
    STOPPED = "stopped"


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One person on their way. Without a node they are at the end. `wakes_at`: when the next step
    is due; what they wait for counts from `waits_since` to `deadline`; `happened`: it did."""

    id: UUID
    journey_id: UUID
    number: int
    customer_id: UUID
    node: str | None
    is_waiting: bool
    wakes_at: datetime | None
    waits_for: str | None
    waits_since: datetime | None
    deadline: datetime | None
    happened: bool
    steps: int
    began_at: datetime
    ended_at: datetime | None
    ending: Ending | None


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A line of somebody's way: which step, what came of it, and when."""

    number: int
    node: str
    outcome: str
    detail: str
    at: datetime


class JourneyIncomplete(Invalid):
    """Something is missing before it may run; `field` names the step."""

    code = "journey_incomplete"


class JourneyNotRunning(Conflict):
    """Nobody can begin a journey that does not run."""

    code = "journey_not_running"


def feed_of(journey_id: UUID) -> str:
    return f"journey:{journey_id}"


def waiting_key(step: WaitFor) -> str:
    """What a run waits for, as events are matched with it."""
    return f"entered:{step.segment_id}" if step.segment_id else step.happening
