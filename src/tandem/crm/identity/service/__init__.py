"""What identity can be asked to do."""

from tandem.crm.identity.service.companies import (
    found_organisation,
    get_organisation,
    update_organisation,
)
from tandem.crm.identity.service.keys import add_api_key, list_api_keys, revoke_api_key
from tandem.crm.identity.service.people import add_user, list_roles, list_users
from tandem.crm.identity.service.signing_in import SignedIn, sign_in, sign_out
from tandem.crm.identity.service.views import list_views, remove_view, save_view

__all__ = [
    "SignedIn",
    "add_api_key",
    "add_user",
    "found_organisation",
    "get_organisation",
    "list_api_keys",
    "list_roles",
    "list_users",
    "list_views",
    "remove_view",
    "revoke_api_key",
    "save_view",
    "sign_in",
    "sign_out",
    "update_organisation",
]
