"""Merging two customers into one and parting them again, each in the caller's one transaction.

Other services' records change hands through `flows.merge`, which calls `merge` first.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from tandem.contracts.customers import CustomersMerged, CustomersParted
from tandem.crm.customers.domain import Customer
from tandem.crm.customers.domain.consents import strictest
from tandem.crm.customers.domain.merging import (
    UNDO_WITHIN,
    Merge,
    MergeImpossible,
    MergePreview,
    UndoImpossible,
    combine,
    part_again,
)
from tandem.crm.customers.domain.records import Owning
from tandem.crm.customers.domain.timeline import NewActivity
from tandem.crm.customers.service.people import get_customer
from tandem.crm.customers.store import consents, erasing, people, purchase_sums, timeline
from tandem.crm.customers.store import merging as store
from tandem.crm.customers.store.records import own
from tandem.kernel import audit
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id

NOTHING = people.NOTHING
ANNOUNCED = "An erasure is announced"


async def say_not_same(tx: Tx, one: UUID, other: UUID, *, now: datetime) -> None:
    tx.actor.require("customers.merge")
    await get_customer(tx, one)
    await get_customer(tx, other)
    if one != other:
        await tx.run(store.SAY_NOT_SAME, one=one, other=other, now=now, label=tx.actor.label)


async def preview_merge(tx: Tx, survivor_id: UUID, loser_id: UUID) -> MergePreview:
    """What would come of it; writes nothing."""
    survivor, loser = await _two(tx, survivor_id, loser_id)
    merged = msgspec.structs.replace(
        survivor,
        **combine(survivor, loser),
        emails=_joined(survivor.emails, loser.emails),
        phones=_joined(survivor.phones, loser.phones),
        addresses=[*survivor.addresses, *loser.addresses],
    )
    states = await _strictest(tx, survivor_id, loser_id)
    purchases = await timeline.summary(tx, loser_id)
    return MergePreview(
        result=merged,
        counts={
            "orders": purchases.orders + purchases.cancelled,
            "addresses": len(loser.addresses),
            "contacts": len(loser.emails) + len(loser.phones),
        },
        consents={" ".join(key): state for key, state in states.items()},
    )


async def merge(tx: Tx, survivor_id: UUID, loser_id: UUID, *, now: datetime) -> Merge:
    """Everything of the loser becomes the survivor's; of two consents the stricter one stands.

    The survivor's own values stay, empty ones are filled. Refuses with MergeImpossible, also where
    one of the two waits to be erased.
    """
    tx.actor.require("customers.merge")
    await store.lock(tx, [survivor_id, loser_id])
    survivor, loser = await _two(tx, survivor_id, loser_id)
    before = await _before(tx, survivor, loser)
    taken = combine(survivor, loser)
    merge = Merge(
        id=new_id(),
        survivor_id=survivor_id,
        loser_id=loser_id,
        before=before | {"taken": msgspec.to_builtins(taken)},
        moved=await _take(tx, survivor_id, loser_id),
        merged_at=now,
        actor_label=tx.actor.label,
        undone_at=None,
        undone_label="",
    )
    changed = msgspec.structs.replace(await _fresh(tx, survivor_id), **taken)
    await _write(tx, changed, now)
    before["merged_consents"] = await _join_consents(tx, survivor_id, loser_id, now)
    ids = await store.mark(tx, loser_id, survivor_id, now)
    merge.moved["customers"] = [str(one) for one in ids]
    merge = msgspec.structs.replace(merge, before=merge.before | before)
    await store.insert(tx, merge)
    await _remember(tx, merge, "merged", f"with {loser.name} {loser.number}", now)
    await tx.publish(CustomersMerged(merge_id=merge.id, customer_id=survivor_id, loser_id=loser_id))
    return merge


async def keep_moved(tx: Tx, merge: Merge, moved: Mapping[str, list[UUID]]) -> None:
    """Remember what changed hands in other services, for the way back."""
    await store.keep_moved(tx, merge.id, dict(moved))


async def get_merge(tx: Tx, merge_id: UUID) -> Merge:
    tx.actor.require("customers.read")
    found = await store.get(tx, merge_id)
    if found is None:
        raise NotFound("There is no such merge.")
    return found


async def list_merges(tx: Tx, customer_id: UUID | None = None) -> list[Merge]:
    """The newest hundred, of one survivor or of all."""
    tx.actor.require("customers.read")
    return await store.list_merges(tx, customer_id)


async def undo_merge(tx: Tx, merge_id: UUID, *, now: datetime) -> Merge:
    """Part the two again: what the loser brought goes back, what came since stays.

    Raises UndoImpossible after 90 days, once undone, or when the survivor was merged or erased, or
    waits to be.
    """
    tx.actor.require("customers.merge")
    merge = await get_merge(tx, merge_id)
    await store.lock(tx, [merge.survivor_id, merge.loser_id])
    merge = await get_merge(tx, merge_id)
    survivor = await _fresh(tx, merge.survivor_id)
    _check_undo(merge, survivor, now)
    if await _is_announced(tx, merge.survivor_id):
        raise UndoImpossible(f"{ANNOUNCED} of the survivor. Carry it out or call it off first.")
    fields = part_again(survivor, merge.before["survivor"], merge.before["taken"])
    await _give_back(tx, merge, now)
    fresh = await _fresh(tx, merge.survivor_id)
    values = msgspec.convert({**msgspec.to_builtins(fresh), **fields}, Customer)
    await _write(tx, values, now)
    await _part_consents(tx, merge, now)
    await tx.run(store.UNDONE, id=merge.id, now=now, label=tx.actor.label)
    await _remember(tx, merge, "merge_undone", f"of {merge.before['loser']['name']}", now)
    await tx.publish(
        CustomersParted(merge_id=merge.id, customer_id=merge.survivor_id, loser_id=merge.loser_id)
    )
    return await get_merge(tx, merge_id)


def _check_undo(merge: Merge, survivor: Customer, now: datetime) -> None:
    if merge.undone_at is not None:
        raise UndoImpossible("This merge was undone already.")
    if now - merge.merged_at > UNDO_WITHIN:
        raise UndoImpossible(f"A merge can be undone within {UNDO_WITHIN.days} days.")
    if survivor.merged_into_id is not None:
        raise UndoImpossible("The survivor was merged into somebody else. Undo that merge first.")
    if survivor.erased_at is not None:
        raise UndoImpossible("The survivor was erased.")


async def _two(tx: Tx, survivor_id: UUID, loser_id: UUID) -> tuple[Customer, Customer]:
    if survivor_id == loser_id:
        raise MergeImpossible("This is one customer already.")
    survivor, loser = await get_customer(tx, survivor_id), await get_customer(tx, loser_id)
    reach = tx.actor.reach("customers.merge")
    if not reach.holds(survivor) or not reach.holds(loser):
        raise NotFound("There is no such customer.")
    if survivor.erased_at is not None or loser.erased_at is not None:
        raise MergeImpossible("One of the two was erased.")
    if await _is_announced(tx, survivor_id) or await _is_announced(tx, loser_id):
        raise MergeImpossible(f"{ANNOUNCED} of one of the two. Carry it out or call it off first.")
    return survivor, loser


async def _is_announced(tx: Tx, customer_id: UUID) -> bool:
    """Who waits to be erased is erased as they were announced: nobody more, and nothing less."""
    return await erasing.waiting(tx, customer_id) is not None


async def _fresh(tx: Tx, customer_id: UUID) -> Customer:
    return (await people.get(tx, [customer_id]))[0]


async def _write(tx: Tx, customer: Customer, now: datetime) -> None:
    await people.update_fields(tx, customer, now)
    owning = Owning(
        owner_id=customer.owner_id,
        team_id=customer.team_id,
        territory_id=customer.territory_id,
    )
    await own(tx, "customer", customer.id, owning, now)


async def _before(tx: Tx, survivor: Customer, loser: Customer) -> dict[str, Any]:
    points = [
        {"kind": kind, "position": place, **msgspec.to_builtins(contact)}
        for kind, contacts in (("email", loser.emails), ("phone", loser.phones))
        for place, contact in enumerate(contacts)
    ]
    return {
        "survivor": msgspec.to_builtins(survivor),
        "loser": msgspec.to_builtins(loser),
        "points": points,
        "keys": await store.rows(tx, store.KEYS, id=loser.id),
        "accounts": await store.rows(tx, store.MEMBERSHIPS, id=loser.id),
        "lists": await store.rows(tx, store.LISTS, id=loser.id),
        "consents": msgspec.to_builtins(await consents.current(tx, survivor.id)),
    }


async def _take(tx: Tx, survivor: UUID, loser: UUID) -> dict[str, list[Any]]:
    two = {"survivor": survivor, "loser": loser}
    moved: dict[str, list[Any]] = {
        "points": await store.rows(tx, store.TAKE_POINTS, **two),
        "accounts": await store.rows(tx, store.TAKE_ACCOUNTS, **two),
        "lists": [row["segment_id"] for row in await store.rows(tx, store.TAKE_LISTS, **two)],
    }
    await tx.run(store.TAKE_KEYS, **two)
    await tx.run(store.DROP_ACCOUNTS, loser=loser)
    for kind in store.REOWN:
        moved[kind] = [str(one) for one in await store.reown(tx, kind, loser, survivor)]
    await purchase_sums.note(tx, [survivor, loser])
    return moved


async def _give_back(tx: Tx, merge: Merge, now: datetime) -> None:
    survivor, loser = merge.survivor_id, merge.loser_id
    before, moved = merge.before, merge.moved
    await tx.run(store.RESTORE_POINTS, loser=loser, points=before["points"])
    await tx.run(store.GIVE_KEYS, survivor=survivor, loser=loser, points=before["keys"])
    await tx.run(store.GIVE_POINTS, survivor=survivor, points=moved["points"])
    await people.settle_keys(tx, [survivor, loser])
    await tx.run(store.GIVE_ACCOUNTS, survivor=survivor, rows=moved["accounts"])
    await tx.run(store.RESTORE_ACCOUNTS, loser=loser, rows=before["accounts"])
    await tx.run(store.GIVE_LISTS, survivor=survivor, ids=[UUID(one) for one in moved["lists"]])
    await tx.run(store.RESTORE_LISTS, loser=loser, rows=before["lists"])
    for kind in store.REOWN:
        ids = [UUID(one) for one in moved[kind]]
        await store.reown(tx, kind, survivor, loser, ids)
    await purchase_sums.note(tx, [survivor, loser])
    ids = [UUID(one) for one in moved["customers"]]
    await tx.run(store.UNMARK, loser=loser, ids=ids, now=now)


async def _states(tx: Tx, customer_id: UUID) -> dict[tuple[str, str], str]:
    return {
        (one.purpose, one.channel): one.state for one in await consents.current(tx, customer_id)
    }


async def _strictest(tx: Tx, survivor_id: UUID, loser_id: UUID) -> dict[tuple[str, str], str]:
    """Where neither said anything there is nothing to decide."""
    mine = await _states(tx, survivor_id)
    theirs = await _states(tx, loser_id)
    return {
        key: strictest([mine.get(key, "none"), theirs.get(key, "none")])
        for key in sorted({*mine, *theirs})
    }


async def _join_consents(
    tx: Tx, survivor_id: UUID, loser_id: UUID, now: datetime
) -> list[dict[str, str]]:
    """Write the stricter states that are news; the answer is what was written."""
    known = await _states(tx, survivor_id)
    written = []
    for (purpose, channel), state in (await _strictest(tx, survivor_id, loser_id)).items():
        if known.get((purpose, channel), "none") == state:
            continue
        await _consent(tx, survivor_id, purpose, channel, "merge", state, now)
        written.append({"purpose": purpose, "channel": channel, "state": state})
    return written


async def _part_consents(tx: Tx, merge: Merge, now: datetime) -> None:
    """Where a merge said the last word, give back what the person themselves said last, as strict
    as whoever was merged into them since then and still is."""
    merged = [
        (other.merged_at, await _states(tx, other.loser_id))
        for other in await store.list_merges(tx, merge.survivor_id)
        if other.undone_at is None and other.id != merge.id
    ]
    known = await _states(tx, merge.survivor_id)
    for word in await consents.words_before_merges(tx, merge.survivor_id):
        key = word.purpose, word.channel
        others = [
            states.get(key, "none")
            for at, states in merged
            if word.said_at is None or at >= word.said_at
        ]
        state = strictest([word.state or "none", *others])
        if state != known[key]:
            await _consent(tx, merge.survivor_id, *key, "undo_merge", state, now)


async def _consent(
    tx: Tx, customer_id: UUID, purpose: str, channel: str, action: str, state: str, now: datetime
) -> None:
    await consents.write(
        tx,
        customer_id,
        purpose=purpose,
        channel=channel,
        action=action,
        state=state,
        source="merge of two customers",
        occurred_at=now,
    )


async def _remember(tx: Tx, merge: Merge, kind: str, detail: str, now: datetime) -> None:
    await timeline.write(
        tx,
        NewActivity(
            kind=kind,
            dedupe=f"{kind}:{merge.id}",
            occurred_at=now,
            customer_id=merge.survivor_id,
            actor_label=tx.actor.label,
            facts={"detail": detail},
        ),
    )
    for subject_id in (merge.survivor_id, merge.loser_id):
        await audit.write(
            tx,
            action="customers.merge" if kind == "merged" else "customers.undo_merge",
            subject_kind="customer",
            subject_id=subject_id,
            now=now,
            after={"merge_id": str(merge.id)},
        )


def _joined(mine: list[Any], theirs: list[Any]) -> list[Any]:
    known = {contact.value for contact in mine}
    return [*mine, *(contact for contact in theirs if contact.value not in known)]
