"""Whose a lead becomes: rules in order, people in turn, and why the others were passed over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from tandem.crm.sales.domain.pipelines import PRINTABLE
from tandem.crm.sales.domain.reps import Cap, Person, Rep
from tandem.kernel.errors import Conflict, Invalid
from tandem.kernel.rules import CustomField, Explanation

RULES_MAX = 100
POOL_MAX = 200


class Strategy(StrEnum):
    """How one of a pool is chosen: in turn; who has the fewest open leads; in turn among those
    of a territory; or always the same person."""

    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"
    TERRITORY = "territory"
    OWNER = "owner"


class Reason(StrEnum):
    """Why somebody of the pool did not get the lead."""

    GONE = "gone"
    NO_PERMISSION = "no_permission"
    AWAY = "away"
    OFF_HOURS = "off_hours"
    FULL = "full"
    NOT_THEIR_TURN = "not_their_turn"
    BUSIER = "busier"


How = Literal["captured", "by_hand", "taken_up"]
RuleName = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=PRINTABLE)]
Pool = Annotated[list[UUID], msgspec.Meta(max_length=POOL_MAX)]


class RuleDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as somebody wants it. Without a `condition` it goes for every lead.

    The pool is `user_ids` or the members of `team_id`; of a territory rule, the members of
    `territory_id`, or without one of the territory that the lead is in.
    """

    name: RuleName
    condition: dict[str, Any] | None = None
    strategy: Strategy = Strategy.ROUND_ROBIN
    user_ids: Pool = []
    team_id: UUID | None = None
    territory_id: UUID | None = None
    owner_id: UUID | None = None
    load_cap: Cap | None = None
    keeps_hours: bool = False
    is_active: bool = True


