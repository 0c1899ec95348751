"""Single sign-on against npm `oidc-provider`. A-AUT-13, A-AUT-6; AUT-09, AUT-21."""

from datetime import timedelta
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.codes import code_at, step_of
from tandem.crm.identity.domain.sessions import SignedIn
from tandem.crm.identity.domain.sso import (
    DomainTaken,
    SsoNeeded,
    SsoRefused,
)
from tandem.crm.identity.domain.strength import Expected
from tandem.crm.identity.gateways.oidc import OpenIdGateway
from tandem.crm.identity.service import domains, factors, mailed, sso
from tandem.crm.identity.service.signing_in import DOORKEEPER
from tandem.crm.identity.store.sessions import find_session
from tandem.kernel.actor import Actor, StepUpNeeded
from tandem.kernel.clock import clock
from tandem.kernel.db import Database, Query
from tandem.kernel.errors import Invalid
from tandem.kernel.ids import new_id
from tests.identity import doors
from tests.identity.doors import PASSWORD, browser
from tests.identity.openid import go_through
from tests.identity.provided import BACK, SITE, domain_of, return_with, set_up, sign_in
from tests.identity.zone import Zone

pytestmark = pytest.mark.usefixtures("real_time")
METHOD = Query("select method from identity.session where org_id = :org_id and id = :id")


