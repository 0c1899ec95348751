"""Words said often, kept once. `{customer}`, `{order}`, `{complaint}` and `{agent}` are filled."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.contracts.address import FILLED
from tandem.kernel.errors import Conflict
from tandem.kernel.patterns import whole
from tandem.scm.support.domain.complaints import Complaint

REPLIES_MAX = 300
PLACE = re.compile(r"\{(customer|order|complaint|agent)\}")

ReplyName = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=FILLED)]
ReplyBody = Annotated[
    str, msgspec.Meta(min_length=1, max_length=5_000, pattern=r"^[^\x00]*\S[^\x00]*$")
]
ReplyCategory = Annotated[str, msgspec.Meta(max_length=40, pattern=whole("([a-z][a-z0-9_]*)?"))]


class ReplyNameTaken(Conflict):
    code = "reply_name_taken"


class TooManyReplies(Conflict):
    code = "too_many_replies"


class NewReply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With a `category` it is offered first for complaints of that one."""

    name: ReplyName
    body: ReplyBody
    category: ReplyCategory = ""


class SavedReply(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    body: str
    category: str
    updated_at: datetime


def filled(body: str, complaint: Complaint, *, agent: str) -> str:
    """The reply as it would be sent on this complaint."""
    given: Mapping[str, str] = {
        "customer": (complaint.customer_name.split() or ["there"])[0],
        "order": complaint.order_number or "your order",
        "complaint": complaint.number,
        "agent": agent,
    }
    return PLACE.sub(lambda found: given[found[1]], body)
