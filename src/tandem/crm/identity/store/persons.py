"""Persons: one for each address, in the installation's own organisation."""

from datetime import datetime
from uuid import UUID

import msgspec

from tandem.crm.identity.domain.persons import Membership, Person
from tandem.kernel.db import Query, Tx

INSERT_PERSON = Query(
    """
    insert into identity.person
           (org_id, id, email, password_hash, password_set_at, enrolled_by, address_proved_at,
            created_at)
    values (:org_id, :id, :email, :password_hash, :password_set_at::timestamptz, :enrolled_by,
            :address_proved_at::timestamptz, :created_at)
        on conflict (email) do nothing
    """
)

FIND_PERSON = Query(
    """
    select id, email, password_hash, password_set_at, address_proved_at, last_company_id
      from identity.person
     where org_id = :org_id and (email = :email or id = :id)
    """
)

SET_PASSWORD = Query(
    """
    update identity.person
       set password_hash = :password_hash, password_set_at = :now, version = version + 1
     where org_id = :org_id and id = :id
    """
)

REHASH_PASSWORD = Query(
    """
    update identity.person set password_hash = :password_hash
     where org_id = :org_id and id = :id and password_hash = :seen
    """
)

PROVE_ADDRESS = Query(
    """
    update identity.person
       set address_proved_at = :now, password_hash = null, password_set_at = null,
           version = version + 1
     where org_id = :org_id and id = :id and address_proved_at is null
    """
)

ENTER_COMPANY = Query(
    """
    update identity.person set last_company_id = :company_id
     where org_id = :org_id and id = :id and last_company_id is distinct from :company_id
    """
)

MEMBERSHIPS = Query(
    """
    select company_id, user_id, company_name, name, provider_id
      from identity.memberships(:person_id)
    """,
    beyond_org="a person chooses among the companies they work for",
)


class StoredPerson(msgspec.Struct, frozen=True):
    id: UUID
    email: str
    password_hash: str | None
    password_set_at: datetime | None
    address_proved_at: datetime | None
    last_company_id: UUID | None

    def shown(self) -> Person:
        return Person(id=self.id, email=self.email, password_set_at=self.password_set_at)


async def find_person(
    own: Tx, *, email: str | None = None, person_id: UUID | None = None
) -> StoredPerson | None:
    """By address or id; `own` is a transaction of the installation."""
    return await own.one_or_none(FIND_PERSON, StoredPerson, email=email, id=person_id)


async def memberships(tx: Tx, person_id: UUID) -> list[Membership]:
    """Active ones, by the company's name."""
    return await tx.many(MEMBERSHIPS, Membership, person_id=person_id)
