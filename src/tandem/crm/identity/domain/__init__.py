"""People, roles and what a credential may look like. Pure."""

from tandem.crm.identity.domain.company import Organisation
from tandem.crm.identity.domain.keys import KEY_MARK, ApiKey, hash_of, new_api_key
from tandem.crm.identity.domain.passwords import (
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    WeakPassword,
    check_password,
)
from tandem.crm.identity.domain.people import (
    Email,
    EmailTaken,
    LastAdministrator,
    MemberChange,
    PersonName,
    RoleKeys,
    User,
    normal_email,
)
from tandem.crm.identity.domain.persons import Membership, Person
from tandem.crm.identity.domain.roles import PERMISSIONS, ROLES, MoreThanHeld, Role
from tandem.crm.identity.domain.sessions import (
    SEEN_GRAIN,
    SESSION_IDLE,
    SESSION_LIFE,
    OpenSession,
    SignedIn,
    Visitor,
    WrongCredentials,
)
from tandem.crm.identity.domain.views import VIEWS_MAX, SavedView, TooManyViews

__all__ = [
    "KEY_MARK",
    "PASSWORD_LENGTH_MAX",
    "PASSWORD_LENGTH_MIN",
    "PERMISSIONS",
    "ROLES",
    "SEEN_GRAIN",
    "SESSION_IDLE",
    "SESSION_LIFE",
    "VIEWS_MAX",
    "ApiKey",
    "Email",
    "EmailTaken",
    "LastAdministrator",
    "MemberChange",
    "Membership",
    "MoreThanHeld",
    "OpenSession",
    "Organisation",
    "Person",
    "PersonName",
    "Role",
    "RoleKeys",
    "SavedView",
    "SignedIn",
    "TooManyViews",
    "User",
    "Visitor",
    "WeakPassword",
    "WrongCredentials",
    "check_password",
    "hash_of",
    "new_api_key",
    "normal_email",
]
