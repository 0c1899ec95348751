"""Complaints: read, answer, move on. Opening, listing and giving away: see flows."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.handlers import HTTPRouteHandler
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


def _moving(name: str, noun: str, to: Status) -> HTTPRouteHandler:
    """The address of one move; `name` is what the audit calls it."""

    async def move(
        self: object,
        complaint_id: FromPath[UUID],
        data: JSONBody[WithNote],
        tx: Transaction,
        now: Now,
    ) -> Response[Complaint]:
        moved = await service.move(
            tx, complaint_id=complaint_id, to=to, origin=Origin.STAFF, note=data.note, now=now
        )
        return _answer(moved, status=201)

    move.__name__ = name
    return post(noun, responses=refusals(Forbidden, NotFound, IllegalMove))(move)


class ComplaintMovesController(Controller):
    """One address for each move."""

    path = "/v1/complaints/{complaint_id:uuid}"
    tags = ("support",)

    acknowledge = _moving("acknowledge", "/acknowledgement", Status.ACKNOWLEDGED)
    start = _moving("start", "/start", Status.IN_PROGRESS)
    # The customer has to say something: the clock of the resolution rests.
    pause = _moving("pause", "/pause", Status.WAITING_CUSTOMER)
    # The customer is told, and asked how it went.
    resolve = _moving("resolve", "/resolution", Status.RESOLVED)
    close = _moving("close", "/closure", Status.CLOSED)
    reopen = _moving("reopen", "/reopening", Status.REOPENED)


def _answer(complaint: Complaint, *, status: int = 200) -> Response[Complaint]:
    return Response(complaint, status_code=status, headers=etag(complaint.version))
