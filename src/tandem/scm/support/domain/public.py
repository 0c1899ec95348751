"""A complaint as its customer sees it: their words and our public ones, and nothing else.

Built from public rows only. Who of us wrote is not said, nor what the company calls it inside.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from tandem.scm.support.domain.complaints import Complaint, Message
from tandem.scm.support.domain.desk import Desk
from tandem.scm.support.domain.files import File
from tandem.scm.support.domain.statuses import Origin, Status, Visibility

STATES: Mapping[Status, str] = {
    Status.OPEN: "received",
    Status.ACKNOWLEDGED: "in_work",
    Status.IN_PROGRESS: "in_work",
    Status.WAITING_CUSTOMER: "waiting_for_you",
    Status.RESOLVED: "resolved",
    Status.CLOSED: "closed",
    Status.REOPENED: "in_work",
}
assert STATES.keys() == set(Status), "the customer is told something of every state"


class PublicMessage(msgspec.Struct, frozen=True, kw_only=True):
    is_yours: bool
    body: str
    at: datetime


class PublicFile(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    filename: str
    media_type: str
    size_bytes: int
    is_yours: bool


class PublicComplaint(msgspec.Struct, frozen=True, kw_only=True):
    """`state`: received, in_work, waiting_for_you, resolved or closed."""

    number: str
    about: str
    state: str
    order_number: str
    opened_at: datetime
    resolved_at: datetime | None
    messages: list[PublicMessage]
    files: list[PublicFile]
    can_answer: bool
    can_rate: bool
    rating: int | None


class PublicHead(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order's complaints, with the token of its page."""

    token: str
    number: str
    about: str
    state: str
    opened_at: datetime


def about(complaint: Complaint, desk: Desk) -> str:
    """What it is about, in words the company chose for customers."""
    for category in desk.categories:
        if category.key == complaint.category and category.is_public:
            return category.name
    return "Your order"


def head_of(complaint: Complaint, desk: Desk) -> PublicHead:
    return PublicHead(
        token=complaint.public_token,
        number=complaint.number,
        about=about(complaint, desk),
        state=STATES[complaint.status],
        opened_at=complaint.opened_at,
    )


def public_view(
    complaint: Complaint, desk: Desk, messages: Sequence[Message], files: Sequence[File]
) -> PublicComplaint:
    """Leaves out whatever is not public, even if it is handed in."""
    return PublicComplaint(
        number=complaint.number,
        about=about(complaint, desk),
        state=STATES[complaint.status],
        order_number=complaint.order_number,
        opened_at=complaint.opened_at,
        resolved_at=complaint.resolved_at,
        messages=[
            PublicMessage(
                is_yours=message.origin is Origin.BUYER, body=message.body, at=message.created_at
            )
            for message in messages
            if message.visibility is Visibility.PUBLIC
        ],
        files=[
            PublicFile(
                id=file.id,
                filename=file.filename,
                media_type=file.media_type,
                size_bytes=file.size_bytes,
                is_yours=file.origin is Origin.BUYER,
            )
            for file in files
            if file.visibility is Visibility.PUBLIC and file.is_readable
        ],
        can_answer=complaint.status is not Status.CLOSED,
        can_rate=complaint.status in {Status.RESOLVED, Status.CLOSED},
        rating=complaint.rating,
    )
