"""Setting up a company's sign-in and coming in through it, over HTTP."""

from collections.abc import Iterator

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar

from tandem.app.asgi import equip
from tandem.app.settings import Settings
from tandem.crm.identity.domain.sso import Claim
from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tandem.kernel.names import Names
from tandem.kernel.resources import Resources
from tests.givens import visitor
from tests.identity import doors
from tests.identity.doors import PASSWORD
from tests.identity.openid import CLIENT_ID, CLIENT_SECRET, go_through, run_provider
from tests.identity.zone import Zone

pytestmark = pytest.mark.usefixtures("real_time")
BACK = "http://test/sso/callback"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_provider(BACK) as running:
        yield running


async def test_an_admin_sets_it_up_tests_it_and_enforces_it(
    app: Litestar, settings: Settings, database: Database, actor: Actor, issuer: str
) -> None:
    own = msgspec.structs.replace(settings, outbound_networks="127.0.0.0/8")
    equip(app.state, own, database)
    domain = f"d{actor.org_id.hex}.test"
    boss = await doors.member(database, actor, email=f"boss@{domain}", now=clock.now())
    asha = await doors.member(database, actor, email=f"asha@{domain}", now=clock.now())
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        await client.post("/sign-in", data={"email": boss.email, "password": PASSWORD})
        await _set_up(client, issuer, domain)
        assert "Show first that a domain is yours" in (await _enforce(client, boss)).text
        await _show_the_domain(app, client, domain)
        assert "Test the sign-in first" in (await _enforce(client, boss)).text
        onward = await client.post("/settings/sign-in/test")
        assert 'http-equiv="refresh"' in onward.text
        told = await go_through(_where(onward), boss.email, back=BACK)
        came = await client.get("/sso/callback", params=told)
        assert (came.status_code, came.headers["location"]) == (303, "/settings/sign-in")
        assert (await _enforce(client, boss)).status_code == 303
        assert CLIENT_SECRET not in (await client.get("/settings/sign-in")).text
    await _signs_in_by_the_provider_alone(app, asha)
    async with visitor(app) as client:
        asked = await client.post("/sign-in/company", data={"email": f"x@{domain}"})
        assert "/sso/" in asked.text
        unknown = await client.post("/sign-in/company", data={"email": "x@unknown.test"})
        assert unknown.status_code == 422


async def _set_up(client: httpx.AsyncClient, issuer: str, domain: str) -> None:
    """A provider inside the network is refused; the right one is kept."""
    form = {
        "name": "Head office", "issuer": issuer, "client_id": CLIENT_ID, "domains": domain,
        "client_secret": CLIENT_SECRET,
    }  # fmt: skip
    wrong = await client.post("/settings/sign-in", data={**form, "issuer": "http://10.1.2.3"})
    assert wrong.status_code == 422
    assert "no answer from the provider" in wrong.text
    for field, wrong_value in (("seen_within_hours", "0"), ("strong_acrs", "é")):
        wrong = await client.post("/settings/sign-in", data={**form, field: wrong_value})
        assert wrong.status_code == 422 and f'id="e-{field}"' in wrong.text
    saved = await client.post("/settings/sign-in", data={**form, "seen_within_hours": "24"})
    assert saved.status_code == 303, saved.text


async def _enforce(client: httpx.AsyncClient, spare: doors.Somebody) -> httpx.Response:
    form = {"is_enforced": "true", "spare_user_id": str(spare.user_id)}
    return await client.post("/settings/sign-in/enforcement", data=form)


async def _show_the_domain(app: Litestar, client: httpx.AsyncClient, domain: str) -> None:
    """Its record is put where the page says, and is looked for."""
    assert f"_tandem-sign-in.{domain}" in (await client.get("/settings/sign-in")).text
    claims = (await client.get("/v1/sign-in-provider")).json()["claims"]
    held = Resources()
    held.add(Names, Zone(msgspec.convert(claims, list[Claim])))
    held.add(OpenIdGateway, app.state.resources.get(OpenIdGateway))
    app.state.resources = held
    looked = await client.post("/settings/sign-in/domain-checks")
    assert looked.status_code == 303
    seen = await client.post("/v1/sign-in-provider/domain-checks")
    assert seen.json()["claims"][0]["proved_at"] is not None


async def _signs_in_by_the_provider_alone(app: Litestar, asha: doors.Somebody) -> None:
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        login = {"email": asha.email, "password": PASSWORD, "next": "/orders?q=a&b=c"}
        path = _where(await client.post("/sign-in", data=login))
        assert path.startswith("/sso/")
        left = await client.get(path)
        told = await go_through(left.headers["location"], asha.email, back=BACK)
        came = await client.get("/sso/callback", params=told)
        assert (came.status_code, came.headers["location"]) == (303, "/orders?q=a&b=c")
        assert (await client.get("/v1/me")).json()["user_id"] == str(asha.user_id)
        again = await client.get("/sso/callback", params=told)
        assert again.status_code == 401
        asked = await client.get("/security/confirm?next=/settings/people")
        door = f"{path.partition('?')[0]}?again=true&amp;next=/settings/people"
        assert door in asked.text
        for who, status in ((f"old.{asha.email}", 401), (asha.email, 303)):
            left = await client.get(door.replace("&amp;", "&"))
            assert "prompt=login" in left.headers["location"]
            told = await go_through(left.headers["location"], who, back=BACK)
            came = await client.get("/sso/callback", params=told)
            assert (came.status_code, "looked too long ago" in came.text) == (status, status == 401)
        assert came.headers["location"] == "/settings/people"
        api = await client.post("/v1/sessions", json={"email": asha.email, "password": PASSWORD})
        assert (api.status_code, api.json()["code"]) == (401, "sso_needed")


def _where(onward: httpx.Response) -> str:
    """The address that a page sends its reader on to."""
    return onward.text.split("0;url=")[1].split('"')[0].replace("&amp;", "&")
