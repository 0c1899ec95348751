"""A-AUT-15: seeing with another member's eyes gives nobody a right, and never goes unnamed."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import api_key_of, visitor
from tests.identity.at_work import at_work, hire

WHY = "ticket 1042: cannot find the order"


@pytest.fixture
async def sales(database: Database, org_id: UUID) -> UUID:
    user_id, _ = await hire(database, org_id, "finance", name="Meera")
    return user_id


@pytest.fixture
async def boss(app: Litestar, database: Database, org_id: UUID) -> AsyncIterator[httpx.AsyncClient]:
    _, email = await hire(database, org_id, name="Ravi")
    async with at_work(app, email) as browser:
        yield browser


async def _begin(boss: httpx.AsyncClient, user_id: UUID, **more: Any) -> httpx.Response:
    return await boss.post(
        "/v1/impersonations", json={"user_id": str(user_id), "reason": WHY, **more}
    )


async def test_one_sees_what_the_other_sees_and_reads_only(
    boss: httpx.AsyncClient, sales: UUID
) -> None:
    begun = await _begin(boss, sales)
    assert begun.status_code == 201, begun.text
    me = (await boss.get("/v1/me")).json()
    assert (me["user_id"], me["label"]) == (str(sales), "Meera")
    assert (await boss.get("/v1/invoices")).status_code == 200
    assert (await boss.get("/v1/deliveries")).status_code == 403
    refused = await boss.post("/v1/customers", json={"name": "Nobody"})
    assert (refused.status_code, refused.json()["code"]) == (403, "standing_in")
    assert (await boss.delete("/v1/impersonations/current")).status_code == 204
    assert (await boss.get("/v1/me")).json()["label"] == "Ravi"
    assert (await boss.get("/v1/customers")).json()["items"] == []


async def test_every_page_says_it_and_one_click_ends_it(
    boss: httpx.AsyncClient, sales: UUID
) -> None:
    page = await boss.get("/settings/impersonation")
    assert page.status_code == 200 and "standing-in" not in page.text
    form = {"user_id": str(sales), "reason": WHY, "minutes": "15"}
    begun = await boss.post("/settings/impersonation", data=form)
    assert begun.status_code == 303
    for path in ("/", "/orders", "/invoices", "/stock"):
        shown = (await boss.get(path)).text
        assert "<b>Ravi</b> sees this as <b>Meera</b>, to read only" in shown, path
        assert "ticket 1042" in shown
    ended = await boss.post("/settings/impersonation/end")
    assert ended.status_code == 303
    assert "standing-in" not in (await boss.get("/orders")).text


async def test_even_with_leave_to_write_no_key_password_factor_or_right_is_changed(
    boss: httpx.AsyncClient, database: Database, org_id: UUID, owner_dsn: str
) -> None:
    admin, _ = await hire(database, org_id, name="Meera")
    before = await _state(owner_dsn, org_id)
    assert (await _begin(boss, admin, may_write=True)).status_code == 201
    tries = [
        ("POST", "/v1/api-keys", {"name": "k", "grants": ["orders.read"]}),
        ("POST", "/v1/me/password", {"password": "x" * 20}),
        ("DELETE", f"/v1/me/sessions/{uuid4()}", None),
        ("POST", "/v1/me/totp", {}),
        ("POST", "/v1/users", {"email": "a@b.test", "name": "A", "role_key": "admin"}),
        ("POST", "/v1/roles", {"key": "x", "name": "X", "grants": ["*"]}),
        ("PUT", "/v1/company", {"name": "X", "time_zone": "Asia/Kolkata"}),
        ("POST", "/v1/impersonations", {"user_id": str(admin), "reason": WHY}),
        ("POST", "/settings/people", {}),
        ("POST", "/scim/v2/Users", {"userName": "a@b.test"}),
        ("POST", "/v1/shares", {"object_kind": "order", "object_id": str(uuid4())}),
        ("POST", "/v1/sign-in-provider/domain-checks", {}),
    ]
    for method, path, body in tries:
        answer = await boss.request(method, path, json=body)
        # A path that does not exist in this build is no way in either.
        assert answer.status_code in {403, 404, 405}, (path, answer.status_code)
        if path.startswith(("/scim", "/v1/shares", "/v1/sign-in")):
            assert answer.status_code == 403, (path, answer.text)
    assert (await boss.get("/v1/api-keys")).status_code == 403
    assert await _state(owner_dsn, org_id) == before
    written = await boss.post("/v1/customers", json={"name": "Asha Rao"})
    assert written.status_code == 201
    await boss.delete("/v1/impersonations/current")
    log = (await boss.get("/v1/audit-events")).json()["items"]
    [row] = [row for row in log if row["action"].startswith("customers")]
    assert (row["actor_label"], row["on_behalf_label"]) == ("Ravi", "Meera")
    assert (row["on_behalf_of"], row["reason"]) == (str(admin), WHY)
    refusals = [row for row in log if row["action"] == "access.refused"]
    assert {(row["actor_label"], row["on_behalf_label"]) for row in refusals} == {("Ravi", "Meera")}
    assert [row["action"] for row in log if row["action"].startswith("impersonation")] == [
        "impersonation.ended",
        "impersonation.begun",
    ]


async def _state(dsn: str, org_id: UUID) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    found = [
        await connection.fetch(f"select t::text from {table} t where org_id = $1", org_id)
        for table in (
            "identity.api_key",
            "identity.role",
            "identity.user_account",
            "identity.organisation",
        )
    ]
    await connection.close()
    return [sorted(row[0] for row in rows) for rows in found]


async def test_it_is_for_people_with_the_permission_and_a_reason(
    app: Litestar,
    boss: httpx.AsyncClient,
    database: Database,
    org_id: UUID,
    actor: Actor,
    sales: UUID,
) -> None:
    _, email = await hire(database, org_id, "operations")
    async with at_work(app, email) as clerk:
        assert (await _begin(clerk, sales)).status_code == 403
    async with visitor(app) as script:
        script.headers["authorization"] = f"Bearer {await api_key_of(database, actor)}"
        assert (await _begin(script, sales)).json()["code"] == "impersonation_forbidden"
    me = (await boss.get("/v1/me")).json()["user_id"]
    for user_id, more, status in (
        (UUID(me), {}, 403),
        (uuid4(), {}, 404),
        (sales, {"reason": "short"}, 422),
        (sales, {"reason": " " * 20}, 422),
        (sales, {"minutes": 61}, 422),
    ):
        assert (await _begin(boss, user_id, **more)).status_code == status, more
    assert (await boss.get("/v1/me")).json()["user_id"] == me
    assert (await boss.get("/v1/impersonations")).json() == []


async def test_nobody_gains_a_right_by_it(
    app: Litestar, database: Database, org_id: UUID, owner_dsn: str
) -> None:
    admin, _ = await hire(database, org_id, name="Meera")
    _, email = await hire(database, org_id, "support")
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute(
        """
        update identity.role set grants = grants || '{identity.impersonate}'
         where org_id = $1 and key = 'support'
        """,
        org_id,
    )
    await connection.close()
    async with at_work(app, email) as helper:
        refused = await _begin(helper, admin)
        assert (refused.status_code, refused.json()["code"]) == (403, "more_than_held")


async def test_a_member_of_another_company_is_nobody(
    app: Litestar, boss: httpx.AsyncClient, database: Database
) -> None:
    from tandem.crm.identity import service as identity

    other = await identity.found_organisation(
        database, name="Other", slug=f"o-{uuid4().hex}", now=database.clock.now()
    )
    stranger, _ = await hire(database, other, "sales")
    assert (await _begin(boss, stranger)).status_code == 404
    assert (await boss.get("/v1/me")).json()["label"] == "Ravi"


async def test_it_ends_by_itself_and_with_the_session(
    boss: httpx.AsyncClient, app: Litestar, sales: UUID, owner_dsn: str
) -> None:
    begun = (await _begin(boss, sales, minutes=1)).json()
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute(
        """
        update identity.impersonation
           set started_at = started_at - interval '2 minutes',
               expires_at = expires_at - interval '2 minutes'
         where id = $1
        """,
        UUID(begun["id"]),
    )
    await connection.close()
    app.state.authenticator._seen.clear()
    assert (await boss.get("/v1/me")).json()["label"] == "Ravi"
    assert (await _begin(boss, sales)).status_code == 201
    assert (await boss.delete("/v1/sessions/current")).status_code == 204
    boss.cookies.clear()
    assert (await boss.get("/v1/me")).status_code == 401
