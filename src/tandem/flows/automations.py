"""When something happens to a lead or a deal, automations do what they were told to do then."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.records import NewNote
from tandem.crm.customers.domain.tasks import TaskDraft
from tandem.crm.identity import service as identity
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.automations import (
    Action,
    AddNote,
    AddTags,
    AddTask,
    AssignByRules,
    Automation,
    AutomationDraft,
    GiveTo,
    MoveTo,
    Subject,
    SubjectKind,
    Tell,
    described,
    filled,
    people_of,
)
from tandem.crm.sales.domain.leads import TAGS_MAX, LeadChange
from tandem.crm.sales.domain.opportunities import Change
from tandem.crm.sales.service import assigning, automations, leads
from tandem.flows import assign_leads, notes, staff_inbox, tasks
from tandem.flows import leads as lead_flow
from tandem.kernel import company, rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import NotFound, Refusal
from tandem.kernel.events import Told, tap
from tandem.kernel.jobs import Work, every

STOPPED = "It had acted on this record often enough for a day: perhaps two answer each other."


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen now: `would` is empty where the condition does not hold."""

    explanation: rules.Explanation
    would: list[str]


async def vocabulary(tx: Tx, kind: SubjectKind) -> rules.Vocabulary:
    fields = await customers.list_fields(tx.with_all_grants(), kind)
    own = [field.for_rules() for field in fields if field.retired_at is None]
    return automations.vocabulary(kind, own)


async def add_automation(tx: Tx, draft: AutomationDraft, *, now: datetime) -> Automation:
    """As `automations.add_automation`. Refuses people who are not here."""
    await _check_people(tx, draft)
    words = await vocabulary(tx, draft.trigger.subject)
    return await automations.add_automation(tx, draft, words, now=now)


async def change_automation(
    tx: Tx, automation_id: UUID, draft: AutomationDraft, *, is_current: object, now: datetime
) -> Automation:
    """As `automations.change_automation`. Refuses people who are not here."""
    await _check_people(tx, draft)
    words = await vocabulary(tx, draft.trigger.subject)
    assert callable(is_current), "what refuses an outdated version"
    return await automations.change_automation(
        tx, automation_id, draft, words, is_current=is_current, now=now
    )


async def try_out(tx: Tx, automation_id: UUID, subject_id: UUID, *, now: datetime) -> Trial:
    """Whether the condition holds of a record within the reader's reach, and what would be done.
    Changes nothing."""
    automation = await automations.get_automation(tx, automation_id, now=now)
    kind = automation.trigger.subject
    subject = await find_subject(tx, kind, subject_id)
    words = (await vocabulary(tx, kind)).without(tx.actor.hidden)
    explanation = await automations.explain(
        tx, automation, kind, subject.id, words, await company.moment_of(tx, now)
    )
    people, statuses = await names(tx)
    would = [described(one, people, statuses) for one in automation.actions]
    return Trial(explanation=explanation, would=would if explanation.holds else [])


async def names(tx: Tx) -> tuple[Mapping[UUID, str], Mapping[UUID, str]]:
    """People and statuses by their ids, for sentences."""
    people = await identity.staff_names(tx.with_all_grants())
    statuses = await automations.statuses(tx.with_all_grants())
    return people, {one.id: one.name for one in statuses.values()}


async def find_subject(tx: Tx, kind: SubjectKind, subject_id: UUID) -> Subject:
    """Refuses with NotFound what is not there or out of reach."""
    if kind == "lead":
        lead = await leads.get_lead(tx, subject_id)
        return Subject(
            kind="lead", id=lead.id, number=lead.number, name=lead.title,
            company=lead.company_name, owner_id=lead.owner_id, page=f"/leads/{lead.id}",
        )  # fmt: skip
    deal = await sales.get_opportunity(tx, subject_id)
    return Subject(
        kind="opportunity", id=deal.id, number=deal.number, name=deal.title,
        company=deal.customer_name, owner_id=deal.owner_id, page=f"/deals/{deal.id}",
    )  # fmt: skip


@every(3600, "sales.forget_automation_runs")
async def forget_old(work: Work) -> None:
    is_left = True
    while is_left:
        async with work.transaction() as tx:
            is_left = await automations.forget_old(tx, now=work.now())


