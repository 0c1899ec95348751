"""Issuing: AN1, AN2, AN5, and what an invoice keeps of its order."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import msgspec
import pytest

from tandem.contracts.invoicing import InvoiceIssued
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.errors import Forbidden
from tandem.kernel.ids import new_id
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.documents import Invoice, RoundOffWrong
from tandem.scm.invoicing.domain.rates import TaxRate
from tandem.scm.invoicing.domain.seller import SellerMissing, SellerWrong
from tandem.scm.invoicing.service.selling import DEMO_SELLER
from tests.invoicing.givens import (
    AWAY,
    BUYER_AWAY,
    NOW,
    cart_line,
    order,
    seller,
    seller_of,
    snapshot,
)

TOLD = Query("select topic, payload from kernel.event where org_id = :org_id order by seq")
NUMBERS = Query("select number, seq from invoicing.invoice where org_id = :org_id order by seq")
MIDNIGHT = datetime(2027, 3, 31, 18, 30, tzinfo=UTC)
"""1 April 2027, 00:00 in India."""


async def issued_numbers(database: Database, actor: Actor) -> list[str]:
    async with database.transaction(actor) as tx:
        return [row["number"] for row in await tx.records(NUMBERS)]


async def issue_one(database: Database, actor: Actor, now: datetime = NOW) -> Invoice:
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(10000), quoted_at=now)
        return await service.issue_for_order(tx, placed, now=now)


async def test_an_invoice_keeps_the_orders_lines_and_tells_once(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        lines = (cart_line(9999, quantity=3, includes_tax=True), cart_line(100000, discount=10000))
        placed = await order(tx, *lines)
        invoice = await service.issue_for_order(tx, placed, now=NOW)
    async with database.transaction(actor) as tx:
        again = await service.issue_for_order(tx, placed, now=NOW + timedelta(days=9))
        told = await tx.records(TOLD)

    assert again == invoice
    assert (invoice.number, invoice.fy, invoice.seq) == ("INV/26-27/000001", "2026-27", 1)
    assert (invoice.total_minor, invoice.paid_minor) == (placed.total_minor, placed.total_minor)
    assert [line.cgst_minor for line in invoice.lines] == [line.cgst_minor for line in placed.lines]
    assert (invoice.clause, invoice.supply_kind, invoice.irn) == (
        "IGST Act s.10(1)(ca)",
        "B2C",
        "",
    )
    assert [row["topic"] for row in told] == ["invoicing.invoice_issued.v1"]
    event = msgspec.convert(told[0]["payload"], InvoiceIssued)
    assert (event.order_id, event.number, event.total_minor) == (
        placed.id,
        invoice.number,
        placed.total_minor,
    )


async def test_a_sale_to_a_business_elsewhere_carries_igst_and_an_irn(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(100000), state=AWAY, gstin=BUYER_AWAY)
        invoice = await service.issue_for_order(tx, placed, now=NOW)
    assert (invoice.igst_minor, invoice.cgst_minor, invoice.is_inter_state) == (18000, 0, True)
    assert (invoice.supply_kind, invoice.clause) == ("B2B", "IGST Act s.10(1)(a)")
    # sha256("29AAACT9999D1ZN" "2026-27" "INV" "INV/26-27/000001")
    assert invoice.irn == "703e97fcc3486f9f5b28406277480d7e5d4ad935d3800060fe8381625c5d5939"


async def test_numbers_have_no_gap_after_a_thousand_issues_and_fifty_failures(
    database: Database, actor: Actor
) -> None:
    """AN1."""
    await seller_of(database, actor)

    class Forced(Exception):
        pass

    async def issue(turn: int) -> bool:
        try:
            async with database.transaction(actor) as tx:
                placed = await order(tx, cart_line(10000))
                await service.issue_for_order(tx, placed, now=NOW)
                if turn % 20 == 7:
                    raise Forced
        except Forced:
            return False
        return True

    done = await asyncio.gather(*(issue(turn) for turn in range(1000)))

    assert sum(done) == 950
    numbers = await issued_numbers(database, actor)
    assert numbers == [f"INV/26-27/{seq:06}" for seq in range(1, 951)]
    async with database.transaction(actor) as tx:
        audit = await service.audit_numbers(tx, series="INV", fy="26-27")
    assert audit.is_whole
    assert (audit.issued, audit.counter, audit.content_checked) == (950, 950, 950)
    assert (audit.missing, audit.broken_links, audit.changed) == ([], [], [])


async def test_two_who_ask_at_once_for_one_order_get_one_invoice(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(10000))

    async def issue() -> UUID:
        async with database.transaction(actor) as tx:
            return (await service.issue_for_order(tx, placed, now=NOW)).id

    found = await asyncio.gather(*(issue() for _ in range(20)))
    assert len(set(found)) == 1
    assert await issued_numbers(database, actor) == ["INV/26-27/000001"]


async def test_the_series_begins_anew_at_midnight_in_india(
    database: Database, actor: Actor
) -> None:
    """AN2: the server's clock is UTC, where it is still March for five and a half hours."""
    await seller_of(database, actor)
    last = await issue_one(database, actor, MIDNIGHT - timedelta(seconds=1))
    first = await issue_one(database, actor, MIDNIGHT)
    assert (last.number, last.issued_on.isoformat()) == ("INV/26-27/000001", "2027-03-31")
    assert (first.number, first.issued_on.isoformat()) == ("INV/27-28/000001", "2027-04-01")


