"""A person: one human with one address, a member of one company or of several."""

from datetime import datetime
from uuid import UUID

import msgspec


class Person(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    email: str
    password_set_at: datetime | None


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """A company that a person may enter, and who they are there.

    `provider_id` where it is entered through the company's own sign-in only.
    """

    company_id: UUID
    user_id: UUID
    company_name: str
    name: str
    provider_id: UUID | None = None
