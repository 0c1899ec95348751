"""What follows a delivery tried in vain: the next try by itself, or somebody's decision."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from tandem.contracts.shipping import ReattemptRequested
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.events import Event
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of
from tandem.scm.shipping.domain import promise as engine
from tandem.scm.shipping.domain.shipments import Shipment
from tandem.scm.shipping.domain.statuses import FINAL, Step
from tandem.scm.shipping.domain.undelivered import Action, Case, CaseClosed, CaseState, asks_again
from tandem.scm.shipping.service import deciding
from tandem.scm.shipping.service.promising import plan_of
from tandem.scm.shipping.service.reading import NEWEST, get_shipment, lock_shipment
from tandem.scm.shipping.service.revising import revise
from tandem.scm.shipping.store import shipments
from tandem.scm.shipping.store import undelivered as store

AGAIN_MAX = timedelta(days=60)


async def follow_failure(tx: Tx, shipment: Shipment, step: Step, now: datetime) -> list[Event]:
    """Remember the newest failed attempt of a locked shipment, and ask for the next where the
    company's rules do. What it was about before is closed."""
    await store.close(tx, shipment.id)
    case_id = new_id()
    await store.open_case(
        tx,
        case_id=case_id,
        shipment_id=shipment.id,
        failed_at=step.occurred_at,
        reason=step.reason,
        attempts=shipment.attempts,
        now=now,
    )
    plan = await plan_of(tx)
    reattempts = plan.configuration.reattempts
    if not asks_again(reattempts, attempts=shipment.attempts, failure=step):
        return []
    on = engine.next_delivery_day(plan.rules[0], max(step.occurred_at, now))
    await store.decide(
        tx, case_id, CaseState.REATTEMPT, next_on=on, note="", is_automatic=True, now=now
    )
    return [_requested(shipment, case_id, on, step.reason, is_automatic=True)]


async def decide(
    tx: Tx,
    case_id: UUID,
    action: Action,
    *,
    on: date | None = None,
    note: str = "",
    now: datetime,
) -> Case:
    """Try again, on a day of choice or the next delivery day, or let the parcel come back.

    Deciding anew is possible until the parcel moves. Raises NotFound, CaseClosed; Invalid for a
    day that is over, too far ahead, or without deliveries.
    """
    tx.actor.require("shipping.write")
    found = await _get(tx, case_id)
    shipment = await lock_shipment(tx, found.shipment_id)
    case = await _get(tx, case_id)
    if case.state in {CaseState.CLOSED, CaseState.RETURNING}:
        raise CaseClosed(f"What became of {case.shipment_number} is decided already.")
    if action is Action.RETURN:
        await deciding.call_back(
            tx, shipment_id=shipment.id, reason=note or case.reason or "undeliverable", now=now
        )
        await _write(tx, case, CaseState.RETURNING, None, note, now)
        return await _get(tx, case_id)
    day = await _day(tx, on, now)
    await _write(tx, case, CaseState.REATTEMPT, day, note, now)
    revised, events = await revise(tx, shipment, day, "another attempt is planned", now)
    await shipments.save(tx, revised, now)
    again = _requested(shipment, case_id, day, note or case.reason, is_automatic=False)
    await tx.publish(*events, again)
    return await _get(tx, case_id)


async def follow_attempt(tx: Tx, *, shipment_id: UUID, on: date, now: datetime) -> None:
    """The driver's dispatcher planned another attempt: that day is what the buyer is told, and
    what the case says."""
    tx.actor.require("shipping.write")
    shipment = await lock_shipment(tx, shipment_id)
    if shipment.status in FINAL:
        return
    case = await store.not_closed(tx, shipment.id)
    if case and (case.state, case.next_on) != (CaseState.REATTEMPT, on):
        state = CaseState.REATTEMPT
        await store.decide(
            tx, case.id, state, next_on=on, note=case.note, is_automatic=False, now=now
        )
    revised, events = await revise(tx, shipment, on, "another attempt is planned", now)
    if events:
        await shipments.save(tx, revised, now)
        await tx.publish(*events)


async def list_cases(
    tx: Tx,
    *,
    states: Sequence[CaseState] = (),
    shipment_id: UUID | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Case]:
    """Newest first."""
    tx.actor.require("shipping.read")
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    rows = await store.list_cases(
        tx, states=states, shipment_id=shipment_id, before=before, limit=limit + 1
    )
    return page_of(rows, limit, lambda case: [case.id])


async def _get(tx: Tx, case_id: UUID) -> Case:
    found = await store.find(tx, case_id)
    if found is None:
        raise NotFound("There is no such case.")
    await get_shipment(tx, found.shipment_id)  # out of reach is as if it were not there
    return found


async def _day(tx: Tx, on: date | None, now: datetime) -> date:
    rules = (await plan_of(tx)).rules[0]
    if on is None:
        return engine.next_delivery_day(rules, now)
    if not rules.today(now) <= on <= rules.today(now) + AGAIN_MAX:
        raise Invalid("Name a day from today on, within two months.", field="on")
    if not rules.delivery_days.is_open(on):
        raise Invalid("Nothing is delivered on this day.", field="on")
    return on


async def _write(
    tx: Tx, case: Case, state: CaseState, on: date | None, note: str, now: datetime
) -> None:
    await store.decide(tx, case.id, state, next_on=on, note=note, is_automatic=False, now=now)
    await audit.write(
        tx,
        action="shipping.decide_undelivered",
        subject_kind="shipment",
        subject_id=case.shipment_id,
        now=now,
        before={"state": case.state, "next_on": case.next_on and case.next_on.isoformat()},
        after={"state": state, "next_on": on and on.isoformat(), "note": note},
    )


def _requested(
    shipment: Shipment, case_id: UUID, on: date, reason: str, *, is_automatic: bool
) -> ReattemptRequested:
    return ReattemptRequested(
        order_id=shipment.order_id,
        shipment_id=shipment.id,
        number=shipment.number,
        case_id=case_id,
        attempt=shipment.attempts + 1,
        on=on,
        reason=reason,
        is_automatic=is_automatic,
    )
