"""What the portals are told: INV-01, held against its rules by another validator (AN12), and the
monthly return."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2 as httpx
import jsonschema_rs
import msgspec
import pytest

from tandem.contracts.invoicing import CartLine
from tandem.contracts.orders import OrderSnapshot
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.documents import Invoice
from tests.invoicing.givens import (
    AWAY,
    BUYER_AT_HOME,
    BUYER_AWAY,
    NOW,
    address,
    cart_line,
    order,
    seller_of,
)

MONEY = {"type": "number", "minimum": 0, "maximum": 99_999_999_999_999.99, "multipleOf": 0.01}
PLACE = {
    "Addr1": {"type": "string", "minLength": 3, "maxLength": 100},
    "Loc": {"type": "string", "minLength": 3, "maxLength": 100},
    "Pin": {"type": "integer", "minimum": 100_000, "maximum": 999_999},
    "Stcd": {"type": "string", "pattern": "^(?!0+$)[0-9]{1,2}$"},
}
NAME = {"type": "string", "minLength": 3, "maxLength": 100, "pattern": r'^[^"\\]*$'}
PARTY = ["Gstin", "LglNm", "Addr1", "Loc", "Pin", "Stcd"]
VALUES = ("AssVal", "CgstVal", "SgstVal", "IgstVal", "CesVal", "TotInvVal")
AMOUNTS = ("TotAmt", "Discount", "AssAmt", "IgstAmt", "CgstAmt", "SgstAmt", "CesNonAdvlAmt")
INV_01: dict[str, Any] = {
    "type": "object",
    "required": [
        "Version",
        "TranDtls",
        "DocDtls",
        "SellerDtls",
        "BuyerDtls",
        "ItemList",
        "ValDtls",
    ],
    "properties": {
        "Version": {"const": "1.1"},
        "TranDtls": {
            "required": ["TaxSch", "SupTyp"],
            "properties": {
                "TaxSch": {"const": "GST"},
                "SupTyp": {"enum": ["B2B", "SEZWP", "SEZWOP", "EXPWP", "EXPWOP", "DEXP"]},
                "RegRev": {"enum": ["Y", "N"]},
                "IgstOnIntra": {"enum": ["Y", "N"]},
            },
        },
        "DocDtls": {
            "required": ["Typ", "No", "Dt"],
            "properties": {
                "Typ": {"enum": ["INV", "CRN", "DBN"]},
                "No": {"type": "string", "pattern": r"^[a-zA-Z1-9][a-zA-Z0-9/-]{0,15}$"},
                "Dt": {"type": "string", "pattern": r"^[0-3][0-9]/[0-1][0-9]/20[0-9]{2}$"},
            },
        },
        "SellerDtls": {
            "required": PARTY,
            "properties": {
                **PLACE,
                "Gstin": {"type": "string", "pattern": "^[0-9]{2}[0-9A-Z]{13}$"},
                "LglNm": NAME,
                "Loc": {"type": "string", "minLength": 3, "maxLength": 50},
                "Ph": {"type": "string", "pattern": "^[0-9]{6,12}$"},
            },
        },
        "BuyerDtls": {
            "required": [*PARTY, "Pos"],
            "properties": {
                **PLACE,
                "Gstin": {"type": "string", "pattern": "^(URP|[0-9]{2}[0-9A-Z]{13})$"},
                "LglNm": NAME,
                "Pos": {"type": "string", "pattern": "^(?!0+$)[0-9]{1,2}$"},
            },
        },
        "ShipDtls": {"required": PARTY[1:], "properties": {**PLACE, "LglNm": NAME}},
        "ItemList": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1000,
            "items": {
                "required": ["SlNo", "IsServc", "HsnCd", "UnitPrice", "TotAmt", "AssAmt", "GstRt"],
                "properties": {
                    "SlNo": {"type": "string", "pattern": "^[0-9]{1,6}$"},
                    "PrdDesc": {"type": "string", "minLength": 3, "maxLength": 300},
                    "IsServc": {"enum": ["Y", "N"]},
                    "HsnCd": {"type": "string", "pattern": "^([0-9]{4}|[0-9]{6}|[0-9]{8})$"},
                    "Qty": {"type": "number", "minimum": 0, "multipleOf": 0.001},
                    "Unit": {"type": "string", "minLength": 3, "maxLength": 8},
                    "UnitPrice": {"type": "number", "minimum": 0, "multipleOf": 0.001},
                    "GstRt": {"type": "number", "minimum": 0, "maximum": 999.999},
                    **dict.fromkeys((*AMOUNTS, "TotItemVal"), MONEY),
                },
            },
        },
        "ValDtls": {
            "required": ["AssVal", "TotInvVal"],
            "properties": {
                **dict.fromkeys(VALUES, MONEY),
                "RndOffAmt": {"type": "number", "minimum": -99.99, "maximum": 99.99},
            },
        },
    },
}
"""The rules of the portal's schema that are published, as spelt there."""


