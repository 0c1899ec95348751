"""Complaints: read, answer, move on. Opening, listing and giving away: see flows."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from tandem.kernel.errors import Forbidden, IllegalMove, Invalid, NotFound, StaleVersion
from tandem.kernel.http import (
    IfMatch,
    Now,
    Transaction,
    check_if_match,
    etag,
    refusals,
)
from tandem.kernel.pages import Page
from tandem.scm.support import service
from tandem.scm.support.domain.complaints import (
    Body,
    Complaint,
    ComplaintChange,
    ComplaintClosed,
    Message,
    Note,
    Step,
    UnknownCategory,
)
from tandem.scm.support.domain.statuses import MOVES, Origin, Status, Visibility
from tandem.scm.support.domain.views import Count
from tandem.scm.support.service import TooManyMessages


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Internal unless it says `public`: then the customer reads it."""

    body: Body
    visibility: Visibility = Visibility.INTERNAL


class WithNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`note` stays in the history; the customer never sees it."""

    note: Note = ""


class Lifecycle(msgspec.Struct, kw_only=True):
    moves: Mapping[str, list[str]]


class ComplaintsController(Controller):
    path = "/v1/complaints"
    tags = ("support",)

    @get("/counts", responses=refusals(Forbidden))
    async def count_complaints(self, tx: Transaction, now: Now) -> Page[Count]:
        """How many wait: in each queue, and in all (the empty one)."""
        return Page(items=await service.count_complaints(tx, now=now))

    @get("/lifecycle", responses=refusals(Forbidden))
    async def get_lifecycle(self, tx: Transaction) -> Lifecycle:
        """From which state which ones can be reached."""
        tx.actor.require("support.read")
        return Lifecycle(moves={source: sorted(targets) for source, targets in MOVES.items()})

    @get("/{complaint_id:uuid}", responses=refusals(Forbidden, NotFound))
    async def get_complaint(
        self, complaint_id: FromPath[UUID], tx: Transaction
    ) -> Response[Complaint]:
        return _answer(await service.get_complaint(tx, complaint_id))

    @patch(
        "/{complaint_id:uuid}",
        responses=refusals(Forbidden, NotFound, UnknownCategory, ComplaintClosed, StaleVersion),
    )
    async def change_complaint(
        self,
        complaint_id: FromPath[UUID],
        data: JSONBody[ComplaintChange],
        tx: Transaction,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response[Complaint]:
        """Another severity gives the clocks other times; what was used of the old stays used."""
        tx.actor.require("support.write")
        check_if_match(if_match, (await service.lock_complaint(tx, complaint_id)).version)
        changed = await service.change(
            tx, complaint_id=complaint_id, to=data, origin=Origin.STAFF, now=now
        )
        return _answer(changed)

    @get("/{complaint_id:uuid}/messages", responses=refusals(Forbidden, NotFound))
    async def list_messages(self, complaint_id: FromPath[UUID], tx: Transaction) -> Page[Message]:
        """Oldest first, internal ones too; 1,000 at most."""
        await service.get_complaint(tx, complaint_id)
        return Page(items=await service.list_messages(tx, complaint_id))

    @post(
        "/{complaint_id:uuid}/messages",
        responses=refusals(Forbidden, NotFound, ComplaintClosed, TooManyMessages, Invalid),
    )
    async def add_message(
        self, complaint_id: FromPath[UUID], data: JSONBody[NewMessage], tx: Transaction, now: Now
    ) -> Message:
        return await service.add_message(
            tx,
            complaint_id=complaint_id,
            body=data.body,
            visibility=data.visibility,
            origin=Origin.STAFF,
            now=now,
        )

    @get("/{complaint_id:uuid}/history", responses=refusals(Forbidden, NotFound))
    async def list_steps(self, complaint_id: FromPath[UUID], tx: Transaction) -> Page[Step]:
        """Who did what and when, oldest first; 1,000 at most."""
        await service.get_complaint(tx, complaint_id)
        return Page(items=await service.list_steps(tx, complaint_id))


class ComplaintMovesController(Controller):
    """One address for each move."""

    path = "/v1/complaints/{complaint_id:uuid}"
    tags = ("support",)

    @post("/acknowledgement", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def acknowledge(
        self, complaint_id: FromPath[UUID], data: JSONBody[WithNote], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        return await _move(tx, complaint_id, Status.ACKNOWLEDGED, data, now)

    @post("/start", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def start(
        self, complaint_id: FromPath[UUID], data: JSONBody[WithNote], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        return await _move(tx, complaint_id, Status.IN_PROGRESS, data, now)

    @post("/pause", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def pause(
        self, complaint_id: FromPath[UUID], data: JSONBody[WithNote], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        """The customer has to say something: the clock of the resolution rests."""
        return await _move(tx, complaint_id, Status.WAITING_CUSTOMER, data, now)

    @post("/resolution", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def resolve(
        self, complaint_id: FromPath[UUID], data: JSONBody[WithNote], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        """The customer is told, and asked how it went."""
        return await _move(tx, complaint_id, Status.RESOLVED, data, now)

    @post("/closure", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def close(
        self, complaint_id: FromPath[UUID], data: JSONBody[WithNote], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        return await _move(tx, complaint_id, Status.CLOSED, data, now)

    @post("/reopening", responses=refusals(Forbidden, NotFound, IllegalMove))
    async def reopen(
        self, complaint_id: FromPath[UUID], data: JSONBody[WithNote], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        return await _move(tx, complaint_id, Status.REOPENED, data, now)


async def _move(
    tx: Transaction, complaint_id: UUID, to: Status, data: WithNote, now: datetime
) -> Response[Complaint]:
    moved = await service.move(
        tx, complaint_id=complaint_id, to=to, origin=Origin.STAFF, note=data.note, now=now
    )
    return _answer(moved, status=201)


def _answer(complaint: Complaint, *, status: int = 200) -> Response[Complaint]:
    return Response(complaint, status_code=status, headers=etag(complaint.version))
