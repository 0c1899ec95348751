"""A clerk who sees neither what orders come to nor where they go: by no copy, rule, sum or file."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import Role
from tandem.kernel.db import Database
from tandem.kernel.imports import store as imports
from tandem.kernel.money import in_figures
from tests.identity.company import Company, browsing, change, found

HIDDEN = [
    "order.total_minor",
    "order.ship_to",
    "customer.gstin",
    "lead.email",
    "lead.score",
    "opportunity.amount_minor",
    "product.price_minor",
]
READ_ONLY = ["customer.notes", "lead.phone"]
MONEY = ("total_minor", "paid_minor", "tax_minor", "taxable_minor", "refunded_minor",
         "discount_minor", "authorized_minor")  # fmt: skip


@pytest.fixture
async def company(database: Database, now: datetime) -> Company:
    made = await found(database, now)
    async with database.transaction(made.actor()) as tx:
        clerk = Role(key="clerk", name="Clerk", grants=["*"], hidden=HIDDEN, read_only=READ_ONLY)
        await identity.add_role(tx, clerk, now=now)
    await change(made, database, "vera", now, role_keys=["clerk"])
    return made


async def test_what_an_order_comes_to_and_where_it_goes_are_in_none_of_its_copies(
    app: Litestar, database: Database, company: Company
) -> None:
    order, buyer = company.orders["sam"], company.customers["sam"]
    amount = in_figures(order.total_minor, order.currency).lstrip("₹")
    street = order.ship_to.line1
    paths = [
        f"/v1/orders/{order.id}",
        "/v1/orders",
        f"/v1/orders/{order.id}/timeline",
        f"/v1/customers/{buyer}/timeline",
        f"/v1/customers/{buyer}/purchases",
        f"/v1/customers/{buyer}/summary",
        "/v1/shipments",
        "/v1/invoices",
        "/v1/audit-events?limit=50",
        f"/orders/{order.id}",
        "/orders",
        f"/customers/{buyer}",
        f"/console/find?q={order.number}",
        "/console/find?q=Kestrel",
        "/",
    ]
    async with browsing(app, database, company, "asha") as asha:
        again = {
            "customer_id": str(buyer),
            "lines": [{"sku": one.sku, "quantity": one.quantity} for one in order.lines],
            "payment_method": "cod",
            "ship_to": msgspec.to_builtins(order.ship_to),
        }
        assert (await asha.post("/v1/orders", json=again)).status_code == 201
        told_of = {path: (await asha.get(path)).text for path in paths}
    seen = " ".join(told_of.values())
    total = re.compile(rf"(?<![0-9a-f]){order.total_minor}(?![0-9a-f])")
    assert amount in seen and total.search(seen) and street in seen
    assert total.search(told_of["/v1/audit-events?limit=50"])
    async with browsing(app, database, company, "vera") as vera:
        for path in paths:
            answer = await vera.get(path)
            assert answer.status_code == 200, (path, answer.text[:300])
            for kept in (amount, street):
                assert kept not in answer.text, (path, kept)
            assert not total.search(answer.text), path
        shown = (await vera.get(paths[0])).json()
        assert not {*MONEY, "ship_to", "bill_to"} & shown.keys()
        assert not set(MONEY) & shown["lines"][0].keys()
        assert shown["customer_phone"] == order.customer_phone
        row = (await vera.get("/v1/orders")).json()["items"][0]
        assert "total_minor" not in row and row["number"]
        told = (await vera.get(paths[2])).json()["items"]
        [step] = [one for one in told if one["topic"] == "orders.placed.v1"]
        assert "total_minor" not in step["data"] and step["detail"].startswith("–, ")
        assert (await vera.get(paths[5])).json().keys().isdisjoint({"ordered_minor", "paid_minor"})
        line = {"sku": order.lines[0].sku, "quantity": 1}
        quoted = (await vera.post("/v1/order-quotes", json={"lines": [line]})).json()
        assert quoted["lines"][0]["is_covered"] and "unit_price_minor" not in quoted["lines"][0]
        assert "total_minor" not in quoted


async def test_nothing_that_somebody_writes_may_ask_for_what_is_hidden_from_them(
    app: Litestar, database: Database, company: Company
) -> None:
    """Neither a filter, a sort and a group, nor a rule that is kept. What is refused leaves
    nothing behind."""
    order = company.orders["sam"]
    gstin = {"field": "gstin", "op": "is", "value": "29AAGCB7383J1Z4"}
    email = {"field": "email_domain", "op": "is", "value": "x.test"}
    score = {"field": "fit_score", "op": "gt", "value": 10}
    total = {"field": "total", "op": "gt", "value": 10}
    spent = {"field": "spent", "op": "gt", "value": 10}
    bought = {"event": "order_placed", "count": {"op": "gte", "n": 1}, "where": [total]}
    state = {"field": "state", "op": "is", "value": "29"}
    week = {"period": "last_7_days"}
    revenue = {"measures": ["revenue"], **week}
    by_state = {"measures": ["orders"], "dimensions": ["channel", "state"], **week}
    in_state = {"measures": ["orders"], "filters": {"any": [state]}, **week}
    branch = {"do": "branch", "id": "b", "rule": spent}
    alert = {"name": "A", "limit": 1}
    fit = {"name": "R", "area": "fit", "points": 5}
    pool = {"name": "R", "user_ids": [str(company.people["sam"].id)]}
    refused: list[tuple[str, str, dict[str, Any], str]] = [
        ("GET", "/v1/orders?sort=-total_minor", {}, "sort"),
        ("GET", "/v1/orders?total_minor_min=5", {}, "total_minor_min"),
        ("GET", "/v1/orders?fields=number,ship_to", {}, "fields"),
        ("PATCH", f"/v1/orders/{order.id}", {"total_minor": 1}, "total_minor"),
        ("PATCH", f"/v1/orders/{order.id}", {"note": "x", "ship_to": None}, "ship_to"),
        ("POST", "/v1/orders", {"lines": [], "ship_to": {}}, "ship_to"),
        ("POST", "/v1/segments", {"name": "S", "rule": {"all": [gstin]}}, "rule.all[0].field"),
        ("POST", "/v1/segments", {"name": "S", "rule": {"not": spent}}, "rule.not.field"),
        ("POST", "/v1/segments", {"name": "S", "rule": bought}, "rule.where[0].field"),
        ("POST", "/v1/segments/preview", {"rule": {"any": [bought]}}, "rule.any[0].where[0].field"),
        ("POST", "/v1/customer-export", {"rule": gstin}, "rule.field"),
        ("POST", "/v1/journeys", {"name": "J", "plan": {"steps": [branch]}}, "rule.field"),
        ("POST", "/v1/score-rules", {**fit, "rule": email}, "rule.field"),
        ("POST", "/v1/score-rules/preview", {**fit, "rule": {"all": [email]}}, "rule.all[0].field"),
        ("POST", "/v1/assignment-rules", {**pool, "condition": email}, "condition.field"),
        ("POST", "/v1/assignment-rules", {**pool, "condition": {"not": score}},
         "condition.not.field"),
        ("POST", "/v1/analytics/queries", revenue, "measures"),
        ("POST", "/v1/analytics/queries", by_state, "dimensions[1]"),
        ("POST", "/v1/analytics/queries", in_state, "filters.any[0].field"),
        ("POST", "/v1/alerts", {**alert, "query": revenue}, "measures"),
        ("POST", "/v1/alerts", {**alert, "query": in_state}, "filters.any[0].field"),
    ]  # fmt: skip
    before = await _kept(database, company)
    async with browsing(app, database, company, "vera") as vera:
        for method, path, body, field in refused:
            answer = await vera.request(method, path, json=body or None)
            told = answer.json()
            assert (answer.status_code, told["code"]) == (403, "field_kept_back"), (path, told)
            assert told["field"] == field, (path, body, told)
        words = (await vera.get("/v1/segments/words")).json()
        assert "gstin" not in str(words) and "total" not in str(words["events"]["order_placed"])
        assert await _kept(database, company) == before
        asked = await vera.post("/v1/analytics/queries", json={"measures": ["orders"], **week})
        made = await vera.post("/v1/assignment-rules", json={**pool, "condition": {
            "field": "city", "op": "is", "value": "Pune"}})  # fmt: skip
    assert (asked.status_code, made.status_code) == (200, 201), (asked.text, made.text)


async def test_why_a_rule_decided_as_it_did_tells_nothing_of_a_field_that_is_hidden(
    app: Litestar, database: Database, company: Company
) -> None:
    """The rules are an administrator's; the clerk asks what they do, and renames one of them."""
    condition = {"field": "email_domain", "op": "is", "value": "mills.test"}
    pool = {"name": "Mills", "user_ids": [str(company.people["sam"].id)], "condition": condition}
    async with browsing(app, database, company, "asha") as asha:
        rule = (await asha.post("/v1/assignment-rules", json=pool)).json()
        given = {"name": "Lena", "email": "lena@mills.test"}
        answer = (await asha.post("/v1/leads", json=given)).json()
        lead = answer.get("lead", answer)["id"]
        points = {"name": "Mills", "area": "fit", "points": 5, "rule": condition}
        scored = (await asha.post("/v1/score-rules", json=points)).json()
        said = await asha.post("/v1/assignment-rules/simulation", json={"lead_id": lead})
    assert "mills.test" in str(said.json()["tried"][0]["explanation"])
    async with browsing(app, database, company, "vera") as vera:
        said = await vera.post("/v1/assignment-rules/simulation", json={"lead_id": lead})
        assert said.status_code == 201 and said.json()["tried"][0]["explanation"] is None
        assert said.json()["owner_id"] == str(company.people["sam"].id)
        why = (await vera.get(f"/v1/leads/{lead}/score")).json()
        assert why == {}
        for path in ("/leads/scoring", "/leads/scoring/new", f"/leads/scoring/{scored['id']}",
                     "/settings/assignment", f"/settings/assignment/{rule['id']}"):  # fmt: skip
            page = await vera.get(path)
            assert page.status_code == 200, (path, page.text[:300])
            assert 'value="field:email"' not in page.text, path
        renamed = {**pool, "name": "The mills"}
        at = f"/v1/assignment-rules/{rule['id']}"
        kept = await vera.put(at, json=renamed, headers={"if-match": f'"{rule["version"]}"'})
    assert (kept.status_code, kept.json()["condition"]) == (200, condition), kept.text


