"""Somebody at the door: a person and a membership, a browser, and the post that reaches them."""

from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from tandem.crm.identity import passwords
from tandem.crm.identity import service as identity
from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.codes import code_at, step_of
from tandem.crm.identity.domain.sessions import HalfSignedIn, SignedIn, Visitor
from tandem.crm.identity.service import factors
from tandem.crm.identity.service.signing_in import DOORKEEPER
from tandem.crm.identity.store import persons, sessions
from tandem.flows import tell_person
from tandem.flows.send_messages import lanes
from tandem.kernel.actor import INSTALLATION, Actor
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import JOBS, Envelope, Work
from tandem.kernel.resources import Resources
from tests.clocks import Stopped

assert tell_person and lanes, "importing them registers the jobs that write to people"
PASSWORD = "correct horse battery"
OTHER_PASSWORD = "seven purple umbrellas"

LETTERS = Query(
    """
    select text from notifications.message
     where org_id = :org_id and recipient = :email and template = :template
     order by created_at desc, id desc
    """
)


class Somebody(msgspec.Struct, frozen=True):
    email: str
    org_id: UUID
    user_id: UUID


def browser(name: str = "", address: str = "203.0.113.7") -> Visitor:
    """A browser of its own unless it is named."""
    return Visitor(address=address, user_agent="Tests", device=name or uuid4().hex)


async def member(
    database: Database, actor: Actor, *, email: str = "", role: str = "admin", now: datetime
) -> Somebody:
    """Vouched for by the installation, as the command line does it."""
    address = email or f"p{uuid4().hex[:12]}@example.test"
    async with database.transaction(Actor.system(actor.org_id)) as tx:
        user = await identity.add_user(
            tx, email=address, name="Ravi Menon", password=PASSWORD, role_key=role, now=now
        )
    return Somebody(address, actor.org_id, user.id)


async def enter(
    database: Database, who: Somebody, *, now: datetime, visitor: Visitor | None = None
) -> SignedIn:
    outcome = await half_enter(database, who, now=now, visitor=visitor)
    assert isinstance(outcome, SignedIn)
    return outcome


async def half_enter(
    database: Database, who: Somebody, *, now: datetime, visitor: Visitor | None = None
) -> SignedIn | HalfSignedIn:
    return await identity.sign_in(
        database, email=who.email, password=PASSWORD, visitor=visitor or browser(), now=now
    )


async def acting(database: Database, opened: SignedIn, now: datetime) -> Actor:
    """The actor behind a session, as a request would have it."""
    return Actor(
        org_id=opened.org_id,
        user_id=opened.user_id,
        grants=frozenset({"*"}),
        label="Ravi Menon",
        person_id=opened.person_id,
        session_id=opened.session_id,
        proved_at=now,
    )


async def is_open(database: Database, token: str, now: datetime) -> bool:
    return await sessions.find_session(database, hash_of(token), now) is not None


async def with_app(database: Database, opened: SignedIn, now: datetime) -> tuple[str, list[str]]:
    """Set up an authenticator app: its secret, and the recovery codes."""
    actor = await acting(database, opened, now)
    async with database.transaction(actor) as tx:
        begun = await factors.begin_time_code(tx, now=now)
        codes = await factors.confirm_time_code(
            tx, code=code_at(begun.secret, step_of(now)), now=now
        )
    return begun.secret, codes


async def stored(database: Database, email: str) -> None:
    """A person with a password hash and nothing else, quickly."""
    async with database.transaction(DOORKEEPER) as own:
        await own.run(
            persons.INSERT_PERSON,
            id=new_id(),
            email=email,
            password_hash=await _hash(),
            password_set_at=own.started_at,
            enrolled_by=None,
            address_proved_at=None,
            created_at=own.started_at,
        )


_hashed: dict[int, str] = {}
"""By what it cost."""


async def _hash() -> str:
    cost = passwords.MEMORY_KIB
    if cost not in _hashed:
        _hashed[cost] = await passwords.hash_password(PASSWORD)
    return _hashed[cost]


async def post(database: Database, now: datetime | None = None) -> int:
    """Run the waiting jobs that write to people, as the worker would; how many there were."""
    theirs = Database(database.pool, Stopped(now)) if now else database
    async with database.transaction(DOORKEEPER) as own:
        waiting = await own.connection.fetch(
            "delete from jobs.pgqueuer where entrypoint like 'tell_person.%' "
            "returning id, entrypoint, payload"
        )
    for row in sorted(waiting, key=lambda row: int(row["id"])):
        envelope = msgspec.json.decode(row["payload"], type=Envelope)
        assert envelope.org_id == INSTALLATION
        work = Work(theirs, Resources(), envelope.org_id)
        await JOBS[row["entrypoint"]](work, **envelope.payload)
    return len(waiting)


async def letters(database: Database, who: Somebody, template: str) -> list[str]:
    """The latest first."""
    async with database.transaction(Actor.system(who.org_id)) as tx:
        rows = await tx.records(LETTERS, email=who.email, template=template)
    return [str(row["text"]) for row in rows]