async def test_the_whole_way_with_a_real_provider(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    now = clock.now()
    provider = await set_up(database, gateway, actor, issuer, now)
    mail = f"asha@{domain_of(actor)}"
    who = await doors.member(database, actor, email=mail, now=now)
    assert await sso.find_door(database, email=f"Nobody@{domain_of(actor).upper()}") == provider
    assert await sso.find_door(database, email="somebody@example.test") is None
    opened = await sign_in(database, gateway, provider, mail)
    assert opened
    assert (opened.org_id, opened.user_id) == (actor.org_id, who.user_id)
    assert await doors.is_open(database, opened.token, clock.now())

    # Another subject with the same address is another human: the address is taken.
    with pytest.raises(SsoRefused, match="nobody of this company"):
        await sign_in(database, gateway, provider, f"other-{mail}")
    # A member whose address was not verified, a stranger, and somebody of another domain.
    await doors.member(database, actor, email=f"unverified.x@{domain_of(actor)}", now=now)
    await doors.member(database, actor, email="elsewhere@example.test", now=now)
    for stranger in (
        f"unverified.x@{domain_of(actor)}",
        f"nobody@{domain_of(actor)}",
        "elsewhere@example.test",
    ):
        with pytest.raises(SsoRefused, match="nobody of this company"):
            await sign_in(database, gateway, provider, stranger)


async def test_a_company_that_enforces_it_is_entered_no_other_way_but_by_the_spare_one(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    now = clock.now()
    provider = await set_up(database, gateway, actor, issuer, now)
    mail = f"asha@{domain_of(actor)}"
    who = await doors.member(database, actor, email=mail, now=now)
    spare = await doors.member(database, actor, now=now)
    for spare_id, wrong in ((spare.user_id, sso.NotTested), (new_id(), sso.NotTested)):
        with pytest.raises(wrong):
            async with database.transaction(actor) as tx:
                await sso.enforce(tx, is_enforced=True, spare_user_id=spare_id, now=now)
    assert await sign_in(database, gateway, provider, mail, is_test=True) is None
    with pytest.raises(Invalid, match="still come in"):
        async with database.transaction(actor) as tx:
            await sso.enforce(tx, is_enforced=True, spare_user_id=None, now=now)
    async with database.transaction(actor) as tx:
        done = await sso.enforce(tx, is_enforced=True, spare_user_id=spare.user_id, now=now)
    assert done.is_enforced
    with pytest.raises(SsoNeeded) as needed:
        await doors.half_enter(database, who, now=now)
    assert needed.value.facts["provider_id"] == str(provider)
    assert isinstance(await doors.half_enter(database, spare, now=now), SignedIn)
    token = await mailed.ask_for_code(database, email=mail, visitor=browser(), now=now)
    await doors.post(database)
    code = (await doors.letters(database, who, "sign_in_code"))[0].split("    ")[1][:6]
    with pytest.raises(SsoNeeded):
        await mailed.enter_with_code(database, token=token, code=code, visitor=browser(), now=now)
    assert await sign_in(database, gateway, provider, mail)


async def test_a_companys_provider_reaches_no_other_company_and_nothing_of_the_person(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    now = clock.now()
    provider = await set_up(database, gateway, actor, issuer, now)
    mail = f"asha@{domain_of(actor)}"
    await doors.member(database, actor, email=mail, now=now)
    other = await identity.found_organisation(
        database, name="Other", slug=f"o-{new_id().hex}", now=now
    )
    boss = Actor(org_id=other, user_id=new_id(), grants=frozenset({"*"}), label="Boss")
    await doors.member(database, boss, email=mail, now=now)
    opened = await sign_in(database, gateway, provider, mail)
    assert opened
    me = await doors.acting(database, opened, clock.now())
    with pytest.raises(StepUpNeeded):
        async with database.transaction(me) as tx:
            await identity.switch_company(tx, other, visitor=browser(), now=clock.now())
    with pytest.raises(StepUpNeeded):
        async with database.transaction(me) as tx:
            await factors.begin_time_code(tx, now=clock.now())
    await _two_factors_of_the_provider_stay_where_it_vouches(database, gateway, actor, other, mail)
    async with database.transaction(boss) as tx:
        theirs = await sso.save_provider(
            tx,
            await gateway.discover(issuer),
            name="Thief",
            client_id="x",
            client_secret="y",
            domains=[domain_of(actor)],
            now=now,
        )
    assert await sso.find_door(database, email=mail) == provider
    with pytest.raises(DomainTaken):
        await domains.check(database, Zone(theirs.claims), boss, now=now)
    assert await sso.find_door(database, email=mail) == provider


async def _two_factors_of_the_provider_stay_where_it_vouches(
    database: Database, gateway: OpenIdGateway, actor: Actor, other: UUID, mail: str
) -> None:
    """Also once a password was shown and a factor was set up elsewhere: not in this session."""
    async with database.transaction(actor) as tx:
        issuer = (await sso.find_provider(tx) or pytest.fail("it was saved")).issuer
    vouching = Expected(assumes_two_factors=True)
    provider = await set_up(database, gateway, actor, issuer, clock.now(), expects=vouching)

    async def enters() -> Actor:
        opened = await sign_in(database, gateway, provider, mail)
        assert opened and await shown(database, opened.token) == (True, "sso")
        me = await doors.acting(database, opened, clock.now())
        return msgspec.structs.replace(me, has_two_factors=True)

    async def moves(me: Actor) -> bool:
        async with database.transaction(me) as tx:
            moved = await identity.switch_company(tx, other, visitor=browser(), now=clock.now())
        return (await shown(database, moved.token))[0]

    me, elsewhere = await enters(), await enters()
    for one in (me, elsewhere):
        await factors.step_up(database, one, password=PASSWORD, visitor=browser(), now=clock.now())
    async with database.transaction(elsewhere) as tx:
        begun = await factors.begin_time_code(tx, now=clock.now())
        code = code_at(begun.secret, step_of(clock.now()))
        await factors.confirm_time_code(tx, code=code, now=clock.now())
    assert await moves(me) is False
    assert await moves(elsewhere) is True


async def shown(database: Database, token: str) -> tuple[bool, str]:
    """Whether the session counts as two factors, and what it was proved by last."""
    found = await find_session(database, hash_of(token), clock.now())
    assert found
    async with database.transaction(DOORKEEPER) as own:
        [row] = await own.records(METHOD, id=found.session_id)
    return found.has_two_factors, row["method"]


async def test_a_provider_counts_as_strong_and_recent_as_it_says_and_no_more(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    """ASVS V6.8.4: acr, amr and auth_time are asked for and looked at; silence is one factor."""
    mail = f"asha@{domain_of(actor)}"
    await doors.member(database, actor, email=mail, now=clock.now())

    async def enters(who: str, expects: Expected, *, is_fresh: bool = False) -> tuple[bool, bool]:
        """Whether it counts as two factors, and as just now."""
        provider = await set_up(database, gateway, actor, issuer, clock.now(), expects=expects)
        opened = await sign_in(database, gateway, provider, who, is_fresh=is_fresh)
        assert opened
        found = await find_session(database, hash_of(opened.token), clock.now())
        assert found
        age = clock.now() - found.proved_at
        assert age < timedelta(minutes=1) or timedelta(hours=1) < age < timedelta(hours=3)
        return found.has_two_factors, age < timedelta(minutes=1)

    vouching = Expected(assumes_two_factors=True)
    strong = Expected(strong_acrs=["urn:strong"], assumes_two_factors=True)
    hourly = Expected(seen_within_hours=1)
    for who, expects, is_fresh, said in (
        (mail, Expected(), False, (False, True)),
        (f"mfa.{mail}", Expected(), False, (True, True)),
        (f"weak.{mail}", Expected(), False, (False, True)),
        (mail, vouching, False, (True, True)),
        (f"weak.{mail}", vouching, False, (False, True)),
        (f"weak.{mail}", strong, False, (False, True)),
        (f"old.{mail}", Expected(), False, (False, False)),
        (mail, hourly, False, (False, True)),
        (mail, Expected(), True, (False, True)),
    ):
        assert await enters(who, expects, is_fresh=is_fresh) == said, (who, expects)
    for expects, is_fresh in ((hourly, False), (Expected(), True)):
        with pytest.raises(SsoRefused, match="too long ago"):
            await enters(f"old.{mail}", expects, is_fresh=is_fresh)
    provider = await set_up(database, gateway, actor, issuer, clock.now(), expects=strong)
    left = await sso.leave(database, gateway, provider, base_url=SITE, to="/", now=clock.now())
    assert "max_age=1209600" in left.to and "acr_values=urn%3Astrong" in left.to
    assert await sign_in(database, gateway, provider, f"mfa.{mail}", is_test=True) is None
    async with database.transaction(actor) as tx:
        told = (await sso.find_provider(tx) or pytest.fail("it is there")).told
    assert told and told.has_two_factors and told.amr == ["pwd", "otp"] and told.seen_at


async def test_state_browser_and_code_count_once(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    now = clock.now()
    provider = await set_up(database, gateway, actor, issuer, now)
    mail = f"asha@{domain_of(actor)}"
    await doors.member(database, actor, email=mail, now=now)

    async def begin() -> tuple[str, dict[str, str]]:
        left = await sso.leave(database, gateway, provider, base_url=SITE, to="/", now=clock.now())
        return left.token, await go_through(left.to, mail, back=BACK)

    token, told = await begin()
    another, told_another = await begin()
    for at, spoiled in (
        ("another browser", told),
        (token, {**told, "state": told_another["state"]}),
        (another, {**told_another, "state": ""}),
    ):
        with pytest.raises(SsoRefused):
            await return_with(database, gateway, at, spoiled)
    token, told = await begin()
    assert (await return_with(database, gateway, token, told))[0]
    with pytest.raises(SsoRefused):
        await return_with(database, gateway, token, told)
    fresh, told_fresh = await begin()
    with pytest.raises(SsoRefused, match="code for wrong"):
        await return_with(database, gateway, fresh, {**told_fresh, "code": told["code"]})
    for changed in ({"iss": "https://other.test"}, {"error": "access_denied"}, {"code": ""}):
        fresh, told_fresh = await begin()
        with pytest.raises(SsoRefused):
            await return_with(database, gateway, fresh, {**told_fresh, **changed})


async def test_the_provider_itself_refuses_a_request_without_our_proof_of_the_code(
    database: Database, gateway: OpenIdGateway, actor: Actor, issuer: str
) -> None:
    provider = await set_up(database, gateway, actor, issuer, clock.now())
    left = await sso.leave(database, gateway, provider, base_url=SITE, to="/", now=clock.now())
    assert "code_challenge_method=S256" in left.to
    stripped = "&".join(part for part in left.to.split("&") if "code_challenge" not in part)
    async with httpx.AsyncClient() as client:
        answer = await client.get(stripped)
    assert "error=invalid_request" in answer.headers["location"]
