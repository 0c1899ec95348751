"""Passkeys with an authenticator in software. A-AUT-14; AUT-04."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from litestar import Litestar

from tandem.crm.identity.domain.passkeys import Credential, RelyingParty, WrongPasskey
from tandem.crm.identity.domain.sessions import SignedIn
from tandem.crm.identity.service import passkeys
from tandem.crm.identity.service.signing_in import DOORKEEPER
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import visitor
from tests.identity import authenticator, doors
from tests.identity.authenticator import Authenticator
from tests.identity.doors import PASSWORD, Somebody, browser

PARTY = RelyingParty(id="shop.test", origin="https://shop.test")


def read(told: dict[str, Any]) -> Credential:
    return msgspec.convert(told, Credential)


async def owner(
    database: Database, actor: Actor, now: datetime
) -> tuple[Somebody, Actor, Authenticator]:
    who = await doors.member(database, actor, now=now)
    me = await doors.acting(database, await doors.enter(database, who, now=now), now)
    device = Authenticator(origin=PARTY.origin, party=PARTY.id)
    async with database.transaction(me) as tx:
        options = await passkeys.registration_options(tx, PARTY, now=now)
        codes = await passkeys.add_passkey(
            tx, PARTY, credential=read(device.make(options)), name="Laptop", now=now
        )
    assert len(codes) == 10
    return who, me, device


async def show(
    database: Database, device: Authenticator, now: datetime, told: dict[str, Any] | None = None
) -> SignedIn:
    if told is None:
        options = await passkeys.sign_in_options(database, PARTY, now=now)
        told = device.sign(options)
    return await passkeys.sign_in_with_passkey(
        database, PARTY, credential=read(told), visitor=browser(), now=now
    )


async def test_a_passkey_signs_in_alone_and_counts_as_two_factors(
    database: Database, actor: Actor, now: datetime
) -> None:
    who, me, device = await owner(database, actor, now)
    opened = await show(database, device, now)
    assert (opened.user_id, opened.person_id) == (who.user_id, me.person_id)
    assert await doors.is_open(database, opened.token, now)
    async with database.transaction(me) as tx:
        listed = await passkeys.list_passkeys(tx)
    assert [(one.name, one.is_backup_eligible, one.is_backed_up) for one in listed] == [
        ("Laptop", False, False)
    ]
    assert listed[0].last_used_at == now


async def test_a_synced_passkey_says_so(database: Database, actor: Actor, now: datetime) -> None:
    _, me, device = await owner(database, actor, now)
    synced = Authenticator(origin=PARTY.origin, party=PARTY.id)
    synced.flags |= authenticator.ELIGIBLE | authenticator.BACKED_UP
    async with database.transaction(me) as tx:
        options = await passkeys.registration_options(tx, PARTY, now=now)
        assert [one["id"] for one in options["excludeCredentials"]] == [
            authenticator.text(device.credential_id)
        ]
        more = await passkeys.add_passkey(
            tx, PARTY, credential=read(synced.make(options)), name="Cloud", now=now
        )
        listed = await passkeys.list_passkeys(tx)
    assert more == []
    assert [(one.is_backup_eligible, one.is_backed_up) for one in listed][1] == (True, True)


Spoil = Callable[[Authenticator], None]


def of_another_site(device: Authenticator) -> None:
    device.origin = "https://sh0p.test"


def of_another_party(device: Authenticator) -> None:
    device.party = "evil.test"


def not_verified(device: Authenticator) -> None:
    device.flags = authenticator.PRESENT


def nobody_there(device: Authenticator) -> None:
    device.flags = authenticator.VERIFIED


def of_somebody_else(device: Authenticator) -> None:
    device.user = bytes(16)


def unknown(device: Authenticator) -> None:
    device.credential_id = bytes(32)


@pytest.mark.parametrize(
    "spoil",
    [of_another_site, of_another_party, not_verified, nobody_there, of_somebody_else, unknown],
)
async def test_what_is_not_ours_whole_and_verified_is_refused(
    database: Database, actor: Actor, now: datetime, spoil: Spoil
) -> None:
    _, _, device = await owner(database, actor, now)
    spoil(device)
    with pytest.raises(WrongPasskey):
        await show(database, device, now)


async def test_a_challenge_is_good_once_and_for_five_minutes(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, _, device = await owner(database, actor, now)
    told = device.sign(await passkeys.sign_in_options(database, PARTY, now=now))
    assert await show(database, device, now, told)
    with pytest.raises(WrongPasskey):
        await show(database, device, now, told)
    old = device.sign(await passkeys.sign_in_options(database, PARTY, now=now))
    with pytest.raises(WrongPasskey):
        await show(database, device, now + timedelta(minutes=5), old)
    made_up = device.sign({"challenge": authenticator.text(bytes(64))})
    with pytest.raises(WrongPasskey):
        await show(database, device, now, made_up)


async def test_a_counter_that_goes_back_is_a_copy_and_its_owner_is_told(
    database: Database, actor: Actor, now: datetime
) -> None:
    who, _, device = await owner(database, actor, now)
    device.count = 40
    await show(database, device, now)
    for count in (39, 40 - 1, -1):
        device.count = count
        with pytest.raises(WrongPasskey):
            await show(database, device, now)
    await doors.post(database)
    told = await doors.letters(database, who, "account_notice")
    assert sum("copy of your passkey" in text for text in told) == 3


async def test_a_spoiled_signature_or_nonsense_is_refused(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, _, device = await owner(database, actor, now)
    for part in ("signature", "authenticatorData", "clientDataJSON"):
        for spoiled in ("", "AAAA", authenticator.text(b'{"challenge": 7}')):
            told = device.sign(await passkeys.sign_in_options(database, PARTY, now=now))
            told["response"][part] = spoiled
            with pytest.raises(WrongPasskey):
                await show(database, device, now, told)


async def test_nobody_adds_the_passkey_that_was_begun_for_another(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, mine, _ = await owner(database, actor, now)
    _, theirs, _ = await owner(database, actor, now)
    device = Authenticator(origin=PARTY.origin, party=PARTY.id)
    async with database.transaction(theirs) as tx:
        options = await passkeys.registration_options(tx, PARTY, now=now)
    with pytest.raises(WrongPasskey):
        async with database.transaction(mine) as tx:
            await passkeys.add_passkey(
                tx, PARTY, credential=read(device.make(options)), name="x", now=now
            )


async def test_proving_anew_takes_ones_own_passkey(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, mine, device = await owner(database, actor, now)
    _, _, other = await owner(database, actor, now)
    for shown, is_mine in ((other, False), (device, True)):
        told = read(shown.sign(await passkeys.sign_in_options(database, PARTY, now=now)))
        if is_mine:
            token = await passkeys.step_up_with_passkey(
                database, mine, PARTY, credential=told, now=now
            )
            assert await doors.is_open(database, token, now)
        else:
            with pytest.raises(WrongPasskey):
                await passkeys.step_up_with_passkey(database, mine, PARTY, credential=told, now=now)


async def test_what_a_passkey_is_is_never_changed(
    database: Database, actor: Actor, now: datetime
) -> None:
    await owner(database, actor, now)
    for column in ("public_key", "credential_id", "person_id"):
        async with database.transaction(DOORKEEPER) as own:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await own.connection.execute(f"update identity.passkey set {column} = {column}")
            await own.connection.execute("rollback; begin")


async def test_a_removed_passkey_opens_nothing(
    database: Database, actor: Actor, now: datetime
) -> None:
    who, mine, device = await owner(database, actor, now)
    async with database.transaction(mine) as tx:
        held = await passkeys.list_passkeys(tx)
        await passkeys.remove_passkey(tx, held[0].id, now=now)
    with pytest.raises(WrongPasskey):
        await show(database, device, now)
    assert isinstance(await doors.half_enter(database, who, now=now), SignedIn)


@pytest.mark.parametrize(
    ("base_url", "party", "origin"),
    [
        ("https://shop.test", "shop.test", "https://shop.test"),
        ("https://shop.test:8443", "shop.test", "https://shop.test:8443"),
        ("http://127.0.0.1:8080", "localhost", "http://localhost:8080"),
    ],
)
def test_the_site_as_browsers_name_it(base_url: str, party: str, origin: str) -> None:
    assert RelyingParty.of(base_url) == RelyingParty(id=party, origin=origin)


async def test_over_http_the_options_are_the_same_for_everybody(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    device = Authenticator(origin="http://test", party="test")
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        await client.post("/v1/sessions", json={"email": who.email, "password": PASSWORD})
        options = (await client.post("/v1/me/passkey-options")).json()
        body = {"name": "Phone", "credential": device.make(options)}
        added = await client.post("/v1/me/passkeys", json=body)
        assert added.status_code == 201, added.text
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        asked = [(await client.post("/v1/passkey-options")).json() for _ in range(2)]
        first, challenge = (one.pop("challenge") for one in asked)
        assert first != challenge
        assert asked[0] == asked[1]
        assert asked[0]["allowCredentials"] == []
        shown = {"credential": device.sign({"challenge": challenge})}
        assert (await client.post("/v1/sessions/passkey", json=shown)).status_code == 201
        assert (await client.get("/v1/me")).json()["user_id"] == str(who.user_id)
        again = await client.post("/v1/sessions/passkey", json=shown)
        assert (again.status_code, again.json()["code"]) == (401, "wrong_passkey")
