"""One record opened for one person or team."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict

SHARES_MAX = 200
"""Of one record; more is a team's business."""

Level = Literal["read", "write"]
SHAREABLE = {
    "account": "customers",
    "customer": "customers",
    "lead": "sales",
    "opportunity": "sales",
    "order": "orders",
}
"""Kind → the service whose permissions it comes under."""


class TooManyShares(Conflict):
    code = "too_many_shares"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    object_kind: str
    object_id: UUID
    user_id: UUID | None
    team_id: UUID | None
    level: Level
    shared_until: datetime | None
    created_by: UUID | None
    created_at: datetime
