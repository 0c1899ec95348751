"""People who may sign in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict


class EmailTaken(Conflict):
    code = "email_taken"


class User(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    name: str
    role_key: str
    is_active: bool
    created_at: datetime
    version: int


Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


def normal_email(email: str) -> str:
    return email.strip().lower()
