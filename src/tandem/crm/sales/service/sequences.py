"""Sequences written and changed; leads put into them, sent the next mail, and taken out."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.sales import SequenceEnded, SequenceMailed, SequenceStarted
from tandem.crm.sales.domain.leads import Lead, StatusKind
from tandem.crm.sales.domain.permissions import CONFIGURE, READ, WRITE
from tandem.crm.sales.domain.sequences import (
    SEQUENCES_MAX,
    Reason,
    Run,
    Sequence,
    SequenceDraft,
    SequenceRunning,
    SequenceTaken,
    State,
    check_draft,
    next_due,
)
from tandem.crm.sales.service.assigning import LeadSettled
from tandem.crm.sales.service.leads import find_lead, get_lead, lock_lead
from tandem.crm.sales.store import leads as lead_store
from tandem.crm.sales.store import sequences as store
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.pages import Page, decode_cursor, page_of

OPEN = (StatusKind.OPEN, StatusKind.QUALIFIED)
NO_RUN = "There is no such run."


async def list_sequences(tx: Tx) -> list[Sequence]:
    """By name, with how far their leads are."""
    tx.actor.require(READ)
    return await store.list_all(tx)


async def get_sequence(tx: Tx, sequence_id: UUID) -> Sequence:
    tx.actor.require(READ)
    found = await store.list_all(tx, sequence_id)
    if not found:
        raise NotFound("There is no such sequence.")
    return found[0]


async def add_sequence(tx: Tx, draft: SequenceDraft, *, now: datetime) -> Sequence:
    """Refuses a name there is already, and an address that is none."""
    tx.actor.require(CONFIGURE)
    check_draft(draft)
    if len(await store.list_all(tx)) >= SEQUENCES_MAX:
        raise Invalid(f"There may be {SEQUENCES_MAX} sequences at most.")
    sequence_id = new_id()
    if not await store.insert(tx, sequence_id, draft, now):
        raise SequenceTaken("There is a sequence with this name.", field="name")
    await _note(
        tx, "sequence_added", "sequence", sequence_id, now, after=msgspec.to_builtins(draft)
    )
    return await get_sequence(tx, sequence_id)


async def change_sequence(
    tx: Tx,
    sequence_id: UUID,
    draft: SequenceDraft,
    *,
    is_current: Callable[[int], None] | None = None,
    now: datetime,
) -> Sequence:
    """For the mails that have not left yet. One that is switched off waits with all its leads."""
    tx.actor.require(CONFIGURE)
    check_draft(draft)
    version = await store.lock(tx, sequence_id)
    before = await get_sequence(tx, sequence_id)
    if is_current is not None and version is not None:
        is_current(version)
    if not await store.update(tx, sequence_id, draft, now):
        raise SequenceTaken("There is a sequence with this name.", field="name")
    await _note(
        tx,
        "sequence_changed",
        "sequence",
        sequence_id,
        now,
        before=msgspec.to_builtins(before),
        after=msgspec.to_builtins(draft),
    )
    return await get_sequence(tx, sequence_id)


async def start(tx: Tx, sequence_id: UUID, lead_id: UUID, *, sender_id: UUID, now: datetime) -> Run:
    """Refuses a sequence that is switched off, a lead that is settled or has no e-mail, and one
    that is in a sequence already (SequenceRunning)."""
    lead = await lock_lead(tx, lead_id)
    sequence = await get_sequence(tx, sequence_id)
    if not sequence.is_active:
        raise Invalid("This sequence is switched off.", field="sequence_id")
    if lead.kind not in OPEN:
        raise LeadSettled(f"The lead is {lead.kind}. Take it up again first.")
    if not lead.email:
        raise Invalid("The lead has no e-mail address.", field="lead_id")
    run = Run(
        id=new_id(),
        sequence_id=sequence_id,
        sequence_name=sequence.name,
        lead_id=lead_id,
        sender_id=sender_id,
        state=State.RUNNING,
        reason="",
        sent=0,
        steps=len(sequence.steps),
        due_at=next_due(sequence.steps, 0, now),
        started_at=now,
        ended_at=None,
        actor_label=tx.actor.label,
    )
    if not await store.start(tx, run):
        raise SequenceRunning("The lead is in a sequence already. Stop that one first.")
    await _note(tx, "sequence_started", "lead", lead_id, now, after={"sequence": sequence.name})
    await tx.publish(SequenceStarted(sequence=sequence.name, **names_of(lead), run_id=run.id))
    return run


async def stop_run(tx: Tx, run_id: UUID, reason: Reason, *, now: datetime) -> Run:
    """By somebody who works the lead: they answered by phone, or enough is enough. Refuses one
    that has ended (SequenceRunning)."""
    tx.actor.require(WRITE)
    seen = await store.find_run(tx, run_id)
    lead = await find_lead(tx, seen.lead_id) if seen is not None else None
    if lead is None:
        raise NotFound(NO_RUN)
    try:
        await lock_lead(tx, lead.id)
    except NotFound as hidden:
        raise NotFound(NO_RUN) from hidden
    run = await lock_run(tx, run_id)
    if run is None:
        raise SequenceRunning("It has ended already.")
    ended = await end(tx, run, reason, now=now)
    await _note(tx, "sequence_stopped", "lead", lead.id, now, after={"reason": str(reason)})
    return ended


async def list_runs_of_lead(tx: Tx, lead_id: UUID) -> list[Run]:
    """Those of leads merged into it too, the newest first."""
    await get_lead(tx, lead_id)
    return await store.runs_of_lead(tx, lead_id)


async def list_runs(
    tx: Tx, sequence_id: UUID, *, limit: int, cursor: str | None = None
) -> Page[Run]:
    """The newest first; for who sees everybody's leads."""
    tx.actor.require_everywhere(READ)
    await get_sequence(tx, sequence_id)
    before_id = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await store.runs_of(tx, sequence_id, before_id=before_id, count=limit + 1)
    return page_of(rows, limit, lambda row: (row.id,))


