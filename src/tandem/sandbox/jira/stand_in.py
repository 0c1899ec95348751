"""Plugs the stand-in into the sandbox."""

from collections.abc import Sequence

from litestar import Router
from litestar.types import ControllerRouterHandler

from tandem.sandbox.dependencies import Dependencies
from tandem.sandbox.faults import Target
from tandem.sandbox.jira import customers, notices, requests, tables
from tandem.sandbox.jira.admin import AdministrationController
from tandem.sandbox.jira.api import IssueController
from tandem.sandbox.jira.desk_api import DeskController
from tandem.sandbox.jira.people import PeopleController
from tandem.sandbox.jira.refusals import fault_body
from tandem.sandbox.jira.setup_api import HookController, SetupController, TokenController
from tandem.sandbox.jira.site import CLOUD_ID

OWN_FAULTS = frozenset(
    {"comment_without_issue", "comment_refused", "property_not_indexed", "customer_refused"}
)
"""Matched against the issue's key, against the property's, and against "customer"."""

REST = (IssueController, SetupController, HookController, DeskController)


def prepare(deps: Dependencies) -> None:
    deps.store.create(tables.DDL)
    deps.store.create(customers.DDL)
    deps.store.create(requests.DDL)
    deps.faults.declare(
        Target(
            name="jira",
            prefix="/jira",
            kinds=OWN_FAULTS,
            error_body=fault_body,
            has_webhooks=True,
        )
    )
    deps.webhooks.declare("jira", sign=notices.sign)


def routes() -> Sequence[ControllerRouterHandler]:
    """The site itself, and the same behind the gateway that OAuth clients call."""
    return [
        Router("/jira", route_handlers=[*REST, TokenController, PeopleController]),
        Router(f"/jira/ex/jira/{CLOUD_ID}", route_handlers=list(REST)),
        AdministrationController,
    ]
