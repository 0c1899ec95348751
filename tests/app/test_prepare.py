from datetime import datetime
from uuid import UUID

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.app.seed import ADMIN_EMAIL, COMPANY
from tandem.app.settings import Settings
from tandem.app.supervisor.prepare import prepare
from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import visitor

PASSWORD = "kept-before-anything-was-written"


async def company_of(app: Litestar, api_key: object) -> str:
    async with visitor(app) as caller:
        caller.headers["authorization"] = f"Bearer {api_key}"
        answer = await caller.get("/v1/company")
        assert answer.status_code == httpx.codes.OK, answer.text
        return str(answer.json()["name"])


async def told_of(app: Litestar, api_key: object) -> dict[str, int]:
    """How many there are of what a lively demo is about."""
    lists = ("leads", "opportunities", "quotes", "orders", "campaigns", "journeys")
    async with visitor(app) as caller:
        caller.headers["authorization"] = f"Bearer {api_key}"
        pages = {path: await caller.get(path) for path in (f"/v1/{name}" for name in lists)}
    return {path: len(page.json()["items"]) for path, page in pages.items()}


async def people_of(database: Database, org_id: UUID) -> list[str]:
    async with database.transaction(Actor.system(org_id, "test")) as tx:
        return [user.email for user in await identity.list_users(tx)]


@pytest.fixture
async def org_id(database: Database, now: datetime) -> UUID:
    """A company that was founded just before its maker was killed."""
    return await identity.found_organisation(database, name=COMPANY, slug="demo", now=now)


async def test_a_company_without_people_is_finished_and_lost_keys_are_made_anew(
    settings: Settings, database: Database, app: Litestar, org_id: UUID
) -> None:
    kept = {"admin_password": PASSWORD}

    finished = await prepare(settings, kept)
    assert finished["told"] == "up to date, demo company made"
    assert finished["app_database_url"] == settings.app_dsn
    logins = finished["logins"]
    assert isinstance(logins, dict)
    assert logins["admin_password"] == PASSWORD
    assert logins["admin_email"] == ADMIN_EMAIL
    assert await people_of(database, org_id) == [ADMIN_EMAIL]
    assert await company_of(app, logins["api_key"]) == COMPANY
    assert await told_of(app, logins["api_key"]) == {
        "/v1/leads": 10,
        "/v1/opportunities": 9,
        "/v1/quotes": 1,
        "/v1/orders": 9,
        "/v1/campaigns": 1,
        "/v1/journeys": 1,
    }

    lost = await prepare(settings, kept)
    assert lost["told"] == "up to date"
    again = lost["logins"]
    assert isinstance(again, dict)
    assert again["api_key"] != logins["api_key"]
    assert again["admin_email"] == ADMIN_EMAIL
    assert await company_of(app, again["api_key"]) == COMPANY

    assert (await prepare(settings, again))["logins"] == again, "what was kept stays"
    assert await people_of(database, org_id) == [ADMIN_EMAIL]
