"""What identity can be asked to do."""

from tandem.crm.identity.service.access import access_if, access_of, access_of_all, as_actor
from tandem.crm.identity.service.companies import (
    found_organisation,
    get_organisation,
    update_organisation,
)
from tandem.crm.identity.service.invitations import (
    accept_invitation,
    invite,
    list_invitations,
    read_invitation,
    revoke_invitation,
)
from tandem.crm.identity.service.keys import (
    add_api_key,
    key_as_actor,
    list_api_keys,
    revoke_api_key,
    rotate_api_key,
)
from tandem.crm.identity.service.members import change_member, get_user, remove_member
from tandem.crm.identity.service.people import add_user, check_staff, list_users, staff_names
from tandem.crm.identity.service.persons import enrol_person
from tandem.crm.identity.service.roles import (
    add_role,
    change_role,
    get_role,
    list_roles,
    remove_role,
)
from tandem.crm.identity.service.sessions import (
    end_sessions_of,
    list_companies,
    list_sessions,
    revoke_other_sessions,
    revoke_session,
    sign_out,
    switch_company,
)
from tandem.crm.identity.service.sharing import (
    end_share,
    find_share,
    list_shares,
    share_record,
)
from tandem.crm.identity.service.signing_in import sign_in
from tandem.crm.identity.service.trees import (
    TEAMS,
    TERRITORIES,
    Tree,
    add_node,
    change_node,
    join_node,
    leave_node,
    list_nodes,
    remove_node,
)
from tandem.crm.identity.service.views import list_views, remove_view, save_view

__all__ = [
    "TEAMS",
    "TERRITORIES",
    "Tree",
    "accept_invitation",
    "access_if",
    "access_of",
    "access_of_all",
    "add_api_key",
    "add_node",
    "add_role",
    "add_user",
    "as_actor",
    "change_member",
    "change_node",
    "change_role",
    "check_staff",
    "end_sessions_of",
    "end_share",
    "enrol_person",
    "find_share",
    "found_organisation",
    "get_organisation",
    "get_role",
    "get_user",
    "invite",
    "join_node",
    "key_as_actor",
    "leave_node",
    "list_api_keys",
    "list_companies",
    "list_invitations",
    "list_nodes",
    "list_roles",
    "list_sessions",
    "list_shares",
    "list_users",
    "list_views",
    "read_invitation",
    "remove_member",
    "remove_node",
    "remove_role",
    "remove_view",
    "revoke_api_key",
    "revoke_invitation",
    "revoke_other_sessions",
    "revoke_session",
    "rotate_api_key",
    "save_view",
    "share_record",
    "sign_in",
    "sign_out",
    "staff_names",
    "switch_company",
    "update_organisation",
]
