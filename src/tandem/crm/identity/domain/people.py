"""People who may sign in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.kernel.errors import Conflict
from tandem.kernel.patterns import whole


class EmailTaken(Conflict):
    code = "email_taken"


class LastAdministrator(Conflict):
    code = "last_administrator"


class RingOfManagers(Conflict):
    code = "ring_of_managers"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the company. `role_keys` are all their roles, `role_key` the first of them."""

    id: UUID
    email: str
    name: str
    role_key: str
    is_active: bool
    created_at: datetime
    version: int
    role_keys: list[str] = msgspec.field(default_factory=list)
    manager_id: UUID | None = None


_UNSEEN = r"\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
"""Control characters, and what turns or hides its neighbours: no address has them."""
_EMAIL = whole(rf"[^@\s{_UNSEEN}]+@[^@\s{_UNSEEN}]+")
Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=_EMAIL)]


PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


RoleKeys = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(min_length=1, max_length=20)
]


class MemberChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Only what is given changes."""

    name: PersonName | msgspec.UnsetType = msgspec.UNSET
    role_keys: RoleKeys | msgspec.UnsetType = msgspec.UNSET
    manager_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    is_active: bool | msgspec.UnsetType = msgspec.UNSET


def normal_email(email: str) -> str:
    return email.strip().lower()
