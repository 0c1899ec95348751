"""Reports on a schedule over HTTP."""

import functools
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.analytics.domain.subscriptions import (
    Delivery,
    Subscription,
    SubscriptionDraft,
    TooManySubscriptions,
)
from tandem.crm.analytics.service import subscriptions
from tandem.flows.reports import subscribing
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.kernel.rules import RuleWrong


class RunStarted(msgspec.Struct, kw_only=True):
    run_id: UUID
    started_at: datetime


class SubscriptionsController(Controller):
    path = "/v1/subscriptions"
    tags = ("analytics",)

    @get(responses=refusals(Forbidden))
    async def list_subscriptions(
        self, tx: Transaction, everybodys: FromQuery[bool] = False
    ) -> list[Subscription]:
        """One's own and those one gets. `everybodys` needs `analytics.configure`."""
        return await subscriptions.list_subscriptions(tx, everybodys=everybodys)

    @post(responses=refusals(Forbidden, Invalid, NotFound, RuleWrong, TooManySubscriptions))
    async def add_subscription(
        self, data: JSONBody[SubscriptionDraft], tx: Transaction, now: Now
    ) -> Response[Subscription]:
        """For others than oneself it needs `analytics.write`. Each recipient gets what they may
        see, whoever made it."""
        made = await subscribing.add(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{subscription_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_subscription(
        self, subscription_id: FromPath[UUID], tx: Transaction
    ) -> Response[Subscription]:
        found = await subscriptions.get_subscription(tx, subscription_id)
        return Response(found, headers=etag(found.version))

    @put(
        "/{subscription_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, RuleWrong, StaleVersion),
    )
    async def change_subscription(
        self,
        subscription_id: FromPath[UUID],
        data: JSONBody[SubscriptionDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Subscription]:
        """The subscription as it shall be. Only its owner may."""
        changed = await subscribing.change(
            tx,
            subscription_id,
            data,
            is_current=functools.partial(check_if_match, if_match),
            now=now,
        )
        return Response(changed, headers=etag(changed.version))

    @delete("/{subscription_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def remove_subscription(
        self, subscription_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Its owner, or whoever may `analytics.configure`."""
        await subscriptions.remove_subscription(tx, subscription_id, now=now)

    @post("/{subscription_id:uuid}/runs", status_code=202, responses=refusals(Forbidden, NotFound))
    async def run_now(
        self, subscription_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> RunStarted:
        """Send it to all its recipients now, beside the schedule. Only its owner may."""
        run_id = await subscriptions.run_now(tx, subscription_id, now=now)
        return RunStarted(run_id=run_id, started_at=now)

    @get("/{subscription_id:uuid}/deliveries", responses=refusals(Forbidden, NotFound))
    async def list_deliveries(
        self, subscription_id: FromPath[UUID], tx: Transaction
    ) -> list[Delivery]:
        """What became of it, the newest first, at most 100. The file is told to its recipient
        alone (`/v1/exports/{export_id}/file`)."""
        return await subscriptions.history_of(tx, subscription_id)

    @delete(
        "/{subscription_id:uuid}/recipients/me",
        status_code=204,
        responses=refusals(Forbidden, NotFound),
    )
    async def leave_subscription(
        self, subscription_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> None:
        """Get no more of it."""
        await subscriptions.leave_subscription(tx, subscription_id, now=now)
