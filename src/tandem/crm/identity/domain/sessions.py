"""How long a session lives, what of it is shown, and what a failed sign-in says."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.kernel.errors import Unauthenticated

SESSION_LIFE = timedelta(days=14)
"""Absolute: whatever happens, one signs in again after it."""
SESSION_IDLE = timedelta(days=3)
SEEN_GRAIN = timedelta(minutes=5)
SESSIONS_KEPT = timedelta(days=30)
"""Ended ones stay that long for whoever looks into what happened."""


class WrongCredentials(Unauthenticated):
    """One answer for an unknown address and for a wrong password."""

    code = "wrong_credentials"


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as its owner sees it. `method` names what was proved last."""

    id: UUID
    company_id: UUID
    method: str
    has_two_factors: bool
    created_at: datetime
    proved_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """`token` goes into the session cookie and nowhere else."""

    token: str
    org_id: UUID
    user_id: UUID
    person_id: UUID
    session_id: UUID
    expires_at: datetime


class HalfSignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """One factor was right; `token` ties the other to this browser. `factors` that would do."""

    token: str
    factors: list[str]


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody signs in from. `old_token` is the cookie they came with: it ends here."""

    address: str = ""
    user_agent: str = ""
    old_token: str = ""
    device: str = ""
    """The cookie of a browser that has signed in before."""
