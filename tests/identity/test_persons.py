"""One person, several companies: nobody gets further than the owner of the address would."""

from datetime import datetime

import httpx2 as httpx
import msgspec
import pytest

from tandem.crm.identity import passwords
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import WrongCredentials
from tandem.crm.identity.domain.passkeys import Credential, RelyingParty, WrongPasskey
from tandem.crm.identity.service import mailed, passkeys
from tandem.crm.identity.service.sessions import list_companies, switch_company
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Query, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tests.identity import doors
from tests.identity.authenticator import Authenticator
from tests.identity.doors import PASSWORD, browser

PARTY = RelyingParty(id="shop.test", origin="https://shop.test")
PERSONS = Query("select email from identity.person where org_id = :org_id")
PERSONS_UNFILTERED = "select email from identity.person"
"""Row-level security alone must suffice; no statement of the suite is written like this."""


async def company(database: Database, now: datetime) -> Actor:
    org_id = await identity.found_organisation(
        database, name="Second Traders", slug=f"s-{new_id().hex}", now=now
    )
    return Actor(org_id=org_id, user_id=new_id(), grants=frozenset({"*"}), label="Boss")


async def test_going_to_another_company_opens_a_session_there_and_ends_the_one_here(
    database: Database, actor: Actor, now: datetime
) -> None:
    second = await company(database, now)
    who = await doors.member(database, actor, now=now)
    there = await doors.member(database, second, email=who.email, now=now)
    opened = await doors.enter(database, who, now=now)
    me = await doors.acting(database, opened, now)
    async with database.transaction(me) as tx:
        names = [one.company_name for one in await list_companies(tx)]
        other = next(one for one in await list_companies(tx) if one.company_id != opened.org_id)
        moved = await switch_company(tx, other.company_id, visitor=browser(), now=now)
    assert names == ["Second Traders", "Test Traders"]
    assert {opened.org_id, moved.org_id} == {who.org_id, there.org_id}
    assert moved.person_id == opened.person_id
    assert not await doors.is_open(database, opened.token, now)
    assert await doors.is_open(database, moved.token, now)


async def test_adding_somebody_takes_the_same_work_whether_or_not_the_address_is_known(
    client: httpx.AsyncClient,
    database: Database,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A company must not learn by the time of an answer who has an account elsewhere."""
    second = await company(database, now)
    known = (await doors.member(database, second, now=now)).email
    assert (await client.get("/v1/users")).status_code == 200, "the key was used before"
    work: list[str] = []
    hashing, running = passwords.hash_password, Tx.run

    async def hash_password(password: str) -> str:
        work.append("hash")
        return await hashing(password)

    async def run(tx: Tx, query: Query, **params: object) -> int:
        work.append(query.sql)
        return await running(tx, query, **params)

    monkeypatch.setattr(passwords, "hash_password", hash_password)
    monkeypatch.setattr(Tx, "run", run)
    done = []
    for email in (known, f"{new_id().hex}@example.test"):
        work.clear()
        body = {"email": email, "name": "X", "role_key": "sales", "password": PASSWORD}
        answer = await client.post("/v1/users", json=body)
        assert answer.status_code == 201, answer.text
        done.append((list(work), sorted(answer.json())))
    assert done[0] == done[1] and done[0][0].count("hash") == 1


async def test_nobody_goes_to_a_company_that_is_not_theirs(
    database: Database, actor: Actor, now: datetime
) -> None:
    second = await company(database, now)
    opened = await doors.enter(database, await doors.member(database, actor, now=now), now=now)
    me = await doors.acting(database, opened, now)
    with pytest.raises(NotFound):
        async with database.transaction(me) as tx:
            await switch_company(tx, second.org_id, visitor=browser(), now=now)
    assert await doors.is_open(database, opened.token, now)


async def test_an_admin_who_chose_a_first_password_cannot_follow_it_into_another_company(
    database: Database, actor: Actor, now: datetime
) -> None:
    """Their company enrolled the address; the other one invited its owner."""
    second = await company(database, now)
    email = f"{new_id().hex}@example.test"
    async with database.transaction(actor) as tx:
        await identity.add_user(
            tx, email=email, name="V", password=PASSWORD, role_key="admin", now=now
        )
    async with database.transaction(second) as tx:
        user = await identity.add_user(
            tx, email=email, name="V", password="another good one", role_key="admin", now=now
        )
    who = doors.Somebody(email, second.org_id, user.id)
    thief = await doors.enter(database, who, now=now)
    assert thief.org_id == actor.org_id
    me = await doors.acting(database, thief, now)
    async with database.transaction(me) as tx:
        assert [one.company_id for one in await list_companies(tx)] == [actor.org_id]
    await doors.with_app(database, thief, now)
    device = Authenticator(origin=PARTY.origin, party=PARTY.id)
    async with database.transaction(me) as tx:
        options = await passkeys.registration_options(tx, PARTY, now=now)
        made = msgspec.convert(device.make(options), Credential)
        await passkeys.add_passkey(tx, PARTY, credential=made, name="Thief", now=now)
    token = await mailed.ask_for_code(database, email=email, visitor=browser(), now=now)
    await doors.post(database, now)
    code = (
        await doors.letters(database, doors.Somebody(email, actor.org_id, user.id), "sign_in_code")
    )[0].split("    ")[1][:6]
    owner = await mailed.enter_with_code(
        database, token=token, code=code, visitor=browser(), now=now
    )
    assert await doors.is_open(database, owner.token, now)
    assert not await doors.is_open(database, thief.token, now)
    with pytest.raises(WrongCredentials):
        await doors.enter(database, who, now=now)
    shown = device.sign(await passkeys.sign_in_options(database, PARTY, now=now))
    with pytest.raises(WrongPasskey):
        await passkeys.sign_in_with_passkey(
            database,
            PARTY,
            credential=msgspec.convert(shown, Credential),
            visitor=browser(),
            now=now,
        )


async def test_a_company_sees_no_person_by_either_wall(
    database: Database, actor: Actor, now: datetime
) -> None:
    await doors.member(database, actor, now=now)
    async with database.transaction(actor) as tx:
        assert await tx.records(PERSONS) == []
        assert await tx.connection.fetch(PERSONS_UNFILTERED) == []
        async with tx.installation() as own:
            assert await own.records(PERSONS) != []
        assert await tx.records(PERSONS) == []
