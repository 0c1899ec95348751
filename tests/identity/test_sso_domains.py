"""Which domains a company may speak for, and which provider it may name. AUT-21."""

from datetime import datetime, timedelta

import pytest

from tandem.crm.identity.domain.sessions import SignedIn
from tandem.crm.identity.domain.sso import (
    ProviderWrong,
    SsoNeeded,
    SsoRefused,
)
from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.crm.identity.jobs import check_domains
from tandem.crm.identity.service import domains, sso
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Invalid, Unavailable
from tandem.kernel.guard import Guard
from tandem.kernel.jobs import Work
from tandem.kernel.names import Names
from tandem.kernel.resources import Resources
from tests.clocks import Stopped
from tests.identity import doors
from tests.identity.provided import domain_of, set_up, sign_in
from tests.identity.zone import Zone

pytestmark = pytest.mark.usefixtures("real_time")


async def test_a_domain_that_nobody_has_shown_finds_links_and_locks_nobody(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    now = database.clock.now()
    provider = await set_up(database, gateway, actor, issuer, now, is_proved=False)
    mail = f"asha@{domain_of(actor)}"
    who = await doors.member(database, actor, email=mail, now=now)
    spare = await doors.member(database, actor, now=now)
    assert await sso.find_door(database, email=mail) is None
    with pytest.raises(SsoRefused, match="nobody of this company"):
        await sign_in(database, gateway, provider, mail)
    async with database.transaction(actor) as tx:
        [claim] = (await sso.find_provider(tx) or pytest.fail("it was saved")).claims
    assert claim.record_name == f"_tandem-sign-in.{domain_of(actor)}"

    zone = Zone([claim])
    for wrong in ([], ["tandem-sign-in="], [claim.record_text + "x"], [claim.record_text.upper()]):
        zone.records[claim.record_name] = wrong
        seen = await domains.check(database, zone, actor, now=now)
        assert seen.proved == frozenset(), wrong
    zone.records[claim.record_name] = [claim.record_text]
    assert (await domains.check(database, zone, actor, now=now)).proved == {domain_of(actor)}
    assert await sign_in(database, gateway, provider, mail, is_test=True) is None
    async with database.transaction(actor) as tx:
        await sso.enforce(tx, is_enforced=True, spare_user_id=spare.user_id, now=now)
    with pytest.raises(SsoNeeded):
        await doors.half_enter(database, who, now=now)

    zone.is_up = False
    with pytest.raises(Unavailable):
        await domains.check(database, zone, actor, now=now + timedelta(days=30))
    assert await sso.find_door(database, email=mail) == provider
    zone.is_up, zone.records = True, {}
    for days, is_there in ((1, True), (7, True), (8, False)):
        seen = await domains.check(database, zone, actor, now=now + timedelta(days=days))
        assert bool(seen.proved) is is_there, days
    assert await sso.find_door(database, email=mail) is None
    assert isinstance(await doors.half_enter(database, who, now=now), SignedIn)
    with pytest.raises(sso.DomainNotProved):
        async with database.transaction(actor) as tx:
            await sso.enforce(tx, is_enforced=True, spare_user_id=spare.user_id, now=now)


async def test_claims_are_looked_at_once_a_day(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    now = database.clock.now()
    await set_up(database, gateway, actor, issuer, now, is_proved=False)
    zone, held = Zone(), Resources()
    held.add(Names, zone)
    for days, asked in ((0, 1), (0, 1), (2, 2)):
        later = Database(database.pool, Stopped(now + timedelta(days=days)))
        await check_domains(Work(later, held, actor.org_id))
        assert len(zone.asked) == asked


async def test_who_calls_itself_something_else_or_is_none_is_not_set_up(
    gateway: OpenIdGateway, issuer: str
) -> None:
    for wrong in (f"{issuer}/", "http://127.0.0.1:9/", "https://10.0.0.1"):
        with pytest.raises(ProviderWrong):
            await gateway.discover(wrong)
    with pytest.raises(ProviderWrong):
        await OpenIdGateway(Guard()).discover(issuer)


async def test_nobody_claims_a_domain_of_everybody(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str, now: datetime
) -> None:
    with pytest.raises(Invalid, match="belongs to everybody"):
        async with database.transaction(actor) as tx:
            await sso.save_provider(
                tx,
                await gateway.discover(issuer),
                name="x",
                client_id="x",
                client_secret="y",
                domains=["gmail.com"],
                now=now,
            )
