"""Reports that go out on a schedule, each made as the person it goes to."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from tandem.crm.analytics.domain.asking import Ask, check_zone
from tandem.crm.analytics.domain.dashboards import Title
from tandem.crm.analytics.domain.exports import DashboardName, ExportDraft, FileKind
from tandem.crm.analytics.domain.funnels import FunnelAsk
from tandem.crm.analytics.domain.looking import Looking
from tandem.crm.analytics.domain.retention import RetentionAsk
from tandem.crm.analytics.domain.schedules import Schedule
from tandem.kernel.errors import Conflict, Invalid

RECIPIENTS_MAX = 50
OWN_MAX = 50
ATTEMPTS_MAX = 5
AGAIN_AFTER = timedelta(minutes=2)
"""Before a report is tried once more: also after a worker died over it."""

State = Literal["waiting", "sent", "empty", "gone", "not_allowed", "failed"]
ENDS: Mapping[str, str] = {
    "waiting": "Waiting",
    "sent": "Sent",
    "empty": "Nothing to tell",
    "gone": "Not here any more",
    "not_allowed": "May not see it",
    "failed": "Failed",
}


class TooManySubscriptions(Conflict):
    code = "too_many_subscriptions"


class SubscriptionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What (one of `query`, `dashboard`, `funnel`, `retention`), looked at how, when, and to whom.
    `skip_empty`: who would get nothing but zeros gets nothing."""

    name: Title
    query: Ask | None = None
    dashboard: DashboardName | None = None
    funnel: FunnelAsk | None = None
    retention: RetentionAsk | None = None
    looking: Looking | None = None
    file: FileKind = "xlsx"
    schedule: Schedule = msgspec.field(default_factory=Schedule)
    recipients: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=RECIPIENTS_MAX)]
    skip_empty: bool = True
    is_active: bool = True

    @property
    def export(self) -> ExportDraft:
        return ExportDraft(
            query=self.query,
            dashboard=self.dashboard,
            funnel=self.funnel,
            retention=self.retention,
            looking=self.looking,
            title=self.name,
            file=self.file,
        )


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    owner_id: UUID
    draft: SubscriptionDraft
    recipients: list[UUID]
    is_active: bool
    stopped_because: str
    next_at: datetime
    version: int
    created_at: datetime

    @property
    def name(self) -> str:
        return self.draft.name


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of one subscription. `missed` are the slots before it that nobody worked on."""

    id: UUID
    subscription_id: UUID
    slot: datetime
    missed: int
    created_at: datetime


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipient got of a run. The file is theirs alone."""

    id: UUID
    run_id: UUID
    subscription_id: UUID
    slot: datetime
    missed: int
    recipient_id: UUID
    state: State
    reason: str
    export_id: UUID | None
    row_count: int | None
    as_of: datetime | None
    policy_hash: str
    sha256: str
    attempts: int
    done_at: datetime | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery ended."""

    state: State
    reason: str = ""
    export_id: UUID | None = None
    row_count: int | None = None
    as_of: datetime | None = None
    policy_hash: str = ""
    sha256: str = ""


def check(draft: SubscriptionDraft) -> None:
    given = (draft.query, draft.dashboard, draft.funnel, draft.retention)
    if sum(one is not None for one in given) != 1:
        raise Invalid("Name one of: query, dashboard, funnel, retention.", field="query")
    if draft.looking is not None and (draft.funnel or draft.retention):
        raise Invalid("A funnel and cohorts have days of their own.", field="looking")
    if draft.schedule.zone is not None:
        check_zone(draft.schedule.zone, field="schedule.zone")
    if len(set(draft.recipients)) < len(draft.recipients):
        raise Invalid("A recipient is named twice.", field="recipients")
