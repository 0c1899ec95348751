"""Buyers, by a code to the address or phone of a customer; a world apart from staff.

Whoever asks is told the same, known or not: the same row is written and the same job queued. Only
the worker looks whether anybody is there (`flows.portal`).
"""

import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tandem.crm.identity.domain import hash_of
from tandem.crm.identity.domain.buyers import Buyer, Company
from tandem.crm.identity.domain.codes import WrongCode
from tandem.crm.identity.store import buyers as store
from tandem.kernel import jobs
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database, Tx
from tandem.kernel.errors import NotFound
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work

SEND_CODE = "portal.send_code"
CODE_LIFE = timedelta(minutes=10)
SESSION_LIFE = timedelta(days=30)
TRIES_MAX = 5
CODES_AN_HOUR_MAX = 5
"""With five tries each, a year's guesses from anywhere find a code with 20 % (25 an hour of 10^6);
and nobody's phone is flooded."""
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")
KEPT_FOR = timedelta(days=1)


async def find_company(database: Database, slug: str) -> Company:
    found = await store.find_company(database, slug) if SLUG.fullmatch(slug) else None
    if found is None:
        raise NotFound("There is no such shop.")
    return found


async def ask_for_code(database: Database, slug: str, *, contact: str, now: datetime) -> str:
    """The token that ties the code to this browser. `contact` is an e-mail address or a phone."""
    company = await find_company(database, slug)
    token, code_id = secrets.token_urlsafe(32), new_id()
    async with database.transaction(Actor.system(company.org_id)) as tx:
        await tx.run(
            store.INSERT_CODE,
            id=code_id,
            browser_hash=hash_of(token),
            tries=TRIES_MAX,
            now=now,
            expires_at=now + CODE_LIFE,
        )
        await jobs.enqueue(tx, SEND_CODE, code_id=str(code_id), contact=contact)
    return token


async def write_code(tx: Tx, code_id: UUID, customer_id: UUID, *, now: datetime) -> str | None:
    """The worker's part: the code itself; none when there was one already, or it is too late, or
    this customer was sent enough of them that nobody used. Whoever asks cannot tell."""
    recent: int = await tx.value(
        store.RECENT_CODES, customer_id=customer_id, since=now - timedelta(hours=1)
    )
    if recent >= CODES_AN_HOUR_MAX:
        return None
    code = f"{secrets.randbelow(10**6):06}"
    given = await tx.run(
        store.GIVE_CODE,
        id=code_id,
        customer_id=customer_id,
        code_hash=_hash(code, code_id),
        now=now,
    )
    return code if given else None


async def sign_in(database: Database, token: str, code: str, *, address: str, now: datetime) -> str:
    """The session's token. WrongCode for all that is wrong; five tries, each of them counted."""
    org_id = await store.find_code(database, hash_of(token))
    if org_id is None:
        raise WrongCode
    async with database.transaction(Actor.system(org_id)) as tx:
        tried = await store.take_try(tx, hash_of(token), now)
    if tried is None or tried.code_hash is None or tried.customer_id is None:
        raise WrongCode
    if not hmac.compare_digest(tried.code_hash, _hash(code.strip(), tried.id)):
        raise WrongCode
    session = secrets.token_urlsafe(32)
    async with database.transaction(Actor.system(org_id)) as tx:
        if not await tx.run(store.END_CODE, id=tried.id):
            raise WrongCode
        await tx.run(
            store.INSERT_SESSION,
            id=new_id(),
            customer_id=tried.customer_id,
            token_hash=hash_of(session),
            address=address[:60],
            now=now,
            expires_at=now + SESSION_LIFE,
        )
    return session


async def buyer_of(database: Database, token: str, *, now: datetime) -> Buyer | None:
    return await store.find_session(database, hash_of(token), now) if token else None


async def sign_out(database: Database, token: str, *, now: datetime) -> None:
    buyer = await buyer_of(database, token, now=now)
    if buyer is not None:
        async with database.transaction(Actor.system(buyer.org_id)) as tx:
            await tx.run(store.END_SESSION, token_hash=hash_of(token), now=now)


async def end_buyer(tx: Tx, customer_id: UUID) -> int:
    """Their sessions and codes are gone: how many sessions there were."""
    return await tx.run(store.END_ALL, customer_id=customer_id)


async def export_buyer(tx: Tx, customer_id: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.records(store.LIST_SESSIONS, customer_id=customer_id)]


async def forget_buyers(work: Work) -> None:
    """Codes and sessions that ended, a day later."""
    async with work.transaction() as tx:
        await tx.run(store.FORGET, before=work.now() - KEPT_FOR)


def _hash(code: str, code_id: UUID) -> bytes:
    """Six digits are guessed in no time from a hash; the five tries are what protects them."""
    return hash_of(f"{code_id}:{code}")