IMPORTED = {
    "customers": ("E-mail,Name,GSTIN,Notes,City", {"E-mail": "email", "Name": "name",
                  "GSTIN": "gstin", "Notes": "notes", "City": "city"}, ["GSTIN", "Notes"]),
    "leads": ("Name,Mail,Phone,City", {"Name": "name", "Mail": "email", "Phone": "phone",
              "City": "city"}, ["Mail", "Phone"]),
}  # fmt: skip
"""What a clerk's file has, what its columns mean, and which of them are not the clerk's."""


async def test_a_file_is_refused_by_the_columns_that_are_not_its_importers_to_write(
    app: Litestar, database: Database, company: Company
) -> None:
    async with (
        browsing(app, database, company, "asha") as asha,
        browsing(app, database, company, "vera") as vera,
    ):
        for things in IMPORTED:
            await _import(database, company, asha, vera, things)
        order = company.orders["sam"]
        sku = order.lines[0].sku
        content = f"sku,Price,hsn\n{sku},5,1905\n".encode()
        told = await vera.post("/v1/product-imports?dry_run=true", content=content)
        assert (told.status_code, told.json()["code"]) == (403, "field_kept_back"), told.text
        assert [one["column"] for one in told.json()["errors"]] == ["price"]
        taken = await vera.post("/v1/product-imports", content=f"sku,hsn\n{sku},1905\n".encode())
        assert (taken.json()["updated"], taken.json()["failed"]) == (1, 0), taken.text


