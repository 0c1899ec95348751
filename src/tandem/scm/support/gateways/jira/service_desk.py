"""The service desk's own calls: customers, the forms of requests, and what it shows of them.

https://developer.atlassian.com/cloud/jira/service-desk/rest/
"""

from urllib.parse import quote

from tandem.scm.support.domain.jira_link import Request
from tandem.scm.support.domain.jira_remote import RequestForm
from tandem.scm.support.gateways.jira import desk_wire, wire
from tandem.scm.support.gateways.jira.port import Trouble, TroubleKind
from tandem.scm.support.gateways.jira.setting_up import SettingUp

ROOT = "rest/servicedeskapi"
CUSTOMERS_MAX = 50
ABSENT = frozenset(
    {
        TroubleKind.MISSING,
        TroubleKind.FORBIDDEN,
        TroubleKind.REFUSED,
        TroubleKind.UNAUTHORIZED,
    }
)
"""An issue that is no request, a desk without approvals or satisfaction, or a token without the
service desk's scopes: the issue itself was read with it."""


class ServiceDesk(SettingUp):
    """What a plain project has not."""

    async def read_request_form(
        self, service_desk_id: str, request_type_id: str
    ) -> RequestForm | Trouble:
        desk, kind = quote(service_desk_id, safe=""), quote(request_type_id, safe="")
        path = f"{ROOT}/servicedesk/{desk}/requesttype/{kind}/field"
        found = await self.ask("GET", path, desk_wire.WireRequestForm)
        return found if isinstance(found, Trouble) else desk_wire.form_of(found)

    async def find_customer(self, service_desk_id: str, email: str) -> str | Trouble | None:
        path = f"{ROOT}/servicedesk/{quote(service_desk_id, safe='')}/customer"
        params = {"query": email, "limit": CUSTOMERS_MAX}
        found = await self.ask("GET", path, desk_wire.WireCustomers, params=params)
        if isinstance(found, Trouble):
            return found
        wanted = email.casefold()
        same = (one for one in found.values if one.emailAddress.casefold() == wanted)
        return next((self._customer_id(one) for one in same), None)

    async def add_customer(self, service_desk_id: str, email: str) -> str | Trouble:
        names = {"displayName": email} if self.is_cloud else {"fullName": email}
        body = {"email": email, **names}
        made = await self.ask("POST", f"{ROOT}/customer", desk_wire.WireCustomer, json=body)
        if isinstance(made, Trouble):
            return made
        customer_id = self._customer_id(made)
        if not customer_id:
            return Trouble(kind=TroubleKind.REFUSED, detail="Jira made a customer without an id.")
        listed = "accountIds" if self.is_cloud else "usernames"
        path = f"{ROOT}/servicedesk/{quote(service_desk_id, safe='')}/customer"
        trouble = await self.do("POST", path, json={listed: [customer_id]})
        return customer_id if trouble is None else trouble

    async def read_request(self, issue_id: str) -> Request | Trouble:
        path = f"{ROOT}/request/{quote(issue_id, safe='')}"
        request = await self.ask("GET", path, desk_wire.WireRequest)
        if isinstance(request, Trouble):
            return Request() if request.kind in ABSENT else request
        listed = await self.ask("GET", f"{path}/approval", desk_wire.WireApprovals)
        if isinstance(listed, Trouble):
            if listed.kind not in ABSENT:
                return listed
            listed = desk_wire.WireApprovals()
        feedback = await self.ask("GET", f"{path}/feedback", desk_wire.WireFeedback)
        if isinstance(feedback, Trouble):
            if feedback.kind not in ABSENT:
                return feedback
            feedback = desk_wire.WireFeedback()
        return desk_wire.request_of(request, listed.values, feedback)

    async def rate_request(self, issue_id: str, *, rating: int) -> Trouble | None:
        body = {"type": "csat", "rating": rating}
        path = f"{ROOT}/request/{quote(issue_id, safe='')}/feedback"
        return await self.do("POST", path, json=body)

    def _customer_id(self, customer: desk_wire.WireCustomer) -> str:
        return wire.person_id(customer) if self.is_cloud else customer.name
