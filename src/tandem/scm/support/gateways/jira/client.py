"""The calls. Cloud speaks REST v3 with documents, Data Center v2 with text."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote as percent_encode
from uuid import UUID

import msgspec

from tandem.kernel.outbound import Outbound
from tandem.scm.support.domain.jira_connection import Kind
from tandem.scm.support.domain.jira_remote import (
    MESSAGE_PROPERTY,
    PROPERTY,
    Found,
    RemoteComment,
    RemoteFile,
    RemoteIssue,
    Transition,
)
from tandem.scm.support.domain.jira_text import document_of
from tandem.scm.support.gateways.jira import wire
from tandem.scm.support.gateways.jira.calls import call, unreadable
from tandem.scm.support.gateways.jira.port import Access, NewIssue, Trouble, TroubleKind
from tandem.scm.support.gateways.jira.service_desk import ServiceDesk

T = TypeVar("T")
quote = partial(percent_encode, safe="")

COMMENTS_PAGE = 100
COMMENTS_PAGES_MAX = 20
CHANGED_MAX = 500
ISSUE_FIELDS = "summary,status,project,priority,updated,statuscategorychangedate,attachment"
INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}
"""https://developer.atlassian.com/cloud/jira/service-desk/comments: set while it is created, so
that there is no moment in which an internal note could be seen."""


class JiraClient(ServiceDesk):
    """One site. The connection pool lives until `close`."""

    def __init__(self, access: Access) -> None:
        headers = {
            "accept": "application/json",
            "x-atlassian-token": "no-check",
            # Some of the service desk's calls are not found without it.
            "x-experimentalapi": "opt-in",
        }
        if access.bearer:
            headers["authorization"] = f"Bearer {access.bearer}"
        self.is_cloud = access.kind is not Kind.DATA_CENTER
        self.outbound = Outbound(
            access.base_url.rstrip("/") + "/", auth=access.basic, headers=headers
        )
        self.root = "rest/api/3" if self.is_cloud else "rest/api/2"

    async def close(self) -> None:
        await self.outbound.close()

    async def find_issue(
        self, *, project_key: str, complaint_id: UUID, label: str, number: str
    ) -> Found | Trouble | None:
        """By our property; where that is not indexed, or the issue came without it, by label and
        number. What is found has to carry our property, or our link where it has none."""
        asks = (
            f'issue.property["{PROPERTY}"].id = "{complaint_id}"',
            f'labels = "{label}"',
            f'project = "{project_key}" AND summary ~ "{number}"',
        )
        for jql in asks:
            found = await self._search(
                f"{jql} ORDER BY created ASC",
                fields=("summary", "description"),
                properties=[PROPERTY],
            )
            if isinstance(found, Trouble):
                if found.kind is TroubleKind.REFUSED:
                    continue
                return found
            for issue in found:
                if _is_ours(issue, complaint_id):
                    return Found(id=issue.id, key=issue.key)
        return None

    async def create_issue(self, new: NewIssue) -> Found | Trouble:
        if new.request_type_id:
            return await self._create_request(new)
        fields = {
            "project": {"key": new.project_key},
            "issuetype": {"id": new.issue_type_id},
            "summary": new.summary,
            "description": self._text(new.description),
            "labels": new.labels,
            **new.fields,
        }
        properties = [{"key": PROPERTY, "value": {"id": str(new.complaint_id)}}]
        body = {"fields": fields, "properties": properties}
        return await self._made(f"{self.root}/issue", body)

    async def _create_request(self, new: NewIssue) -> Found | Trouble:
        values: dict[str, Any] = {"summary": new.summary, **new.fields}
        values["description"] = self._text(new.description)
        body: dict[str, Any] = {
            "serviceDeskId": new.service_desk_id,
            "requestTypeId": new.request_type_id,
            "requestFieldValues": values,
            "isAdfRequest": self.is_cloud,
        }
        if new.on_behalf_of:
            body["raiseOnBehalfOf"] = new.on_behalf_of
        return await self._made("rest/servicedeskapi/request", body)

    async def _made(self, path: str, body: dict[str, Any]) -> Found | Trouble:
        made = await self.ask("POST", path, wire.WireMade, json=body)
        if isinstance(made, Trouble):
            return made
        return Found(id=made.id or made.issueId, key=made.key or made.issueKey)

    async def mark_issue(
        self, issue_id: str, *, complaint_id: UUID, labels: Sequence[str]
    ) -> Trouble | None:
        path = f"{self.root}/issue/{quote(issue_id)}/properties/{PROPERTY}"
        marked = await self.do("PUT", path, json={"id": str(complaint_id)})
        if isinstance(marked, Trouble):
            return marked
        # Added one by one: an issue may have labels that people gave it.
        added = {"labels": [{"add": label} for label in labels]}
        path = f"{self.root}/issue/{quote(issue_id)}"
        trouble = await self.do("PUT", path, json={"update": added})
        # A screen without labels is no reason to fail: the property is what counts.
        return None if trouble and trouble.kind is TroubleKind.REFUSED else trouble

    async def read_issue(self, issue_id: str) -> RemoteIssue | Trouble:
        path = f"{self.root}/issue/{quote(issue_id)}"
        issue = await self.ask("GET", path, wire.WireIssue, params={"fields": ISSUE_FIELDS})
        if isinstance(issue, Trouble):
            return issue
        comments = await self._comments(issue_id)
        if isinstance(comments, Trouble):
            return comments
        try:
            return wire.issue_of(issue, comments)
        except ValueError as reason:
            return unreadable(reason, is_read=True)

    async def _comments(self, issue_id: str) -> list[wire.WireComment] | Trouble:
        path = f"{self.root}/issue/{quote(issue_id)}/comment"
        found: list[wire.WireComment] = []
        for _ in range(COMMENTS_PAGES_MAX):
            params = {
                "startAt": len(found),
                "maxResults": COMMENTS_PAGE,
                "expand": "properties",
                "orderBy": "created",
            }
            page = await self.ask("GET", path, wire.WireComments, params=params)
            if isinstance(page, Trouble):
                return page
            found += page.comments
            if not page.comments or len(found) >= page.total:
                break
        return found

    async def list_changed(
        self, *, project_keys: Sequence[str], label: str, minutes: int
    ) -> list[tuple[str, datetime]] | Trouble:
        listed = ", ".join(f'"{key}"' for key in project_keys)
        jql = f'project in ({listed}) AND labels = "{label}" AND updated >= -{minutes}m'
        found = await self._search(
            f"{jql} ORDER BY updated DESC", fields=["updated"], count=CHANGED_MAX
        )
        if isinstance(found, Trouble):
            return found
        try:
            return [(issue.id, wire.time_of(issue.fields.updated)) for issue in found]
        except ValueError as reason:
            return unreadable(reason, is_read=True)

    async def edit_issue(self, issue_id: str, fields: dict[str, Any]) -> Trouble | None:
        path = f"{self.root}/issue/{quote(issue_id)}"
        return await self.do("PUT", path, json={"fields": fields})

    async def describe_issue(self, issue_id: str, description: str) -> Trouble | None:
        return await self.edit_issue(issue_id, {"description": self._text(description)})

    async def list_transitions(self, issue_id: str) -> list[Transition] | Trouble:
        path = f"{self.root}/issue/{quote(issue_id)}/transitions"
        found = await self.ask(
            "GET", path, wire.WireTransitions, params={"expand": "transitions.fields"}
        )
        if isinstance(found, Trouble):
            return found
        return [
            Transition(
                id=one.id,
                name=one.name,
                to=wire.status_of(one.to),
                required=[
                    wire.field_of(field, name)
                    for name, field in one.fields.items()
                    if field.required and not field.hasDefaultValue
                ],
            )
            for one in found.transitions
        ]

    async def transition(
        self, issue_id: str, transition_id: str, fields: dict[str, Any]
    ) -> Trouble | None:
        body: dict[str, Any] = {"transition": {"id": transition_id}}
        if fields:
            body["fields"] = fields
        path = f"{self.root}/issue/{quote(issue_id)}/transitions"
        return await self.do("POST", path, json=body)

    async def add_comment(
        self, issue_id: str, *, body: str, is_internal: bool, message_id: UUID
    ) -> RemoteComment | Trouble:
        properties = [{"key": MESSAGE_PROPERTY, "value": {"id": str(message_id)}}]
        if is_internal:
            properties.append(INTERNAL)
        sent = {"body": self._text(body), "properties": properties}
        return await self._comment("POST", f"{self.root}/issue/{quote(issue_id)}/comment", sent)

    async def edit_comment(
        self, issue_id: str, comment_id: str, *, body: str
    ) -> RemoteComment | Trouble:
        path = f"{self.root}/issue/{quote(issue_id)}/comment/{quote(comment_id)}"
        return await self._comment("PUT", path, {"body": self._text(body)})

    async def _comment(
        self, method: str, path: str, body: dict[str, Any]
    ) -> RemoteComment | Trouble:
        found = await self.ask(method, path, wire.WireComment, json=body)
        if isinstance(found, Trouble):
            return found
        try:
            return wire.comment_of(found, is_desk=True)
        except ValueError as reason:
            return unreadable(reason, is_read=False)

    async def delete_comment(self, issue_id: str, comment_id: str) -> Trouble | None:
        path = f"{self.root}/issue/{quote(issue_id)}/comment/{quote(comment_id)}"
        return await self.do("DELETE", path)

    async def attach(
        self, issue_id: str, *, filename: str, media_type: str, content: bytes
    ) -> RemoteFile | Trouble:
        path = f"{self.root}/issue/{quote(issue_id)}/attachments"
        files = {"file": (filename, content, media_type)}
        found = await self.ask("POST", path, list[wire.WireFile], files=files)
        if isinstance(found, Trouble):
            return found
        if len(found) != 1:
            return unreadable(f"{len(found)} attachments", is_read=False)
        return wire.file_of(found[0])

    async def delete_attachment(self, attachment_id: str) -> Trouble | None:
        return await self.do("DELETE", f"{self.root}/attachment/{quote(attachment_id)}")

    async def download(self, attachment_id: str) -> bytes | Trouble:
        path = f"{self.root}/attachment/content/{quote(attachment_id)}"
        return await call(self.outbound, "GET", path, params={"redirect": "false"})

    async def put_remote_link(
        self, issue_id: str, *, global_id: str, url: str, title: str
    ) -> Trouble | None:
        body = {"globalId": global_id, "object": {"url": url, "title": title}}
        return await self.do("POST", f"{self.root}/issue/{quote(issue_id)}/remotelink", json=body)

    async def _search(
        self,
        jql: str,
        *,
        fields: Sequence[str] = ("summary", "labels"),
        properties: Sequence[str] = (),
        count: int = 20,
    ) -> list[wire.WireIssue] | Trouble:
        body: dict[str, Any] = {"jql": jql, "fields": list(fields), "maxResults": count}
        if properties:
            body["properties"] = list(properties)
        path = f"{self.root}/search/jql" if self.is_cloud else f"{self.root}/search"
        found = await self.ask("POST", path, wire.WireFound, json=body)
        return found if isinstance(found, Trouble) else found.issues

    def _text(self, markdown: str) -> Any:
        return document_of(markdown) if self.is_cloud else markdown

    async def ask(self, method: str, path: str, kind: type[T], **content: Any) -> T | Trouble:
        answer = await call(self.outbound, method, path, **content)
        if isinstance(answer, Trouble):
            return answer
        try:
            return msgspec.json.decode(answer, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
            return unreadable(reason, is_read=method == "GET" or "search" in path)

    async def do(self, method: str, path: str, **content: Any) -> Trouble | None:
        answer = await call(self.outbound, method, path, **content)
        return answer if isinstance(answer, Trouble) else None


def _is_ours(issue: wire.WireIssue, complaint_id: UUID) -> bool:
    """Numbers repeat between companies that share a site; the link in our text does not."""
    ours = issue.properties.get(PROPERTY)
    if isinstance(ours, dict):
        return bool(ours.get("id") == str(complaint_id))
    return str(complaint_id) in str(issue.fields.description)
