"""What takes too long for every run of the tests: `python -m tests.identity.measure [guesses]
[credentials] [enumeration --samples 1000]`. Prints figures; ends with 1 where one is not as it must
be.

guesses       A-AUT-1: codes of a second factor, tried once a second by a clock that runs ahead.
credentials   what looking up a session or a key costs this process when it is not remembered.
enumeration   A-AUT-4: each way to ask with an address, known and unknown in turns.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from uuid import uuid4

import httpx2 as httpx
import structlog
from litestar import Litestar

from tandem.app.asgi import create_app, equip
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import SignedIn, hash_of
from tandem.crm.identity.domain.guarding import FACTOR, TooManyTries, subject_of
from tandem.crm.identity.service import guarding
from tandem.crm.identity.service.signing_in import DOORKEEPER
from tandem.crm.identity.sessions import Sessions
from tandem.kernel.actor import Actor
from tandem.kernel.clock import clock
from tandem.kernel.db import Database
from tandem.kernel.ids import new_id
from tests import postgres
from tests.conftest import settings_for
from tests.databases import as_app, fresh
from tests.givens import api_key_of
from tests.identity import doors
from tests.identity.company import PASSWORD, found
from tests.identity.test_mailed import _p_value, code, forgot, log_in

GUESSES = 1_000_000
TRIED = 5_000
CODES_GOOD_AT_ONCE = 3
P_MIN = 0.01
Ask = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  figures for whoever asked for them


async def guesses(database: Database) -> bool:
    """Real ones through the store's bucket, a second apart; then what a million would take."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    who, let_through = subject_of(uuid4().hex), 0
    for second in range(TRIED):
        async with database.transaction(DOORKEEPER) as own:
            try:
                await guarding.draw(own, FACTOR, who, now=begun + timedelta(seconds=second))
                let_through += 1
            except TooManyTries:
                continue
    most = FACTOR.burst + FACTOR.per_hour * TRIED // 3600
    years = (GUESSES - FACTOR.burst) / FACTOR.per_hour / 24 / 365
    chance = 1 - (1 - CODES_GOOD_AT_ONCE / 10**6) ** (FACTOR.burst + FACTOR.per_hour * 24 * 365)
    say(f"guesses: {let_through} of {TRIED:,} let through in {TRIED / 3600:.1f} h, {most} at most")
    say(f"guesses: a million take {years:.1f} years; a year's find a code with {chance:.0%}")
    return let_through <= most


async def invite(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/v1/invitations", json={"email": email, "role_keys": ["sales"]})


async def add_user(client: httpx.AsyncClient, email: str) -> httpx.Response:
    body = {"email": email, "name": "X", "role_key": "sales", "password": PASSWORD}
    return await client.post("/v1/users", json=body)


async def find_company(client: httpx.AsyncClient, email: str) -> httpx.Response:
    return await client.post("/sign-in/company", data={"email": email})


async def passkey_options(client: httpx.AsyncClient, _: str) -> httpx.Response:
    """Takes no address: whoever asks is told the same."""
    return await client.post("/v1/passkey-options", json={})


ASKED: dict[str, Ask] = {
    "login": log_in,
    "forgot": forgot,
    "mailed code": code,
    "invitation": invite,
    "new member": add_user,
    "company's sign-in": find_company,
    "passkey options": passkey_options,
}


BY_KEY = (invite, add_user)


async def enumeration(app: Litestar, database: Database, samples: int) -> bool:
    """There is no sign-up: people are invited."""
    org_id = await identity.found_organisation(
        database, name="Measured", slug=f"m-{new_id().hex}", now=clock.now()
    )
    key = await api_key_of(database, Actor.system(org_id))
    good = True
    for name, ask in ASKED.items():
        known: list[float] = []
        unknown: list[float] = []
        shapes = set()
        for number in range(samples):
            there = f"k{number}.{uuid4().hex[:8]}@known.test"
            await doors.stored(database, there)
            asked = [(known, there), (unknown, f"k{number}.{uuid4().hex[:8]}@other.test")]
            for times, email in asked if number % 2 else reversed(asked):
                peer = f"2001:db8:{len(name):x}{number & 0xFFF:03x}:{int(times is known)}::1"
                headers = {"authorization": f"Bearer {key}"} if ask in BY_KEY else {}
                transport = httpx.ASGITransport(app=app, client=(peer, 1))  # type: ignore[arg-type]
                async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                    client.headers.update(headers)
                    begun = time.perf_counter()
                    answer = await ask(client, email)
                    times.append(time.perf_counter() - begun)
                    if ask is invite:
                        # A company has so many open at once and no more.
                        await client.delete(f"/v1/invitations/{answer.json()['id']}")
                shapes.add((answer.status_code, len(answer.content) - len(email) * (ask in BY_KEY)))
        p = _p_value(known, unknown)
        is_good = p > P_MIN and len({status for status, _ in shapes}) == 1
        say(f"enumeration: {name}: {samples} each, p {p:.3f}, answers {sorted(shapes)[:4]}")
        good = good and is_good
        await doors.post(database)
    return good


async def credentials(app: Litestar, database: Database, looks: int = 2_000) -> bool:
    """CPU of this process and time on the clock, of the best of five rounds."""
    company = await found(database, clock.now())
    sessions: Sessions = app.state.authenticator
    finds: dict[str, tuple[Callable[[bytes], Awaitable[Actor | None]], bytes]] = {}
    for who in ("asha", "rina"):
        opened = await identity.sign_in(
            database,
            email=company.people[who].email,
            password=PASSWORD,
            visitor=doors.browser(),
            now=clock.now(),
        )
        assert isinstance(opened, SignedIn)
        finds[f"session of {who}"] = (sessions._of_session, hash_of(opened.token))
    key = await api_key_of(database, company.actor())
    finds["key"] = (sessions._of_key, hash_of(key))
    for name, (find, credential) in finds.items():
        rounds = []
        for _ in range(5):
            cpu, begun = time.process_time(), time.perf_counter()
            for _ in range(looks // 5):
                assert await find(credential)
            rounds.append((time.process_time() - cpu, time.perf_counter() - begun))
        cpu, taken = (min(each) / (looks // 5) * 1000 for each in zip(*rounds, strict=True))
        say(f"credentials: {name}: {cpu:.3f} ms CPU, {taken:.3f} ms in all")
    return True


async def run(asked: argparse.Namespace, dsn: str, folder: str) -> bool:
    database = await Database.connect(as_app(dsn))
    settings = settings_for(dsn, folder)
    app = create_app(settings)
    equip(app.state, settings, database)
    good = "guesses" not in asked.what or await guesses(database)
    if "credentials" in asked.what:
        good = await credentials(app, database) and good
    if "enumeration" in asked.what:
        good = await enumeration(app, database, asked.samples) and good
    await database.close()
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["guesses", "credentials", "enumeration"])
    parser.add_argument("--samples", type=int, default=1_000)
    asked = parser.parse_args()
    structlog.configure(processors=[_silent])
    with postgres.server() as server, tempfile.TemporaryDirectory() as folder:
        dsn = fresh(server)
        good = asyncio.run(run(asked, dsn, folder))
        postgres.drop(server, dsn)
    return 0 if good else 1


def _silent(*_: object) -> NoReturn:
    raise structlog.DropEvent


if __name__ == "__main__":
    sys.exit(main())
