"""Organisations."""

from tandem.crm.identity.domain import Organisation
from tandem.kernel.db import Query, Tx

INSERT_ORGANISATION = Query(
    """
    insert into identity.organisation (org_id, name, slug, time_zone, currency, country, created_at)
    values (:org_id, :name, :slug, :time_zone, :currency, :country, :created_at)
    """
)


GET_ORGANISATION = Query(
    """
    select org_id, name, slug, time_zone, currency, country, settings, version
      from identity.organisation
     where org_id = :org_id
    """
)


UPDATE_ORGANISATION = Query(
    """
    update identity.organisation
       set name = :name, time_zone = :time_zone, version = version + 1
     where org_id = :org_id
    returning org_id, name, slug, time_zone, currency, country, settings, version
    """
)


async def get_organisation(tx: Tx) -> Organisation:
    return await tx.one(GET_ORGANISATION, Organisation)
