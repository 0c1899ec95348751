"""Access and refresh tokens: rotation, reuse, and what ends them. A-AUT-5; AUT-07, AUT-08."""

import asyncio
from datetime import datetime, timedelta

import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.service import factors, tokens
from tandem.crm.identity.service.sessions import end_sessions_of, list_sessions
from tandem.crm.identity.service.tokens import GRACE, TokenGone, Tokens
from tandem.crm.identity.store import sessions
from tandem.kernel.actor import Actor, StepUpNeeded
from tandem.kernel.db import Database, Query
from tests.givens import visitor
from tests.identity import doors
from tests.identity.doors import OTHER_PASSWORD, PASSWORD, Somebody, browser

DISABLE = Query(
    "update identity.user_account set is_active = false where org_id = :org_id and id = :id"
)


async def opened(database: Database, actor: Actor, now: datetime) -> tuple[Somebody, Actor, Tokens]:
    who = await doors.member(database, actor, now=now)
    me = await doors.acting(database, await doors.enter(database, who, now=now), now)
    async with database.transaction(me) as tx:
        return who, me, await tokens.open_tokens(tx, name="My script", visitor=browser(), now=now)


async def is_good(database: Database, made: Tokens, now: datetime) -> bool:
    found = await sessions.find_session(database, hash_of(made.access_token), now, is_access=True)
    return found is not None


async def test_refreshing_gives_new_tokens_and_an_access_token_lives_a_quarter_of_an_hour(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, me, first = await opened(database, actor, now)
    later = now + tokens.ACCESS_LIFE
    assert await is_good(database, first, later - timedelta(seconds=1))
    assert not await is_good(database, first, later)
    second = await tokens.refresh(database, token=first.refresh_token, now=later)
    assert await is_good(database, second, later)
    async with database.transaction(me) as tx:
        names = [one.user_agent for one in await list_sessions(tx, now=later)]
    assert sorted(names) == ["My script", "Tests"]


async def test_a_refresh_token_used_again_ends_the_family_and_its_owner_is_told(
    database: Database, actor: Actor, now: datetime
) -> None:
    who, _, first = await opened(database, actor, now)
    second = await tokens.refresh(database, token=first.refresh_token, now=now)
    later = now + GRACE + timedelta(seconds=1)
    with pytest.raises(TokenGone):
        await tokens.refresh(database, token=first.refresh_token, now=later)
    assert not await is_good(database, second, later)
    with pytest.raises(TokenGone):
        await tokens.refresh(database, token=second.refresh_token, now=later)
    await doors.post(database)
    told = await doors.letters(database, who, "account_notice")
    assert sum("used twice" in text for text in told) == 1


async def test_within_the_grace_too_once_its_successor_was_used(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, _, first = await opened(database, actor, now)
    second = await tokens.refresh(database, token=first.refresh_token, now=now)
    third = await tokens.refresh(database, token=second.refresh_token, now=now)
    with pytest.raises(TokenGone):
        await tokens.refresh(database, token=first.refresh_token, now=now)
    assert not await is_good(database, third, now)


async def test_of_twenty_at_the_same_time_one_chain_goes_on(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, _, first = await opened(database, actor, now)
    outcomes = await asyncio.gather(
        *(tokens.refresh(database, token=first.refresh_token, now=now) for _ in range(20)),
        return_exceptions=True,
    )
    won = [one for one in outcomes if isinstance(one, Tokens)]
    assert len(won) == 1
    assert sum(isinstance(one, TokenGone) for one in outcomes) == 19
    assert await is_good(database, won[0], now)
    assert await tokens.refresh(database, token=won[0].refresh_token, now=now)


@pytest.mark.parametrize("ending", ["session", "removed", "disabled", "password"])
async def test_tokens_end_with_what_they_came_from(
    database: Database, actor: Actor, now: datetime, ending: str
) -> None:
    who, me, made = await opened(database, actor, now)
    if ending == "session":
        async with database.transaction(me) as tx:
            program = next(
                one for one in await list_sessions(tx, now=now) if one.method == "tokens"
            )
            await identity.revoke_session(tx, program.id, now=now)
    elif ending == "removed":
        async with database.transaction(actor) as tx:
            await end_sessions_of(tx, who.user_id, now=now)
    elif ending == "disabled":
        async with database.transaction(actor) as tx:
            await tx.run(DISABLE, id=who.user_id)
    else:
        await factors.change_password(
            database, me, old=PASSWORD, new=OTHER_PASSWORD, visitor=browser(), now=now
        )
    assert not await is_good(database, made, now)
    if ending != "disabled":
        with pytest.raises(TokenGone):
            await tokens.refresh(database, token=made.refresh_token, now=now)
    else:
        renewed = await tokens.refresh(database, token=made.refresh_token, now=now)
        assert not await is_good(database, renewed, now)


async def test_over_http_a_token_acts_but_is_never_fresh(
    app: Litestar, database: Database, actor: Actor
) -> None:
    who = await doors.member(database, actor, now=database.clock.now())
    async with visitor(app) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        await client.post("/v1/sessions", json={"email": who.email, "password": PASSWORD})
        made = (await client.post("/v1/me/tokens", json={"name": "Script"})).json()
    async with visitor(app) as script:
        script.headers["authorization"] = f"Bearer {made['access_token']}"
        assert (await script.get("/v1/me")).json()["user_id"] == str(who.user_id)
        refused = await script.post("/v1/me/tokens", json={"name": "More"})
        assert (refused.status_code, refused.json()["code"]) == (403, "step_up_needed")
        script.headers.pop("authorization")
        body = {"refresh_token": made["refresh_token"]}
        assert (await script.post("/v1/tokens/refresh", json=body)).status_code == 201
        again = await script.post("/v1/tokens/refresh", json=body)
        assert (again.status_code, again.json()["code"]) == (401, "token_gone")


async def test_tokens_are_for_who_signed_in_just_now(
    database: Database, actor: Actor, now: datetime
) -> None:
    _, me, _ = await opened(database, actor, now)
    with pytest.raises(StepUpNeeded):
        async with database.transaction(me) as tx:
            late = now + timedelta(minutes=11)
            await tokens.open_tokens(tx, name="x", visitor=browser(), now=late)
