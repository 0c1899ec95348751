"""A company that asks for a second factor. AUT-05."""

from litestar import Litestar

from tandem.crm.identity.domain.codes import code_at, step_of
from tandem.crm.identity.service.policy import require_second_factor
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import api_key_of, visitor
from tests.identity import doors
from tests.identity.doors import PASSWORD


async def test_whoever_has_none_may_do_nothing_but_set_one_up(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    key = await api_key_of(database, actor)
    async with database.transaction(actor) as tx:
        await require_second_factor(tx, is_required=True, now=database.clock.now())
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        await client.post("/v1/sessions", json={"email": who.email, "password": PASSWORD})
        refused = await client.get("/v1/company")
        assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_needed")
        page = await client.get("/orders")
        assert (page.status_code, page.headers["location"]) == (303, "/security")
        assert (await client.get("/security")).status_code == 200
        begun = (await client.post("/v1/me/time-code")).json()
        code = {"code": code_at(begun["secret"], step_of(database.clock.now()))}
        assert (await client.post("/v1/me/time-code/confirmation", json=code)).status_code == 201
        app.state.authenticator.forget(client.cookies["tandem_session"])
        assert (await client.get("/v1/company")).status_code == 200
    async with visitor(app) as script:
        script.headers["authorization"] = f"Bearer {key}"
        assert (await script.get("/v1/company")).status_code == 200
