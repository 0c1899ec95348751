"""Credit notes: AN6, AN11, AN13, one for each refund."""

import asyncio
import random
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.contracts.invoicing import CartLine
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Forbidden
from tandem.kernel.ids import new_id
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.crediting import (
    Credited,
    CreditItem,
    CreditTooLarge,
    NothingToCredit,
    credit_all,
    credit_amount,
    share_out,
)
from tandem.scm.invoicing.domain.documents import (
    Amounts,
    Invoice,
    InvoiceLine,
    InvoiceMissing,
    amounts_of,
    less,
    sum_of,
)
from tandem.scm.invoicing.service.selling import DEMO_SELLER
from tests.invoicing.givens import AWAY, NOW, cart_line, order, seller_of

NOTES = Query(
    """
    select number, total_minor
      from invoicing.invoice
     where org_id = :org_id and kind = 'CRN'
     order by seq
    """
)
TOPICS = Query("select topic from kernel.event where org_id = :org_id order by seq")


async def sold(
    database: Database, actor: Actor, *lines: CartLine, state: str = "29"
) -> tuple[OrderSnapshot, Invoice]:
    async with database.transaction(actor) as tx:
        placed = await order(tx, *lines, state=state)
        return placed, await service.issue_for_order(tx, placed, now=NOW)


async def credit(
    database: Database,
    actor: Actor,
    placed: OrderSnapshot,
    *,
    amount: int | None = None,
    refund: UUID | None = None,
    items: list[CreditItem] | None = None,
) -> Invoice:
    async with database.transaction(actor) as tx:
        return await service.credit_order(
            tx,
            order=placed,
            amount_minor=amount,
            refund_id=refund,
            reason="Returned",
            now=NOW,
            items=items,
        )


async def notes(database: Database, actor: Actor) -> list[tuple[str, int]]:
    async with database.transaction(actor) as tx:
        return [(row["number"], row["total_minor"]) for row in await tx.records(NOTES)]


