"""Guessing passwords: A-AUT-2 (one account, many accounts, rotating networks, forged headers) and
A-AUT-21 (a flood of logins)."""

import asyncio
import resource
from datetime import datetime, timedelta
from uuid import uuid4

import httpx2 as httpx
import msgspec
import pytest
from litestar import Litestar
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from tandem.crm.identity import passwords
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain.guarding import TooManyTries, network_of, region_of
from tandem.crm.identity.domain.sessions import SignedIn, Visitor, WrongCredentials
from tandem.crm.identity.service import guarding
from tandem.crm.identity.service.signing_in import DOORKEEPER
from tandem.crm.identity.store import persons
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import visitor
from tests.identity import doors
from tests.identity.doors import browser

FLOOD = 500


async def admitted(
    database: Database, *, account: str, visitor: Visitor, now: datetime, tries: int = 1
) -> int:
    """How many of so many tries get as far as having their password looked at."""
    count = 0
    for _ in range(tries):
        try:
            async with database.transaction(DOORKEEPER) as own:
                await guarding.admit(
                    own, what="password", account=account, person_id=None, visitor=visitor, now=now
                )
        except TooManyTries:
            continue
        count += 1
    return count


async def test_one_account_is_guessed_at_seventy_times_an_hour_from_anywhere(
    database: Database, actor: Actor, now: datetime
) -> None:
    """Ten thousand tries from ten thousand networks: each minute has 166 of them."""
    account = f"{actor.org_id}@example.test"
    looked_at = 0
    for minute in range(60):
        for number in range(4):
            address = f"2001:db8:{minute:x}:{number:x}::1"
            looked_at += await admitted(
                database,
                account=account,
                visitor=browser(address=address),
                now=now + timedelta(minutes=minute),
                tries=3,
            )
    assert looked_at == 69
    assert looked_at <= 100


async def test_a_spray_over_many_accounts_ends_with_its_network(
    database: Database, actor: Actor, now: datetime
) -> None:
    """One try for each of many accounts; every address of a /64 is the same network."""
    looked_at = [
        await admitted(
            database,
            account=f"{number}.{actor.org_id}@example.test",
            visitor=browser(address=f"2001:db8:77:{actor.org_id.int % 9999:x}::{number:x}"),
            now=now,
        )
        for number in range(1, 101)
    ]
    assert sum(looked_at) == 60
    assert not any(looked_at[60:])


def test_a_network_is_what_one_household_has() -> None:
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::9%eth0")
    assert network_of("2001:db8:1:2::1") != network_of("2001:db8:1:3::1")
    assert region_of("2001:db8:1:2::1") == region_of("2001:db8:1:3::1")
    assert network_of("::ffff:203.0.113.7") == network_of("203.0.113.7") == "203.0.113.7/32"
    assert region_of("203.0.113.7") == "203.0.113.0/24"
    assert network_of("not an address") == "unknown"


