"""A journey's steps as a table: which one follows which. Checked here before it may run."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import msgspec

from tandem.crm.marketing.domain.campaigns import Channel
from tandem.crm.marketing.domain.journeys import (
    DEEPEST,
    STEPS_MAX,
    Act,
    Branch,
    JourneyIncomplete,
    Plan,
    Send,
    Split,
    Step,
    Wait,
    WaitFor,
)
from tandem.crm.marketing.domain.splitting import place

NEEDED_BY_ACT: Mapping[str, str] = {
    "add_to_list": "list_id",
    "remove_from_list": "list_id",
    "set_owner": "owner_id",
    "add_task": "title",
    "change_score": "points",
    "set_lead_status": "status_id",
    "open_deal": "title",
    "tell_webhooks": "title",
}


class Node(msgspec.Struct, frozen=True):
    """A step, what follows it, and what its branches begin with; None is the end."""

    step: Step
    following: str | None
    branches: tuple[str | None, ...] = ()
    depth: int = 0


def paths(plan: Plan) -> dict[str, Node]:
    """Every step by its id. Refuses two steps with one id."""
    found: dict[str, Node] = {}
    for node in _nodes(plan.steps, None, 0):
        if node.step.id in found:
            raise JourneyIncomplete(f"Two steps are called {node.step.id}.", field="steps")
        found[node.step.id] = node
    return found


def first_of(steps: Sequence[Step], following: str | None) -> str | None:
    return steps[0].id if steps else following


def lists_of(step: Step) -> list[list[Step]]:
    """The branches of a step, in their order."""
    if isinstance(step, WaitFor | Branch):
        return [step.then, step.otherwise]
    if isinstance(step, Split):
        return [share.steps for share in step.shares]
    return []


def _nodes(steps: Sequence[Step], following: str | None, depth: int) -> Iterator[Node]:
    for index, step in enumerate(steps):
        after = steps[index + 1].id if index + 1 < len(steps) else following
        inner = lists_of(step)
        yield Node(step, after, tuple(first_of(each, after) for each in inner), depth)
        for each in inner:
            yield from _nodes(each, after, depth + 1)


def chosen_share(journey_id: UUID, customer_id: UUID, step: Split) -> int:
    """Which of the shares, by weight; by person and step alone, so it never changes."""
    at = place(journey_id, customer_id, step.id) * sum(share.weight for share in step.shares)
    for index, share in enumerate(step.shares):
        at -= share.weight
        if at < 0:
            return index
    return len(step.shares) - 1


def check_plan(plan: Plan) -> None:
    """What a draft must fulfil to run. The first thing missing is named by its step's id."""
    nodes = paths(plan)
    if not nodes:
        raise JourneyIncomplete("There is no step yet.", field="steps")
    if len(nodes) > STEPS_MAX:
        raise JourneyIncomplete(f"A journey has {STEPS_MAX} steps at most.", field="steps")
    if plan.entry.by == "segment" and plan.entry.segment_id is None:
        raise JourneyIncomplete("Say which segment begins it.", field="entry")
    if plan.leaves_with_segment and plan.entry.by != "segment":
        raise JourneyIncomplete("Only who entered by a segment can leave it.", field="entry")
    if plan.goal_segment_id is not None and plan.goal_segment_id == plan.entry.segment_id:
        raise JourneyIncomplete("Who begins it would have arrived.", field="goal_segment_id")
    for node in nodes.values():
        if node.depth > DEEPEST:
            raise JourneyIncomplete("Branches are too deep.", field=node.step.id)
        if missing := _missing(node.step):
            raise JourneyIncomplete(missing, field=node.step.id)


def _missing(step: Step) -> str:
    match step:
        case Wait() if not step.minutes and step.at is None:
            return "Say how long to wait, or until what time."
        case WaitFor() if (step.happening == "entered_segment") != (step.segment_id is not None):
            return "Say which segment to wait for."
        case Branch() if (step.segment_id is None) == (step.rule is None):
            return "Say by which segment, or by which rule."
        case Send() if step.template_version_id is None and not (step.text or step.html):
            return "This message says nothing."
        case Send() if lacks_subject(step):
            return "This message has no subject."
        case Act() if not getattr(step, NEEDED_BY_ACT[step.what]):
            return "Say what to do."
    return ""


def lacks_subject(step: Send) -> bool:
    is_own = step.template_version_id is None
    return is_own and step.channel is Channel.EMAIL and not step.subject.strip()
