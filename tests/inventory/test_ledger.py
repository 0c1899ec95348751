"""The ledger is the truth: append-only, and its sum is the count at any past instant."""

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from tandem.app.settings import Settings
from tandem.contracts.inventory import Hold
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id
from tandem.scm.inventory import service
from tandem.scm.inventory.domain import OutOfStock, Promised, Reason
from tests.inventory.givens import Shop, counts, open_shop, owner, topics

OPERATIONS = 5_000
INSTANTS = 20
PER_TRANSACTION = 50
SKUS = [f"sku-{number}" for number in range(6)]

ENTRIES = Query("select count(*) from inventory.entry where org_id = :org_id")


class History(msgspec.Struct):
    """What has been done so far, as an independent book: (location, SKU) → units."""

    book: Counter[tuple[str, str]]
    orders: list[Any]
    shipped: list[Any]


async def _receive(tx: Tx, shop: Shop, past: History, dice: random.Random, now: datetime) -> None:
    sku, code, quantity = dice.choice(SKUS), dice.choice("ABC"), dice.randint(1, 9)
    await service.receive(
        tx,
        variant_id=shop.variants[sku],
        sku=sku,
        location_id=shop.locations[code].id,
        quantity=quantity,
        now=now,
    )
    past.book[code, sku] += quantity


async def _adjust(tx: Tx, shop: Shop, past: History, dice: random.Random, now: datetime) -> None:
    sku, code, quantity = dice.choice(SKUS), dice.choice("ABC"), dice.choice([-3, -2, -1, 1, 2])
    try:
        await service.adjust(
            tx,
            variant_id=shop.variants[sku],
            sku=sku,
            location_id=shop.locations[code].id,
            quantity=quantity,
            reason=Reason.COUNT,
            now=now,
        )
    except (OutOfStock, Promised):
        return
    past.book[code, sku] += quantity


async def _hold(tx: Tx, shop: Shop, past: History, dice: random.Random, now: datetime) -> None:
    wanted = {sku: dice.randint(1, 4) for sku in dice.sample(SKUS, dice.randint(1, 3))}
    hold = Hold(order_id=new_id(), demands=shop.demands(wanted), held_until=None)
    if await service.reserve(tx, [hold], now=now) == [None]:
        past.orders.append(hold)


async def _release(tx: Tx, shop: Shop, past: History, dice: random.Random, now: datetime) -> None:
    if past.orders:
        hold = past.orders.pop(dice.randrange(len(past.orders)))
        await service.release(tx, order_id=hold.order_id, reason="cancelled", now=now)


async def _ship(tx: Tx, shop: Shop, past: History, dice: random.Random, now: datetime) -> None:
    if not past.orders:
        return
    hold = past.orders.pop(dice.randrange(len(past.orders)))
    codes = {location.id: code for code, location in shop.locations.items()}
    for row in await service.reservations_of(tx, hold.order_id):
        past.book[codes[row.location_id], row.sku] -= row.held
    await service.commit(
        tx, order_id=hold.order_id, shipment_id=new_id(), items=hold.demands, now=now
    )
    past.shipped.append(hold)


async def _bring_back(
    tx: Tx, shop: Shop, past: History, dice: random.Random, now: datetime
) -> None:
    if not past.shipped:
        return
    hold = past.shipped.pop(dice.randrange(len(past.shipped)))
    codes = {location.id: code for code, location in shop.locations.items()}
    for row in await service.reservations_of(tx, hold.order_id):
        past.book[codes[row.location_id], row.sku] += row.shipped
    await service.restock(
        tx, order_id=hold.order_id, items=hold.demands, reason="returned", now=now
    )


