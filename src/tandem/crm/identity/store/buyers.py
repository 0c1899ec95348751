"""Buyers' codes and sessions."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.buyers import Buyer, Company, Tried
from tandem.kernel.db import Database, Query, Tx

INSERT_CODE = Query(
    """
    insert into identity.buyer_code
           (org_id, id, browser_hash, tries_left, created_at, expires_at)
    values (:org_id, :id, :browser_hash, :tries, :now, :expires_at)
    """
)

GIVE_CODE = Query(
    """
    update identity.buyer_code set customer_id = :customer_id, code_hash = :code_hash
     where org_id = :org_id and id = :id and code_hash is null and expires_at > :now
    """
)

TAKE_TRY = Query(
    """
    update identity.buyer_code set tries_left = tries_left - 1
     where org_id = :org_id and browser_hash = :browser_hash and tries_left > 0
       and expires_at > :now
    returning id, customer_id, code_hash
    """
)

END_CODE = Query("delete from identity.buyer_code where org_id = :org_id and id = :id")

RECENT_CODES = Query(
    """
    select count(*) from identity.buyer_code
     where org_id = :org_id and customer_id = :customer_id and created_at > :since
    """
)

END_ALL = Query(
    """
    with codes as (
        delete from identity.buyer_code where org_id = :org_id and customer_id = :customer_id
    )
    delete from identity.buyer_session where org_id = :org_id and customer_id = :customer_id
    """
)

LIST_SESSIONS = Query(
    """
    select created_at, expires_at, revoked_at, address from identity.buyer_session
     where org_id = :org_id and customer_id = :customer_id
     order by created_at, id
    """
)

FORGET = Query(
    """
    with sessions as (
        delete from identity.buyer_session where org_id = :org_id and expires_at < :before
    )
    delete from identity.buyer_code where org_id = :org_id and expires_at < :before
    """
)

INSERT_SESSION = Query(
    """
    insert into identity.buyer_session
           (org_id, id, customer_id, token_hash, address, created_at, expires_at)
    values (:org_id, :id, :customer_id, :token_hash, :address, :now, :expires_at)
    """
)

END_SESSION = Query(
    """
    update identity.buyer_session set revoked_at = :now
     where org_id = :org_id and token_hash = :token_hash and revoked_at is null
    """
)

FIND_COMPANY = Query(
    "select org_id, name from identity.find_company(:slug)",
    beyond_org="a buyer names the company they buy from",
)

FIND_CODE = Query(
    "select org_id from identity.find_buyer_code(:browser_hash)",
    beyond_org="the browser's token is the credential",
)

FIND_SESSION = Query(
    "select org_id, customer_id from identity.find_buyer_session(:token_hash, :now)",
    beyond_org="the session's token is the credential",
)


class _Org(msgspec.Struct, frozen=True):
    org_id: UUID


async def find_company(database: Database, slug: str) -> Company | None:
    rows = await database.look_up(FIND_COMPANY, Company, slug=slug)
    return rows[0] if rows else None


async def find_code(database: Database, browser_hash: bytes) -> UUID | None:
    rows = await database.look_up(FIND_CODE, _Org, browser_hash=browser_hash)
    return rows[0].org_id if rows else None


async def find_session(database: Database, token_hash: bytes, now: datetime) -> Buyer | None:
    rows = await database.look_up(FIND_SESSION, Buyer, token_hash=token_hash, now=now)
    return rows[0] if rows else None


async def take_try(tx: Tx, browser_hash: bytes, now: datetime) -> Tried | None:
    rows = await tx.records(TAKE_TRY, browser_hash=browser_hash, now=now)
    return Tried(**dict(rows[0])) if rows else None
