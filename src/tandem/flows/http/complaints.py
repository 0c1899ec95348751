"""Complaints over HTTP, where other services have a part: opening one, giving it to somebody.

The list is here because it has the same address as opening."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from tandem.contracts.address import PRINTABLE
from tandem.flows import complaints
from tandem.flows.complaints import About
from tandem.kernel.errors import Forbidden, Invalid, NotFound
from tandem.kernel.http import Cursor, LimitParameter, Now, Transaction, etag, refusals
from tandem.kernel.pages import LIMIT_DEFAULT, Page
from tandem.kernel.patterns import whole
from tandem.scm.support import service as support
from tandem.scm.support.domain.complaints import (
    BODY_LENGTH_MAX,
    Complaint,
    ComplaintClosed,
    Key,
    NewComplaint,
    Subject,
    UnknownCategory,
    UnknownQueue,
)
from tandem.scm.support.domain.statuses import Channel, Origin, Severity, Status, Visibility
from tandem.scm.support.domain.views import Filters, Sort

KeyFilter = Annotated[str, QueryParameter(max_length=40, pattern=whole("([a-z][a-z0-9_]*)?"))]
Text = Annotated[str, QueryParameter(max_length=200, pattern=PRINTABLE)]


class ComplaintDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`severity` and `queue` are the category's where they are left out. An order brings its
    parcel, invoice and customer with it. `body` is internal unless `visibility` says `public`:
    what the customer said goes there, and the customer reads it on the complaint's page."""

    category: Key
    subject: Subject
    channel: Channel = Channel.API
    severity: Severity | None = None
    queue: Key | None = None
    order_id: UUID | None = None
    shipment_id: UUID | None = None
    invoice_id: UUID | None = None
    customer_id: UUID | None = None
    body: Annotated[str, msgspec.Meta(max_length=BODY_LENGTH_MAX, pattern=r"^[^\x00]*$")] = ""
    visibility: Visibility = Visibility.INTERNAL


class Assignment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only the fields given change; `assignee_id` null takes it from everybody."""

    assignee_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    queue: Key | msgspec.UnsetType = msgspec.UNSET


class ComplaintFlowsController(Controller):
    path = "/v1/complaints"
    tags = ("support",)

    @get("/", responses=refusals(Forbidden, Invalid))
    async def list_complaints(
        self,
        tx: Transaction,
        now: Now,
        limit: LimitParameter = LIMIT_DEFAULT,
        cursor: Cursor = None,
        sort: FromQuery[Sort] = Sort.NEWEST,
        status: FromQuery[list[Status] | None] = None,
        queue: KeyFilter = "",
        category: KeyFilter = "",
        severity: FromQuery[Severity | None] = None,
        assignee_id: FromQuery[UUID | None] = None,
        is_unassigned: FromQuery[bool] = False,
        is_overdue: FromQuery[bool] = False,
        order_id: FromQuery[UUID | None] = None,
        shipment_id: FromQuery[UUID | None] = None,
        customer_id: FromQuery[UUID | None] = None,
        q: Text = "",
    ) -> Page[Complaint]:
        """Newest first, or what runs out first; `q` is a number or a part of a name or subject."""
        filters = Filters(
            statuses=tuple(status or ()),
            queue=queue,
            category=category,
            severity=severity,
            assignee_id=assignee_id,
            is_unassigned=is_unassigned,
            is_overdue=is_overdue,
            order_id=order_id,
            shipment_id=shipment_id,
            customer_id=customer_id,
            text=q.strip(),
        )
        return await support.list_complaints(
            tx, filters, limit=limit, cursor=cursor, sort=sort, now=now
        )

    @post("/", responses=refusals(Forbidden, UnknownCategory, UnknownQueue, Invalid))
    async def open_complaint(
        self, data: JSONBody[ComplaintDraft], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        """Open a complaint; both clocks run from now. With an Idempotency-Key it opens once."""
        draft = NewComplaint(
            category=data.category,
            subject=data.subject,
            channel=data.channel,
            severity=data.severity,
            queue=data.queue,
            body=data.body,
            visibility=data.visibility,
        )
        about = About(
            order_id=data.order_id,
            shipment_id=data.shipment_id,
            invoice_id=data.invoice_id,
            customer_id=data.customer_id,
        )
        opened = await complaints.open_complaint(tx, draft, about, origin=Origin.STAFF, now=now)
        return Response(opened, status_code=201, headers=etag(opened.version))

    @post(
        "/{complaint_id:uuid}/assignment",
        responses=refusals(Forbidden, NotFound, UnknownQueue, ComplaintClosed, Invalid),
    )
    async def assign(
        self, complaint_id: FromPath[UUID], data: JSONBody[Assignment], tx: Transaction, now: Now
    ) -> Response[Complaint]:
        """Give it to a colleague, to a queue, or to nobody."""
        given = await complaints.give_to(
            tx, complaint_id=complaint_id, assignee_id=data.assignee_id, queue=data.queue, now=now
        )
        return Response(given, status_code=201, headers=etag(given.version))