async def test_a_history_of_5000_operations_is_rebuilt_from_the_ledger_at_any_instant(
    database: Database, actor: Actor, now: datetime
) -> None:
    dice = random.Random(5)
    actions = [_receive, _adjust, _hold, _hold, _release, _ship, _ship, _bring_back]
    remembered: dict[datetime, dict[tuple[str, str], int]] = {}
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now, A={}, B={}, C={})
        shop.variants = {sku: new_id() for sku in SKUS}
    past = History(book=Counter(), orders=[], shipped=[])

    for start in range(0, OPERATIONS, PER_TRANSACTION):
        async with database.transaction(actor) as tx:
            for step in range(start, start + PER_TRANSACTION):
                at = now + timedelta(seconds=step)
                await dice.choice(actions)(tx, shop, past, dice, at)
                remembered[at] = {key: count for key, count in past.book.items() if count}

    for at in [*dice.sample(sorted(remembered), INSTANTS), now + timedelta(seconds=OPERATIONS)]:
        async with database.transaction(actor) as tx:
            page = await service.list_stock(tx, as_of=at, limit=200)
        rebuilt = {(s.location_code, s.sku): s.on_hand for s in page.items if s.on_hand}
        assert rebuilt == remembered.get(at, {k: c for k, c in past.book.items() if c})
    async with database.transaction(actor) as tx:
        report = await service.audit(tx)
    assert report.is_consistent
    assert report.entries > 1_000


async def test_the_audit_names_a_shelf_that_was_changed_behind_the_ledgers_back(
    database: Database, actor: Actor, owner_dsn: str, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        await open_shop(tx, now, A={"tea": 10})
    connection = await owner(owner_dsn)
    tamper = "update inventory.level set on_hand = on_hand + $2 where org_id = $1"
    await connection.execute(tamper, actor.org_id, 2)

    async with database.transaction(actor) as tx:
        report = await service.audit(tx)

    assert not report.is_consistent
    assert [(d.sku, d.on_hand, d.ledger) for d in report.differences] == [("tea", 12, 10)]
    await connection.execute(tamper, actor.org_id, -2)
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    ["update inventory.entry set quantity = 1", "delete from inventory.entry"],
)
async def test_the_apps_role_can_neither_change_nor_delete_a_ledger_entry(
    database: Database, actor: Actor, settings: Settings, now: datetime, statement: str
) -> None:
    async with database.transaction(actor) as tx:
        await open_shop(tx, now, A={"tea": 10})
    connection = await asyncpg.connect(settings.app_dsn)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)

    await connection.close()
    async with database.transaction(actor) as tx:
        assert await tx.value(ENTRIES) == 1


async def test_a_correction_keeps_its_reason_and_its_person(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now, A={"tea": 10})
        await service.adjust(
            tx,
            variant_id=shop.variants["tea"],
            sku="tea",
            location_id=shop.locations["A"].id,
            quantity=-2,
            reason=Reason.DAMAGED,
            note="wet carton",
            now=now,
        )
        page = await service.list_entries(tx, sku="tea", limit=10)

    newest = page.items[0]
    assert (newest.kind, newest.quantity, newest.balance) == ("adjusted", -2, 8)
    assert (newest.reason, newest.note, newest.actor_label) == ("damaged", "wet carton", "Asha")
    assert await counts(database, actor) == {"A/tea": (8, 0)}


async def test_goods_that_orders_hold_cannot_be_corrected_away(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now, A={"tea": 10})
        await service.reserve(tx, [shop.hold(tea=8)], now=now)
    told = await topics(database, actor)

    with pytest.raises(Promised):
        async with database.transaction(actor) as tx:
            await service.adjust(
                tx,
                variant_id=shop.variants["tea"],
                sku="tea",
                location_id=shop.locations["A"].id,
                quantity=-3,
                reason=Reason.LOST,
                now=now,
            )

    assert await counts(database, actor) == {"A/tea": (10, 8)}
    assert await topics(database, actor) == told


async def test_the_reason_other_needs_a_note(
    database: Database, actor: Actor, now: datetime
) -> None:
    async with database.transaction(actor) as tx:
        shop = await open_shop(tx, now, A={"tea": 10})
    with pytest.raises(Invalid) as refusal:
        async with database.transaction(actor) as tx:
            await service.adjust(
                tx,
                variant_id=shop.variants["tea"],
                sku="tea",
                location_id=shop.locations["A"].id,
                quantity=1,
                reason=Reason.OTHER,
                note=" ",
                now=now,
            )
    assert refusal.value.field == "note"
    assert await counts(database, actor) == {"A/tea": (10, 0)}
