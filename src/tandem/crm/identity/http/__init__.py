"""Identity over HTTP."""

from tandem.crm.identity.http.audit import AuditController
from tandem.crm.identity.http.company import CompanyController
from tandem.crm.identity.http.impersonating import ImpersonationController
from tandem.crm.identity.http.invitations import InvitationController
from tandem.crm.identity.http.keys import KeyController
from tandem.crm.identity.http.oauth import OauthController
from tandem.crm.identity.http.people import PeopleController
from tandem.crm.identity.http.roles import RoleController
from tandem.crm.identity.http.scim import ScimController
from tandem.crm.identity.http.scim_settings import ScimSettingsController
from tandem.crm.identity.http.security import PasskeyController, SecurityController
from tandem.crm.identity.http.sessions import SessionController
from tandem.crm.identity.http.sign_in import SignInController
from tandem.crm.identity.http.teams import TeamController, TerritoryController
from tandem.crm.identity.http.tokens import TokenController

__all__ = [
    "AuditController",
    "CompanyController",
    "ImpersonationController",
    "InvitationController",
    "KeyController",
    "OauthController",
    "PasskeyController",
    "PeopleController",
    "RoleController",
    "ScimController",
    "ScimSettingsController",
    "SecurityController",
    "SessionController",
    "SignInController",
    "TeamController",
    "TerritoryController",
    "TokenController",
]