async def _import(
    database: Database,
    company: Company,
    asha: httpx.AsyncClient,
    vera: httpx.AsyncClient,
    things: str,
) -> None:
    heading, columns, refused = IMPORTED[things]
    content = f"{heading}\n{','.join('x' for _ in columns)}\n"
    at = f"/v1/{things.removesuffix('s')}-imports"
    mapping = {"columns": columns, "key": ""}
    job = (await vera.post(at, content=content.encode())).json()
    assert not set(refused) & job["mapping"].keys() and job["mapping"]["City"] == "city"
    told = await vera.post(f"{at}/{job['id']}/check", json=mapping)
    assert (told.status_code, told.json()["code"]) == (403, "field_kept_back"), told.text
    assert [one["column"] for one in told.json()["errors"]] == refused
    assert (await vera.get(f"{at}/{job['id']}")).json()["state"] == "uploaded"
    home = "/customers/import" if things == "customers" else "/leads/import"
    page = await vera.get(f"{home}/{job['id']}")
    assert page.status_code == 200 and 'value="city"' in page.text
    assert f'value="{columns[refused[0]]}"' not in page.text
    form = {f"column_{place}": field for place, field in enumerate(columns.values())}
    by_form = await vera.post(f"{home}/{job['id']}/check", data={**form, "key": ""})
    assert by_form.status_code == 403 and refused[0] in by_form.text
    await _as_checked(database, company, job["id"], columns)
    for verb in ("run", "revert"):
        await _in_state(database, company, job["id"], {"run": "checked"}.get(verb, "done"))
        answer = await vera.post(f"{at}/{job['id']}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (403, "field_kept_back"), verb
    shown = (await asha.get(f"{at}/{job['id']}/errors")).text
    hidden = (await vera.get(f"{at}/{job['id']}/errors")).text
    assert "29AAGCB7383J1Z4" in shown and "Wrong 29AAGCB7383J1Z4" in shown
    assert "29AAGCB7383J1Z4" not in hidden and "Pune" in hidden
    for who, sees in ((asha, True), (vera, False)):
        looked = (await who.get(f"{home}/{job['id']}")).text
        assert "What is wrong" in looked and ("29AAGCB7383J1Z4" in looked) is sees


Form = tuple[str, str, set[str], set[str], dict[str, str]]
"""Shown at, posted to, hidden fields, fields shown but not written, what is typed."""


def _forms(variant: dict[str, Any], buyer: str) -> list[Form]:
    edit = f"/variants/{variant['id']}/edit"
    line = f'[{{"sku":"{variant["sku"]}","quantity":1}}]'
    elsewhere = {"ship_line1": "Elsewhere 9", "ship_city": "Mumbai",
                 "ship_postal_code": "400001", "ship_state_code": "27"}  # fmt: skip
    return [
        ("/customers/new", "/customers", {"gstin"}, {"notes"},
         {"name": "Mira", "phone": "+919800000078", "gstin": "29AAGCB7383J1Z4",
          "notes": "mine"}),
        ("/leads/new", "/leads", {"email"}, {"phone"},
         {"name": "Lena", "email": "lena@x.test", "phone": "+919800000079", "city": "Pune"}),
        (edit, edit, {"price"}, set(),
         {"version": str(variant["version"]), "label": "Kept", "hsn": variant["hsn"],
          "unit": variant["unit"], "tax_class": variant["tax_class"], "price": "1.00",
          "price_includes_tax": "true", "is_active": "true"}),
        ("/orders/new", "/orders/new", {"ship_line1", "ship_city"}, set(),
         {"customer_id": buyer, "customer_label": "Uma", "payment_method": "cod",
          "lines": line, **elsewhere}),
        ("/deals", "/deals", {"amount"}, set(), {"title": "Tea for all", "amount": "5,000"}),
    ]  # fmt: skip


async def test_a_form_has_no_input_for_what_is_kept_back_and_reads_none_that_is_sent(
    app: Litestar, database: Database, company: Company
) -> None:
    """The other fields of each form are written all the same."""
    sku = company.orders["sam"].lines[0].sku
    async with (
        browsing(app, database, company, "asha") as asha,
        browsing(app, database, company, "vera") as vera,
    ):
        variant = (await asha.get("/v1/variants", params={"sku": sku})).json()["items"][0]
        home = {"name": "Uma", "line1": "7 Hill Road", "city": "Pune", "postal_code": "411001",
                "state_code": "27"}  # fmt: skip
        uma = {"name": "Uma", "phones": [{"value": "+919800000077"}],
               "addresses": [{"address": home}]}  # fmt: skip
        buyer = (await asha.post("/v1/customers", json=uma)).json()["id"]
        went: list[str] = []
        for shown, to, hidden, read_only, form in _forms(variant, buyer):
            told = (await vera.get(shown)).text
            assert 'name="' in told
            assert [name for name in hidden if f'name="{name}"' in told] == [], shown
            for name in read_only:
                assert re.search(rf'disabled title="[^"]+" id="f-{name}"', told), (shown, name)
            answer = await vera.post(to, data=form)
            assert answer.status_code == 303, (to, answer.text[:2000])
            went.append(answer.headers["location"].rsplit("/", 1)[1])
        customer, lead, _, order, deal = went
        made = (await asha.get(f"/v1/customers/{customer}")).json()
        assert (made["name"], made["gstin"], made["notes"]) == ("Mira", None, "")
        assert made["phones"][0]["value"] == "+919800000078"
        found = (await asha.get(f"/v1/leads/{lead}")).json()
        assert (found["name"], found["city"]) == ("Lena", "Pune")
        assert (found["email"], found["phone"]) == (None, None)
        after = (await asha.get(f"/v1/variants/{variant['id']}")).json()
        assert (after["label"], after["price_minor"]) == ("Kept", variant["price_minor"])
        placed = (await asha.get(f"/v1/orders/{order}")).json()
        assert (placed["ship_to"]["line1"], placed["customer_name"]) == ("7 Hill Road", "Uma")
        assert (await asha.get(f"/v1/opportunities/{deal}")).json()["amount_minor"] is None
        assert (await vera.get(f"/deals/{deal}/lines")).status_code == 403
        lines = {"lines": [{"sku": sku, "quantity": 1}]}
        told_no = await vera.put(f"/v1/opportunities/{deal}/lines", json=lines)
        assert (told_no.status_code, told_no.json()["code"]) == (403, "field_kept_back")
        refused = await vera.post("/products", data={"title": "New tea", "sku": "NEW-1",
                                                     "price": "5"})  # fmt: skip
        assert refused.status_code == 403 and "does not set prices" in refused.text
        assert 'name="price"' not in refused.text and 'value="New tea"' in refused.text


async def _as_checked(
    database: Database, company: Company, job_id: str, columns: dict[str, str]
) -> None:
    """As if somebody who may write all of it had looked the file through: one row is wrong."""
    at = "GSTIN" if "GSTIN" in columns else "Mail"
    cells = ["29AAGCB7383J1Z4" if column == at else "Pune" for column in columns]
    wrong = {"column": at, "code": "invalid", "message": "Wrong 29AAGCB7383J1Z4"}
    row = {"row_no": 2, "status": "bad", "cells": cells, "errors": [wrong]}
    async with database.transaction(company.actor()) as tx:
        await imports.start(tx, UUID(job_id), "checking", columns, "", tx.started_at)
        await imports.add_rows(tx, UUID(job_id), [row])


async def _in_state(database: Database, company: Company, job_id: str, state: str) -> None:
    async with database.transaction(company.actor()) as tx:
        await imports.settle(tx, UUID(job_id), state, tx.started_at)


async def _kept(database: Database, company: Company) -> dict[str, int]:
    tables = ("customers.segment", "sales.score_rule", "sales.assignment_rule", "marketing.journey",
              "analytics.alert", "orders.order", "kernel.event")  # fmt: skip
    async with database.transaction(company.actor()) as tx:
        return {
            table: await tx.connection.fetchval(
                f"select count(*) from {table} where org_id = $1", company.org_id
            )
            for table in tables
        }