@tap(automations.SUBSCRIBER)
async def react(tx: Tx, told: Told, now: datetime) -> None:
    trusted = tx.with_all_grants()
    for automation in await automations.asked_by(trusted, told):
        try:
            subject = await _as_it_lives_on(trusted, automation.trigger.subject, UUID(told.key))
        except NotFound:
            return
        await _run(trusted, automation, told, subject, now)


async def _as_it_lives_on(tx: Tx, kind: SubjectKind, subject_id: UUID) -> Subject:
    """A lead that was merged is the one it was merged into."""
    if kind == "lead":
        found = await leads.find_lead(tx, subject_id)
        if found is None:
            raise NotFound("The lead is gone.")
        subject_id = found.id
    return await find_subject(tx, kind, subject_id)


async def _run(tx: Tx, automation: Automation, told: Told, subject: Subject, now: datetime) -> None:
    """All of its actions or none, and a line in its log either way. Nothing where its condition
    does not hold."""
    moment = await company.moment_of(tx, now)
    try:
        words = await vocabulary(tx, subject.kind)
        verdict = await automations.explain(tx, automation, subject.kind, subject.id, words, moment)
        if not verdict.holds:
            return
        if not await automations.has_room(tx, automation.id, subject.id, now=now):
            await automations.log(tx, automation, told, subject, "stopped", STOPPED, now=now)
            return
        async with tx.attempt():
            for place, action in enumerate(automation.actions):
                dedupe = f"{automation.id}:{told.id}:{place}"
                await _do(tx, action, subject, moment, dedupe)
    except Refusal as refusal:
        await automations.log(tx, automation, told, subject, "failed", refusal.detail, now=now)
        return
    await automations.log(tx, automation, told, subject, "done", "", now=now)


async def _do(tx: Tx, action: Action, subject: Subject, moment: rules.Moment, dedupe: str) -> None:
    now = moment.now
    match action:
        case AddTask():
            await tasks.add_task(tx, _task(action, subject, moment), now=now)
        case AddNote():
            await _note(tx, subject, filled(action.text, subject), now)
        case Tell():
            await staff_inbox.tell(
                tx,
                [action.user_id or subject.owner_id],
                kind="automation",
                title=filled(action.text, subject),
                body=subject.name,
                link=subject.page,
                dedupe=dedupe,
                now=now,
            )
        case GiveTo():
            await _give(tx, subject, action.owner_id, now)
        case AssignByRules():
            await assign_leads.assign(tx, subject.id, how="by_hand", now=now)
        case MoveTo():
            to = LeadChange(status_id=action.status_id)
            await lead_flow.update_lead(tx, subject.id, to, now=now)
        case AddTags():
            lead = await leads.lock_lead(tx, subject.id)
            new = [tag for tag in action.tags if tag not in lead.tags]
            to = LeadChange(tags=[*lead.tags, *new][:TAGS_MAX])
            await lead_flow.update_lead(tx, subject.id, to, now=now)


def _task(action: AddTask, subject: Subject, moment: rules.Moment) -> TaskDraft:
    return TaskDraft(
        subject_kind=subject.kind,
        subject_id=subject.id,
        title=filled(action.title, subject)[:200],
        kind=action.kind,
        due_on=moment.today + timedelta(days=action.due_days),
        assignee_id=action.assignee_id or subject.owner_id,
    )


async def _note(tx: Tx, subject: Subject, text: str, now: datetime) -> None:
    if subject.kind == "lead":
        await leads.add_note(tx, subject.id, text, now=now)
    else:
        await notes.add_note(tx, "opportunity", subject.id, NewNote(text=text), now=now)


async def _give(tx: Tx, subject: Subject, owner_id: UUID, now: datetime) -> None:
    if owner_id == subject.owner_id:
        return
    if subject.kind == "lead":
        people = await assign_leads.directory(tx)
        await assigning.give(tx, subject.id, owner_id, people, now=now)
    else:
        await identity.check_staff(tx, owner_id, field="owner_id")
        await sales.change(tx, subject.id, Change(owner_id=owner_id), now=now)


async def _check_people(tx: Tx, draft: AutomationDraft) -> None:
    for field, user_id in people_of(draft.actions).items():
        await identity.check_staff(tx.with_all_grants(), user_id, field=field)