class AssignmentRule(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    position: int
    name: str
    condition: dict[str, Any] | None
    strategy: Strategy
    user_ids: list[UUID]
    team_id: UUID | None
    territory_id: UUID | None
    owner_id: UUID | None
    load_cap: int | None
    keeps_hours: bool
    is_active: bool
    last_user_id: UUID | None
    version: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A team or a territory with its members, and what it stands below."""

    id: UUID
    name: str
    parent_id: UUID | None = None
    members: Sequence[UUID] = ()


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """The company as it is now. Only members who are active stand in `people`; `custom_fields` are
    those of leads; `zone` is whose midnights count (IANA)."""

    people: Mapping[UUID, Person]
    teams: Mapping[UUID, Group] = {}
    territories: Mapping[UUID, Group] = {}
    custom_fields: Sequence[CustomField] = ()
    zone: str = "Asia/Kolkata"


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the pool who did not get it. `detail` is the reason as a sentence's part."""

    user_id: UUID
    name: str
    reason: Reason
    detail: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """One rule on the way to the answer. `says` is its condition in words."""

    rule_id: UUID
    rule_name: str
    holds: bool
    says: str
    passed: list[Passed] = []
    explanation: Explanation | None = None
    note: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a lead goes to, by which rule, and every rule that was asked. Without an owner nobody
    was eligible: the lead waits."""

    owner_id: UUID | None = None
    owner_name: str = ""
    rule_id: UUID | None = None
    rule_name: str = ""
    team_id: UUID | None = None
    territory_id: UUID | None = None
    tried: list[Tried] = []


class AssignmentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log: who got a lead, from whom, and why."""

    id: UUID
    lead_id: UUID
    at: datetime
    how: How
    rule_id: UUID | None
    rule_name: str
    owner_id: UUID | None
    owner_name: str
    from_owner_id: UUID | None
    actor_label: str
    tried: list[Tried]


class AssignmentRuleTaken(Conflict):
    code = "assignment_rule_taken"


def check_draft(draft: RuleDraft, directory: Directory) -> None:
    """The strategy has its pool, and everybody and everything named is there."""
    for user_id in draft.user_ids:
        if user_id not in directory.people:
            raise Invalid("Nobody here has this id.", field="user_ids")
    if len(set(draft.user_ids)) < len(draft.user_ids):
        raise Invalid("Somebody is named twice.", field="user_ids")
    if draft.team_id is not None and draft.team_id not in directory.teams:
        raise Invalid("There is no such team.", field="team_id")
    if draft.territory_id is not None and draft.territory_id not in directory.territories:
        raise Invalid("There is no such territory.", field="territory_id")
    if draft.strategy is Strategy.OWNER:
        if draft.owner_id not in directory.people:
            raise Invalid("Say whose the leads become.", field="owner_id")
    elif draft.strategy is not Strategy.TERRITORY and not draft.user_ids and draft.team_id is None:
        raise Invalid("Name people or a team.", field="user_ids")


def pool_of(
    rule: AssignmentRule, directory: Directory, lead_territory_id: UUID | None
) -> tuple[list[UUID], UUID | None]:
    """Who may get it, in turn, and the territory they are taken from.

    A territory nobody belongs to leaves it to the one above.
    """
    if rule.strategy is Strategy.OWNER:
        return [rule.owner_id] if rule.owner_id else [], None
    if rule.strategy is not Strategy.TERRITORY:
        team = directory.teams.get(rule.team_id) if rule.team_id else None
        members = sorted(team.members) if team else []
        return list(dict.fromkeys([*rule.user_ids, *members])), None
    territory_id = rule.territory_id or lead_territory_id
    seen: set[UUID] = set()
    here = territory_id
    while here is not None and here in directory.territories and here not in seen:
        seen.add(here)
        land = directory.territories[here]
        if land.members:
            return sorted(land.members), territory_id
        here = land.parent_id
    return [], territory_id


def choose(
    rule: AssignmentRule,
    pool: Sequence[UUID],
    reps: Mapping[UUID, Rep],
    last_user_id: UUID | None,
    zone: str = "UTC",
) -> tuple[Rep | None, list[Passed]]:
    """Who of the pool gets it. `last_user_id` got the one before: the turn goes on after them.
    Reasons name times by the clock of `zone`.

    Whoever is passed over now is asked again next time: they lose their turn, not their place.
    """
    turn = _in_turn(pool, last_user_id)
    found = [(user_id, reps.get(user_id)) for user_id in turn]
    passed = [_gone(user_id) for user_id, rep in found if rep is None]
    eligible: list[Rep] = []
    for _, rep in found:
        if rep is None:
            continue
        if said := _why_not(rule, rep, ZoneInfo(zone)):
            passed.append(_passed(rep, *said))
        else:
            eligible.append(rep)
    if not eligible:
        return None, passed
    chosen = eligible[0]
    if rule.strategy is Strategy.LEAST_BUSY:
        # `min` keeps the first of equals: among them it goes in turn.
        chosen = min(eligible, key=lambda rep: rep.load)
    for rep in eligible:
        if rep is chosen:
            continue
        if rule.strategy is Strategy.LEAST_BUSY and rep.load > chosen.load:
            passed.append(_passed(rep, Reason.BUSIER, f"has {rep.load} open leads"))
        else:
            passed.append(_passed(rep, Reason.NOT_THEIR_TURN, "is not next in turn"))
    return chosen, passed


def _in_turn(pool: Sequence[UUID], last_user_id: UUID | None) -> list[UUID]:
    if last_user_id not in pool:
        return list(pool)
    after = pool.index(last_user_id) + 1
    return [*pool[after:], *pool[:after]]


def _why_not(rule: AssignmentRule, rep: Rep, zone: ZoneInfo) -> tuple[Reason, str] | None:
    if not rep.may_sell:
        return Reason.NO_PERMISSION, "may not work leads"
    if rep.away_until is not None:
        until = rep.away_until.astimezone(zone)
        return Reason.AWAY, f"is out of office until {until:%d %b %Y, %H:%M}"
    if rule.keeps_hours and not rep.is_working:
        return Reason.OFF_HOURS, "is outside their working hours"
    caps = [cap for cap in (rule.load_cap, rep.lead_cap) if cap is not None]
    if caps and rep.load >= min(caps):
        return Reason.FULL, f"has {rep.load} open leads of {min(caps)} at most"
    return None


def _passed(rep: Rep, reason: Reason, detail: str) -> Passed:
    return Passed(user_id=rep.id, name=rep.name, reason=reason, detail=detail)


def _gone(user_id: UUID) -> Passed:
    return Passed(user_id=user_id, name="", reason=Reason.GONE, detail="is no longer here")
