"""Comparing every linked complaint with its issue: what webhooks missed is found, and healed.

A dry run only tells. The real one settles each difference as a notice would have.
"""

from datetime import timedelta
from uuid import UUID

import msgspec

from tandem.kernel.errors import Unavailable
from tandem.kernel.jobs import Work
from tandem.scm.support.domain import jira_merge
from tandem.scm.support.domain.jira_connection import Connection, NotConnected
from tandem.scm.support.domain.jira_link import Link
from tandem.scm.support.domain.jira_merge import Difference, Side
from tandem.scm.support.domain.jira_remote import LABEL
from tandem.scm.support.gateways.jira.port import Jira, Trouble, TroubleKind
from tandem.scm.support.service.jira.session import look_here
from tandem.scm.support.service.jira.signing_in import sign_in
from tandem.scm.support.service.jira.syncing import sync_link
from tandem.scm.support.store import jira_connections, jira_links

LINKS_MAX = 100
OVERLAP = timedelta(minutes=10)
FIRST = UUID(int=0)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One difference of one complaint. `trouble` is set where Jira did not tell."""

    complaint_id: UUID
    complaint_number: str
    issue_key: str
    what: str
    side: str
    ours: str
    theirs: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is where to go on; None when every linked complaint was looked at."""

    is_dry_run: bool
    looked_at: int
    findings: list[Finding]
    next: UUID | None = None


async def reconcile(work: Work, *, is_dry_run: bool, after: UUID = FIRST) -> Report:
    """A hundred complaints at a time. Network calls: never with a transaction open.

    Raises NotConnected, and Unavailable while Jira does not answer.
    """
    async with work.transaction() as tx:
        connection = await jira_connections.find_active(tx)
        if connection is None:
            raise NotConnected("Connect Jira first.")
        links = await jira_links.list_linked(tx, connection.id, after=after, limit=LINKS_MAX + 1)
    signed_in = await sign_in(work, connection.id)
    if isinstance(signed_in, Trouble):
        raise Unavailable(f"Jira does not answer: {signed_in.detail}")
    connection, jira = signed_in
    findings: list[Finding] = []
    for link in links[:LINKS_MAX]:
        findings += await _look(work, connection, jira, link)
        if not is_dry_run and findings and findings[-1].complaint_id == link.complaint_id:
            await _heal(work, link)
    if not is_dry_run:
        async with work.transaction() as tx:
            await jira_connections.note_reconciled(tx, connection.id, now=work.now())
    more = links[LINKS_MAX - 1].id if len(links) > LINKS_MAX else None
    return Report(
        is_dry_run=is_dry_run,
        looked_at=min(len(links), LINKS_MAX),
        findings=findings,
        next=more,
    )


async def _look(work: Work, connection: Connection, jira: Jira, link: Link) -> list[Finding]:
    there = await jira.read_issue(link.issue_id)
    async with work.transaction() as tx:
        here = await look_here(tx, link)
    if isinstance(there, Trouble):
        if there.kind is not TroubleKind.MISSING:
            raise Unavailable(f"Jira does not answer: {there.detail}")
        found = [Difference(what="orphaned", side=Side.HERE, ours=link.issue_key)]
    else:
        mapping = connection.mapping_in(here.complaint.category, there.project_key)
        found = jira_merge.differences(here, there, mapping=mapping, policy=connection.policy)
    return [
        Finding(
            complaint_id=link.complaint_id,
            complaint_number=here.complaint.number,
            issue_key=link.issue_key,
            what=one.what,
            side=one.side,
            ours=one.ours,
            theirs=one.theirs,
        )
        for one in found
        if one.side is not Side.NOWHERE
    ]


async def _heal(work: Work, link: Link) -> None:
    async with work.transaction() as tx:
        await jira_links.wake(tx, link.id, wants_pull=True, now=work.now())
    await sync_link(work, link.id)


async def catch_up(work: Work) -> int:
    """What changed in Jira since we last looked and we have not seen: lost webhooks, mostly. One
    search per turn, however many complaints are linked; the number of links that have to look."""
    async with work.transaction() as tx:
        connection = await jira_connections.find_active(tx)
    if connection is None or not connection.may_be_called(work.now()):
        return 0
    signed_in = await sign_in(work, connection.id)
    if isinstance(signed_in, Trouble):
        return 0
    connection, jira = signed_in
    since = connection.reconciled_at or connection.created_at
    minutes = int((work.now() - since + OVERLAP).total_seconds() // 60)
    projects = sorted({one.project_key for one in connection.mappings})
    changed = await jira.list_changed(project_keys=projects, label=LABEL, minutes=max(10, minutes))
    if isinstance(changed, Trouble):
        return 0
    woken = 0
    async with work.transaction() as tx:
        for issue_id, updated in changed:
            link = await jira_links.find_of_issue(tx, connection.id, issue_id)
            if link is None or (link.seen_updated and updated <= link.seen_updated):
                continue
            woken += await jira_links.wake(tx, link.id, wants_pull=True, now=work.now())
        await jira_connections.note_reconciled(tx, connection.id, now=work.now())
    return woken