async def issue(
    database: Database, actor: Actor, placed: OrderSnapshot, *, at: datetime = NOW
) -> Invoice:
    async with database.transaction(actor) as tx:
        return await service.issue_for_order(tx, placed, now=at)


async def fetch(client: httpx.AsyncClient, invoice: Invoice) -> dict[str, Any]:
    """The one document of the answer, sound by the schema and by its sums."""
    answer = await client.get(f"/v1/invoices/{invoice.id}/einvoice.json")
    assert answer.status_code == 200, answer.text
    name = invoice.number.replace("/", "-")
    assert answer.headers["content-disposition"] == (f'attachment; filename="{name}-einvoice.json"')
    [made] = answer.json()
    assert [str(error) for error in jsonschema_rs.Draft7Validator(INV_01).iter_errors(made)] == []
    exact = json.loads(answer.content, parse_float=Decimal)[0]
    values = exact["ValDtls"]
    assert sum(values[name] for name in VALUES[:-1]) + values["RndOffAmt"] == values["TotInvVal"]
    for item in exact["ItemList"]:
        assert item["TotAmt"] - item["Discount"] == item["AssAmt"]
        assert abs(item["Qty"] * item["UnitPrice"] - item["TotAmt"]) <= item["Qty"] * Decimal(
            "0.0005"
        )
        taxes = item["IgstAmt"] + item["CgstAmt"] + item["SgstAmt"] + item["CesNonAdvlAmt"]
        assert item["AssAmt"] + taxes == item["TotItemVal"]
    assert sum(item["AssAmt"] for item in exact["ItemList"]) == values["AssVal"]
    return dict(exact)


