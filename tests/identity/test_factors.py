"""Codes of a clock and recovery codes. A-AUT-1; AUT-03, AUT-05."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta

import argon2
import httpx2 as httpx
import pytest
from argon2.low_level import hash_secret_raw
from litestar import Litestar

from tandem.crm.identity import passwords
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import WeakPassword
from tandem.crm.identity.domain.codes import (
    STEP_SECONDS,
    WrongCode,
    code_at,
    matching_step,
    new_recovery_codes,
    step_of,
)
from tandem.crm.identity.domain.guarding import TooManyTries
from tandem.crm.identity.domain.sessions import HalfSignedIn, SignedIn
from tandem.crm.identity.service import factors, mailed
from tandem.crm.identity.service.signing_in import DOORKEEPER
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tests.givens import visitor
from tests.identity import doors
from tests.identity.doors import OTHER_PASSWORD, PASSWORD, browser

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
"""RFC 4226 appendix D and RFC 6238 appendix B (SHA-1)."""
RFC_4226 = ["755224", "287082", "359152", "969429", "338314", "254676", "287922"]
RFC_4226 += ["162583", "399871", "520489"]
SEALED = Query("select secret::bytea as secret from identity.time_code where org_id = :org_id")


@pytest.mark.parametrize(
    ("counter", "code"),
    list(enumerate(RFC_4226)),
)
def test_codes_are_those_of_rfc_4226(counter: int, code: str) -> None:
    assert code_at(RFC_SECRET, counter) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_steps_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert code_at(RFC_SECRET, step_of(at), digits=8) == code


@pytest.mark.parametrize(
    ("steps", "is_near"), list(enumerate([False, True, True, True, False], -2))
)
def test_one_step_of_drift_is_allowed_and_no_more(steps: int, is_near: bool, now: datetime) -> None:
    code = code_at(RFC_SECRET, step_of(now) + steps)
    found = matching_step(RFC_SECRET, code, now=now, after=0)
    assert found == (step_of(now) + steps if is_near else None)
    assert matching_step(RFC_SECRET, code, now=now, after=step_of(now) + steps) is None


async def half(database: Database, who: doors.Somebody, now: datetime) -> str:
    outcome = await doors.half_enter(database, who, now=now)
    assert isinstance(outcome, HalfSignedIn)
    return outcome.token


async def test_a_password_is_half_a_sign_in_and_a_code_is_good_once(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    secret, _ = await doors.with_app(database, await doors.enter(database, who, now=now), now)
    used = code_at(secret, step_of(now))
    with pytest.raises(WrongCode):
        await factors.second_factor(
            database, token=await half(database, who, now), code=used, visitor=browser(), now=now
        )
    later = now + timedelta(seconds=STEP_SECONDS)
    code = code_at(secret, step_of(later))
    opened = await factors.second_factor(
        database, token=await half(database, who, later), code=code, visitor=browser(), now=later
    )
    assert isinstance(opened, SignedIn)
    with pytest.raises(WrongCode):
        await factors.second_factor(
            database,
            token=await half(database, who, later),
            code=code,
            visitor=browser(),
            now=later,
        )
    earlier = code_at(secret, step_of(later) - 1)
    with pytest.raises(WrongCode):
        await factors.second_factor(
            database,
            token=await half(database, who, later),
            code=earlier,
            visitor=browser(),
            now=later,
        )


@pytest.mark.parametrize("kind", ["totp", "recovery"])
async def test_of_two_at_the_same_time_one_gets_in(
    database: Database, actor: Actor, now: datetime, kind: str
) -> None:
    who = await doors.member(database, actor, now=now)
    secret, codes = await doors.with_app(database, await doors.enter(database, who, now=now), now)
    later = now + timedelta(minutes=1)
    code = code_at(secret, step_of(later)) if kind == "totp" else codes[3].upper()
    tokens = [await half(database, who, later) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(
            factors.second_factor(database, token=token, code=code, visitor=browser(), now=later)
            for token in tokens
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["SignedIn", *["WrongCode"] * 3]


async def test_guessing_codes_ends_after_ten_and_all_wrong_ones_are_answered_alike(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    secret, _ = await doors.with_app(database, await doors.enter(database, who, now=now), now)
    later = now + timedelta(minutes=5)
    right = code_at(secret, step_of(later))
    said = set()
    for number in range(10):
        token = await half(database, who, later)
        guess = f"{(int(right) + 1 + number) % 1_000_000:06}"
        with pytest.raises(WrongCode) as refused:
            await factors.second_factor(
                database, token=token, code=guess, visitor=browser(), now=later
            )
        said.add((refused.value.detail, refused.value.status))
    assert len(said) == 1
    with pytest.raises(TooManyTries):
        await factors.second_factor(
            database,
            token=await half(database, who, later),
            code=right,
            visitor=browser(),
            now=later,
        )


async def test_half_a_sign_in_opens_nothing_and_lives_ten_minutes(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    secret, _ = await doors.with_app(database, await doors.enter(database, who, now=now), now)
    token = await half(database, who, now)
    assert not await doors.is_open(database, token, now)
    late = now + timedelta(minutes=10)
    with pytest.raises(factors.SignInAgain):
        await factors.second_factor(
            database,
            token=token,
            code=code_at(secret, step_of(late)),
            visitor=browser(),
            now=late,
        )


async def test_recovery_codes_are_new_ones_or_none(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    opened = await doors.enter(database, who, now=now)
    _, codes = await doors.with_app(database, opened, now)
    me = await doors.acting(database, opened, now)
    async with database.transaction(me) as tx:
        fresh = await factors.renew_recovery_codes(tx, now=now)
    assert len(codes) == len(fresh) == 10
    assert not set(codes) & set(fresh)
    with pytest.raises(WrongCode):
        await factors.second_factor(
            database,
            token=await half(database, who, now),
            code=codes[0],
            visitor=browser(),
            now=now,
        )
    await factors.second_factor(
        database, token=await half(database, who, now), code=fresh[0], visitor=browser(), now=now
    )
    async with database.transaction(me) as tx:
        assert (await factors.read_factors(tx)).recovery_codes_left == 9
    await doors.post(database)
    told = await doors.letters(database, who, "account_notice")
    assert any("recovery code was used" in text for text in told)


@pytest.mark.usefixtures("full_cost")
async def test_recovery_codes_rest_stretched_and_differ_from_person_to_person() -> None:
    [code, *_] = new_recovery_codes()
    one, other = new_id(), new_id()
    kept = await passwords.stretch(code, one.bytes)
    assert kept == await passwords.stretch(code, one.bytes)
    assert kept != await passwords.stretch(code, other.bytes)
    plain = hash_secret_raw(
        code.encode(), one.bytes, 2, 19_456, 1, hash_len=32, type=argon2.Type.ID
    )
    assert kept == plain, "argon2id with OWASP's parameters"


def test_recovery_codes_have_49_bits_and_no_letters_that_look_alike() -> None:
    codes = {code for _ in range(50) for code in new_recovery_codes()}
    assert len(codes) == 500
    assert not set("".join(codes)) & set("01ilo")


async def test_a_reset_by_mail_does_not_get_round_the_second_factor(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    await doors.with_app(database, await doors.enter(database, who, now=now), now)
    await mailed.ask_for_reset(database, email=who.email, visitor=browser(), now=now)
    await doors.post(database, now)
    text = (await doors.letters(database, who, "password_reset"))[0]
    link = text.split("/reset/")[1].split()[0]
    await mailed.reset_password(database, token=link, password=OTHER_PASSWORD, now=now)
    outcome = await identity.sign_in(
        database, email=who.email, password=OTHER_PASSWORD, visitor=browser(), now=now
    )
    assert isinstance(outcome, HalfSignedIn)
    assert outcome.factors == ["totp"]


async def test_the_secret_is_sealed_at_rest(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    secret, _ = await doors.with_app(database, await doors.enter(database, who, now=now), now)
    async with database.transaction(DOORKEEPER) as own:
        kept = [bytes(row["secret"]) for row in await own.records(SEALED)]
    assert kept
    assert not any(secret.encode() in one for one in kept)


async def test_without_the_factor_a_password_has_fifteen_characters_with_it_eight(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    opened = await doors.enter(database, who, now=now)
    me = await doors.acting(database, opened, now)
    short = "x9#Tq!27"
    with pytest.raises(WeakPassword):
        await factors.change_password(
            database, me, old=PASSWORD, new=short, visitor=browser(), now=now
        )
    await doors.with_app(database, opened, now)
    await factors.change_password(database, me, old=PASSWORD, new=short, visitor=browser(), now=now)


async def test_the_whole_way_over_http(app: Litestar, database: Database, actor: Actor) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    same = {"sec-fetch-site": "same-origin"}
    async with visitor(app) as client:
        client.headers.update(same)
        login = {"email": who.email, "password": PASSWORD}
        assert (await client.post("/v1/sessions", json=login)).json()["needs"] == []
        begun = (await client.post("/v1/me/time-code")).json()
        assert begun["address"].startswith("otpauth://totp/Tandem:")
        wrong = await client.post("/v1/me/time-code/confirmation", json={"code": "000000"})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_code")
        step = step_of(database.clock.now())
        confirmed = await client.post(
            "/v1/me/time-code/confirmation", json={"code": code_at(begun["secret"], step)}
        )
        codes = confirmed.json()["recovery_codes"]
        assert (await client.get("/v1/me/factors")).json() == {
            "has_password": True,
            "has_time_code": True,
            "recovery_codes_left": 10,
        }
    async with visitor(app) as client:
        client.headers.update(same)
        answer = await client.post("/v1/sessions", json=login)
        assert answer.json()["needs"] == ["totp"]
        assert (await client.get("/v1/me")).status_code == 401
        answer = await client.post("/v1/sessions/second-factor", json={"code": codes[0]})
        assert answer.json()["needs"] == []
        assert (await client.get("/v1/me")).status_code == 200
        stepped = await client.post("/v1/me/proofs", json={"code": codes[1]})
        assert stepped.status_code == 204, stepped.text
        assert (await client.get("/v1/me")).status_code == 200
        assert (await client.delete("/v1/me/time-code")).status_code == 204
        assert (await client.get("/v1/me/factors")).json()["recovery_codes_left"] == 0


async def test_nobody_is_let_guess_over_http_for_ever(client: httpx.AsyncClient) -> None:
    client.headers.pop("authorization")
    statuses = [
        (await client.post("/v1/sessions/second-factor", json={"code": "000000"})).status_code
        for _ in range(22)
    ]
    assert statuses[:20] == [401] * 20
    assert statuses[20:] == [429] * 2
