"""Raising a service desk's request, for its customer where the connection allows that.

Without the customer it is still a request: what stands in the way of naming them is told in the
log and holds nothing up.
"""

import msgspec

from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import Mapping
from tandem.scm.support.domain.jira_remote import Found
from tandem.scm.support.gateways.jira.port import NewIssue, Trouble, TroubleKind
from tandem.scm.support.service.jira.session import Session

PASSING = frozenset({TroubleKind.LATER, TroubleKind.UNKNOWN})
"""A token that may not manage customers is refused as if it were none: the request tells."""
WITHOUT = "Raised without its customer: "


async def raise_request(
    session: Session, complaint: Complaint, mapping: Mapping, new: NewIssue
) -> tuple[Found | Trouble, str]:
    """The request, and what to say in the log about its customer."""
    email = complaint.customer_email
    if not session.connection.policy.names_customer:
        return await session.jira.create_issue(new), ""
    if not email:
        return await session.jira.create_issue(new), f"{WITHOUT}no e-mail address is known."
    customer, note = await _customer(session, mapping.service_desk_id, email)
    if isinstance(customer, Trouble):
        if customer.kind in PASSING:
            return customer, ""
        return await session.jira.create_issue(new), f"{WITHOUT}{customer.detail}"
    named = msgspec.structs.replace(new, on_behalf_of=customer)
    made = await session.jira.create_issue(named)
    if isinstance(made, Found) or made.kind in PASSING:
        return made, note
    return await session.jira.create_issue(new), f"{WITHOUT}{made.detail}"


async def _customer(session: Session, desk_id: str, email: str) -> tuple[str | Trouble, str]:
    """Looked up first, so that a repeated try makes nobody twice."""
    found = await session.jira.find_customer(desk_id, email)
    if found is not None:
        return found, "Raised for its customer, whom the service desk knew."
    made = await session.jira.add_customer(desk_id, email)
    return made, "Raised for its customer, who is new to the service desk."