async def test_the_owner_signs_in_from_a_known_browser_while_somebody_guesses(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    mine = browser("my-own-laptop", address="198.51.100.20")
    await doors.enter(database, who, now=now, visitor=mine)
    thief = Visitor(address="198.51.100.66", user_agent="", device="a guessed cookie")
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            await identity.sign_in(
                database, email=who.email, password="a wrong one", visitor=thief, now=now
            )
    for stranger in (thief, browser(address="192.0.2.1")):
        with pytest.raises(TooManyTries):
            await doors.half_enter(database, who, now=now, visitor=stranger)
    assert await doors.half_enter(database, who, now=now, visitor=mine)


async def test_even_a_known_browser_guesses_ten_times_at_most(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    mine = browser()
    await doors.enter(database, who, now=now, visitor=mine)
    said = []
    for _ in range(12):
        try:
            await identity.sign_in(
                database, email=who.email, password="a wrong one", visitor=mine, now=now
            )
        except (WrongCredentials, TooManyTries) as refusal:
            said.append(refusal.code)
    assert said == ["wrong_credentials"] * 10 + ["too_many_tries"] * 2


async def test_tries_and_sign_ins_from_elsewhere_are_told_to_the_owner_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    """ASVS V6.3.5. Nothing is told of the first sign-in, of the same place or a known browser."""
    who, other = [await doors.member(database, actor, now=now) for _ in range(2)]
    mine = browser("mine" + who.email, address="203.0.113.7")
    await doors.enter(database, who, now=now, visitor=mine)
    await doors.enter(database, who, now=now, visitor=browser(address="203.0.113.7"))
    travelling = msgspec.structs.replace(mine, address="198.51.100.3")
    await doors.enter(database, who, now=now, visitor=travelling)
    await doors.post(database, now)
    assert await doors.letters(database, who, "account_notice") == []

    phone = "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Safari/537 <b>x</b>"
    for address in ("192.0.2.9", "192.0.2.9"):
        elsewhere = Visitor(address=address, user_agent=phone, device=uuid4().hex)
        await doors.enter(database, who, now=now, visitor=elsewhere)
    guesser = browser(address="198.51.100.77")
    for email in (who.email, f"nobody{who.email}"):
        for _ in range(12):
            with pytest.raises((WrongCredentials, TooManyTries)):
                await identity.sign_in(
                    database, email=email, password="a wrong one", visitor=guesser, now=now
                )
    assert await doors.post(database, now) == 3, "one place, and one warning for each address"
    tried, place = await doors.letters(database, who, "account_notice")
    assert "a new place: Chrome on Android, 192.0.2.9." in place and "<b>" not in place
    assert "many wrong passwords" in tried
    assert await doors.letters(database, other, "account_notice") == []


async def test_signing_in_rightly_costs_nothing(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    office = [browser(address="198.51.100.99") for _ in range(14)]
    for one in office:
        assert isinstance(await doors.half_enter(database, who, now=now, visitor=one), SignedIn)


@pytest.mark.parametrize(
    ("peer", "seen"), [("10.0.0.9", "198.51.100.1"), ("203.0.113.50", "203.0.113.50")]
)
async def test_a_forwarded_address_counts_from_a_configured_proxy_only(
    app: Litestar, database: Database, actor: Actor, now: datetime, peer: str, seen: str
) -> None:
    """The very middleware that `tandem serve` has uvicorn put in front."""
    who = await doors.member(database, actor, now=now)
    fronted = ProxyHeadersMiddleware(app, trusted_hosts="10.0.0.9")  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=fronted, client=(peer, 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        body = {"email": who.email, "password": doors.PASSWORD}
        forged = {"x-forwarded-for": "198.51.100.1"}
        assert (await client.post("/v1/sessions", json=body, headers=forged)).status_code == 201
        assert (await client.get("/v1/me/sessions")).json()[0]["address"] == seen


@pytest.mark.usefixtures("full_cost")
async def test_a_flood_of_logins_keeps_memory_bounded_and_serves_others(
    app: Litestar, database: Database, actor: Actor, now: datetime
) -> None:
    """A-AUT-21: two hashes of 19 MiB at a time; who finds the queue full is told so at once."""
    who = await doors.member(database, actor, now=now)
    hashed = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=19_456, parallelism=1),)).hash("x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with visitor(app) as client:
        flood = [
            asyncio.create_task(passwords.is_password("a guess", hashed)) for _ in range(FLOOD)
        ]
        served = 0
        while (await asyncio.wait(flood, timeout=0.005))[1]:
            assert (await client.get("/healthz")).status_code == 200
            served += 1
    outcomes = [task.exception() for task in flood]
    refused = [one for one in outcomes if isinstance(one, passwords.TooManyAtOnce)]
    assert len(refused) == FLOOD - passwords.AT_ONCE - passwords.WAITING_MAX
    assert served > 20
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 120, f"{grown_mib} MiB"
    assert await doors.half_enter(database, who, now=now)


@pytest.mark.usefixtures("full_cost")
async def test_a_hash_of_yesterdays_parameters_is_renewed_by_the_next_sign_in(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    old = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8_192, parallelism=1),))
    async with database.transaction(DOORKEEPER) as own:
        person = await persons.find_person(own, email=who.email)
        assert person
        weak = old.hash(doors.PASSWORD)
        await own.run(persons.SET_PASSWORD, id=person.id, password_hash=weak, now=now)
    await doors.enter(database, who, now=now)
    async with database.transaction(DOORKEEPER) as own:
        renewed = await persons.find_person(own, email=who.email)
    assert renewed
    assert renewed.password_hash
    assert "m=19456,t=2" in renewed.password_hash
