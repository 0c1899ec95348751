"""Disputes of payments over HTTP: what the buyers' banks ask back, and our evidence."""

import functools
from uuid import UUID

from litestar import Controller, Response, get, patch
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    LIMIT_DEFAULT,
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.scm.payments import service
from tandem.scm.payments.domain import AlreadyDecided, Dispute, DisputeStatus, Evidence


class PaymentDisputesController(Controller):
    path = "/v1/payment-disputes"
    tags = ("payments",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_disputes(
        self,
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        status: FromQuery[DisputeStatus | None] = None,
        is_open: FromQuery[bool | None] = None,
        order_id: FromQuery[UUID | None] = None,
        payment_id: FromQuery[UUID | None] = None,
    ) -> Page[Dispute]:
        """Newest first; `is_open` are those without a decision."""
        wanted = service.DisputeFilter(
            status=status, is_open=is_open, order_id=order_id, payment_id=payment_id
        )
        return await service.list_disputes(tx, wanted, limit=limit, cursor=cursor)

    @get("/{dispute_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_dispute(self, dispute_id: FromPath[UUID], tx: Transaction) -> Response[Dispute]:
        """One dispute. What was told of it is among its payment's events."""
        found = await service.get_dispute(tx, dispute_id)
        return Response(found, headers=etag(found.version))

    @patch(
        "/{dispute_id:uuid}",
        responses=refusals(Forbidden, NotFound, AlreadyDecided, StaleVersion, Invalid),
    )
    async def note_evidence(
        self,
        dispute_id: FromPath[UUID],
        data: JSONBody[Evidence],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Dispute]:
        """Keep what speaks for us. Sending it is done in the gateway's dashboard."""
        changed = await service.note_evidence(
            tx, dispute_id, data, is_current=functools.partial(check_if_match, if_match), now=now
        )
        return Response(changed, headers=etag(changed.version))
