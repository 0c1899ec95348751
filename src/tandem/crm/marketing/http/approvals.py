"""A second person's yes to campaigns over HTTP: the company's rule, what waits, and the answer."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.marketing import service
from tandem.crm.marketing.domain.approvals import (
    Approval,
    ApprovalRule,
    ApprovalSettled,
    Decision,
    OwnApproval,
)
from tandem.crm.marketing.domain.journey_approvals import JourneyApproval
from tandem.crm.marketing.service import journey_approvals
from tandem.kernel.errors import Forbidden, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    items: Annotated[list[Approval], msgspec.Meta(max_length=50)]


class ApprovalRuleController(Controller):
    path = "/v1/campaign-approval-rule"
    tags = ("marketing",)

    @get("/", responses=refusals(Forbidden))
    async def get_rule(self, tx: Transaction) -> Response[ApprovalRule]:
        """From how many people on a campaign needs a second person. Version 0: nobody has said."""
        held = await service.get_rule(tx)
        return Response(held.rule, headers=etag(held.version))

    @put("/", responses=refusals(Forbidden, StaleVersion))
    async def put_rule(
        self, data: JSONBody[ApprovalRule], tx: Transaction, now: Now, if_match: IfMatch = None
    ) -> Response[ApprovalRule]:
        """Holds at once, for what is scheduled too."""
        tx.actor.require("identity.settings")
        known = (await service.get_rule(tx.with_all_grants())).version
        check_if_match(if_match, known)
        held = await service.set_rule(tx, data, version=known, now=now)
        return Response(held.rule, headers=etag(held.version))


class ApprovalsController(Controller):
    path = "/v1/campaign-approvals"
    tags = ("marketing",)

    @get("/", responses=refusals(Forbidden))
    async def list_waiting(self, tx: Transaction) -> Waiting:
        """What waits for somebody's yes, newest first; at most 50."""
        return Waiting(items=await service.waiting_approvals(tx))

    @post(
        "/{approval_id:uuid}/decision",
        responses=refusals(Forbidden, NotFound, OwnApproval, ApprovalSettled),
    )
    async def decide(
        self, approval_id: FromPath[UUID], data: JSONBody[Decision], tx: Transaction, now: Now
    ) -> Approval:
        """Say yes or no to what was asked; who had a hand in the campaign cannot."""
        return await service.decide_approval(tx, approval_id, data, now=now)


class WaitingJourneys(msgspec.Struct, frozen=True, kw_only=True):
    items: Annotated[list[JourneyApproval], msgspec.Meta(max_length=50)]


class JourneyApprovalsController(Controller):
    path = "/v1/journey-approvals"
    tags = ("marketing",)

    @get("/", responses=refusals(Forbidden))
    async def list_waiting_journeys(self, tx: Transaction) -> WaitingJourneys:
        """Journeys that wait for somebody's yes, newest first; at most 50."""
        return WaitingJourneys(items=await journey_approvals.list_waiting(tx))

    @post(
        "/{approval_id:uuid}/decision",
        responses=refusals(Forbidden, NotFound, OwnApproval, ApprovalSettled),
    )
    async def decide_journey(
        self, approval_id: FromPath[UUID], data: JSONBody[Decision], tx: Transaction, now: Now
    ) -> JourneyApproval:
        """Say yes or no to a journey's draft; who had a hand in it cannot."""
        return await journey_approvals.decide(tx, approval_id, data, now=now)
