"""Mailed codes and links: A-AUT-7 (once, newest, this browser, fixed host) and A-AUT-4 (nobody
learns whether an address is known)."""

import asyncio
import bisect
import math
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity.domain import WeakPassword
from tandem.crm.identity.domain.codes import WrongCode
from tandem.crm.identity.domain.guarding import TooManyTries
from tandem.crm.identity.domain.sessions import WrongCredentials
from tandem.crm.identity.service import mailed
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import visitor
from tests.identity import doors
from tests.identity.doors import OTHER_PASSWORD, PASSWORD, Somebody, browser

SAMPLES = 150


async def mailed_code(database: Database, who: Somebody, now: datetime) -> tuple[str, str]:
    """(the browser's token, the code in the mail)."""
    token = await mailed.ask_for_code(database, email=who.email, visitor=browser(), now=now)
    await doors.post(database, now)
    text = (await doors.letters(database, who, "sign_in_code"))[0]
    return token, text.split("    ")[1][:6]


async def mailed_link(database: Database, who: Somebody, now: datetime) -> str:
    await mailed.ask_for_reset(database, email=who.email, visitor=browser(), now=now)
    await doors.post(database, now)
    return (await doors.letters(database, who, "password_reset"))[0].split("/reset/")[1].split()[0]


async def test_a_mailed_code_signs_in_once_in_the_browser_that_asked(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    token, code = await mailed_code(database, who, now)
    with pytest.raises(WrongCode):
        await mailed.enter_with_code(
            database, token="another browser", code=code, visitor=browser(), now=now
        )
    both = await asyncio.gather(
        *(
            mailed.enter_with_code(
                database, token=token, code=f" {code[:3]} {code[3:]}", visitor=browser(), now=now
            )
            for _ in range(2)
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["SignedIn", "WrongCode"]


async def test_a_mailed_code_is_tried_five_times_and_lives_ten_minutes(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    token, code = await mailed_code(database, who, now)
    late = now + mailed.CODE_LIFE
    with pytest.raises(WrongCode):
        await mailed.enter_with_code(database, token=token, code=code, visitor=browser(), now=late)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(mailed.CODE_TRIES_MAX):
        with pytest.raises(WrongCode):
            await mailed.enter_with_code(
                database, token=token, code=wrong, visitor=browser(), now=now
            )
    with pytest.raises(WrongCode):
        await mailed.enter_with_code(database, token=token, code=code, visitor=browser(), now=now)


async def test_a_new_code_or_link_ends_the_older_ones(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    token, code = await mailed_code(database, who, now)
    link = await mailed_link(database, who, now)
    await mailed_code(database, who, now)
    newer = await mailed_link(database, who, now)
    with pytest.raises(WrongCode):
        await mailed.enter_with_code(database, token=token, code=code, visitor=browser(), now=now)
    with pytest.raises(mailed.LinkGone):
        await mailed.read_reset(database, token=link, now=now)
    assert await mailed.read_reset(database, token=newer, now=now) == who.email


async def test_a_link_sets_a_password_once_and_ends_all_that_was_open(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    opened = await doors.enter(database, who, now=now)
    code_token, code = await mailed_code(database, who, now)
    link = await mailed_link(database, who, now)
    with pytest.raises(WeakPassword):
        await mailed.reset_password(database, token=link, password="Ravi Menon 2026", now=now)
    both = await asyncio.gather(
        *(
            mailed.reset_password(database, token=link, password=chosen, now=now)
            for chosen in (OTHER_PASSWORD, OTHER_PASSWORD)
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["LinkGone", "NoneType"]
    assert not await doors.is_open(database, opened.token, now)
    with pytest.raises(WrongCredentials):
        await doors.enter(database, who, now=now)
    with pytest.raises(WrongCode):
        await mailed.enter_with_code(
            database, token=code_token, code=code, visitor=browser(), now=now
        )
    await doors.post(database)
    assert "Your password was changed." in (await doors.letters(database, who, "account_notice"))[0]


async def test_an_administrator_starts_a_reset_and_learns_nothing(
    app: Litestar, database: Database, actor: Actor, client: httpx.AsyncClient
) -> None:
    """ASVS V6.4.6. The old password works until the link, which its owner alone has, was used."""
    now = database.clock.now()
    who = await doors.member(database, actor, role="sales", now=now)
    path = f"/v1/users/{who.user_id}/password-resets"
    answers = [await client.post(path) for _ in range(6)]
    assert [one.status_code for one in answers] == [202] * 5 + [429]
    assert {one.content for one in answers[:5]} == {b"null"}, "no token in the answer"
    assert (await client.post(f"/v1/users/{uuid4()}/password-resets")).status_code == 404
    await doors.enter(database, who, now=now)
    await doors.post(database)
    token = (await doors.letters(database, who, "password_reset"))[0]
    token = token.split("/reset/")[1].split()[0]
    async with visitor(app) as caller:
        used = await caller.post(
            "/v1/password-resets/use", json={"token": token, "password": doors.OTHER_PASSWORD}
        )
    assert used.status_code == 204, used.text
    with pytest.raises(WrongCredentials):
        await doors.enter(database, who, now=now)
    seen = (await client.get("/v1/audit-events", params={"action": "user.reset_started"})).json()
    assert [one["subject_id"] for one in seen["items"]] == [str(who.user_id)] * 5


async def test_a_link_lives_half_an_hour(database: Database, actor: Actor, now: datetime) -> None:
    who = await doors.member(database, actor, now=now)
    link = await mailed_link(database, who, now)
    late = now + mailed.RESET_LIFE
    assert await mailed.read_reset(database, token=link, now=late - timedelta(seconds=1))
    with pytest.raises(mailed.LinkGone):
        await mailed.reset_password(database, token=link, password=OTHER_PASSWORD, now=late)


async def test_the_links_host_is_ours_and_no_address_or_referrer_keeps_the_token(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        poisoned = {"host": "evil.test", "x-forwarded-host": "evil.test"}
        asked = await client.post("/forgot", data={"email": who.email}, headers=poisoned)
        assert asked.status_code == 200
        await doors.post(database)
        text = (await doors.letters(database, who, "password_reset"))[0]
        assert "evil" not in text
        assert "https://this.site.invalid/reset/" in text
        token = text.split("/reset/")[1].split()[0]
        arrived = await client.get(f"/reset/{token}")
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/reset")
        assert arrived.headers["referrer-policy"] == "no-referrer"
        form = await client.get("/reset")
        assert who.email in form.text
        assert token not in form.text
        done = await client.post("/reset", data={"password": OTHER_PASSWORD})
        assert "Your password is set" in done.text
        assert (await client.get(f"/reset/{token}")).status_code == 303
        client.cookies.set("tandem_reset", token)
        assert (await client.get("/reset")).status_code == 410


async def test_a_mailbox_is_not_flooded_and_the_asker_cannot_tell(
    database: Database, actor: Actor, now: datetime
) -> None:
    who = await doors.member(database, actor, now=now)
    for number in range(7):
        await mailed.ask_for_reset(
            database, email=who.email, visitor=browser(address=f"198.51.{number}.9"), now=now
        )
    await doors.post(database)
    assert len(await doors.letters(database, who, "password_reset")) == 5


async def test_a_network_that_asks_for_many_mails_is_stopped(
    database: Database, actor: Actor, now: datetime
) -> None:
    address = "2001:db8:feed::1"
    for number in range(20):
        await mailed.ask_for_reset(
            database, email=f"{number}@none.test", visitor=browser(address=address), now=now
        )
    with pytest.raises(TooManyTries):
        await mailed.ask_for_reset(
            database, email="21@none.test", visitor=browser(address=address), now=now
        )
    assert await doors.post(database) >= 20


Ask = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


async def log_in(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/v1/sessions", json={"email": email, "password": "not the one"})


async def forgot(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/v1/password-resets", json={"email": email})


async def code(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/v1/sign-in-codes", json={"email": email})


@pytest.mark.usefixtures("full_cost")
@pytest.mark.parametrize("ask", [log_in, forgot, code])
async def test_answers_and_their_times_do_not_tell_known_from_unknown(
    app: Litestar, database: Database, actor: Actor, ask: Ask
) -> None:
    """Known and unknown in turns, each from a network and a browser of its own.

    Like samples look unlike once in a hundred times, so what looks unlike is taken again: what
    does so three times over is told apart by somebody who asks often.
    """
    who = await doors.member(database, actor, now=database.clock.now())
    found = []
    for turn in range(3):
        known, unknown = await _times(app, database, ask, who.email, turn)
        found.append(_p_value(known, unknown))
        if found[-1] > 0.01:
            break
    assert found[-1] > 0.01, found
    await doors.post(database)


async def _times(
    app: Litestar, database: Database, ask: Ask, own: str, turn: int
) -> tuple[list[float], list[float]]:
    known: list[float] = []
    unknown: list[float] = []
    shapes = set()
    samples = SAMPLES if ask is not log_in else SAMPLES // 3
    for number in range(turn * samples, (turn + 1) * samples):
        known_address = own if number < 5 else f"k{number}.{own}"
        if number >= 5:
            await doors.stored(database, known_address)
        both = [(known, known_address), (unknown, f"u{number}.{uuid4().hex[:12]}@example.test")]
        for times, email in both if number % 2 else reversed(both):
            transport = httpx.ASGITransport(app=app, client=(_address(number, times is known), 1))  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                begun = time.perf_counter()
                answer = await ask(client, email)
                times.append(time.perf_counter() - begun)
            shapes.add((answer.status_code, answer.content, len(answer.headers)))
    assert len(shapes) == 1, shapes
    return known, unknown


def _address(number: int, is_known: bool) -> str:
    return f"2001:db8:{1 if is_known else 2:x}{number:03x}::1"


def _p_value(one: list[float], other: list[float]) -> float:
    """Two-sample Kolmogorov-Smirnov, asymptotic (Press et al., Numerical Recipes, 14.3)."""
    values = sorted(one + other)
    a, b = sorted(one), sorted(other)

    def below(held: list[float], value: float) -> float:
        return bisect.bisect_right(held, value) / len(held)

    distance = max(abs(below(a, value) - below(b, value)) for value in values)
    size: float = math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    scaled = (size + 0.12 + 0.11 / size) * distance
    tail: float = sum((-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 101))
    return min(1.0, 2 * tail)


async def test_the_pages_say_the_same_to_everybody(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    stranger = f"{uuid4().hex[: len(who.email.split('@')[0])]}@example.test"
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        for path in ("/forgot", "/sign-in/code"):
            answers = [
                (await client.post(path, data={"email": email})).text.replace(email, "…")
                for email in (who.email, stranger)
            ]
            assert _without_nonce(answers[0]) == _without_nonce(answers[1])
        answer = await client.post(
            "/sign-in", data={"email": who.email, "password": PASSWORD + "x"}
        )
        assert answer.status_code == 401
    await doors.post(database)


def _without_nonce(text: str) -> str:
    return re.sub(r'nonce="[^"]+"', "", text)