async def test_a_rate_that_changed_since_the_order_is_taken_out_of_the_same_total(
    database: Database, actor: Actor
) -> None:
    """Supply and invoice both after the change: the new rate, whenever it was paid (s.14(b))."""
    await seller_of(database, actor)
    before = datetime(2025, 9, 21, 10, 0, tzinfo=UTC)
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(10000, tax_class="reduced"), quoted_at=before)
        invoice = await service.issue_for_order(tx, placed, now=before + timedelta(days=1))
    assert (placed.lines[0].tax_rate, placed.total_minor) == ("12", 11200)
    line = invoice.lines[0]
    assert (line.tax_rate, line.taxable_minor, line.cgst_minor) == ("5", 10666, 267)
    assert invoice.total_minor == 11200


async def test_a_cess_that_changed_alone_is_taken_out_of_the_same_total(
    database: Database, actor: Actor
) -> None:
    """The rate of tax stands, so the order's tax seemed to."""
    await seller_of(database, actor)
    start = NOW.date()
    async with database.transaction(actor) as tx:
        for day, cess in ((start - timedelta(days=9), 12), (start, 0)):
            dated = TaxRate(
                tax_class="demerit",
                hsn_prefix="2202",
                rate=Decimal(40),
                cess_rate=Decimal(cess),
                valid_from=day,
                notification="own",
            )
            await service.add_rate(tx, dated, now=NOW)
        line = cart_line(10000, tax_class="demerit", hsn="22021010")
        placed = await order(tx, line, quoted_at=NOW - timedelta(days=1))
        invoice = await service.issue_for_order(tx, placed, now=NOW)
    assert (placed.lines[0].cess_minor, placed.total_minor) == (1200, 15200)
    assert (invoice.cess_minor, invoice.cgst_minor, invoice.total_minor) == (0, 2171, 15200)


async def test_a_sale_to_a_zone_in_the_same_state_stays_inter_state(
    database: Database, actor: Actor
) -> None:
    """GST-7, from the order to the document."""
    async with database.transaction(actor) as tx:
        profile = msgspec.structs.replace(DEMO_SELLER, pays_zero_rated_tax=True)
        await service.save_seller(tx, profile, now=NOW)
        placed = await order(tx, cart_line(100000), gstin="29AABCR1718E1ZL", sez=True)
        invoice = await service.issue_for_order(tx, placed, now=NOW)
    assert (invoice.supply_kind, invoice.igst_minor, invoice.cgst_minor) == ("SEZWP", 18000, 0)
    assert (invoice.place_of_supply, invoice.total_minor) == ("29", 118000)


async def test_a_rounded_order_gives_a_rounded_invoice(database: Database, actor: Actor) -> None:
    """GST-4, from the order to the document."""
    async with database.transaction(actor) as tx:
        profile = msgspec.structs.replace(DEMO_SELLER, rounds_total=True)
        await service.save_seller(tx, profile, now=NOW)
        placed = await order(tx, cart_line(10019, tax_class="exempt"))
        invoice = await service.issue_for_order(tx, placed, now=NOW)
    assert (invoice.round_off_minor, invoice.total_minor) == (-19, 10000)


async def test_an_order_whose_total_is_not_its_lines_is_refused_and_takes_no_number(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(10000))
    wrong = snapshot(placed.lines, total=placed.total_minor + 51)
    with pytest.raises(RoundOffWrong):
        async with database.transaction(actor) as tx:
            await service.issue_for_order(tx, wrong, now=NOW)
    assert await issued_numbers(database, actor) == []
    assert (await issue_one(database, actor)).seq == 1


async def test_without_a_tax_profile_nothing_is_quoted_or_issued(
    database: Database, actor: Actor
) -> None:
    async with database.transaction(actor) as tx:
        with pytest.raises(SellerMissing):
            await order(tx, cart_line(10000))


