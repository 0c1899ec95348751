"""Notes, tasks and files beside a customer or an account; and whose the record is."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomerAssigned, CustomerChanged
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.records import (
    KEPT_MAX,
    KeptFile,
    NewNote,
    NewTask,
    Note,
    Owning,
    Subject,
    Task,
)
from tandem.crm.customers.service import notes
from tandem.crm.customers.service.accounts import get_account, lock_account
from tandem.crm.customers.service.people import get_customer, lock_customer
from tandem.crm.customers.store import records as store
from tandem.kernel import audit, blobs
from tandem.kernel.blobs import Blobs
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound
from tandem.kernel.ids import new_id

MEDIA_SHOWN = ("image/png", "image/jpeg", "application/pdf")
"""What a browser may show from our address; anything else is only ever downloaded."""


async def list_notes(tx: Tx, kind: Subject, subject_id: UUID) -> list[Note]:
    """Pinned ones first, then the newest."""
    await _check_seen(tx, kind, subject_id)
    return await notes.list_of(tx, kind, subject_id)


async def add_note(tx: Tx, kind: Subject, subject_id: UUID, new: NewNote, *, now: datetime) -> Note:
    await _lock(tx, kind, subject_id)
    note = await notes.add(tx, kind, subject_id, new, now=now)
    await _changed(tx, kind, subject_id)
    return note


async def remove_note(tx: Tx, kind: Subject, subject_id: UUID, note_id: UUID) -> None:
    await _lock(tx, kind, subject_id)
    await notes.remove(tx, kind, subject_id, note_id)
    await _changed(tx, kind, subject_id)


async def list_tasks(tx: Tx, kind: Subject, subject_id: UUID) -> list[Task]:
    """Open ones first, the next due at the top."""
    await _check_seen(tx, kind, subject_id)
    return await store.tasks(tx, kind, subject_id)


async def add_task(tx: Tx, kind: Subject, subject_id: UUID, new: NewTask, *, now: datetime) -> Task:
    await _lock(tx, kind, subject_id)
    _check_room(len(await store.tasks(tx, kind, subject_id)), "tasks")
    task = Task(
        id=new_id(),
        subject_kind=kind,
        subject_id=subject_id,
        title=new.title.strip(),
        due_on=new.due_on,
        assignee_id=new.assignee_id or tx.actor.person,
        done_at=None,
        created_label=tx.actor.label,
        created_at=now,
    )
    await store.add_task(tx, task)
    await _changed(tx, kind, subject_id)
    return task


async def settle_task(
    tx: Tx, kind: Subject, subject_id: UUID, task_id: UUID, *, is_done: bool, now: datetime
) -> None:
    """Tick a task off, or open it again."""
    await _lock(tx, kind, subject_id)
    done_at = now if is_done else None
    if not await store.settle_task(tx, kind, subject_id, task_id, done_at):
        raise NotFound("There is no such task.")
    await _changed(tx, kind, subject_id)


async def list_files(tx: Tx, kind: Subject, subject_id: UUID) -> list[KeptFile]:
    await _check_seen(tx, kind, subject_id)
    return await store.files(tx, kind, subject_id)


async def add_file(
    tx: Tx,
    keeper: Blobs,
    kind: Subject,
    subject_id: UUID,
    *,
    content: bytes,
    filename: str,
    media_type: str,
    now: datetime,
) -> KeptFile:
    """Keep a file of at most 20 MiB. Raises TooLarge."""
    await _lock(tx, kind, subject_id)
    _check_room(len(await store.files(tx, kind, subject_id)), "files")
    name = "".join(one for one in filename if one.isprintable()).strip()[-200:] or "file"
    shown = media_type if media_type in MEDIA_SHOWN else "application/octet-stream"
    blob = await keeper.put(tx, content, media_type=shown, filename=name, now=now)
    kept = KeptFile(
        id=new_id(),
        blob_id=blob.id,
        filename=name,
        media_type=shown,
        size_bytes=blob.size_bytes,
        added_label=tx.actor.label,
        added_at=now,
    )
    await store.add_file(tx, kind, subject_id, kept)
    await _changed(tx, kind, subject_id)
    return kept


async def read_file(
    tx: Tx, keeper: Blobs, kind: Subject, subject_id: UUID, file_id: UUID
) -> tuple[KeptFile, bytes]:
    files = await list_files(tx, kind, subject_id)
    kept = next((file for file in files if file.id == file_id), None)
    if kept is None:
        raise NotFound("There is no such file.")
    return kept, (await keeper.get(tx, kept.blob_id))[1]


async def remove_file(
    tx: Tx, kind: Subject, subject_id: UUID, file_id: UUID, *, now: datetime
) -> None:
    await _lock(tx, kind, subject_id)
    blob_id = await store.remove_file(tx, kind, subject_id, file_id)
    if blob_id is None:
        raise NotFound("There is no such file.")
    await blobs.discard(tx, [blob_id], cause_id=file_id, now=now)
    await _changed(tx, kind, subject_id)


async def assign_customer(tx: Tx, customer: Customer, owning: Owning, *, now: datetime) -> None:
    """Say whose a locked customer is; whoever is told of it may act on their behalf."""
    await _assign(tx, "customer", customer.id, customer, owning, now)
    await tx.publish(
        CustomerAssigned(customer_id=customer.id, owner_id=owning.owner_id, team_id=owning.team_id)
    )


async def assign_account(tx: Tx, account_id: UUID, owning: Owning, *, now: datetime) -> None:
    account = await lock_account(tx, account_id)
    await _assign(tx, "account", account_id, account, owning, now)


async def _assign(
    tx: Tx, kind: Subject, subject_id: UUID, before: object, owning: Owning, now: datetime
) -> None:
    tx.actor.require("customers.assign")
    await store.own(tx, kind, subject_id, owning, now)
    after = msgspec.to_builtins(owning)
    await audit.write(
        tx,
        action="customers.assign",
        subject_kind=kind,
        subject_id=subject_id,
        now=now,
        before={name: msgspec.to_builtins(getattr(before, name)) for name in after},
        after=after,
    )


async def _check_seen(tx: Tx, kind: Subject, subject_id: UUID) -> None:
    if kind == "customer":
        await get_customer(tx, subject_id)
    else:
        await get_account(tx, subject_id)


async def _lock(tx: Tx, kind: Subject, subject_id: UUID) -> None:
    if kind == "customer":
        await lock_customer(tx, subject_id)
    else:
        await lock_account(tx, subject_id)


async def _changed(tx: Tx, kind: Subject, subject_id: UUID) -> None:
    if kind == "customer":
        await tx.publish(CustomerChanged(customer_id=subject_id))


def _check_room(count: int, what: str) -> None:
    if count >= KEPT_MAX:
        raise Invalid(f"One record keeps {KEPT_MAX} {what} at most.")
