"""Identity over HTTP."""

from tandem.crm.identity.http.audit import AuditController
from tandem.crm.identity.http.company import CompanyController
from tandem.crm.identity.http.keys import KeyController
from tandem.crm.identity.http.people import PeopleController
from tandem.crm.identity.http.sessions import SessionController

__all__ = [
    "AuditController",
    "CompanyController",
    "KeyController",
    "PeopleController",
    "SessionController",
]
