"""Assignment rules, who is there, and whose a lead becomes, over HTTP."""

import functools
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.sales.domain.assigning import (
    RULES_MAX,
    AssignmentEntry,
    AssignmentRule,
    AssignmentRuleTaken,
    Choice,
    RuleDraft,
)
from tandem.crm.sales.domain.leads import LeadDraft, LeadMerged
from tandem.crm.sales.domain.reps import Absence, Availability, NewAbsence
from tandem.crm.sales.service import assigning, assignment_rules, reps
from tandem.flows import assign_leads
from tandem.kernel.calendars import CalendarWrong
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.kernel.http.noting import COMPUTES
from tandem.kernel.rules import RuleWrong


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every rule once, in the order in which they shall be asked."""

    ids: Annotated[list[UUID], msgspec.Meta(max_length=RULES_MAX)]


class Simulation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lead there is, or one described."""

    lead_id: UUID | None = None
    lead: LeadDraft | None = None


class Assignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To somebody by name; without, by the rules."""

    owner_id: UUID | None = None


class AssigningController(Controller):
    path = "/v1"
    tags = ("sales",)

    @get("/assignment-rules", responses=refusals(Forbidden))
    async def list_rules(self, tx: Transaction) -> list[AssignmentRule]:
        """In the order in which they are asked."""
        return await assignment_rules.list_rules(tx)

    @post(
        "/assignment-rules",
        responses=refusals(Forbidden, Invalid, RuleWrong, AssignmentRuleTaken),
    )
    async def add_rule(
        self, data: JSONBody[RuleDraft], tx: Transaction, now: Now
    ) -> Response[AssignmentRule]:
        """Asked after all others. The first rule that holds and has somebody eligible decides."""
        people = await assign_leads.directory(tx)
        made = await assignment_rules.add_rule(tx, data, people, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @put("/assignment-rules", responses=refusals(Forbidden, Invalid))
    async def order_rules(
        self, data: JSONBody[Order], tx: Transaction, now: Now
    ) -> list[AssignmentRule]:
        return await assignment_rules.order_rules(tx, data.ids, now=now)

    @post(
        "/assignment-rules/simulation",
        opt=COMPUTES,
        responses=refusals(Forbidden, NotFound, Invalid, LeadMerged),
    )
    async def simulate(
        self, data: JSONBody[Simulation], tx: Transaction, now: Now
    ) -> Response[Choice]:
        """Who would get this lead, every rule with its verdict, and why others were passed over.
        Nothing changes."""
        people = await assign_leads.directory(tx)
        choice = await assigning.simulate(
            tx, people, lead_id=data.lead_id, draft=data.lead, now=now
        )
        return Response(choice, status_code=201)

    @get("/assignment-rules/{rule_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_rule(self, rule_id: FromPath[UUID], tx: Transaction) -> Response[AssignmentRule]:
        found = await assignment_rules.get_rule(tx, rule_id)
        return Response(found, headers=etag(found.version))

    @put(
        "/assignment-rules/{rule_id:uuid}",
        responses=refusals(
            Forbidden, NotFound, Invalid, RuleWrong, AssignmentRuleTaken, StaleVersion
        ),
    )
    async def change_rule(
        self,
        rule_id: FromPath[UUID],
        data: JSONBody[RuleDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[AssignmentRule]:
        """The rule as it shall be. Whose turn it is stays."""
        changed = await assignment_rules.change_rule(
            tx,
            rule_id,
            data,
            await assign_leads.directory(tx),
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return Response(changed, headers=etag(changed.version))

    @delete(
        "/assignment-rules/{rule_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, NotFound),
    )
    async def remove_rule(self, rule_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        await assignment_rules.remove_rule(tx, rule_id, now=now)

    @get("/leads/{lead_id:uuid}/assignments", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def list_assignments(
        self, lead_id: FromPath[UUID], tx: Transaction
    ) -> list[AssignmentEntry]:
        """Who got the lead and why, newest first."""
        return await assigning.list_log(tx, lead_id)

    @post(
        "/leads/{lead_id:uuid}/assignment",
        responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, assigning.LeadSettled),
    )
    async def assign(
        self, lead_id: FromPath[UUID], data: JSONBody[Assignment], tx: Transaction, now: Now
    ) -> Response[Choice]:
        """Without an owner in the answer nobody is eligible now: the lead waits for somebody."""
        people = await assign_leads.directory(tx)
        if data.owner_id is not None:
            choice = await assigning.give(tx, lead_id, data.owner_id, people, now=now)
        else:
            choice = await assigning.assign(tx, lead_id, people, how="by_hand", now=now)
        return Response(choice, status_code=201)

    @get("/reps", responses=refusals(Forbidden))
    async def list_reps(self, tx: Transaction, now: Now) -> list[reps.Desk]:
        """Who works leads, their hours and absences, and how many open leads each has."""
        return await reps.list_desks(tx, await assign_leads.directory(tx), now=now)

    @put("/reps/{user_id:uuid}", responses=refusals(Forbidden, NotFound, Invalid, CalendarWrong))
    async def set_availability(
        self, user_id: FromPath[UUID], data: JSONBody[Availability], tx: Transaction, now: Now
    ) -> Availability:
        """One's own hours; anybody's, and how many leads they carry, with `sales.configure`."""
        people = await assign_leads.directory(tx)
        return await reps.set_availability(tx, user_id, data, people, now=now)

    @post("/reps/{user_id:uuid}/absences", responses=refusals(Forbidden, NotFound, Invalid))
    async def add_absence(
        self, user_id: FromPath[UUID], data: JSONBody[NewAbsence], tx: Transaction, now: Now
    ) -> Response[Absence]:
        """Out of office: no lead comes meanwhile."""
        people = await assign_leads.directory(tx)
        return Response(await reps.add_absence(tx, user_id, data, people, now=now), status_code=201)

    @delete(
        "/reps/{user_id:uuid}/absences/{absence_id:uuid}",
        status_code=204,
        responses=refusals(Forbidden, NotFound),
    )
    async def remove_absence(
        self, user_id: FromPath[UUID], absence_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        people = await assign_leads.directory(tx)
        await reps.remove_absence(tx, user_id, absence_id, people, now=now)
