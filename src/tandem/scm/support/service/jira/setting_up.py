"""What the wizard asks the site: is it there, what is in it, does the mapping fit. Network calls:
never with a transaction open."""

from typing import TypeVar
from uuid import UUID

import msgspec

from tandem.kernel.errors import Unavailable
from tandem.kernel.jobs import Work
from tandem.scm.support.domain.complaints import Complaint
from tandem.scm.support.domain.jira_connection import Mapping, Policy, State
from tandem.scm.support.domain.jira_content import (
    description_of,
    fields_of,
    labels_of,
    summary_of,
)
from tandem.scm.support.domain.jira_remote import (
    Account,
    CreateField,
    IssueType,
    Project,
    RemoteStatus,
    RequestType,
    problems_of,
)
from tandem.scm.support.gateways.jira.port import Jira, Trouble
from tandem.scm.support.service.jira.connections import lock_connection
from tandem.scm.support.service.jira.signing_in import sign_in
from tandem.scm.support.service.jira.site import page_url, webhook_url
from tandem.scm.support.store import jira_connections

T = TypeVar("T")


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What a project has to choose from. Without an issue type, fields and statuses are empty."""

    issue_types: list[IssueType]
    request_types: list[RequestType]
    fields: list[CreateField]
    statuses: list[RemoteStatus]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The issue as it would be made. `description` is Markdown."""

    project_key: str
    summary: str
    description: str
    labels: list[str]
    fields: dict[str, str]


async def test_connection(work: Work, connection_id: UUID) -> Account:
    """Ask who we are there and remember it; credentials that work again set it going again.

    Raises Unavailable with what Jira said.
    """
    jira = await _open(work, connection_id)
    account = _answered(await jira.myself())
    async with work.transaction() as tx:
        before = await lock_connection(tx, connection_id)
        is_back = before.state is State.UNAUTHORIZED
        after = msgspec.structs.replace(
            before,
            account_id=account.id,
            account_name=account.name,
            state=State.ACTIVE if is_back else before.state,
            failures=0,
            blocked_until=None,
            blocked_reason="",
        )
        await jira_connections.save(tx, after, now=work.now())
    return account


async def list_projects(work: Work, connection_id: UUID) -> list[Project]:
    return _answered(await (await _open(work, connection_id)).list_projects())


async def describe_project(
    work: Work, connection_id: UUID, project_key: str, issue_type_id: str = ""
) -> Details:
    jira = await _open(work, connection_id)
    issue_types = _answered(await jira.list_issue_types(project_key))
    request_types = await jira.list_request_types(project_key)
    fields: list[CreateField] = []
    statuses: list[RemoteStatus] = []
    if issue_type_id:
        fields = _answered(await jira.list_create_fields(project_key, issue_type_id))
        statuses = _answered(await jira.list_statuses(project_key, issue_type_id))
    return Details(
        issue_types=issue_types,
        # A site without a service desk has no such API.
        request_types=[] if isinstance(request_types, Trouble) else request_types,
        fields=fields,
        statuses=statuses,
    )


async def problems(work: Work, connection_id: UUID, mapping: Mapping, policy: Policy) -> list[str]:
    """What would go wrong, as the site describes itself now; empty when nothing."""
    jira = await _open(work, connection_id)
    fields = await jira.list_create_fields(mapping.project_key, mapping.issue_type_id)
    if isinstance(fields, Trouble):
        return [f"{mapping.project_key}: {fields.detail}"]
    statuses = await jira.list_statuses(mapping.project_key, mapping.issue_type_id)
    if isinstance(statuses, Trouble):
        return [f"{mapping.project_key}: {statuses.detail}"]
    if not mapping.request_type_id:
        return problems_of(mapping, fields, statuses)
    form = await jira.read_request_form(mapping.service_desk_id, mapping.request_type_id)
    if isinstance(form, Trouble):
        return [f"Request type {mapping.request_type_id}: {form.detail}"]
    found = problems_of(mapping, fields, statuses, form)
    if policy.names_customer and not form.may_name_customer:
        found.append("This account may not raise requests on behalf of customers.")
    return found


def preview(work: Work, complaint: Complaint, mapping: Mapping) -> Preview:
    """Without asking anybody."""
    return Preview(
        project_key=mapping.project_key,
        summary=summary_of(complaint.number, complaint.subject),
        description=description_of(complaint, page_url=page_url(work, complaint)),
        labels=labels_of(complaint),
        fields={
            name: str(value.get("id", "") if isinstance(value, dict) else value)
            for name, value in fields_of(complaint, mapping).items()
        },
    )


async def register_webhook(work: Work, connection_id: UUID) -> str:
    """Tell the site where to send what happens; needs its administrator. The address it got."""
    jira = await _open(work, connection_id)
    async with work.transaction() as tx:
        secrets = await jira_connections.read_secrets(tx, connection_id)
    url = webhook_url(work, connection_id)
    trouble = await jira.register_webhook(name="Tandem", url=url, secret=secrets.webhook_secret)
    if trouble is not None:
        raise Unavailable(f"Jira did not take the webhook: {trouble.detail}")
    return url


async def _open(work: Work, connection_id: UUID) -> Jira:
    signed_in = await sign_in(work, connection_id)
    if isinstance(signed_in, Trouble):
        raise Unavailable(f"Jira does not let us in: {signed_in.detail}")
    return signed_in[1]


def _answered(found: T | Trouble) -> T:
    if isinstance(found, Trouble):
        raise Unavailable(f"Jira: {found.detail}")
    return found
