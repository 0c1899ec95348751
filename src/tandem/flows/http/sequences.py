"""Sequences over HTTP: a rep's mails to a lead until the lead answers."""

import functools
from typing import Literal
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from tandem.crm.sales.domain.leads import LeadMerged
from tandem.crm.sales.domain.sequences import (
    Reason,
    Run,
    Sequence,
    SequenceDraft,
    SequenceRunning,
    SequenceTaken,
)
from tandem.crm.sales.service import sequences
from tandem.crm.sales.service.assigning import LeadSettled
from tandem.flows import sequences as flow
from tandem.kernel.errors import Forbidden, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    Cursor,
    IfMatch,
    LimitParameter,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import LIMIT_DEFAULT, Page


class RunAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The mails leave in the name of `sender_id`: whoever asks, or the lead's owner, without it."""

    lead_id: UUID
    sender_id: UUID | None = None


class Stopping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`replied`: they answered by another way than a mail that we see."""

    reason: Literal["replied", "by_hand"] = "by_hand"


class SequenceController(Controller):
    path = "/v1/sequences"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden))
    async def list_sequences(self, tx: Transaction) -> list[Sequence]:
        """By name, with how many leads run, finished, replied or were stopped."""
        return await sequences.list_sequences(tx)

    @post("/", responses=refusals(Forbidden, Invalid, SequenceTaken))
    async def add_sequence(
        self, data: JSONBody[SequenceDraft], tx: Transaction, now: Now
    ) -> Response[Sequence]:
        """In subjects and texts `{name}`, `{company}`, `{number}` and `{sender}` stand for the
        lead's and the sender's own."""
        return _answer(await sequences.add_sequence(tx, data, now=now), status=201)

    @get("/{sequence_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_sequence(
        self, sequence_id: FromPath[UUID], tx: Transaction
    ) -> Response[Sequence]:
        return _answer(await sequences.get_sequence(tx, sequence_id))

    @put(
        "/{sequence_id:uuid}",
        responses=refusals(Forbidden, NotFound, Invalid, SequenceTaken, StaleVersion),
    )
    async def change_sequence(
        self,
        sequence_id: FromPath[UUID],
        data: JSONBody[SequenceDraft],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Sequence]:
        """The sequence as it shall be, for the mails that have not left yet. Switched off, it waits
        with all its leads."""
        seen = functools.partial(check_if_match, if_match)
        return _answer(
            await sequences.change_sequence(tx, sequence_id, data, is_current=seen, now=now)
        )

    @get("/{sequence_id:uuid}/runs", responses=refusals(Forbidden, NotFound))
    async def list_runs(
        self,
        sequence_id: FromPath[UUID],
        tx: Transaction,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[Run]:
        """Its leads, the newest first; for who sees everybody's."""
        return await sequences.list_runs(tx, sequence_id, limit=limit, cursor=cursor)

    @post(
        "/{sequence_id:uuid}/runs",
        responses=refusals(Forbidden, NotFound, Invalid, LeadMerged, LeadSettled, SequenceRunning),
    )
    async def start(
        self, sequence_id: FromPath[UUID], data: JSONBody[RunAsk], tx: Transaction, now: Now
    ) -> Run:
        """Put a lead into it. One lead is in one sequence at a time."""
        return await flow.start(tx, sequence_id, data.lead_id, sender_id=data.sender_id, now=now)


class SequenceRunController(Controller):
    path = "/v1/sequence-runs"
    tags = ("sales",)

    @get("/", responses=refusals(Forbidden, NotFound, LeadMerged))
    async def list_runs_of_lead(self, tx: Transaction, lead_id: FromQuery[UUID]) -> list[Run]:
        """Of one lead, the newest first."""
        return await sequences.list_runs_of_lead(tx, lead_id)

    @post(
        "/{run_id:uuid}/stop", responses=refusals(Forbidden, NotFound, LeadMerged, SequenceRunning)
    )
    async def stop(
        self, run_id: FromPath[UUID], data: JSONBody[Stopping], tx: Transaction, now: Now
    ) -> Run:
        """Nothing more is sent; a mail that waits is taken back."""
        return await flow.stop(tx, run_id, Reason(data.reason), now=now)


def _answer(sequence: Sequence, *, status: int = 200) -> Response[Sequence]:
    return Response(sequence, status_code=status, headers=etag(sequence.version))
