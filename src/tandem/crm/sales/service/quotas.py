"""Quotas set, and how they stand."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from tandem.crm.sales.domain.permissions import CONFIGURE, READ
from tandem.crm.sales.domain.quotas import (
    Attainment,
    NewQuota,
    Quota,
    QuotaExists,
    expected,
    pace_of,
    span_of,
)
from tandem.crm.sales.store import quotas as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id


async def add_quota(tx: Tx, new: NewQuota, *, now: datetime) -> Quota:
    """For the whole period that `on` lies in. Refuses a second one for the same (QuotaExists).

    The flow that calls knows that the person or the team is there.
    """
    tx.actor.require_everywhere(CONFIGURE)
    if (new.owner_id is None) == (new.team_id is None):
        raise Invalid("Choose either a person or a team.", field="owner_id")
    span = span_of(new.period, new.on)
    quota = Quota(
        id=new_id(),
        owner_id=new.owner_id,
        team_id=new.team_id,
        period=new.period,
        from_on=span.from_on,
        to_on=span.to_on,
        target_minor=new.target_minor,
        version=1,
        created_at=now,
    )
    if not await store.insert(tx, quota, now):
        raise QuotaExists(f"There is a quota for {quota.label} already.", field="on")
    await _note(tx, "quota_added", quota, now, after=quota)
    return quota


async def change_quota(tx: Tx, quota_id: UUID, target_minor: int, *, now: datetime) -> Quota:
    before = await _to_write(tx, quota_id)
    await store.change(tx, quota_id, target_minor)
    after = msgspec.structs.replace(before, target_minor=target_minor, version=before.version + 1)
    await _note(tx, "quota_changed", before, now, before=before, after=after)
    return after


async def remove_quota(tx: Tx, quota_id: UUID, *, now: datetime) -> None:
    quota = await _to_write(tx, quota_id)
    await store.delete(tx, quota_id)
    await _note(tx, "quota_removed", quota, now, before=quota)


async def attainments(
    tx: Tx,
    *,
    from_on: date,
    to_on: date,
    today: date,
    zone: str,
    currency: str,
    members: Mapping[UUID, Sequence[UUID]],
) -> list[Attainment]:
    """The quotas that touch these days, with what was won towards each.

    Only quotas and deals within the reader's reach: a team's total is for who sees the team.
    """
    tx.actor.require(READ)
    if to_on < from_on:
        raise Invalid("The period ends before it begins.", field="to_on")
    reach = tx.actor.reach(READ)
    quotas = await store.list_between(tx, from_on, to_on, reach)
    if not quotas:
        return []
    won = await store.won(tx, quotas, reach, zone=zone, members=members)
    return [
        Attainment(
            quota=quota,
            currency=currency,
            won_minor=won[quota.id].won_minor,
            won_count=won[quota.id].won_count,
            expected_minor=expected(quota, today),
            pace=pace_of(quota, won[quota.id].won_minor, today),
        )
        for quota in quotas
    ]


async def _to_write(tx: Tx, quota_id: UUID) -> Quota:
    tx.actor.require_everywhere(CONFIGURE)
    found = await store.lock(tx, quota_id)
    if found is None:
        raise NotFound("There is no such quota.")
    return found


async def _note(
    tx: Tx,
    action: str,
    quota: Quota,
    now: datetime,
    *,
    before: Quota | None = None,
    after: Quota | None = None,
) -> None:
    await audit.write(
        tx,
        action=f"sales.{action}",
        subject_kind="quota",
        subject_id=quota.id,
        now=now,
        before=msgspec.to_builtins(before) if before else None,
        after=msgspec.to_builtins(after) if after else None,
    )
