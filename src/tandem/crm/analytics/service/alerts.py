"""Alerts: made, muted, looked at as their owner, with a history of what they said."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from tandem.crm.analytics.domain.alerts import (
    OWN_MAX,
    Alert,
    AlertDraft,
    AlertEvent,
    Reading,
    TooManyAlerts,
    Verdict,
    asked,
    check,
    judge,
    z_score,
)
from tandem.crm.analytics.domain.permissions import CONFIGURE, READ
from tandem.crm.analytics.service import answering
from tandem.crm.analytics.service.asking import check as check_ask
from tandem.crm.analytics.service.personal import Personal, check_remover
from tandem.crm.analytics.store import alerts as store
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

HISTORY = 100
ALERT = Personal(kind="alert", named="an alert", changes_with=READ)


async def list_alerts(tx: Tx, *, everybodys: bool = False) -> list[Alert]:
    """One's own; with `analytics.configure` everybody's."""
    user_id = ALERT.lister(tx, everybodys=everybodys)
    return await store.list_rows(tx, user_id, everybodys=everybodys)


async def get_alert(tx: Tx, alert_id: UUID) -> Alert:
    user_id = ALERT.person(tx)
    found = await store.find(tx, alert_id)
    if found is None or not (found.owner_id == user_id or tx.actor.may(CONFIGURE)):
        raise NotFound("There is no such alert.")
    return found


async def add_alert(tx: Tx, draft: AlertDraft, *, now: datetime) -> Alert:
    """Refuses what the owner may not ask themselves, and the fifty-first of one person."""
    user_id = ALERT.person(tx)
    await _check(tx, draft, now)
    if await store.count_own(tx, user_id) >= OWN_MAX:
        raise TooManyAlerts(f"You have {OWN_MAX} alerts. Remove one first.")
    alert_id = new_id()
    await store.insert(tx, alert_id, user_id, draft, now)
    await _note(tx, "added", alert_id, draft, now)
    return await get_alert(tx, alert_id)


async def change_alert(
    tx: Tx,
    alert_id: UUID,
    draft: AlertDraft,
    *,
    is_current: Callable[[int], None],
    now: datetime,
) -> Alert:
    """Only its owner. It is armed anew."""
    found = await _own(tx, alert_id)
    is_current(found.version)
    await _check(tx, draft, now)
    await store.save(tx, alert_id, draft, now)
    await _note(tx, "changed", alert_id, draft, now)
    return await get_alert(tx, alert_id)


async def mute_alert(tx: Tx, alert_id: UUID, *, until: datetime | None, now: datetime) -> Alert:
    """It goes on looking and says nothing until then; None: it speaks again."""
    found = await _own(tx, alert_id)
    if until is not None and (until.tzinfo is None or until <= now):
        raise Invalid("Until when is it to be quiet? Give a moment to come.", field="until")
    await store.mute(tx, alert_id, until)
    await _note(tx, "muted", alert_id, found.draft, now)
    return await get_alert(tx, alert_id)


async def remove_alert(tx: Tx, alert_id: UUID, *, now: datetime) -> None:
    found = await get_alert(tx, alert_id)
    check_remover(tx, found)
    await store.delete(tx, alert_id)
    await _note(tx, "removed", alert_id, found.draft, now)


async def history_of(tx: Tx, alert_id: UUID) -> list[AlertEvent]:
    """What it said, the newest first."""
    await get_alert(tx, alert_id)
    return await store.history(tx, alert_id, count=HISTORY)


async def claim_due(tx: Tx, *, now: datetime) -> UUID | None:
    return await store.claim(tx, now)


async def lock_alert(tx: Tx, alert_id: UUID) -> Alert | None:
    """For the suite itself. None: it was stopped or removed meanwhile."""
    return await store.lock(tx, alert_id)


async def read(tx: Tx, draft: AlertDraft, *, now: datetime) -> Reading:
    """The number now, of the records that `tx`'s person may see."""
    result = await answering.run(tx, asked(draft), now)
    cell = result.totals[0]
    if draft.kind == "anomaly":
        # Today is not over: yesterday is the last day that can be compared.
        days = [row.cells[0].value for row in result.rows[:-1]]
        return Reading(value=days[-1] if days else None, score=z_score(days), as_of=result.as_of)
    score = cell.value if draft.kind == "threshold" else cell.change
    return Reading(value=cell.value, score=score, as_of=result.as_of)


async def record(tx: Tx, alert: Alert, reading: Reading, *, now: datetime) -> tuple[Verdict, bool]:
    """What follows of a reading, and whether it is to be said: a muted alert only keeps it."""
    verdict = judge(alert, reading, now)
    is_told = alert.muted_until is None or alert.muted_until <= now
    has_fired = verdict.told in ("fired", "again")
    await store.record(tx, alert.id, reading, state=verdict.state, has_fired=has_fired, now=now)
    if verdict.told is not None:
        event = AlertEvent(
            id=new_id(),
            alert_id=alert.id,
            at=now,
            kind=verdict.told,
            value=reading.value,
            score=reading.score,
            as_of=reading.as_of,
            is_told=is_told,
        )
        await store.add_event(tx, event)
    return verdict, is_told and verdict.told is not None


async def stop(tx: Tx, alert: Alert, *, reason: str, is_told: bool, now: datetime) -> None:
    """It cannot go on: its owner left, may not ask it any more, or its number is no more."""
    await store.stop(tx, alert.id, reason=reason)
    event = AlertEvent(
        id=new_id(),
        alert_id=alert.id,
        at=now,
        kind="stopped",
        value=None,
        score=None,
        as_of=None,
        is_told=is_told,
    )
    await store.add_event(tx, event)


async def _check(tx: Tx, draft: AlertDraft, now: datetime) -> None:
    check(draft)
    check_ask(asked(draft), tx.actor)
    await answering.run(tx, asked(draft), now)


async def _own(tx: Tx, alert_id: UUID) -> Alert:
    found = await get_alert(tx, alert_id)
    ALERT.check_owner(tx, found)
    return found


async def _note(tx: Tx, what: str, alert_id: UUID, draft: AlertDraft, now: datetime) -> None:
    after = {"name": draft.name, "kind": draft.kind, "limit": draft.limit}
    await ALERT.note(tx, what, alert_id, after, now)