async def test_a_sale_to_a_business_is_told_as_the_portal_takes_it(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        placed = await order(
            tx,
            cart_line(100_000, discount=10_000, tax_class="merit"),
            cart_line(3_333, quantity=3, includes_tax=True, discount=101),
            state=AWAY,
            gstin=BUYER_AWAY,
        )
    odd = msgspec.structs.replace(
        placed,
        bill_to=msgspec.structs.replace(address(AWAY), name='Rao "Tea" \\ Co', line1="7", city="X"),
    )
    made = await fetch(client, await issue(database, actor, odd))
    assert made["TranDtls"] == {
        "TaxSch": "GST",
        "SupTyp": "B2B",
        "RegRev": "N",
        "IgstOnIntra": "N",
    }
    assert made["DocDtls"] == {"Typ": "INV", "No": "INV/26-27/000001", "Dt": "22/11/2026"}
    assert made["SellerDtls"]["Gstin"] == "29AAACT9999D1ZN"
    buyer = made["BuyerDtls"]
    assert (buyer["Gstin"], buyer["Pos"], buyer["Pin"]) == (BUYER_AWAY, AWAY, 400_001)
    assert (buyer["LglNm"], buyer["Addr1"]) == ("Rao  Tea    Co", "7 Maharashtra")
    assert made["ShipDtls"]["Addr1"] == "Flat 4B, Lakeview Apartments"
    first, second = made["ItemList"]
    assert {name: str(first[name]) for name in ("UnitPrice", "TotAmt", "Discount", "AssAmt")} == {
        "UnitPrice": "1000.000",
        "TotAmt": "1000.00",
        "Discount": "100.00",
        "AssAmt": "900.00",
    }
    assert (str(first["GstRt"]), str(first["IgstAmt"])) == ("5", "45.00")
    assert (str(second["AssAmt"]), str(second["UnitPrice"])) == ("83.88", "27.960")
    assert "RefDtls" not in made


@pytest.mark.parametrize("is_by_value", [True, False])
async def test_a_credit_note_names_its_invoice(
    client: httpx.AsyncClient, database: Database, actor: Actor, is_by_value: bool
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(9_999, quantity=3), gstin=BUYER_AT_HOME)
    invoice = await issue(database, actor, placed)
    async with database.transaction(actor) as tx:
        note = await service.credit_invoice(
            tx,
            invoice.id,
            amount_minor=777 if is_by_value else None,
            items=None,
            reason="Refunded",
            now=NOW,
        )
    made = await fetch(client, note)
    assert made["DocDtls"]["Typ"] == "CRN"
    assert made["RefDtls"] == {"PrecDocDtls": [{"InvNo": invoice.number, "InvDt": "22/11/2026"}]}
    [item] = made["ItemList"]
    assert (int(item["Qty"]), item["Unit"]) == ((1, "OTH") if is_by_value else (3, "NOS"))
    assert str(made["ValDtls"]["TotInvVal"]) == ("7.77" if is_by_value else "353.97")


async def test_a_zone_at_home_an_export_and_a_consumer(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    async with database.transaction(actor) as tx:
        zone = await order(tx, cart_line(10_000), gstin=BUYER_AT_HOME, sez=True)
        sold = await order(tx, cart_line(10_000))
    made = await fetch(
        client, await issue(database, actor, msgspec.structs.replace(zone, is_sez=True))
    )
    assert (made["TranDtls"]["SupTyp"], made["TranDtls"]["IgstOnIntra"]) == ("SEZWOP", "Y")
    paris = address("", country="FR")
    abroad = msgspec.structs.replace(
        sold, id=zone.customer_id, ship_to=paris, bill_to=paris, place_of_supply="96"
    )
    made = await fetch(client, await issue(database, actor, abroad))
    buyer = made["BuyerDtls"]
    assert [buyer[name] for name in ("Gstin", "Pos", "Stcd", "Pin")] == ["URP", "96", "96", 999_999]
    assert (made["TranDtls"]["SupTyp"], made["ExpDtls"]) == ("EXPWOP", {"CntCode": "FR"})
    values = {name: str(made["ValDtls"][name]) for name in ("AssVal", "IgstVal", "TotInvVal")}
    assert values == {"AssVal": "118.00", "IgstVal": "0.00", "TotInvVal": "118.00"}
    consumer = await issue(database, actor, sold)
    refused = await client.get(f"/v1/invoices/{consumer.id}/einvoice.json")
    assert (refused.status_code, refused.json()["code"]) == (409, "e_invoice_not_applicable")


async def sell(database: Database, actor: Actor, *lines: CartLine, **about: Any) -> Invoice:
    at = about.pop("at", NOW)
    async with database.transaction(actor) as tx:
        placed = await order(tx, *lines, **about)
    return await issue(database, actor, placed, at=at)


async def credit(database: Database, actor: Actor, invoice: Invoice, amount: int | None) -> None:
    async with database.transaction(actor) as tx:
        await service.credit_invoice(
            tx, invoice.id, amount_minor=amount, items=None, reason="Refunded", now=NOW
        )


def taxed(rate: int, value: str, *, igst: str = "", half: str = "") -> dict[str, Any]:
    taxes = {"iamt": igst} if igst else {"camt": half, "samt": half}
    return {"rt": rate, "txval": value, **taxes, "csamt": "0.00"}


async def sell_for_a_month(database: Database, actor: Actor) -> tuple[Invoice, Invoice]:
    """Sales at home and away, to a business and to nobody in particular, one untaxed, one abroad,
    some credited; one the month after. The business's, and the one abroad."""
    await seller_of(database, actor)
    plain = cart_line(10_000)
    business = await sell(
        database,
        actor,
        cart_line(100_000),
        cart_line(50_000, tax_class="merit"),
        gstin=BUYER_AT_HOME,
    )
    small = await sell(database, actor, plain, at=datetime(2026, 10, 31, 18, 30, tzinfo=UTC))
    await sell(database, actor, plain, at=datetime(2026, 11, 30, 18, 30, tzinfo=UTC))
    large = await sell(database, actor, cart_line(10_000_000), state=AWAY)
    await sell(database, actor, cart_line(10_000_000, includes_tax=True), state=AWAY)
    await sell(database, actor, cart_line(7_700, tax_class="exempt"))
    paris = address("", country="FR")
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(20_000))
    abroad = msgspec.structs.replace(placed, ship_to=paris, bill_to=paris, place_of_supply="96")
    export = await issue(database, actor, abroad)
    await credit(database, actor, business, 11_800)
    await credit(database, actor, small, 5_900)
    await credit(database, actor, large, None)
    return business, export


async def test_a_month_is_told_table_by_table(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    business, export = await sell_for_a_month(database, actor)

    answer = await client.get("/v1/gst/returns/gstr1", params={"period": "2026-11"})

    assert answer.headers["content-disposition"] == 'attachment; filename="gstr1-2026-11.json"'
    told = json.loads(answer.content, parse_float=str)
    assert (told["gstin"], told["fp"]) == ("29AAACT9999D1ZN", "112026")
    [buyer] = told["b2b"]
    assert (buyer["ctin"], len(buyer["inv"])) == (BUYER_AT_HOME, 1)
    one = buyer["inv"][0]
    assert (one["inum"], one["idt"], one["val"]) == (business.number, "22-11-2026", "1705.00")
    assert (one["pos"], one["rchrg"], one["inv_typ"]) == ("29", "N", "R")
    assert one["itms"] == [
        {"num": 1, "itm_det": taxed(5, "500.00", half="12.50")},
        {"num": 2, "itm_det": taxed(18, "1000.00", half="90.00")},
    ]
    [note] = told["cdnr"][0]["nt"]
    assert (note["ntty"], note["nt_num"], note["val"]) == ("C", "CRN/26-27/00001", "118.00")
    [place] = told["b2cl"]
    assert (place["pos"], place["inv"][0]["val"]) == (AWAY, "118000.00")
    [back] = told["cdnur"]
    assert (back["typ"], back["pos"], back["val"]) == ("B2CL", AWAY, "118000.00")
    assert told["b2cs"] == [
        {"sply_ty": "INTER", "pos": AWAY, "typ": "OE"} | taxed(18, "84745.76", igst="15254.24"),
        {"sply_ty": "INTRA", "pos": "29", "typ": "OE"} | taxed(18, "50.00", half="4.50"),
    ]
    [outward] = told["exp"]
    assert (outward["exp_typ"], outward["inv"][0]["inum"]) == ("WOPAY", export.number)
    assert outward["inv"][0]["itms"] == [taxed(0, "236.00", igst="0.00")]
    [untaxed] = told["nil"]["inv"]
    assert (untaxed["sply_ty"], untaxed["expt_amt"], untaxed["nil_amt"]) == (
        "INTRAB2C",
        "77.00",
        "0.00",
    )
    sums = {(row["rt"], name): row["txval"] for name, rows in told["hsn"].items() for row in rows}
    assert sums[18, "hsn_b2c"] == "84795.76"
    assert {rate for rate, name in sums if name == "hsn_b2b"} == {0, 5, 18}
    papers = {row["doc_typ"]: row["docs"][0] for row in told["doc_issue"]["doc_det"]}
    assert papers["Invoices for outward supply"]["totnum"] == 6
    assert papers["Credit Note"]["to"] == "CRN/26-27/00003"


async def test_a_month_that_cannot_be_told_is_refused(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    path = "/v1/gst/returns/gstr1"
    for wrong in ("2026-13", "11-2026", ""):
        assert (await client.get(path, params={"period": wrong})).status_code == 422
    assert (await client.get(path, params={"period": "2026-11"})).json() == {
        "gstin": "29AAACT9999D1ZN",
        "fp": "112026",
    }
    async with database.transaction(actor) as tx:
        placed = await order(tx, cart_line(10_000))
    odd = await issue(database, actor, msgspec.structs.replace(placed, currency="USD"))
    refused = await client.get(path, params={"period": "2026-11"})
    assert (refused.status_code, refused.json()["code"]) == (409, "return_incomplete")
    assert refused.json()["numbers"] == [odd.number]
