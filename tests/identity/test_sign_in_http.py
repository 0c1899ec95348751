"""Setting up how a company's people come in, without a page."""

from collections.abc import Iterator
from uuid import uuid4

import msgspec
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.crm.identity.store import sso as sso_store
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tests.givens import api_key_of, visitor
from tests.identity import doors
from tests.identity.openid import CLIENT_ID, CLIENT_SECRET, run_provider

BACK = "http://test/sso/callback"
TESTED = Query("update identity.sign_in_provider set tested_at = :now where org_id = :org_id")
PROVED = Query("update identity.claimed_domain set proved_at = :now where org_id = :org_id")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_provider(BACK) as running:
        yield running


async def test_a_provider_is_set_up_enforced_and_removed(
    app: Litestar, settings: Settings, database: Database, actor: Actor, issuer: str
) -> None:
    equip(app.state, msgspec.structs.replace(settings, outbound_networks="127.0.0.0/8"), database)
    domain = f"d{actor.org_id.hex}.test"
    spare = await doors.member(database, actor, email=f"boss@{domain}", now=database.clock.now())
    wanted = {
        "name": "Head office",
        "issuer": issuer,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "domains": [domain],
    }
    enforced = {"is_enforced": True, "spare_user_id": str(spare.user_id)}
    key = await api_key_of(database, actor)
    async with visitor(app) as client:
        client.headers["authorization"] = f"Bearer {key}"
        place = "/v1/sign-in-provider"
        assert (await client.get(place)).status_code == 404
        nowhere = await client.put(place, json={**wanted, "issuer": "http://10.1.2.3"})
        assert (nowhere.status_code, nowhere.json()["code"]) == (422, "provider_wrong")
        everybodys = await client.put(place, json={**wanted, "domains": ["gmail.com"]})
        assert (everybodys.status_code, everybodys.json()["field"]) == (422, "domains")
        assert (await client.get(place)).status_code == 404
        saved = await client.put(place, json=wanted)
        assert saved.status_code == 200, saved.text
        assert saved.json()["domains"] == [domain] and CLIENT_SECRET not in saved.text
        stale = await client.put(place, json=wanted, headers={"if-match": '"99"'})
        assert stale.status_code == 412
        early = await client.put(f"{place}/enforcement", json=enforced)
        assert (early.status_code, early.json()["code"]) == (409, "domain_not_proved")
        async with database.transaction(actor) as tx:
            await tx.run(PROVED, now=database.clock.now())
        untried = await client.put(f"{place}/enforcement", json=enforced)
        assert (untried.status_code, untried.json()["code"]) == (409, "not_tested")
        async with database.transaction(actor) as tx:
            await tx.run(TESTED, now=database.clock.now())
        nobody = await client.put(f"{place}/enforcement", json={"is_enforced": True})
        assert nobody.json()["field"] == "spare_user_id"
        stranger = {**enforced, "spare_user_id": str(uuid4())}
        assert (await client.put(f"{place}/enforcement", json=stranger)).status_code == 422
        done = await client.put(f"{place}/enforcement", json=enforced)
        assert done.json()["is_enforced"] is True
        assert (await client.delete(place)).status_code == 204
        assert (await client.delete(place)).status_code == 404
    async with database.transaction(actor) as tx:
        assert await sso_store.find_provider(tx) is None


async def test_what_is_asked_of_everybody_is_read_and_changed(
    app: Litestar, database: Database, actor: Actor
) -> None:
    key = await api_key_of(database, actor)
    async with visitor(app) as client:
        client.headers["authorization"] = f"Bearer {key}"
        place = "/v1/sign-in-policy"
        assert (await client.get(place)).json() == {"requires_second_factor": False}
        await client.put(place, json={"requires_second_factor": True})
        assert (await client.get(place)).json() == {"requires_second_factor": True}
