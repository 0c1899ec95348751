"""Orders over HTTP: read, annotate, hold, their story, the company's numbering.

Placing, quoting, confirming, cancelling and searching need other services too: see flows.
"""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from tandem.contracts.address import FILLED, PRINTABLE
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel import references, tokens
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    PUBLIC,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Selects,
    Store,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.kernel.references import Reference
from tandem.scm.orders import service
from tandem.scm.orders.domain.lifecycle import ACTIONS, MOVES
from tandem.scm.orders.domain.refusals import OrderEnded
from tandem.scm.orders.domain.settings import OrderSettings, SettingsChange
from tandem.scm.orders.domain.story import Moment, ServiceName
from tandem.scm.orders.domain.views import PublicOrder

Note = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=FILLED)]


class OrderChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Fields left out stay as they are."""

    note: Note | None = None
    is_on_hold: bool | None = None
    hold_reason: Annotated[str, msgspec.Meta(max_length=200, pattern=PRINTABLE)] = ""


class HoldReason(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    reason: Reason


class Lifecycle(msgspec.Struct, kw_only=True):
    """The published table: from which status which action leads where."""

    moves: Mapping[str, list[str]]
    actions: Mapping[str, Mapping[str, list[str]]]


ServiceFilter = Annotated[
    list[ServiceName] | None,
    QueryParameter(name="service", max_items=20, description="Only what these services told."),
]


class OrdersController(Controller):
    path = "/v1"
    tags = ("orders",)

    @get("/orders/{order_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_order(
        self, order_id: FromPath[UUID], reading: Selects
    ) -> Response[OrderSnapshot]:
        """One order whole, with its lines as they were sold."""
        order = await service.read_order(reading, order_id)
        return Response(order, headers=etag(order.version))

    @patch(
        "/orders/{order_id:uuid}",
        responses=refusals(Forbidden, NotFound, OrderEnded, StaleVersion, Invalid),
    )
    async def change_order(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[OrderChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[OrderSnapshot]:
        """Change the note, put the order on hold or take it off."""
        tx.actor.require("orders.write")
        before = await service.lock_order(tx, order_id)
        check_if_match(if_match, before.version)
        order = await service.annotate(
            tx,
            before,
            note=data.note,
            is_on_hold=data.is_on_hold,
            hold_reason=data.hold_reason,
            now=now,
        )
        return Response(order, headers=etag(order.version))

    @post(
        "/orders/{order_id:uuid}/hold",
        responses=refusals(Forbidden, NotFound, OrderEnded, Invalid),
    )
    async def hold(
        self, order_id: FromPath[UUID], data: JSONBody[HoldReason], tx: Transaction, now: Now
    ) -> Response[OrderSnapshot]:
        """Let nothing of the order ship until the hold is lifted."""
        order = await service.hold(tx, order_id, reason=data.reason, now=now)
        return Response(order, headers=etag(order.version))

    @delete(
        "/orders/{order_id:uuid}/hold",
        status_code=200,
        responses=refusals(Forbidden, NotFound, OrderEnded),
    )
    async def release_hold(
        self, order_id: FromPath[UUID], tx: Transaction, now: Now
    ) -> Response[OrderSnapshot]:
        """Let the order go on."""
        order = await service.release_hold(tx, order_id, now=now)
        return Response(order, headers=etag(order.version))

    @get("/orders/{order_id:uuid}/timeline", responses=refusals(Forbidden, NotFound, Invalid))
    async def read_timeline(
        self,
        order_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        service_names: ServiceFilter = None,
    ) -> Page[Moment]:
        """Everything that happened to the order in every service, oldest first."""
        return await service.read_timeline(
            tx, order_id, services=service_names or (), limit=limit, cursor=cursor
        )

    @get("/orders/{order_id:uuid}/references", responses=refusals(Forbidden, NotFound))
    async def list_references(self, order_id: FromPath[UUID], tx: Transaction) -> Page[Reference]:
        """What other systems call this order and what belongs to it."""
        order = await service.read_order(tx, order_id)
        return Page(items=await references.list_of(tx, order.id))

    @get("/public/orders/{token:str}", opt=PUBLIC, responses=refusals(NotFound))
    async def get_public_order(
        self, token: FromPath[str], database: Store, now: Now
    ) -> PublicOrder:
        """What whoever holds the order's link may see of it."""
        found = await tokens.find(database, token)
        if found is None or found.kind != "order" or not found.is_live(now):
            raise NotFound("There is nothing behind this link.")
        async with database.transaction(Actor.public(found.org_id)) as tx:
            return await service.get_public_order(tx, found.entity_id)

    @get("/order-lifecycle")
    async def get_lifecycle(self) -> Lifecycle:
        """Which moves an order's status has, and which action makes which."""
        return Lifecycle(
            moves={status: sorted(targets) for status, targets in MOVES.items()},
            actions={
                action: {"from": sorted(rule.sources), "to": sorted(rule.targets)}
                for action, rule in ACTIONS.items()
            },
        )

    @get("/order-settings", responses=refusals(Forbidden))
    async def get_settings(self, tx: Transaction) -> Response[OrderSettings]:
        """How orders are numbered, and how long an unpaid one waits."""
        tx.actor.require("orders.read")
        settings = await service.get_settings(tx)
        return Response(settings, headers=etag(settings.version))

    @put("/order-settings", responses=refusals(Forbidden, StaleVersion, Invalid))
    async def save_settings(
        self,
        data: JSONBody[SettingsChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[OrderSettings]:
        """Change numbering and waiting time; numbers already given stay."""
        check_if_match(if_match, (await service.get_settings(tx)).version)
        settings = await service.save_settings(tx, data, now=now)
        return Response(settings, headers=etag(settings.version))
