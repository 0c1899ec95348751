"""Beginning and ending an impersonation. Both names stand in the audit of all in between."""

from datetime import datetime, timedelta
from uuid import UUID

from tandem.crm.identity.domain.impersonating import (
    LIFE_MAX,
    PERMISSION,
    REASON_MAX,
    REASON_MIN,
    Impersonation,
    ImpersonationForbidden,
)
from tandem.crm.identity.service.granting import check_may_give
from tandem.crm.identity.store import impersonating as store
from tandem.crm.identity.store import people as people_store
from tandem.crm.identity.store import roles as roles_store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


async def impersonate(
    tx: Tx, user_id: UUID, *, reason: str, minutes: int, may_write: bool, now: datetime
) -> Impersonation:
    """See the company as this member for at most an hour, reading only unless `may_write`.

    Refuses keys, oneself, whoever may more than oneself, and a second one inside of the first.
    """
    actor = tx.actor
    actor.require(PERMISSION)
    if actor.session_id is None or actor.impersonator is not None or actor.user_id is None:
        raise ImpersonationForbidden("Only somebody who signed in themselves may do this.")
    actor.require_fresh(now)
    if user_id == actor.user_id:
        raise ImpersonationForbidden("This is you.")
    if not REASON_MIN <= len(reason.strip()) <= REASON_MAX:
        raise Invalid(f"Say why, in {REASON_MIN} to {REASON_MAX} characters.", field="reason")
    if not 1 <= minutes <= LIFE_MAX.total_seconds() // 60:
        raise Invalid("From 1 to 60 minutes.", field="minutes")
    people = await people_store.list_users(tx, user_id)
    if not people or not people[0].is_active:
        raise NotFound("There is no such person.")
    access = await roles_store.access_of(tx, user_id, now)
    check_may_give(actor, [grant for role in access.roles for grant in role.grants])
    begun = Impersonation(
        id=new_id(),
        user_id=user_id,
        by_user_id=actor.user_id,
        reason=reason.strip(),
        may_write=may_write,
        started_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )
    await tx.run(store.END_OF_SESSION, session_id=actor.session_id, now=now)
    await tx.run(
        store.INSERT,
        id=begun.id,
        session_id=actor.session_id,
        by_user_id=begun.by_user_id,
        user_id=user_id,
        reason=begun.reason,
        may_write=may_write,
        started_at=now,
        expires_at=begun.expires_at,
    )
    await audit.write(
        tx,
        action="impersonation.begun",
        subject_kind="user",
        subject_id=user_id,
        now=now,
        after={
            "reason": begun.reason,
            "may_write": may_write,
            "until": begun.expires_at,
            "name": people[0].name,
        },
    )
    return begun


async def end_impersonation(tx: Tx, *, now: datetime) -> None:
    """Back to oneself. Does nothing where there is none to end."""
    by = tx.actor.impersonator
    if by is None:
        return
    await tx.run(store.END, id=by.id, now=now)
    assert tx.actor.user_id is not None, "an impersonation is of a member"
    await audit.write(
        tx,
        action="impersonation.ended",
        subject_kind="user",
        subject_id=tx.actor.user_id,
        now=now,
    )


async def list_impersonations(tx: Tx) -> list[Impersonation]:
    """Newest first, at most 200."""
    tx.actor.require("identity.audit")
    return await store.list_impersonations(tx)
