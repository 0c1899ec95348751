"""Invoicing over HTTP: lists, papers, audits, tax questions, the profile."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.kernel import tokens
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_token
from tandem.scm.invoicing import service
from tandem.scm.invoicing.domain.documents import Invoice
from tests.givens import api_key_of, visitor
from tests.invoicing.givens import NOW, cart_line, order, seller_of

COUNT = Query("select count(*) from invoicing.invoice where org_id = :org_id")

PROFILE = {
    "legal_name": "Nilgiri Estates Private Limited",
    "gstin": "29aabcr1718e1zl",
    "address": {
        "name": "Nilgiri Estates",
        "line1": "1 MG Road",
        "city": "Bengaluru",
        "state_code": "29",
        "postal_code": "560001",
    },
}


async def issue(database: Database, actor: Actor, count: int = 1) -> list[Invoice]:
    await seller_of(database, actor)
    documents = []
    for turn in range(count):
        async with database.transaction(actor) as tx:
            placed = await order(tx, cart_line(10000), number=f"SO-{turn}")
            issued_at = NOW + timedelta(days=turn)
            documents.append(await service.issue_for_order(tx, placed, now=issued_at))
    return documents


async def test_invoices_are_listed_newest_first_page_by_page(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    documents = await issue(database, actor, 5)
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = (await client.get(f"/v1/invoices?limit=2{cursor}")).json()
        seen += [item["number"] for item in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert page["next"] is None
    assert seen == [document.number for document in reversed(documents)]
    oldest = (await client.get("/v1/invoices?sort=issued_at&limit=1")).json()["items"]
    assert [item["number"] for item in oldest] == ["INV/26-27/000001"]


async def test_a_list_is_narrowed_by_what_people_look_for(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    documents = await issue(database, actor, 3)
    await client.post(f"/v1/invoices/{documents[0].id}/credit-notes", json={"reason": "Returned"})

    async def numbers(**filters: Any) -> list[str]:
        page = (await client.get("/v1/invoices", params=filters)).json()
        return [item["number"] for item in page["items"]]

    assert await numbers(kind="CRN") == ["CRN/26-27/00001"]
    assert sorted(await numbers(order_id=str(documents[0].order_id))) == [
        "CRN/26-27/00001",
        "INV/26-27/000001",
    ]
    assert await numbers(number="000002") == ["INV/26-27/000002"]
    assert await numbers(customer_id=str(documents[2].customer_id)) == ["INV/26-27/000003"]
    of_a_day = {"kind": "INV", "issued_from": "2026-11-23", "issued_to": "2026-11-23"}
    assert await numbers(**of_a_day) == ["INV/26-27/000002"]


async def test_one_document_and_its_paper(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    document = (await issue(database, actor))[0]
    read = (await client.get(f"/v1/invoices/{document.id}")).json()
    assert (read["number"], read["total_minor"]) == ("INV/26-27/000001", 11800)
    assert read["lines"][0]["cgst_minor"] == 900
    paper = await client.get(f"/v1/invoices/{document.id}/pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.headers["content-disposition"] == 'inline; filename="INV-26-27-000001.pdf"'
    assert paper.content.startswith(b"%PDF-")
    for copy in ("duplicate", "triplicate"):
        other = await client.get(f"/v1/invoices/{document.id}/pdf", params={"copy": copy})
        assert other.content.startswith(b"%PDF-") and other.content != paper.content
    third = await client.get(f"/v1/invoices/{document.id}/pdf", params={"copy": "fourth"})
    assert third.status_code == 422


async def test_the_buyer_reads_the_invoice_by_the_orders_link(
    app: Litestar, database: Database, actor: Actor
) -> None:
    document = (await issue(database, actor))[0]
    async with database.transaction(actor) as tx:
        links = await tokens.issue(tx, kind="order", entity_ids=[document.order_id, uuid4()])
        other = await tokens.issue(tx, kind="shipment", entity_ids=[document.order_id])
    async with visitor(app) as browser:
        answers = {
            name: await browser.get(f"/v1/public/orders/{link}/invoice.pdf")
            for name, link in {
                "own": links[0],
                "not issued yet": links[1],
                "another kind": other[0],
                "unknown": new_token(),
            }.items()
        }
    assert answers["own"].content.startswith(b"%PDF-")
    assert answers["not issued yet"].json()["code"] == "invoice_not_found"
    assert [answers[name].status_code for name in ("another kind", "unknown")] == [404, 404]


async def test_another_companys_invoice_is_not_found(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    for path in (f"/v1/invoices/{uuid4()}", f"/v1/invoices/{uuid4()}/pdf"):
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_an_issued_document_has_no_way_to_be_changed(
    client: httpx.AsyncClient, database: Database, actor: Actor, method: str
) -> None:
    """AN5."""
    document = (await issue(database, actor))[0]
    answer = await client.request(method, f"/v1/invoices/{document.id}", json={})
    assert answer.status_code == 405


async def test_a_credit_note_by_hand_is_idempotent_under_its_key(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    document = (await issue(database, actor))[0]
    path = f"/v1/invoices/{document.id}/credit-notes"
    body = {"reason": "Damaged", "amount_minor": 1180}
    key = {"idempotency-key": "once"}
    answers = [await client.post(path, json=body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["cgst_minor"], answers[0].json()["reason"]) == (90, "Damaged")
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 2


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"reason": "x", "amount_minor": 11801}, "credit_exceeds_invoice", "amount_minor"),
        ({"reason": "x", "amount_minor": 0}, "invalid", "amount_minor"),
        ({"reason": "", "amount_minor": 5}, "invalid", "reason"),
        ({"reason": "a\u0000b"}, "invalid", "reason"),
        ({"reason": "x", "items": []}, "invalid", "items"),
        (
            {"reason": "x", "items": [{"order_line_id": str(uuid4()), "quantity": 1}]},
            "invalid",
            "items[0].order_line_id",
        ),
    ],
)
async def test_a_wrong_credit_note_is_refused_and_leaves_no_trace(
    client: httpx.AsyncClient,
    database: Database,
    actor: Actor,
    body: dict[str, Any],
    code: str,
    field: str,
) -> None:
    document = (await issue(database, actor))[0]
    answer = await client.post(f"/v1/invoices/{document.id}/credit-notes", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"].startswith(field)
    async with database.transaction(actor) as tx:
        assert await tx.value(COUNT) == 1


async def test_the_number_audit_over_http(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await issue(database, actor, 3)
    audit = (await client.get("/v1/invoices/number-audit?series=INV&fy=26-27")).json()
    assert (audit["issued"], audit["counter"], audit["missing"], audit["is_whole"]) == (
        3,
        3,
        [],
        True,
    )
    wrong = await client.get("/v1/invoices/number-audit?fy=2026")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "fy")


async def test_reading_needs_its_permission(
    app: Litestar, database: Database, actor: Actor
) -> None:
    document = (await issue(database, actor))[0]
    key = await api_key_of(database, actor, "orders.read")
    async with visitor(app) as caller:
        caller.headers["authorization"] = f"Bearer {key}"
        for path in ("", f"/{document.id}", f"/{document.id}/pdf", "/number-audit?fy=26-27"):
            answer = await caller.get(f"/v1/invoices{path}")
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_tax_question_over_a_rate_change(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    """AN10 from outside: supplied on the 20th, invoiced on the 25th, paid on the 26th."""
    await seller_of(database, actor)
    question: dict[str, Any] = {
        "lines": [
            {
                "hsn": "0902",
                "tax_class": "reduced",
                "quantity": 1,
                "unit_price_minor": 100000,
                "price_includes_tax": False,
            }
        ],
        "ship_state": "29",
        "supplied_on": "2025-09-20",
        "invoiced_on": "2025-09-25",
        "paid_on": "2025-09-26",
    }
    after = (await client.post("/v1/tax-quotes", json=question)).json()
    before = (
        await client.post("/v1/tax-quotes", json={**question, "paid_on": "2025-09-19"})
    ).json()
    assert (after["rates_of"], after["rates_by"]) == ("2025-09-25", "CGST Act s.14(a)(i)")
    assert after["quote"]["total_minor"] == 105000
    assert (before["rates_of"], before["rates_by"]) == ("2025-09-19", "CGST Act s.14(a)(iii)")
    assert before["quote"]["total_minor"] == 112000


async def test_a_cart_that_cannot_be_taxed_names_the_line(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    line = {
        "hsn": "0902",
        "tax_class": "standard",
        "quantity": 1,
        "unit_price_minor": 1,
        "price_includes_tax": False,
    }
    wrong = {**line, "tax_class": "gst_eighteen"}
    answer = await client.post("/v1/tax-quotes", json={"lines": [line, wrong]})
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["field"]) == (
        "tax_class_unknown",
        "lines[1].tax_class",
    )


async def test_a_rate_of_the_companys_own_counts_for_it_alone(
    client: httpx.AsyncClient, database: Database, actor: Actor
) -> None:
    await seller_of(database, actor)
    national = (await client.get("/v1/tax-rates?on=2026-11-22")).json()["items"]
    assert {rate["tax_class"]: rate["rate"] for rate in national} == {
        "demerit": "40.0000",
        "exempt": "0.0000",
        "higher": "18.0000",
        "merit": "5.0000",
        "precious": "3.0000",
        "reduced": "5.0000",
        "rough_stones": "0.2500",
        "standard": "18.0000",
    }
    own = {
        "tax_class": "standard",
        "hsn_prefix": "2402",
        "rate": "40",
        "cess_rate": "5",
        "cess_per_unit_minor": "159.1",
        "valid_from": "2026-01-01",
        "notification": "Own ruling",
    }
    added = await client.post("/v1/tax-rates", json=own)
    again = await client.post("/v1/tax-rates", json=own)
    assert (added.status_code, again.status_code) == (201, 409)
    assert again.json()["code"] == "tax_rate_exists"
    line = {
        "hsn": "24022090",
        "tax_class": "standard",
        "quantity": 10,
        "unit_price_minor": 1000,
        "price_includes_tax": False,
    }
    quote = (await client.post("/v1/tax-quotes", json={"lines": [line]})).json()["quote"]
    assert (quote["lines"][0]["cess_minor"], quote["total_minor"]) == (500 + 1591, 16091)


async def test_the_profile_is_set_read_and_guarded_by_its_version(
    client: httpx.AsyncClient,
) -> None:
    missing = await client.get("/v1/company-tax-profile")
    assert (missing.status_code, missing.json()["code"]) == (409, "company_tax_profile_missing")
    put = await client.put("/v1/company-tax-profile", json=PROFILE)
    assert (put.status_code, put.headers["etag"]) == (200, '"1"')
    read = (await client.get("/v1/company-tax-profile")).json()
    assert (read["gstin"], read["invoice_format"]) == ("29AABCR1718E1ZL", "INV/{fy}/{seq:06}")
    changed = {**PROFILE, "trade_name": "Nilgiri Teas"}
    for tag, status in (('"9"', 412), ('"1"', 200)):
        answer = await client.put(
            "/v1/company-tax-profile", json=changed, headers={"if-match": tag}
        )
        assert answer.status_code == status
    assert (await client.get("/v1/company-tax-profile")).json()["version"] == 2


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"gstin": "29AABCR1718E1ZM"}, "gstin_invalid", "gstin"),
        ({"gstin": "24AAQCA8719H1ZC"}, "company_tax_profile_invalid", "address.state_code"),
        ({"invoice_format": "INV/{fy}/{seq:07}"}, "number_format_invalid", "invoice_format"),
        ({"invoice_format": "CRN/{fy}/{seq:05}"}, "company_tax_profile_invalid", "credit_note_f"),
        (
            {"invoice_format": "A{seq}", "credit_note_format": "A1{seq}"},
            "company_tax_profile_invalid",
            "credit_note_format",
        ),
        ({"time_zone": "Asia/Nowhere"}, "company_tax_profile_invalid", "time_zone"),
        ({"upi_id": "not a upi id"}, "invalid", "upi_id"),
        ({"surprise": 1}, "invalid", ""),
    ],
)
async def test_a_wrong_profile_is_refused_by_the_field_at_fault(
    client: httpx.AsyncClient, change: dict[str, Any], code: str, field: str
) -> None:
    answer = await client.put("/v1/company-tax-profile", json={**PROFILE, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json().get("field", "").startswith(field)
    assert (await client.get("/v1/company-tax-profile")).status_code == 409


@pytest.mark.parametrize(
    ("gstin", "is_valid"), [("29AABCR1718E1ZL", True), ("24AANFA2641L1ZK", False)]
)
async def test_a_gstin_is_checked(client: httpx.AsyncClient, gstin: str, is_valid: bool) -> None:
    answer = await client.post("/v1/gst/gstin-checks", json={"gstin": gstin})
    assert (answer.status_code, answer.json()["is_valid"]) == (200, is_valid)
