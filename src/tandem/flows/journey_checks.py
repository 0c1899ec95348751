"""Whether what a journey names is there, and the company's: segments, people, templates, rules."""

from uuid import UUID

from tandem.crm.customers import service as customers
from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain.campaigns import Variant
from tandem.crm.marketing.domain.journey_paths import lacks_subject, paths
from tandem.crm.marketing.domain.journeys import Act, Branch, Plan, Send, Step, WaitFor
from tandem.crm.notifications.service import templates
from tandem.crm.sales.domain.leads import StatusKind
from tandem.crm.sales.service import lead_statuses
from tandem.flows.campaign_words import check_words
from tandem.kernel import rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Invalid, NotFound


async def check_named(tx: Tx, plan: Plan) -> None:
    """Refuses what is not there, by the step's id; another company's is not either."""
    for segment_id, where in _segments(plan):
        try:
            await customers.get_segment(tx, segment_id)
        except NotFound as reason:
            raise Invalid("There is no such segment.", field=where) from reason
    for node in paths(plan).values():
        await _check_step(tx, node.step)


async def _check_step(tx: Tx, step: Step) -> None:
    match step:
        case Branch() if step.rule is not None:
            rules.read(step.rule, await customers.words(tx))
        case Send() if step.template_version_id is not None:
            version = await templates.version(tx, step.template_version_id)
            if version is None or version.channel != step.channel.value:
                raise Invalid("There is no such template for this channel.", field=step.id)
        case Send() if (step.text or step.html) and not lacks_subject(step):
            check_words(step.channel, _variant(step))
        case Act() if step.status_id is not None:
            known = {one.id: one for one in await lead_statuses.list_statuses(tx.with_all_grants())}
            status = known.get(step.status_id)
            if status is None:
                raise Invalid("There is no such status.", field=step.id)
            if status.kind is StatusKind.CONVERTED:
                raise Invalid("A lead is converted by a person.", field=step.id)
        case Act() if step.owner_id is not None:
            try:
                await identity.get_user(tx.with_all_grants(), step.owner_id)
            except NotFound as reason:
                raise Invalid("There is no such person.", field=step.id) from reason


def asked_segments(plan: Plan) -> set[UUID]:
    """By which it says who begins, arrives and goes which way."""
    found = {plan.entry.segment_id, plan.goal_segment_id}
    for node in paths(plan).values():
        if isinstance(node.step, WaitFor | Branch):
            found.add(node.step.segment_id)
    return {one for one in found if one is not None}


def _segments(plan: Plan) -> list[tuple[UUID, str]]:
    found = [(plan.entry.segment_id, "entry"), (plan.goal_segment_id, "goal_segment_id")]
    for node in paths(plan).values():
        step = node.step
        if isinstance(step, WaitFor | Branch):
            found.append((step.segment_id, step.id))
        if isinstance(step, Act):
            found.append((step.list_id, step.id))
    return [(segment_id, where) for segment_id, where in found if segment_id is not None]


def _variant(step: Send) -> Variant:
    return Variant(
        id=UUID(int=0),
        position=0,
        name=step.id,
        subject=step.subject,
        text=step.text,
        html=step.html,
    )
