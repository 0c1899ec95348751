"""The pages of people, teams and roles, as HTML over the application."""

import re

import pytest
from litestar import Litestar

from tandem.kernel.db import Database
from tests.givens import visitor
from tests.identity.company import Company, browsing, found
from tests.identity.test_escalation import _token


@pytest.fixture
async def company(database: Database, now: object) -> Company:
    return await found(database, database.clock.now())


async def test_people_are_invited_changed_explained_and_removed_on_the_pages(
    app: Litestar, database: Database, company: Company
) -> None:
    async with browsing(app, database, company, "asha") as asha, visitor(app) as guest:
        bad = await asha.post("/settings/people/invitations", data={"email": "nowhere"})
        assert bad.status_code == 422 and "Give an e-mail address." in bad.text
        form = {"email": "nila@example.test", "name": "Nila", "role_keys": ["sales", "stock"]}
        sent = await asha.post("/settings/people/invitations", data=form)
        assert sent.status_code == 303, sent.text[:500]
        token = await _token(database, company, "nila@example.test")
        shown = await guest.get(f"/invitations/{token}")
        assert "Join Test Traders" in shown.text and "Choose a password" in shown.text
        weak = await guest.post(f"/invitations/{token}", data={"name": "Nila", "password": "x"})
        assert weak.status_code == 422
        joined = await guest.post(
            f"/invitations/{token}", data={"name": "Nila", "password": "violet anchor meadow 72"}
        )
        assert "Welcome to Test Traders" in joined.text
        assert (await guest.get(f"/invitations/{token}")).status_code == 410
        listed = (await asha.get("/settings/people")).text
        [nila] = re.findall(r'/settings/people/([0-9a-f-]{36})">Nila<', listed)
        page = f"/settings/people/{nila}"
        assert "Nobody else chooses or learns the password" in (await asha.get(page)).text
        assert (await asha.post(f"{page}/reset", data={})).headers["location"] == page
        change = {
            "name": "Nila Rao",
            "role_keys": ["sales_manager"],
            "team_ids": [str(company.teams["south"])],
            "manager_id": str(company.people["mona"].id),
            "is_active": "true",
        }
        assert (await asha.post(page, data=change)).status_code == 303
        number = company.orders["sam"].number
        told = (await asha.get(f"{page}?permission=orders.write&record={number}")).text
        assert "Nila Rao may." in told and "The record belongs below them." in told
        number = company.orders["rina"].number
        told = (await asha.get(f"{page}?permission=orders.write&record={number}")).text
        assert "Nila Rao may not." in told and "Who could:" in told
        nothing = (await asha.get(f"{page}?permission=orders.write&record=nonsense")).text
        assert "Nothing here answers to that." in nothing
        alone = await asha.post(f"/settings/people/{company.people['asha'].id}/removal", data={})
        assert alone.status_code == 409 and "without an administrator" in alone.text
        assert (await asha.post(f"{page}/removal", data={})).status_code == 303
        assert "Nila" not in (await asha.get("/settings/people")).text


async def test_roles_are_copied_edited_previewed_and_removed_on_the_pages(
    app: Litestar, database: Database, company: Company
) -> None:
    rina = company.people["rina"].id
    async with browsing(app, database, company, "asha") as asha:
        preview = (await asha.get(f"/settings/roles/sales?as={rina}")).text
        assert "<b>1 customers</b>: Kestrel of Rina" in preview
        assert f"<b>1 orders</b>: {company.orders['rina'].number}" in preview
        everyone = (await asha.get(f"/settings/roles/operations?as={rina}")).text
        assert "<b>6 customers</b>" in everyone and "<b>6 orders</b>" in everyone
        copied = (await asha.get("/settings/roles/new?from=sales")).text
        assert 'value="sales_copy"' in copied
        form = {"key": "night", "name": "Night shift", "orders.read": "team", "stock.none": "all"}
        assert (await asha.post("/settings/roles", data=form)).status_code == 303
        again = await asha.post("/settings/roles", data=form)
        assert again.status_code == 409
        hidden = {**form, "customers.read": "own", "field.customer.notes": "hidden"}
        assert (await asha.post("/settings/roles/night", data=hidden)).status_code == 303
        role = (await asha.get("/v1/roles/night")).json()
        assert role["grants"] == ["customers.read@own", "orders.read@team"]
        assert role["hidden"] == ["customer.notes"]
        assert (await asha.post("/settings/roles/sales", data=form)).status_code == 409
        gone = await asha.post("/settings/roles/night", data={"remove": "true", "name": "x"})
        assert gone.status_code == 303
        assert (await asha.get("/v1/roles/night")).status_code == 404


async def test_teams_and_territories_grow_and_shrink_on_the_page(
    app: Litestar, database: Database, company: Company
) -> None:
    async with browsing(app, database, company, "asha") as asha:
        form = {"name": "East", "parent_id": str(company.teams["sales"])}
        assert (await asha.post("/settings/teams/team", data=form)).status_code == 303
        assert (await asha.post("/settings/teams/team", data=form)).status_code == 409
        assert (await asha.post("/settings/teams/nonsense", data=form)).status_code == 404
        teams = {one["name"]: one["id"] for one in (await asha.get("/v1/teams")).json()}
        path = f"/settings/teams/team/{teams['East']}"
        assert (await asha.post(path, data={"name": "Orient"})).status_code == 303
        text = (await asha.get("/settings/teams")).text
        assert "Orient" in text and "East" not in text
        assert (await asha.post(path, data={"remove": "true"})).status_code == 303


async def test_who_may_only_look_sees_which_permission_each_button_needs(
    app: Litestar, database: Database, company: Company, now: object
) -> None:
    from tandem.crm.identity import service as identity
    from tandem.crm.identity.domain.roles import Role
    from tests.identity.company import change

    async with database.transaction(company.actor()) as tx:
        role = Role(key="looker", name="Looker", grants=["identity.read"])
        await identity.add_role(tx, role, now=database.clock.now())
    await change(company, database, "raj", database.clock.now(), role_keys=["looker"])
    async with browsing(app, database, company, "raj") as raj:
        for path, needs in (
            ("/settings/people", "identity.manage"),
            (f"/settings/people/{company.people['sam'].id}", "identity.manage"),
            ("/settings/teams", "identity.manage"),
            ("/settings/roles", "identity.roles"),
            ("/settings/roles/sales", "identity.roles"),
        ):
            text = (await raj.get(path)).text
            assert "disabled" in text, path
            if path != "/settings/roles/sales":
                assert f"Needs the permission {needs}" in text, path
