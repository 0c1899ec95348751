"""An invitation into a company: bound to an address, good once, for a week."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from tandem.contracts.address import PRINTABLE
from tandem.kernel.errors import Conflict, Gone

INVITATION_LIFE = timedelta(days=7)
INVITATIONS_MAX = 500
InvitedName = Annotated[str, msgspec.Meta(max_length=100, pattern=PRINTABLE)]


class InvitationGone(Gone):
    """Used, taken back, too old, or never there: the answer is the same."""

    code = "invitation_gone"


class AlreadyMember(Conflict):
    code = "already_member"


class TooManyInvitations(Conflict):
    code = "too_many_invitations"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Without its token, which is in the mail and nowhere else."""

    id: UUID
    email: str
    name: str
    role_keys: list[str]
    team_ids: list[UUID]
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        return self.used_at is None and self.revoked_at is None and now < self.expires_at


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever holds the link may see of it."""

    company_name: str
    email: str
    name: str
    expires_at: datetime
    has_account: bool
    """They are a member elsewhere: they keep the password they have."""
