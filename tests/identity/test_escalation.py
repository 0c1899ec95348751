"""Nobody climbs: not by roles, invitations, people, keys, or being the last who could undo it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.roles import Role
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Query
from tests.givens import visitor
from tests.identity.company import Company, browsing, change, found
from tests.identity.test_security_pages import AGE_PROOFS

MAIL = Query(
    """
    select text from notifications.message
     where org_id = :org_id and template = 'invitation' and recipient = :email
     order by created_at desc, id desc
    """
)
REFUSED = Query(
    """
    select count(*) from kernel.audit
     where org_id = :org_id and action = 'access.refused' and actor_id = :user_id
    """
)
STATE = Query(
    """
    select (select jsonb_agg(to_jsonb(r) order by r.key) from identity.role r
             where r.org_id = :org_id) as roles,
           (select jsonb_agg(to_jsonb(u) order by u.id) from identity.user_account u
             where u.org_id = :org_id) as people,
           (select count(*) from identity.user_role where org_id = :org_id) as further,
           (select count(*) from identity.invitation where org_id = :org_id) as invitations,
           (select count(*) from identity.api_key where org_id = :org_id) as keys
    """
)
FAR = [
    "customers.read@team",
    "orders.read@own",
    "identity.read",
    "identity.manage",
    "identity.roles",
]


@pytest.fixture
async def company(database: Database, now: datetime) -> Company:
    made = await found(database, now)
    async with database.transaction(made.actor()) as tx:
        await identity.add_role(
            tx, Role(key="people_desk", name="People desk", grants=FAR), now=now
        )
    await change(made, database, "rina", now, role_keys=["people_desk"])
    return made


@pytest.fixture
async def rina(
    app: Litestar, database: Database, company: Company
) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(app, database, company, "rina") as browser:
        yield browser


async def test_no_way_leads_above_ones_own_rights(
    rina: httpx.AsyncClient, database: Database, company: Company
) -> None:
    people = {who: str(member.id) for who, member in company.people.items()}
    role = {"key": "climb", "name": "Climb"}
    invitation = {"email": "friend@example.test", "role_keys": ["admin"]}
    tries: list[tuple[str, str, dict[str, Any] | None]] = [
        ("PATCH", f"/v1/users/{people['rina']}", {"role_keys": ["people_desk", "admin"]}),
        ("PATCH", f"/v1/users/{people['sam']}", {"role_keys": ["operations"]}),
        ("PATCH", f"/v1/users/{people['asha']}", {"is_active": False}),
        ("DELETE", f"/v1/users/{people['asha']}", None),
        ("POST", "/v1/users", _user("admin")),
        ("POST", "/v1/users", _user("finance")),
        ("POST", "/v1/roles", {**role, "grants": ["*"]}),
        ("POST", "/v1/roles", {**role, "grants": ["customers.read"]}),
        ("POST", "/v1/roles", {**role, "grants": ["customers.read@subtree"]}),
        ("POST", "/v1/roles", {**role, "grants": ["orders.read@team"]}),
        ("POST", "/v1/roles", {**role, "grants": ["identity.*"]}),
        ("POST", "/v1/roles", {**role, "grants": ["identity.settings"]}),
        ("PATCH", "/v1/roles/people_desk", {"grants": [*FAR, "orders.cancel"]}),
        ("PATCH", "/v1/roles/people_desk", {"grants": [*FAR, "customers.read"]}),
        ("POST", "/v1/invitations", invitation),
        ("POST", "/v1/invitations", {**invitation, "role_keys": ["people_desk", "sales"]}),
        ("POST", "/v1/api-keys", {"name": "k", "grants": ["customers.read"]}),
        ("POST", "/v1/api-keys", {"name": "k", "grants": ["*"]}),
    ]
    before = await _state(database, company)
    answers = []
    for method, path, body in tries:
        answer = await rina.request(method, path, json=body)
        answers.append((method, path, body, answer.status_code))
    assert [one for one in answers if one[3] != 403] == []
    assert await _state(database, company) == before
    async with database.transaction(company.actor()) as tx:
        noted = await tx.value(REFUSED, user_id=company.people["rina"].id)
    assert noted == len(tries)


async def test_what_one_holds_can_be_given(rina: httpx.AsyncClient, company: Company) -> None:
    body = {"key": "less", "name": "Less", "grants": ["customers.read@own", "orders.read@own"]}
    made = await rina.post("/v1/roles", json=body)
    assert (made.status_code, made.json()["grants"]) == (201, body["grants"])
    given = await rina.post(
        "/v1/invitations", json={"email": "friend@example.test", "role_keys": ["less"]}
    )
    assert given.status_code == 201, given.text


async def test_handing_out_rights_asks_once_more_who_it_is(
    rina: httpx.AsyncClient, database: Database, company: Company
) -> None:
    people = {who: str(member.id) for who, member in company.people.items()}
    invitation = {"email": "friend@example.test", "role_keys": ["people_desk"]}
    tries: list[tuple[str, str, dict[str, Any] | None]] = [
        ("PATCH", f"/v1/users/{people['rina']}", {"role_keys": ["people_desk"]}),
        ("DELETE", f"/v1/users/{people['rina']}", None),
        ("POST", "/v1/users", _user("people_desk")),
        ("POST", "/v1/invitations", invitation),
        ("POST", "/v1/roles", {"key": "more", "name": "More", "grants": FAR}),
        ("PATCH", "/v1/roles/people_desk", {"grants": FAR}),
        ("PUT", "/v1/scim-settings", {"default_role_key": "people_desk"}),
        ("DELETE", "/v1/me/sessions", None),
    ]
    async with database.transaction(Actor.system(INSTALLATION)) as own:
        await own.run(AGE_PROOFS, age=timedelta(minutes=11), user_id=company.people["rina"].id)
    before = await _state(database, company)
    for method, path, body in tries:
        answer = await rina.request(method, path, json=body)
        assert answer.status_code == 403, (path, answer.text)
        assert answer.json()["code"] == "step_up_needed", path
    form = {"email": "friend@example.test", "role_keys": "people_desk"}
    came = {"referer": "http://test/settings/people"}
    for path in ("/settings/people/invitations", f"/settings/people/{people['rina']}/removal"):
        led = await rina.post(path, data=form, headers=came)
        assert (led.status_code, led.headers.get("location", "")[:17]) == (303, "/security/confirm")
    assert await _state(database, company) == before


@pytest.mark.parametrize(
    "grants",
    [["inventory.read@own"], ["*@own"], ["orders.*@team"], ["delivery.read@territory"]],
)
async def test_a_scope_without_owners_makes_no_role(
    app: Litestar, database: Database, company: Company, grants: list[str]
) -> None:
    async with browsing(app, database, company, "asha") as asha:
        answer = await asha.post("/v1/roles", json={"key": "odd", "name": "Odd", "grants": grants})
    assert answer.status_code == 422, answer.text


async def test_ready_made_roles_and_roles_in_use_stay(
    app: Litestar, database: Database, company: Company
) -> None:
    async with browsing(app, database, company, "asha") as asha:
        changed = await asha.patch("/v1/roles/sales", json={"grants": ["*"]})
        removed = await asha.delete("/v1/roles/sales")
        used = await asha.delete("/v1/roles/people_desk")
        unknown = await asha.delete("/v1/roles/nothing")
    codes = [one.json()["code"] for one in (changed, removed, used, unknown)]
    assert codes == ["role_ready_made", "role_ready_made", "role_in_use", "not_found"]


async def test_the_last_administrator_stays_whoever_tries_at_once(
    app: Litestar, database: Database, company: Company, now: datetime
) -> None:
    await change(company, database, "raj", now, role_keys=["admin"])
    paths = [f"/v1/users/{company.people[who].id}" for who in ("asha", "raj")]
    async with (
        browsing(app, database, company, "asha") as asha,
        browsing(app, database, company, "raj") as raj,
    ):
        answers = await asyncio.gather(
            asha.patch(paths[1], json={"role_keys": ["sales"]}),
            raj.patch(paths[0], json={"is_active": False}),
        )
        assert sorted(one.status_code for one in answers) in ([200, 401], [200, 403], [200, 409])
    async with database.transaction(company.actor()) as tx:
        admins = [
            user
            for user in await identity.list_users(tx)
            if user.is_active and "admin" in user.role_keys
        ]
    assert len(admins) == 1
    who = next(name for name, one in company.people.items() if one.id == admins[0].id)
    async with browsing(app, database, company, who) as last:
        path = f"/v1/users/{admins[0].id}"
        codes = [
            (await last.patch(path, json={"role_keys": ["sales"]})).json()["code"],
            (await last.patch(path, json={"is_active": False})).json()["code"],
            (await last.delete(path)).json()["code"],
        ]
    assert codes == ["last_administrator"] * 3


async def test_who_is_disabled_or_removed_is_out_within_a_second(
    app: Litestar, database: Database, company: Company
) -> None:
    sam, raj = (company.people[who].id for who in ("sam", "raj"))
    async with (
        browsing(app, database, company, "asha") as asha,
        browsing(app, database, company, "sam") as first,
        browsing(app, database, company, "raj") as second,
    ):
        assert [(await one.get("/v1/me")).status_code for one in (first, second)] == [200, 200]
        assert (await asha.patch(f"/v1/users/{sam}", json={"is_active": False})).is_success
        assert (await asha.delete(f"/v1/users/{raj}")).status_code == 204
        app.state.authenticator._seen.clear()
        assert [(await one.get("/v1/me")).status_code for one in (first, second)] == [401, 401]
        assert (await asha.get(f"/v1/users/{raj}")).status_code == 404
        teams = (await asha.get("/v1/teams")).json()
        assert str(raj) not in str(teams)
        back = await asha.patch(f"/v1/users/{sam}", json={"is_active": True})
        assert back.json()["is_active"]


async def test_an_invitation_is_good_once_for_its_address_and_its_time(
    app: Litestar, database: Database, company: Company, now: datetime
) -> None:
    body = {
        "email": "New.Person@Example.test",
        "role_keys": ["sales", "stock"],
        "team_ids": [str(company.teams["north"])],
    }
    async with browsing(app, database, company, "asha") as asha, visitor(app) as guest:
        first = await asha.post("/v1/invitations", json=body, headers={"host": "evil.test"})
        assert first.status_code == 201, first.text
        old = await _token(database, company)
        await asha.post("/v1/invitations", json=body)
        token = await _token(database, company)
        assert old != token and "evil.test" not in token
        shown = (await guest.get(f"/v1/public/invitations/{token}")).json()
        assert (shown["company_name"], shown["email"]) == (
            "Test Traders",
            "new.person@example.test",
        )
        answer = {"name": "Nila", "password": "violet anchor meadow 72"}
        gone = await guest.post(f"/v1/public/invitations/{old}/acceptance", json=answer)
        weak = await guest.post(
            f"/v1/public/invitations/{token}/acceptance", json={**answer, "password": "short"}
        )
        both = await asyncio.gather(
            *(
                guest.post(f"/v1/public/invitations/{token}/acceptance", json=answer)
                for _ in range(2)
            )
        )
        again = await guest.post(f"/v1/public/invitations/{token}/acceptance", json=answer)
        users = {one["email"]: one for one in (await asha.get("/v1/users")).json()}
        taken = await asha.post("/v1/invitations", json=body)
    assert (gone.status_code, gone.json()["code"]) == (410, "invitation_gone")
    assert (weak.status_code, weak.json()["code"]) == (422, "weak_password")
    assert sorted(one.status_code for one in both) == [201, 410]
    assert again.status_code == 410
    added = users["new.person@example.test"]
    assert (added["name"], added["role_keys"]) == ("Nila", ["sales", "stock"])
    assert (taken.status_code, taken.json()["code"]) == (409, "already_member")
    async with database.transaction(company.actor()) as tx:
        teams = {team.id: team for team in await identity.list_nodes(tx, identity.TEAMS)}
        late = (
            await identity.invite(
                tx, email="late@example.test", name="", role_keys=["sales"], now=now
            )
        )[1]
    assert added["id"] in {str(one) for one in teams[company.teams["north"]].members}
    with pytest.raises(Exception, match="too old"):
        await identity.read_invitation(database, late, now=now + timedelta(days=8))


async def test_an_invitation_gives_nothing_that_its_sender_has_lost(
    app: Litestar, database: Database, company: Company, rina: httpx.AsyncClient, now: datetime
) -> None:
    body = {"email": "friend@example.test", "role_keys": ["people_desk"]}
    assert (await rina.post("/v1/invitations", json=body)).status_code == 201
    token = await _token(database, company, "friend@example.test")
    own = {"name": "Nila", "password": "friend example tandem"}
    good = {"name": "Nila", "password": "violet anchor meadow 72"}
    path = f"/v1/public/invitations/{token}/acceptance"
    async with visitor(app) as guest:
        words = await guest.post(path, json=own)
        assert (words.status_code, words.json()["code"]) == (422, "weak_password")
        await change(company, database, "rina", now, role_keys=["sales"])
        gone = await guest.post(path, json=good)
        assert (gone.status_code, gone.json()["code"]) == (410, "invitation_gone")
        await change(company, database, "rina", now, role_keys=["people_desk"])
        assert (await guest.post(path, json=good)).status_code == 201


async def test_a_revoked_invitation_and_a_made_up_one_answer_alike(
    app: Litestar, database: Database, company: Company
) -> None:
    async with browsing(app, database, company, "asha") as asha, visitor(app) as guest:
        made = await asha.post(
            "/v1/invitations", json={"email": "a@example.test", "role_keys": ["sales"]}
        )
        token = await _token(database, company, "a@example.test")
        assert (await asha.delete(f"/v1/invitations/{made.json()['id']}")).status_code == 204
        answers = [
            (await guest.get(f"/v1/public/invitations/{one}")).json()
            for one in (token, "x" * len(token))
        ]
    assert answers[0] == answers[1]


async def test_a_tree_takes_no_rings_and_no_name_twice(
    app: Litestar, database: Database, company: Company
) -> None:
    sales, north = str(company.teams["sales"]), str(company.teams["north"])
    async with browsing(app, database, company, "asha") as asha:
        answers = [
            await asha.put(f"/v1/teams/{sales}", json={"name": "Sales", "parent_id": north}),
            await asha.put(f"/v1/teams/{sales}", json={"name": "Sales", "parent_id": sales}),
            await asha.put(f"/v1/teams/{north}", json={"name": "South", "parent_id": sales}),
            await asha.post("/v1/teams", json={"name": "North"}),
            await asha.delete(f"/v1/teams/{sales}"),
        ]
        mona, rina = (str(company.people[who].id) for who in ("mona", "rina"))
        assert (await asha.patch(f"/v1/users/{rina}", json={"manager_id": mona})).is_success
        ring = await asha.patch(f"/v1/users/{mona}", json={"manager_id": rina})
    assert [one.json()["code"] for one in [*answers, ring]] == [
        "ring_of_parents",
        "ring_of_parents",
        "name_taken",
        "name_taken",
        "still_has_children",
        "ring_of_managers",
    ]


async def _state(database: Database, company: Company) -> dict[str, Any]:
    async with database.transaction(company.actor()) as tx:
        return dict((await tx.records(STATE))[0])


async def _token(
    database: Database, company: Company, email: str = "new.person@example.test"
) -> str:
    async with database.transaction(company.actor()) as tx:
        text: str = await tx.value(MAIL, email=email)
    return text.split("/invitations/")[1].split()[0]


def _user(role: str) -> dict[str, str]:
    return {
        "email": f"{role}@example.test",
        "name": "New",
        "password": "violet anchor meadow 73",
        "role_key": role,
    }
