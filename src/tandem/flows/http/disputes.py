"""Answering a dispute over HTTP: its papers come from other services than payments."""

from uuid import UUID

from litestar import Controller, Response, post
from litestar.params import FromPath, JSONBody

from tandem.flows.answer_dispute import answer_dispute
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Now, Transaction, etag, refusals
from tandem.scm.payments.domain import (
    AlreadyAnswered,
    AlreadyDecided,
    Answer,
    Dispute,
    NothingToShow,
)


class DisputeFlowsController(Controller):
    path = "/v1/payment-disputes"
    tags = ("payments",)

    @post(
        "/{dispute_id:uuid}/answers",
        status_code=202,
        responses=refusals(
            Forbidden, NotFound, AlreadyDecided, AlreadyAnswered, NothingToShow, Invalid
        ),
    )
    async def answer(
        self, dispute_id: FromPath[UUID], data: JSONBody[Answer], tx: Transaction, now: Now
    ) -> Response[Dispute]:
        """Contest it with the noted evidence, the invoice and the pictures from the door, or accept
        it. The gateway is told within seconds, once."""
        dispute = await answer_dispute(tx, dispute_id, data, now=now)
        return Response(dispute, headers=etag(dispute.version))
