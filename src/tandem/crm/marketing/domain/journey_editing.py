"""Changing a journey's outline: a step put in, changed, moved or taken out. The rest stays."""

import secrets
from collections.abc import Callable, Sequence

import msgspec

from tandem.crm.marketing.domain.journey_paths import lists_of, paths
from tandem.crm.marketing.domain.journeys import Branch, Plan, Split, Step, WaitFor
from tandem.kernel.errors import NotFound

Change = Callable[[list[Step]], list[Step]]
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
START = "start"


def new_id(plan: Plan) -> str:
    """A short name that no step of the plan has."""
    taken = paths(plan)
    while True:
        name = "".join(secrets.choice(LETTERS) for _ in range(4))
        if name not in taken:
            return name


def put_in(plan: Plan, step: Step, place: str) -> Plan:
    """`place`: `start`, `after:<id>`, or `in:<id>:<branch>` for the beginning of a branch."""
    if place == START:
        return _with(plan, [step, *plan.steps])
    how, _, where = place.partition(":")
    if how == "after":
        find_step(plan, where)
        return _everywhere(plan, lambda steps: _after(steps, where, step))
    inside, _, number = where.partition(":")
    owner = find_step(plan, inside)
    lists = lists_of(owner)
    if not number.isdigit() or int(number) >= len(lists):
        raise NotFound("There is no such branch.")
    lists[int(number)] = [step, *lists[int(number)]]
    return change_step(plan, with_lists(owner, lists))


def change_step(plan: Plan, step: Step) -> Plan:
    """Another step in the place of the one with its id."""
    find_step(plan, step.id)
    return _everywhere(plan, lambda steps: [step if one.id == step.id else one for one in steps])


def take_out(plan: Plan, step_id: str) -> Plan:
    """With everything in its branches."""
    find_step(plan, step_id)
    return _everywhere(plan, lambda steps: [one for one in steps if one.id != step_id])


def shift(plan: Plan, step_id: str, by: int) -> Plan:
    """Up (-1) or down (1) among its neighbours; at an edge it stays."""
    find_step(plan, step_id)

    def change(steps: list[Step]) -> list[Step]:
        places = [place for place, one in enumerate(steps) if one.id == step_id]
        if not places or not 0 <= places[0] + by < len(steps):
            return steps
        moved = list(steps)
        moved.insert(places[0] + by, moved.pop(places[0]))
        return moved

    return _everywhere(plan, change)


def find_step(plan: Plan, step_id: str) -> Step:
    node = paths(plan).get(step_id)
    if node is None:
        raise NotFound("There is no such step.")
    return node.step


def with_lists(step: Step, lists: Sequence[list[Step]]) -> Step:
    """The step with other branches, in the order of `lists_of`."""
    if isinstance(step, WaitFor | Branch):
        return msgspec.structs.replace(step, then=lists[0], otherwise=lists[1])
    if isinstance(step, Split):
        shares = [
            msgspec.structs.replace(share, steps=steps)
            for share, steps in zip(step.shares, lists, strict=True)
        ]
        return msgspec.structs.replace(step, shares=shares)
    return step


def _after(steps: list[Step], where: str, step: Step) -> list[Step]:
    found: list[Step] = []
    for one in steps:
        found += [one, step] if one.id == where else [one]
    return found


def _everywhere(plan: Plan, change: Change) -> Plan:
    return _with(plan, _rebuilt(plan.steps, change))


def _rebuilt(steps: list[Step], change: Change) -> list[Step]:
    return [
        with_lists(step, [_rebuilt(inner, change) for inner in lists_of(step)])
        for step in change(steps)
    ]


def _with(plan: Plan, steps: list[Step]) -> Plan:
    return msgspec.structs.replace(plan, steps=steps)
