"""From how many people on campaigns need a yes, and each yes that was asked for."""

from datetime import datetime

from tandem.crm.marketing.domain.approvals import Approval, ApprovalRule, RuleKept
from tandem.crm.marketing.domain.journey_approvals import JourneyApproval
from tandem.crm.marketing.store.approval_table import ApprovalTable
from tandem.kernel.db import Query, Tx

RULE = Query("select people_max, version from marketing.approval_rule where org_id = :org_id")

SAVE_RULE = Query(
    """
    insert into marketing.approval_rule as kept (org_id, people_max, version, updated_at)
    values (:org_id, :people_max, 1, :now)
        on conflict (org_id) do update
       set people_max = excluded.people_max, version = kept.version + 1,
           updated_at = excluded.updated_at
     where kept.version = :version
    returning version
    """
)

OF_CAMPAIGNS = ApprovalTable("marketing.campaign_approval", subject="campaign_id", row=Approval)
OF_JOURNEYS = ApprovalTable("marketing.journey_approval", subject="journey_id", row=JourneyApproval)


async def read_rule(tx: Tx) -> RuleKept:
    found = await tx.records(RULE)
    if not found:
        return RuleKept(rule=ApprovalRule(), version=0)
    return RuleKept(
        rule=ApprovalRule(people_max=found[0]["people_max"]), version=found[0]["version"]
    )


async def save_rule(tx: Tx, rule: ApprovalRule, *, version: int, now: datetime) -> int | None:
    """The new version; None when somebody saved another one meanwhile."""
    found: int | None = await tx.value(
        SAVE_RULE, people_max=rule.people_max, version=version, now=now
    )
    return found
