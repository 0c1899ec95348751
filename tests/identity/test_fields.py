"""Fields kept back by a role: absent wherever they could show, and no oracle to guess them by."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import Role
from tandem.kernel.db import Database
from tests.identity.company import Company, browsing, change, found

HIDDEN = ["customer.phones", "customer.notes", "order.customer_phone"]


@pytest.fixture
async def company(database: Database, now: datetime) -> Company:
    made = await found(database, now)
    async with database.transaction(made.actor()) as tx:
        role = Role(
            key="discreet",
            name="Discreet",
            grants=["customers.*", "orders.*", "identity.read"],
            hidden=HIDDEN,
            read_only=["customer.gstin"],
        )
        await identity.add_role(tx, role, now=now)
    await change(made, database, "rina", now, role_keys=["discreet"])
    return made


@pytest.fixture
async def rina(
    app: Litestar, database: Database, company: Company
) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(app, database, company, "rina") as browser:
        yield browser


async def _secrets(database: Database, company: Company) -> tuple[Any, str, str]:
    async with database.transaction(company.actor()) as tx:
        customer = await customers.get_customer(tx, company.customers["sam"])
    assert customer.phone
    return customer, customer.phone, customer.notes


async def test_a_hidden_field_is_absent_from_answers_lists_pages_and_timelines(
    rina: httpx.AsyncClient, database: Database, company: Company
) -> None:
    customer, phone, notes = await _secrets(database, company)
    order = company.orders["sam"]
    paths = [
        f"/v1/customers/{customer.id}",
        "/v1/customers",
        "/v1/customers?sort=-created_at",
        f"/v1/orders/{order.id}",
        f"/v1/orders/{order.id}/timeline",
        f"/customers/{customer.id}",
        "/customers",
        f"/customers/{customer.id}/edit",
        "/console/suggest/customers?q=Kestrel",
    ]
    for path in paths:
        answer = await rina.get(path)
        assert answer.status_code == 200, (path, answer.text[:300])
        assert phone not in answer.text and phone[3:] not in answer.text, path
        assert notes not in answer.text, path
    one = (await rina.get(paths[0])).json()
    assert "phones" not in one and "notes" not in one and one["emails"]
    assert "customer_phone" not in (await rina.get(paths[3])).json()


async def test_hidden_fields_cannot_be_searched_filtered_sorted_or_written(
    rina: httpx.AsyncClient, database: Database, company: Company
) -> None:
    customer, phone, notes = await _secrets(database, company)
    assert (await rina.get("/v1/customers", params={"search": phone})).json()["items"] == []
    assert (await rina.get("/v1/orders", params={"q": phone})).json()["items"] == []
    for question in ("sort=notes", "sort=-phones", "notes=x", "fields=name,notes"):
        answer = await rina.get(f"/v1/customers?{question}")
        assert (answer.status_code, answer.json()["code"]) == (403, "field_kept_back"), question
    path = f"/v1/customers/{customer.id}"
    bodies: list[dict[str, Any]] = [{"notes": "mine"}, {"phones": []}, {"gstin": "29AAGCB7383J1Z4"}]
    for body in bodies:
        answer = await rina.patch(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "field_kept_back"), body
    for said, status in (("", 403), ("APPLICATION/JSON", 403), ("text/plain", 415)):
        answer = await rina.patch(path, content='{"notes": ""}', headers={"content-type": said})
        assert answer.status_code == status, said
    assert (await rina.patch(path, json={"name": "New Name"})).status_code == 200
    after, now_phone, now_notes = await _secrets(database, company)
    assert (after.name, now_phone, now_notes) == ("New Name", phone, notes)


async def test_a_form_that_could_not_show_a_field_does_not_empty_it(
    rina: httpx.AsyncClient, database: Database, company: Company
) -> None:
    customer, phone, notes = await _secrets(database, company)
    form = {"name": "By Form", "notes": "", "version": str(customer.version)}
    answer = await rina.post(f"/customers/{customer.id}/edit", data=form)
    assert answer.status_code in {303, 302, 200}, answer.text[:300]
    after, now_phone, now_notes = await _secrets(database, company)
    assert (after.name, now_phone, now_notes) == ("By Form", phone, notes)


async def test_a_field_shows_when_one_of_several_roles_shows_it(
    app: Litestar, database: Database, company: Company, now: datetime
) -> None:
    await change(company, database, "raj", now, role_keys=["discreet", "stock"])
    await change(company, database, "sam", now, role_keys=["discreet", "read_only"])
    path = f"/v1/customers/{company.customers['nobody']}"
    async with browsing(app, database, company, "raj") as raj:
        assert "notes" not in (await raj.get(path)).json()
    async with browsing(app, database, company, "sam") as sam:
        assert (await sam.get(path)).json()["notes"]


async def test_nobody_opens_by_a_role_what_is_hidden_from_them(
    app: Litestar, database: Database, company: Company, now: datetime
) -> None:
    async with database.transaction(company.actor()) as tx:
        role = Role(
            key="maker",
            name="Maker",
            grants=["customers.*", "orders.*", "identity.*"],
            hidden=HIDDEN,
        )
        await identity.add_role(tx, role, now=now)
    await change(company, database, "raj", now, role_keys=["maker"])
    body = {"key": "open", "name": "Open", "grants": ["customers.read"]}
    async with browsing(app, database, company, "raj") as raj:
        refused = await raj.post("/v1/roles", json=body)
        made = await raj.post("/v1/roles", json={**body, "hidden": HIDDEN})
    assert (refused.status_code, refused.json()["code"]) == (403, "more_than_held")
    assert made.status_code == 201
