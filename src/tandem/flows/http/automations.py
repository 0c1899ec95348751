"""Automations over HTTP: when this happens and that holds, do these things."""

import functools
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.sales.domain.automations import (
    Automation,
    AutomationDraft,
    AutomationTaken,
    Run,
)
from tandem.crm.sales.domain.leads import LeadMerged
from tandem.crm.sales.service import automations
from tandem.flows import automations as flow
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.kernel.http.noting import COMPUTES
from tandem.kernel.rules import RuleWrong


class TrialAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lead's id, or a deal's, as the automation's trigger has it."""

    subject_id: UUID


class AutomationController(Controller):
    path = "/v1/automations"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_automations(self, tx: Transaction, now: Now) -> list[Automation]:
        """By name, with how often each acted and failed in the last 30 days."""
        return await automations.list_automations(tx, now=now)

    @post("/", responses=refusals(Forbidden, Invalid, RuleWrong, AutomationTaken))
    async def add_automation(
        self, data: JSONBody[AutomationDraft], tx: Transaction, now: Now
    ) -> Response[Automation]:
        """For what happens from now on. One automation acts on one record five times a day at
        most."""
        made = await flow.add_automation(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{automation_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_automation(
        self, automation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[Automation]:
        found = await automations.get_automation(tx, automation_id, now=now)
        return Response(found, headers=etag(found.version))

    @put(
        "/{automation_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, RuleWrong, AutomationTaken, StaleVersion),
    )
    async def change_automation(
        self,
        automation_id: FromPath[UUID],
        data: JSONBody[AutomationDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Automation]:
        """The automation as it shall be."""
        changed = await flow.change_automation(
            tx,
            automation_id,
            data,
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return Response(changed, headers=etag(changed.version))

    @delete("/{automation_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def remove_automation(
        self, automation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """What it did stays done; its log goes with it."""
        await automations.remove_automation(tx, automation_id, now=now)

    @get("/{automation_id:uuid}/runs", responses=refusals(Forbidden, NotFound))
    async def list_runs(
        self, automation_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> list[Run]:
        """What it did and why it failed, the newest first; for who sees everybody's records."""
        return await automations.list_runs(tx, automation_id, now=now)

    @post(
        "/{automation_id:uuid}/trial",
        opt=COMPUTES,
        status_code=200,
        responses=refusals(Forbidden, NotFound, LeadMerged, RuleWrong),
    )
    async def try_out(
        self, automation_id: FromPath[UUID], data: JSONBody[TrialAsk], tx: Transaction, now: Now
    ) -> flow.Trial:
        """Whether the condition holds of a record, why, and what would be done. Changes nothing."""
        return await flow.try_out(tx, automation_id, data.subject_id, now=now)
