"""What a set-up asks: who we are there, which projects there are, and what they want filled in."""

from typing import Any, TypeVar
from urllib.parse import quote

from tandem.kernel.outbound import Outbound
from tandem.scm.support.domain.jira_remote import (
    Account,
    CreateField,
    IssueType,
    Project,
    RemoteStatus,
    RequestType,
)
from tandem.scm.support.gateways.jira import wire
from tandem.scm.support.gateways.jira.port import Trouble

T = TypeVar("T")

EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
)


class SettingUp:
    """The half of the client that people need once."""

    root: str
    is_cloud: bool
    outbound: Outbound

    async def ask(self, method: str, path: str, kind: type[T], **content: Any) -> T | Trouble:
        raise NotImplementedError

    async def do(self, method: str, path: str, **content: Any) -> Trouble | None:
        raise NotImplementedError

    async def myself(self) -> Account | Trouble:
        found = await self.ask("GET", f"{self.root}/myself", wire.WirePerson)
        if isinstance(found, Trouble):
            return found
        return Account(id=wire.person_id(found), name=found.displayName)

    async def list_projects(self) -> list[Project] | Trouble:
        """The first fifty that we may see."""
        if self.is_cloud:
            params = {"maxResults": 50, "orderBy": "key"}
            page = await self.ask(
                "GET", f"{self.root}/project/search", wire.WireProjects, params=params
            )
            if isinstance(page, Trouble):
                return page
            found = page.values
        else:
            listed = await self.ask("GET", f"{self.root}/project", list[wire.WireProject])
            if isinstance(listed, Trouble):
                return listed
            found = listed
        return [
            Project(
                id=one.id,
                key=one.key,
                name=one.name,
                is_desk=one.projectTypeKey == wire.SERVICE_DESK,
            )
            for one in found
        ]

    async def list_issue_types(self, project_key: str) -> list[IssueType] | Trouble:
        path = f"{self.root}/issue/createmeta/{quote(project_key, safe='')}/issuetypes"
        found = await self.ask("GET", path, wire.WireTypes, params={"maxResults": 50})
        if isinstance(found, Trouble):
            return found
        return [IssueType(id=one.id, name=one.name) for one in found.issueTypes or found.values]

    async def list_create_fields(
        self, project_key: str, issue_type_id: str
    ) -> list[CreateField] | Trouble:
        project, kind = quote(project_key, safe=""), quote(issue_type_id, safe="")
        path = f"{self.root}/issue/createmeta/{project}/issuetypes/{kind}"
        found = await self.ask("GET", path, wire.WireCreateFields, params={"maxResults": 200})
        if isinstance(found, Trouble):
            return found
        return [wire.field_of(one) for one in found.fields or found.values]

    async def list_statuses(
        self, project_key: str, issue_type_id: str
    ) -> list[RemoteStatus] | Trouble:
        path = f"{self.root}/project/{quote(project_key, safe='')}/statuses"
        found = await self.ask("GET", path, list[wire.WireTypeStatuses])
        if isinstance(found, Trouble):
            return found
        return [
            wire.status_of(status)
            for kind in found
            if kind.id == issue_type_id
            for status in kind.statuses
        ]

    async def list_request_types(self, project_key: str) -> list[RequestType] | Trouble:
        """Nothing where the project is no service desk."""
        desks = await self.ask("GET", "rest/servicedeskapi/servicedesk", wire.WireDesks)
        if isinstance(desks, Trouble):
            return desks
        desk = next((one for one in desks.values if one.projectKey == project_key), None)
        if desk is None:
            return []
        path = f"rest/servicedeskapi/servicedesk/{quote(desk.id, safe='')}/requesttype"
        found = await self.ask("GET", path, wire.WireRequestTypes)
        if isinstance(found, Trouble):
            return found
        return [
            RequestType(
                id=one.id, name=one.name, issue_type_id=one.issueTypeId, service_desk_id=desk.id
            )
            for one in found.values
        ]

    async def register_webhook(self, *, name: str, url: str, secret: str) -> Trouble | None:
        """One webhook with this secret, whatever was there: a secret cannot be read back, so the
        new one is made and the older ones of this address go, in this order.

        https://developer.atlassian.com/server/jira/platform/webhooks/
        """
        path = "rest/webhooks/1.0/webhook"
        there = await self.ask("GET", path, list[wire.WireHook])
        if isinstance(there, Trouble):
            return there
        body = {"name": name, "url": url, "events": EVENTS, "secret": secret, "excludeBody": False}
        trouble = await self.do("POST", path, json=body)
        for hook in there:
            if trouble is None and hook.url == url and hook.id.isdigit():
                trouble = await self.do("DELETE", f"{path}/{hook.id}")
        return trouble