async def test_the_whole_is_credited_line_by_line_and_told(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    placed, invoice = await sold(database, actor, cart_line(9999, quantity=3, includes_tax=True))
    note = await credit(database, actor, placed, refund=new_id())

    assert (note.number, note.original_number) == ("CRN/26-27/00001", invoice.number)
    assert amounts_of(note) == amounts_of(invoice)
    assert [amounts_of(line) for line in note.lines] == [amounts_of(line) for line in invoice.lines]
    assert (note.lines[0].quantity, note.lines[0].original_line_id) == (3, invoice.lines[0].id)
    async with database.transaction(actor) as tx:
        assert await service.creditable(tx, placed.id) == 0
        topics = [row["topic"] for row in await tx.records(TOPICS)]
    assert topics == ["invoicing.invoice_issued.v1", "invoicing.credit_note_issued.v1"]


async def test_one_refund_is_one_credit_note_however_often_it_is_told(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    placed, _ = await sold(database, actor, cart_line(10000))
    refund = new_id()
    found = await asyncio.gather(
        *(credit(database, actor, placed, amount=5000, refund=refund) for _ in range(8))
    )
    assert len({note.id for note in found}) == 1
    assert await notes(database, actor) == [("CRN/26-27/00001", 5000)]


async def test_all_that_is_left_asked_twice_is_one_credit_note(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    placed, _ = await sold(database, actor, cart_line(10000))
    first = await credit(database, actor, placed)
    assert await credit(database, actor, placed) == first


async def test_refunds_that_race_never_credit_more_than_the_invoice(
    database: Database, actor: Actor
) -> None:
    """AN6. The invariants hold it per line and kind of tax when the test ends."""
    await seller_of(database, actor)
    lines = [cart_line(33333, quantity=2), cart_line(777), cart_line(1, quantity=3)]
    placed, invoice = await sold(database, actor, *lines)
    share = invoice.total_minor // 3 + 100

    async def attempt() -> bool:
        try:
            await credit(database, actor, placed, amount=share, refund=new_id())
        except CreditTooLarge as refusal:
            assert refusal.facts["remaining_minor"] == invoice.total_minor - 2 * share
            return False
        return True

    done = await asyncio.gather(*(attempt() for _ in range(10)))
    assert sum(done) == 2
    assert [total for _, total in await notes(database, actor)] == [share, share]


async def test_the_rest_after_parts_makes_the_exact_negative(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    placed, invoice = await sold(
        database, actor, cart_line(9999, quantity=7, includes_tax=True), cart_line(12345)
    )
    parts = [
        await credit(database, actor, placed, amount=amount, refund=new_id())
        for amount in (10001, 333, 25000)
    ]
    rest = await credit(database, actor, placed, refund=new_id())
    assert [part.total_minor for part in parts] == [10001, 333, 25000]
    assert sum_of([*parts, rest]) == amounts_of(invoice)


async def test_a_part_of_a_discounted_order_comes_back_at_its_net_price_and_old_rate(
    database: Database, actor: Actor
) -> None:
    """AN13: the rate on file is another one by now."""
    await seller_of(database, actor)
    placed, invoice = await sold(
        database, actor, cart_line(50000, quantity=4, discount=40000), state=AWAY
    )
    async with database.transaction(actor) as tx:
        own = (await service.list_rates(tx, tax_class="standard", on_day=None))[0]
        await service.add_rate(tx, msgspec.structs.replace(own, rate=own.rate + 10), now=NOW)
    item = CreditItem(order_line_id=placed.lines[0].id, quantity=1)
    note = await credit(database, actor, placed, items=[item])
    line = note.lines[0]
    assert (line.tax_rate, line.quantity) == ("18", 1)
    assert (line.taxable_minor, line.igst_minor, line.cgst_minor) == (40000, 7200, 0)
    assert (note.is_inter_state, note.place_of_supply) == (True, AWAY)
    assert note.total_minor * 4 == invoice.total_minor


async def test_more_goods_than_were_sold_never_come_back(database: Database, actor: Actor) -> None:
    await seller_of(database, actor)
    placed, _ = await sold(database, actor, cart_line(50000, quantity=3))
    line_id = placed.lines[0].id
    await credit(database, actor, placed, items=[CreditItem(order_line_id=line_id, quantity=2)])
    with pytest.raises(CreditTooLarge) as refusal:
        await credit(database, actor, placed, items=[CreditItem(order_line_id=line_id, quantity=2)])
    assert (refusal.value.facts["remaining"], refusal.value.field) == (1, "items[0].quantity")
    assert len(await notes(database, actor)) == 1


async def test_a_rounded_invoice_is_credited_with_its_rounding(
    database: Database, actor: Actor
) -> None:
    async with database.transaction(actor) as tx:
        profile = msgspec.structs.replace(DEMO_SELLER, rounds_total=True)
        await service.save_seller(tx, profile, now=NOW)
    placed, invoice = await sold(database, actor, cart_line(10019, tax_class="exempt"))
    part = await credit(database, actor, placed, amount=4000, refund=new_id())
    rest = await credit(database, actor, placed, refund=new_id())
    assert (invoice.total_minor, invoice.round_off_minor) == (10000, -19)
    assert (part.round_off_minor, rest.round_off_minor, rest.total_minor) == (0, -19, 6000)


async def test_what_is_not_invoiced_or_credited_already_is_refused_without_a_number(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        unknown = await order(tx, cart_line(10000))
    with pytest.raises(InvoiceMissing):
        await credit(database, actor, unknown)
    placed, invoice = await sold(database, actor, cart_line(10000))
    await credit(database, actor, placed, refund=new_id())
    with pytest.raises(CreditTooLarge):
        await credit(database, actor, placed, items=_all_items(placed))
    with pytest.raises(CreditTooLarge):
        await credit(database, actor, placed, amount=1, refund=new_id())
    assert await notes(database, actor) == [("CRN/26-27/00001", invoice.total_minor)]


def _all_items(placed: OrderSnapshot) -> list[CreditItem]:
    return [CreditItem(order_line_id=line.id, quantity=line.quantity) for line in placed.lines]


async def test_a_fully_credited_invoice_gives_nothing_more_by_hand(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    _, invoice = await sold(database, actor, cart_line(10000))
    async with database.transaction(actor) as tx:
        everything = {"amount_minor": None, "items": None, "reason": "By hand", "now": NOW}
        await service.credit_invoice(tx, invoice.id, **everything)  # type: ignore[arg-type]
        with pytest.raises(NothingToCredit):
            await service.credit_invoice(tx, invoice.id, **everything)  # type: ignore[arg-type]
    assert len(await notes(database, actor)) == 1


async def test_crediting_needs_its_permission(database: Database, actor: Actor) -> None:
    await seller_of(database, actor)
    placed, _ = await sold(database, actor, cart_line(10000))
    clerk = msgspec.structs.replace(actor, grants=frozenset({"invoicing.read"}))
    with pytest.raises(Forbidden):
        await credit(database, clerk, placed)
    assert await notes(database, actor) == []


async def test_two_hundred_carts_and_their_credit_notes_cancel_out(
    database: Database, actor: Actor
) -> None:
    """AN11."""
    await seller_of(database, actor)
    dice = random.Random(20261122)
    classes = ["standard", "merit", "demerit", "precious", "rough_stones", "exempt"]
    for _ in range(200):
        lines = [
            cart_line(
                dice.randint(1, 500_000),
                quantity=dice.randint(1, 9),
                tax_class=dice.choice(classes),
                includes_tax=dice.random() < 0.5,
                discount=dice.choice([0, 0, 1]),
            )
            for _ in range(dice.randint(1, 6))
        ]
        placed, invoice = await sold(database, actor, *lines, state=dice.choice(["29", AWAY]))
        assert sum_of(invoice.lines) == amounts_of(invoice)
        assert invoice.total_minor == placed.total_minor
        note = await credit(database, actor, placed, refund=new_id())
        assert amounts_of(note) == amounts_of(invoice)


def sold_line(value: int, percent: int, is_inter: bool, cess: int) -> InvoiceLine:
    half = value * percent // 200
    taxes = {"igst_minor": 2 * half, "cgst_minor": 0} if is_inter else {"cgst_minor": half}
    amounts = Amounts(
        taxable_minor=value,
        cgst_minor=taxes.get("cgst_minor", 0),
        sgst_minor=taxes.get("cgst_minor", 0),
        igst_minor=taxes.get("igst_minor", 0),
        cess_minor=cess,
    )
    return InvoiceLine(
        id=new_id(),
        line_no=1,
        order_line_id=new_id(),
        sku="A",
        title="A",
        hsn="0902",
        unit="NOS",
        quantity=1,
        unit_price_minor=value,
        price_includes_tax=False,
        discount_minor=0,
        tax_class="standard",
        tax_rate=str(percent),
        **msgspec.structs.asdict(amounts),
        total_minor=amounts.total_minor,
    )


LINES = st.lists(
    st.builds(
        sold_line,
        st.integers(100, 10**7),
        st.sampled_from([0, 5, 18, 40]),
        st.booleans(),
        st.sampled_from([0, 0, 17]),
    ),
    min_size=1,
    max_size=6,
)


@given(lines=LINES, fractions=st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_any_parts_and_the_rest_give_back_each_kind_exactly(
    lines: list[InvoiceLine], fractions: list[int]
) -> None:
    taken = {line.id: Credited() for line in lines}
    for percent in fractions:
        left = sum(line.total_minor - taken[line.id].amounts.total_minor for line in lines)
        amount = left * percent // 100
        if amount < 100:
            break
        parts = credit_amount(lines, taken, amount)
        assert sum(part.amounts.total_minor for part in parts) == amount
        for part in parts:
            assert min(msgspec.structs.astuple(part.amounts)) >= 0
            assert part.amounts.cgst_minor == part.amounts.sgst_minor
            taken[part.line.id] = Credited(amounts=added(taken[part.line.id].amounts, part.amounts))
    for line in lines:
        assert min(msgspec.structs.astuple(less(line, taken[line.id].amounts))) >= 0
    rest = credit_all(lines, taken)
    for part in rest:
        assert added(taken[part.line.id].amounts, part.amounts) == amounts_of(part.line)


def added(one: Amounts, other: Amounts) -> Amounts:
    return sum_of([one, other])


@given(
    weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=30),
    fraction=st.integers(0, 1000),
)
def test_shares_sum_to_the_amount_and_none_exceeds_its_weight(
    weights: list[int], fraction: int
) -> None:
    amount = sum(weights) * fraction // 1000
    shares = share_out(amount, weights)
    assert sum(shares) == amount
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))
