"""Seeing the company through another member's eyes. Pure."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.access import Access, HeldRole, actor_of
from tandem.crm.identity.domain.keys import in_common
from tandem.kernel.actor import Actor, Impersonator
from tandem.kernel.errors import Forbidden

PERMISSION = "identity.impersonate"
LIFE_MAX = timedelta(hours=1)
REASON_MIN, REASON_MAX = 10, 300


class ImpersonationForbidden(Forbidden):
    """Keys, oneself, from within another impersonation, or somebody who may more."""

    code = "impersonation_forbidden"


class Impersonation(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    user_id: UUID
    by_user_id: UUID
    reason: str
    may_write: bool
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a session sees the company as, as the database answers it."""

    id: UUID
    user_id: UUID
    name: str
    reason: str
    may_write: bool
    until: datetime
    access: Access


def seen_through(own: Actor, own_access: Access, seen: Seen) -> Actor:
    """What both of them may; nothing of the real person's session is in it but their name."""
    held = [grant for role in own_access.roles for grant in role.grants]
    theirs = [grant for role in seen.access.roles for grant in role.grants]
    narrowed = msgspec.structs.replace(
        seen.access, roles=[HeldRole(key="seen", grants=in_common(theirs, held))]
    )
    whole = actor_of(seen.access, org_id=own.org_id, user_id=seen.user_id)
    assert own.user_id is not None, "a session has a member"
    by = Impersonator(
        id=seen.id,
        user_id=own.user_id,
        label=own.label,
        reason=seen.reason,
        may_write=seen.may_write,
        until=seen.until,
    )
    acting = actor_of(
        narrowed, org_id=own.org_id, user_id=seen.user_id, label=seen.name, impersonator=by
    )
    return msgspec.structs.replace(
        acting,
        hidden=whole.hidden | own.hidden,
        read_only=whole.read_only | own.read_only,
    )