async def test_issuing_needs_its_permission(database: Database, actor: Actor) -> None:
    await seller_of(database, actor)
    clerk = msgspec.structs.replace(actor, grants=frozenset({"invoicing.read"}))
    async with database.transaction(clerk) as tx:
        placed = await order(tx, cart_line(10000))
        with pytest.raises(Forbidden):
            await service.issue_for_order(tx, placed, now=NOW)
    assert await issued_numbers(database, actor) == []


CHANGES = {
    "update": "update invoicing.invoice set total_minor = 1",
    "delete": "delete from invoicing.invoice",
    "update a line": "update invoicing.invoice_line set quantity = 1",
    "delete a line": "delete from invoicing.invoice_line",
    "truncate": "truncate invoicing.invoice cascade",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_the_apps_role_cannot_change_an_issued_document(
    database: Database, actor: Actor, change: str
) -> None:
    """AN5."""
    await seller_of(database, actor)
    before = await issue_one(database, actor)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(actor) as tx:
            await tx.connection.execute(CHANGES[change])
    async with database.transaction(actor) as tx:
        assert await service.get_invoice(tx, before.id) == before


async def test_a_hand_in_the_database_is_found_by_the_audit(
    database: Database, actor: Actor, owner_dsn: str
) -> None:
    await seller_of(database, actor)
    documents = [await issue_one(database, actor) for _ in range(3)]
    owner = await asyncpg.connect(owner_dsn)
    change = "update invoicing.invoice_line set title = $1 where invoice_id = $2"
    try:
        await owner.execute(change, "Another thing", documents[1].id)
        async with database.transaction(actor) as tx:
            changed = await service.audit_numbers(tx, series="INV", fy="2026-27")
        await owner.execute(change, "Thing 1", documents[1].id)
        async with database.transaction(actor) as tx:
            mended = await service.audit_numbers(tx, series="INV", fy="2026-27")
    finally:
        await owner.close()
    assert (changed.is_whole, changed.changed) == (False, ["INV/26-27/000002"])
    assert (mended.is_whole, mended.last_hash) == (True, documents[2].hash)


async def test_a_removed_document_is_a_gap_and_a_broken_chain(
    database: Database, actor: Actor, owner_dsn: str
) -> None:
    """Seen through the owner's own open transaction, which is then rolled back."""
    await seller_of(database, actor)
    documents = [await issue_one(database, actor) for _ in range(3)]
    owner = await asyncpg.connect(owner_dsn)
    removal = owner.transaction()
    await removal.start()
    for table, column in (("invoice_line", "invoice_id"), ("invoice", "id")):
        await owner.execute(f"delete from invoicing.{table} where {column} = $1", documents[1].id)
    audit = await service.audit_numbers(Tx(owner, actor, NOW), series="INV", fy="2026-27")
    await removal.rollback()
    await owner.close()
    assert [(gap.first_seq, gap.last_seq) for gap in audit.missing] == [(2, 2)]
    assert (audit.broken_links, audit.is_whole) == (["INV/26-27/000003"], False)


async def test_another_organisation_sees_no_invoice(database: Database, actor: Actor) -> None:
    await seller_of(database, actor)
    invoice = await issue_one(database, actor)
    stranger = msgspec.structs.replace(actor, org_id=new_id())
    async with database.transaction(stranger) as tx:
        assert await service.find_for_order(tx, invoice.order_id) is None
        assert await service.find_by_number(tx, invoice.number) is None


async def test_the_seller_on_a_document_stays_when_the_profile_changes(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    invoice = await issue_one(database, actor)
    async with database.transaction(actor) as tx:
        renamed = msgspec.structs.replace(DEMO_SELLER, trade_name="Another Name")
        await service.save_seller(tx, renamed, now=NOW)
        kept = await service.get_invoice(tx, invoice.id)
        assert kept.seller.trade_name == "Tandem Demo Store"
        assert (await seller(tx)).trade_name == "Another Name"


async def test_a_format_that_could_repeat_a_number_of_this_year_is_refused(
    database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    await issue_one(database, actor)
    swapped = {"invoice_format": "CRN/{fy}/{seq:05}", "credit_note_format": "INV/{fy}/{seq:06}"}
    async with database.transaction(actor) as tx:
        for change in (swapped, {"invoice_format": "INV/26-27/0{seq}"}):
            with pytest.raises(SellerWrong):
                new = msgspec.structs.replace(DEMO_SELLER, **change)
                await service.save_seller(tx, new, now=NOW)
        assert (await seller(tx)).version == 1
        for change in ({"invoice_format": "INV/{fy}/{seq:05}"}, {"invoice_format": "B{seq}"}):
            await service.save_seller(tx, msgspec.structs.replace(DEMO_SELLER, **change), now=NOW)
        a_year_on = NOW + timedelta(days=365)
        await service.save_seller(
            tx, msgspec.structs.replace(DEMO_SELLER, **swapped), now=a_year_on
        )
