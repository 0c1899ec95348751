"""The pages of one's own security, as forms: they work without a script too."""

import re
from datetime import timedelta

from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.codes import code_at, step_of
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tests.givens import visitor
from tests.identity import doors
from tests.identity.doors import OTHER_PASSWORD, PASSWORD

AGE_PROOFS = Query(
    """
    update identity.session set proved_at = proved_at - :age::interval
     where org_id = :org_id and user_id = :user_id
    """
)


async def test_setting_up_an_app_signing_in_with_it_and_turning_it_off(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    login = {"email": who.email, "password": PASSWORD, "next": "/security"}
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        entered = await client.post("/sign-in", data=login)
        assert (entered.status_code, entered.headers["location"]) == (303, "/security")
        begun = await client.post("/security/app")
        assert "<svg" in begun.text
        secret = re.findall(r"<code>([A-Z2-7]{32})</code>", begun.text)[0]
        wrong = await client.post("/security/app/confirmation", data={"code": "000000"})
        assert wrong.status_code == 422
        assert secret in wrong.text
        code = code_at(secret, step_of(database.clock.now()))
        made = await client.post("/security/app/confirmation", data={"code": code})
        codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", made.text)
        assert len(codes) == 10
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        half = await client.post("/sign-in", data=login)
        assert half.headers["location"] == "/sign-in/second-factor?next=/security"
        assert (await client.get(half.headers["location"])).status_code == 200
        tried = {"code": "abcde-fghjk", "next": "/security"}
        refused = await client.post("/sign-in/second-factor", data=tried)
        assert refused.status_code == 401
        assert "not right, or no longer" in refused.text
        entered = await client.post("/sign-in/second-factor", data={**tried, "code": codes[0]})
        assert entered.headers["location"] == "/security"
        page = await client.get("/security")
        assert "9 of 10" in re.sub("<[^>]+>", "", page.text)
        fresh = await client.post("/security/recovery-codes")
        assert len(re.findall(r"<code>[a-z2-9]{5}-[a-z2-9]{5}</code>", fresh.text)) == 10
        assert (await client.post("/security/app/removal")).headers["location"] == "/security"


async def test_an_old_proof_is_asked_for_again_and_leads_back(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        client.headers["referer"] = "http://test/security"
        await client.post("/sign-in", data={"email": who.email, "password": PASSWORD})
        async with database.transaction(Actor.system(INSTALLATION)) as own:
            aged = await own.run(AGE_PROOFS, user_id=who.user_id, age=timedelta(minutes=11))
        assert aged == 1
        app.state.authenticator.forget(client.cookies["tandem_session"])
        asked = await client.post("/security/app")
        assert asked.headers["location"] == "/security/confirm?next=/security%23again"
        assert "Password" in (await client.get(asked.headers["location"])).text
        before = client.cookies["tandem_session"]
        wrong = {"password": "not mine", "next": "/security#again"}
        assert (await client.post("/security/confirm", data=wrong)).status_code == 422
        right = {**wrong, "password": PASSWORD}
        confirmed = await client.post("/security/confirm", data=right)
        assert confirmed.headers["location"] == "/security#again"
        assert client.cookies["tandem_session"] != before
        assert (await client.post("/security/app")).status_code == 200


async def test_changing_the_password_says_what_is_wrong_at_the_field(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        await client.post("/sign-in", data={"email": who.email, "password": PASSWORD})
        for old, new, field in (("no", OTHER_PASSWORD, "old"), (PASSWORD, "short", "new")):
            said = await client.post("/security/password", data={"old": old, "new": new})
            assert said.status_code == 422
            assert f'id="e-{field}"' in said.text
        done = await client.post(
            "/security/password", data={"old": PASSWORD, "new": OTHER_PASSWORD}
        )
        assert done.status_code == 303
        assert (await client.get("/security")).status_code == 200


async def test_the_header_leads_to_ones_other_company(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    second = await identity.found_organisation(
        database, name="Second Traders", slug=f"s-{new_id().hex}", now=database.clock.now()
    )
    boss = Actor(org_id=second, user_id=new_id(), grants=frozenset({"*"}), label="Boss")
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        await client.post("/sign-in", data={"email": who.email, "password": PASSWORD})
        assert "entry" not in (await client.get("/companies/menu")).text
        await doors.member(database, boss, email=who.email, now=database.clock.now())
        here = (await client.get("/v1/me")).json()["org_id"]
        path = re.findall(r'action="([^"]+/entry)"', (await client.get("/companies/menu")).text)
        assert len(path) == 1
        assert (await client.post(path[0])).headers["location"] == "/"
        there = (await client.get("/v1/me")).json()["org_id"]
        assert {here, there} == {str(actor.org_id), str(second)}
