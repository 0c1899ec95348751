"""Open sessions, in the installation's own organisation."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.access import Access, read_access
from tandem.crm.identity.domain.impersonating import Seen
from tandem.crm.identity.domain.sessions import OpenSession
from tandem.kernel.db import Database, Query, Tx

INSERT_SESSION = Query(
    """
    insert into identity.session
           (org_id, id, person_id, company_id, user_id, token_hash, method, has_two_factors,
            has_own_factor, created_at, proved_at, last_seen_at, expires_at, address, user_agent)
    values (:org_id, :id, :person_id, :company_id, :user_id, :token_hash, :method,
            :has_two_factors, :has_own_factor, :created_at, :proved_at, :created_at, :expires_at,
            :address, :user_agent)
    """
)

PLACES = Query(
    """
    select address, user_agent from identity.session
     where org_id = :org_id and person_id = :person_id
     order by id desc limit 100
    """
)

TOUCH_SESSION = Query(
    """
    update identity.session set last_seen_at = :now
     where org_id = :org_id and id = :id and last_seen_at < :now
    """
)

ROTATE_SESSION = Query(
    """
    update identity.session
       set token_hash = :token_hash, proved_at = :now, last_seen_at = :now, method = :method,
           has_two_factors = has_two_factors or :has_two_factors,
           has_own_factor = has_own_factor or :has_two_factors
     where org_id = :org_id and id = :id and person_id = :person_id and revoked_at is null
    """
)

PROOF_OF_SESSION = Query(
    """
    select method, has_own_factor from identity.session
     where org_id = :org_id and id = :id and person_id = :person_id
    """
)

STRENGTHEN_SESSION = Query(
    """
    update identity.session set has_two_factors = true, has_own_factor = true
     where org_id = :org_id and id = :id and person_id = :person_id
    """
)

REVOKE_SESSIONS = Query(
    """
    update identity.session set revoked_at = :now
     where org_id = :org_id and revoked_at is null
       and (:id::uuid is null or id = :id)
       and (:person_id::uuid is null or person_id = :person_id)
       and (:token_hash::bytea is null or token_hash = :token_hash)
       and (:user_id::uuid is null or user_id = :user_id)
       and (:except_id::uuid is null or id <> :except_id)
    """
)

FORGET_SESSIONS = Query(
    """
    delete from identity.session
     where org_id = :org_id and (expires_at < :before or revoked_at < :before)
    """
)

LIST_SESSIONS = Query(
    """
    select id, company_id, method, has_two_factors, created_at, proved_at, last_seen_at,
           expires_at, address, user_agent
      from identity.session
     where org_id = :org_id and person_id = :person_id and revoked_at is null
       and expires_at > :now and last_seen_at > :idle_since
     order by last_seen_at desc, id
     limit 200
    """
)

_SESSION: LiteralString = """
    select org_id, user_id, session_id, person_id, name, last_seen_at, proved_at, has_two_factors,
           access::text as access_text, seen, lacks_factor
      from """

FIND_SESSION = Query(
    _SESSION + "identity.open_session(:token_hash, :now)",
    beyond_org="the session's token is the credential",
)

FIND_SESSION_OF_ACCESS = Query(
    _SESSION + "identity.open_session(identity.session_of_access(:token_hash, :now), :now)",
    beyond_org="the access token is the credential",
)


AGENT_LENGTH = 300


class OwnProof(msgspec.Struct, frozen=True):
    """`has_own_factor`: a second factor of the person's, whatever a provider vouched for."""

    method: str
    has_own_factor: bool


class Place(msgspec.Struct, frozen=True):
    address: str
    user_agent: str


class FoundSession(msgspec.Struct, frozen=True):
    org_id: UUID
    user_id: UUID
    session_id: UUID
    person_id: UUID
    name: str
    access_text: str
    last_seen_at: datetime
    proved_at: datetime
    has_two_factors: bool
    lacks_factor: bool
    seen: Seen | None = None

    @property
    def access(self) -> Access:
        return read_access(self.access_text)


async def find_session(
    database: Database, token_hash: bytes, now: datetime, *, is_access: bool = False
) -> FoundSession | None:
    """By the cookie's token, or by an access token that enters the session."""
    query = FIND_SESSION_OF_ACCESS if is_access else FIND_SESSION
    rows = await database.look_up(query, FoundSession, token_hash=token_hash, now=now)
    return rows[0] if rows else None


async def revoke(
    own: Tx,
    *,
    now: datetime,
    session_id: UUID | None = None,
    person_id: UUID | None = None,
    token_hash: bytes | None = None,
    user_id: UUID | None = None,
    except_id: UUID | None = None,
) -> int:
    """End the sessions that match all that is given; at least one thing is."""
    assert session_id or person_id or token_hash or user_id, "never everybody's at once"
    return await own.run(
        REVOKE_SESSIONS,
        id=session_id,
        person_id=person_id,
        token_hash=token_hash,
        user_id=user_id,
        except_id=except_id,
        now=now,
    )


async def list_sessions(
    own: Tx, person_id: UUID, *, idle_since: datetime, now: datetime
) -> list[OpenSession]:
    return await own.many(
        LIST_SESSIONS, OpenSession, person_id=person_id, idle_since=idle_since, now=now
    )
