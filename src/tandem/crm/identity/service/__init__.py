"""What identity can be asked to do."""

from tandem.crm.identity.service.companies import (
    found_organisation,
    get_organisation,
    update_organisation,
)
from tandem.crm.identity.service.keys import add_api_key, list_api_keys, revoke_api_key
from tandem.crm.identity.service.people import add_user, list_roles, list_users
from tandem.crm.identity.service.persons import enrol_person
from tandem.crm.identity.service.sessions import (
    end_sessions_of,
    list_companies,
    list_sessions,
    revoke_other_sessions,
    revoke_session,
    sign_out,
    switch_company,
)
from tandem.crm.identity.service.signing_in import sign_in
from tandem.crm.identity.service.views import list_views, remove_view, save_view

__all__ = [
    "add_api_key",
    "add_user",
    "end_sessions_of",
    "enrol_person",
    "found_organisation",
    "get_organisation",
    "list_api_keys",
    "list_companies",
    "list_roles",
    "list_sessions",
    "list_users",
    "list_views",
    "remove_view",
    "revoke_api_key",
    "revoke_other_sessions",
    "revoke_session",
    "save_view",
    "sign_in",
    "sign_out",
    "switch_company",
    "update_organisation",
]