async def list_due(tx: Tx, *, now: datetime, count: int) -> list[UUID]:
    return await store.list_due(tx, now, count)


async def running_of(tx: Tx, lead_id: UUID) -> list[UUID]:
    """For handlers: runs of the lead, and of those that were merged into it."""
    return await store.running_of(tx, lead_id)


async def get_run(tx: Tx, run_id: UUID) -> Run:
    """For flows, whatever became of it."""
    found = await store.find_run(tx, run_id)
    if found is None:
        raise NotFound(NO_RUN)
    return found


async def lock_run(tx: Tx, run_id: UUID) -> Run | None:
    """One that is running, held until the transaction ends; None once it has ended."""
    run = await store.lock_run(tx, run_id)
    return run if run is not None and run.state is State.RUNNING else None


async def went(tx: Tx, run: Run, lead: Lead, sequence: Sequence, *, now: datetime) -> Run:
    """The next mail is in the ledger. After the last one the run is finished."""
    sent = run.sent + 1
    due_at = next_due(sequence.steps, sent, now)
    after = msgspec.structs.replace(
        run,
        sent=sent,
        due_at=due_at,
        state=State.FINISHED if due_at is None else State.RUNNING,
        ended_at=now if due_at is None else None,
    )
    await store.save_run(tx, after)
    await tx.publish(
        SequenceMailed(sequence=sequence.name, run_id=run.id, step=sent, **names_of(lead))
    )
    return after


async def end(tx: Tx, run: Run, reason: Reason, *, now: datetime) -> Run:
    """Nothing more is sent, whatever else was to come."""
    after = msgspec.structs.replace(
        run, state=State.STOPPED, reason=str(reason), due_at=None, ended_at=now
    )
    await store.save_run(tx, after)
    lead = await find_lead(tx, run.lead_id) or await lead_store.find(tx, run.lead_id)
    assert lead, "a lead that goes takes its runs along"
    await tx.publish(
        SequenceEnded(
            sequence=run.sequence_name, run_id=run.id, reason=str(reason), **names_of(lead)
        )
    )
    return after


def names_of(lead: Lead) -> dict[str, Any]:
    return {"lead_id": lead.id, "number": lead.number, "customer_id": lead.customer_id}


async def _note(
    tx: Tx, what: str, kind: str, subject_id: UUID, now: datetime, **facts: Any
) -> None:
    await audit.write(
        tx, action=f"sales.{what}", subject_kind=kind, subject_id=subject_id, now=now, **facts
    )
