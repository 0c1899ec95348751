"""Moving the issue to where the complaint is: by status category, or as the mapping says."""

import msgspec

from tandem.kernel.db import Tx
from tandem.scm.support.domain import jira_merge
from tandem.scm.support.domain.jira_connection import Mapping
from tandem.scm.support.domain.jira_content import field_values
from tandem.scm.support.domain.jira_link import Link, Sending, SendState
from tandem.scm.support.domain.jira_merge import Here, Side
from tandem.scm.support.domain.jira_remote import RemoteIssue, RemoteStatus, Transition
from tandem.scm.support.gateways.jira.port import Trouble, TroubleKind
from tandem.scm.support.service.jira.session import Session, look_here
from tandem.scm.support.store import jira_links, jira_queue


async def send_status(session: Session, link: Link, sending: Sending) -> Trouble | None:
    """What Jira will not have is a disagreement that people see, and is not tried again."""
    there = await session.jira.read_issue(link.issue_id)
    if isinstance(there, Trouble):
        return there
    async with session.work.transaction() as tx:
        here = await look_here(tx, link)
    mapping = session.connection.mapping_in(here.complaint.category, there.project_key)
    rules = mapping or Mapping(project_key=there.project_key, issue_type_id="-")
    if _is_theirs_first(session, here, there, rules):
        async with session.recording() as (tx, fresh):
            await jira_links.save(tx, msgspec.structs.replace(fresh, wants_pull=True))
            await _settle(session, tx, sending, "Changed in Jira as well.")
        return None
    wanted = jira_merge.wanted_status(here.complaint.status, there.status, rules)
    if wanted is None:
        return await _record(session, sending, here, there.status)
    transitions = await session.jira.list_transitions(link.issue_id)
    if isinstance(transitions, Trouble):
        return transitions
    chosen = choose(transitions, wanted)
    if chosen is None:
        words = f"No transition leads from {there.status.name} to {wanted}."
        return await _clash(session, sending, here, there, words)
    return await _transition(session, link, sending, here, there, chosen, rules)


async def _transition(
    session: Session,
    link: Link,
    sending: Sending,
    here: Here,
    there: RemoteIssue,
    chosen: Transition,
    rules: Mapping,
) -> Trouble | None:
    values = field_values(rules.transition_fields, here.complaint)
    needed = {field.id: field.name for field in chosen.required}
    missing = [name for field_id, name in needed.items() if field_id not in values]
    if missing:
        words = f"{chosen.name!r} asks for {', '.join(missing)}, which has no value in the mapping."
        return await _clash(session, sending, here, there, words)
    fields = {name: value for name, value in values.items() if name in needed}
    trouble = await session.jira.transition(link.issue_id, chosen.id, fields)
    if trouble is None:
        return await _record(session, sending, here, chosen.to)
    if trouble.kind in {TroubleKind.REFUSED, TroubleKind.FORBIDDEN}:
        return await _clash(session, sending, here, there, trouble.detail)
    return trouble


def choose(transitions: list[Transition], wanted: str) -> Transition | None:
    """To the wanted status, or the first into the wanted category that asks for least."""
    exact = [one for one in transitions if one.to.id == wanted]
    into = [one for one in transitions if one.to.category == wanted]
    return min(exact or into, key=lambda one: len(one.required), default=None)


def _is_theirs_first(session: Session, here: Here, there: RemoteIssue, rules: Mapping) -> bool:
    """Somebody changed it there meanwhile, and wins."""
    found = jira_merge.differences(here, there, mapping=rules, policy=session.connection.policy)
    return any(one.what == "status" and one.side is Side.HERE for one in found)


async def _record(
    session: Session, sending: Sending, here: Here, status: RemoteStatus
) -> Trouble | None:
    now = session.work.now()
    async with session.recording() as (tx, link):
        shadow = msgspec.structs.replace(
            link.shadow, status=here.complaint.status, status_there=status.id
        )
        await jira_links.save(tx, msgspec.structs.replace(link, shadow=shadow))
        await jira_queue.decide_clash(tx, link.id, "transition", "ours", now=now)
        await _settle(session, tx, sending)
    return None


async def _clash(
    session: Session, sending: Sending, here: Here, there: RemoteIssue, words: str
) -> Trouble | None:
    """Both stay as they are; the next change on either side is a new matter."""
    now = session.work.now()
    async with session.recording() as (tx, link):
        shadow = msgspec.structs.replace(
            link.shadow, status=here.complaint.status, status_there=there.status.id
        )
        await jira_links.save(tx, msgspec.structs.replace(link, shadow=shadow))
        await jira_queue.open_clash(
            tx,
            link.id,
            kind="transition",
            ours=here.complaint.status,
            theirs=there.status.name,
            note=words,
            now=now,
        )
        await _settle(session, tx, sending, words)
    return None


async def _settle(session: Session, tx: Tx, sending: Sending, note: str = "") -> None:
    await jira_queue.settle_sending(
        tx, sending.id, SendState.DONE, error=note, now=session.work.now()
    )
