"""Messages on request, taking them back, and asking beforehand what would become of them."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, post, put
from litestar.params import FromPath, JSONBody

from tandem.crm.customers import service as customers
from tandem.crm.notifications.domain.messages import Step
from tandem.crm.notifications.domain.policy import Action, Verdict
from tandem.crm.notifications.domain.template_versions import ParameterWrong, TemplateWrong
from tandem.crm.notifications.service import rules
from tandem.flows import notify
from tandem.flows.notify import Ask, NewNotification, NoSuchEvent, Notification
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import COMPUTES, Now, Transaction, refusals

DECISIONS_MAX = 100


class Asks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    asks: Annotated[list[Ask], msgspec.Meta(min_length=1, max_length=DECISIONS_MAX)]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """`until` in UTC for a hold. `trace`: every rule of the send policy, in order."""

    action: Action
    reason: str
    detail: str
    until: str | None
    trace: list[Step]


class Decisions(msgspec.Struct, frozen=True, kw_only=True):
    decisions: list[Decision]


class Zone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    time_zone: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class NotificationsController(Controller):
    path = "/v1/notifications"
    tags = ("notifications",)

    @post(
        "/",
        responses=refusals(
            Forbidden, NoSuchEvent, NotFound, Invalid, ParameterWrong, TemplateWrong
        ),
    )
    async def send(
        self, data: JSONBody[NewNotification], tx: Transaction, now: Now
    ) -> Notification:
        """Send one message by every channel that reaches the recipient, once per `key`."""
        return await notify.notify(tx, data, now=now)

    @delete("/{key:str}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def cancel(self, key: FromPath[str], tx: Transaction, now: Now) -> None:
        """Take back what was asked for under this key and has not left yet."""
        await notify.cancel(tx, key, now=now)

    @post(
        "/decisions",
        status_code=200,
        opt=COMPUTES,
        responses=refusals(Forbidden, NotFound, Invalid),
    )
    async def decide(self, data: JSONBody[Asks], tx: Transaction, now: Now) -> Decisions:
        """What the send policy would decide now, and what every rule of it says. Sends nothing."""
        verdicts = await notify.dry_run(tx, data.asks, now=now)
        return Decisions(decisions=[decision_of(verdict) for verdict in verdicts])


class TimeZonesController(Controller):
    path = "/v1/sending-time-zones"
    tags = ("notifications",)

    @put("/{customer_id:uuid}", responses=refusals(Forbidden, NotFound, Invalid))
    async def set_zone(
        self, customer_id: FromPath[UUID], data: JSONBody[Zone], tx: Transaction, now: Now
    ) -> Zone:
        """By whose clock a customer's quiet hours go; the company's, until it is set."""
        await customers.get_customer(tx, customer_id)
        await rules.set_time_zone(tx, customer_id, data.time_zone, now=now)
        return data


def decision_of(verdict: Verdict) -> Decision:
    return Decision(
        action=verdict.action,
        reason=verdict.reason,
        detail=verdict.detail,
        until=verdict.until.isoformat() if verdict.until else None,
        trace=verdict.trace,
    )
