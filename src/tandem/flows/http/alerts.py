"""Alerts over HTTP."""

import functools
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.analytics.domain.alerts import Alert, AlertDraft, AlertEvent, TooManyAlerts
from tandem.crm.analytics.domain.asking import QueryTooSlow, TooManyQueries
from tandem.crm.analytics.service import alerts
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import IfMatch, Now, Transaction, check_if_match, etag, refusals
from tandem.kernel.rules import RuleWrong


class Mute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """None: it speaks again."""

    until: datetime | None


class AlertsController(Controller):
    path = "/v1/alerts"
    tags = ("analytics",)

    @get(responses=refusals(Forbidden))
    async def list_alerts(
        self, tx: Transaction, everybodys: FromQuery[bool] = False
    ) -> list[Alert]:
        """One's own. `everybodys` needs `analytics.configure`."""
        return await alerts.list_alerts(tx, everybodys=everybodys)

    @post(
        responses=refusals(
            Forbidden, Invalid, RuleWrong, QueryTooSlow, TooManyQueries, TooManyAlerts
        )
    )
    async def add_alert(
        self, data: JSONBody[AlertDraft], tx: Transaction, now: Now
    ) -> Response[Alert]:
        """It is looked at as its owner, with what they may see at that time."""
        made = await alerts.add_alert(tx, data, now=now)
        return Response(made, status_code=201, headers=etag(made.version))

    @get("/{alert_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_alert(self, alert_id: FromPath[UUID], tx: Transaction) -> Response[Alert]:
        found = await alerts.get_alert(tx, alert_id)
        return Response(found, headers=etag(found.version))

    @put(
        "/{alert_id:uuid}",
        responses=refusals(
            Forbidden, NotFound, Invalid, RuleWrong, QueryTooSlow, TooManyQueries, StaleVersion
        ),
    )
    async def change_alert(
        self,
        alert_id: FromPath[UUID],
        data: JSONBody[AlertDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Alert]:
        """The alert as it shall be; it is armed anew. Only its owner may."""
        changed = await alerts.change_alert(
            tx, alert_id, data, is_current=functools.partial(check_if_match, if_match), now=now
        )
        return Response(changed, headers=etag(changed.version))

    @delete("/{alert_id:uuid}", status_code=204, responses=refusals(Forbidden, NotFound))
    async def remove_alert(self, alert_id: FromPath[UUID], tx: Transaction, now: Now) -> None:
        """Its owner, or whoever may `analytics.configure`."""
        await alerts.remove_alert(tx, alert_id, now=now)

    @put("/{alert_id:uuid}/mute", responses=refusals(Forbidden, NotFound, Invalid))
    async def mute_alert(
        self, alert_id: FromPath[UUID], data: JSONBody[Mute], tx: Transaction, now: Now
    ) -> Alert:
        """It goes on looking and says nothing until then. Only its owner may."""
        return await alerts.mute_alert(tx, alert_id, until=data.until, now=now)

    @get("/{alert_id:uuid}/events", responses=refusals(Forbidden, NotFound))
    async def list_events(self, alert_id: FromPath[UUID], tx: Transaction) -> list[AlertEvent]:
        """What it said, the newest first, at most 100."""
        return await alerts.history_of(tx, alert_id)
