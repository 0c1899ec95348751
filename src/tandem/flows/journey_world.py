"""What a journey's steps do: messages through the policy into the ledger, lists, owners, tasks.

All of it belongs to the walk's transaction: a worker that dies leaves the person before the step.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tandem.contracts.marketing import JourneyTold
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.audiences import Reachable
from tandem.crm.customers.domain.records import NewTask, Owning
from tandem.crm.identity import service as identity
from tandem.crm.marketing.domain.campaigns import Variant
from tandem.crm.marketing.domain.journey_walking import Result
from tandem.crm.marketing.domain.journeys import Act, Branch, Plan, Run, Send, feed_of
from tandem.crm.notifications import service as notifications
from tandem.crm.notifications.domain.messages import Channel, Lane
from tandem.crm.notifications.domain.outgoing import Outgoing
from tandem.crm.notifications.domain.policy import SendAsk, Verdict
from tandem.crm.notifications.domain.template_versions import ParameterWrong
from tandem.crm.notifications.service import deciding, templates
from tandem.crm.sales.domain.leads import LeadChange, StatusKind
from tandem.crm.sales.domain.opportunities import Draft
from tandem.crm.sales.service import leads, scoring
from tandem.flows import opportunities, send_policy
from tandem.flows.campaign_words import parameters_of, words_of
from tandem.flows.message_links import way_out
from tandem.flows.score_leads import vocabulary
from tandem.kernel import rules
from tandem.kernel.db import Tx
from tandem.kernel.errors import Refusal

KIND = "journey"


class Live:
    """One person's world. `now` is when the step is taken."""

    def __init__(
        self, tx: Tx, run: Run, plan: Plan, person: Reachable, company: str, zone: ZoneInfo,
        now: datetime,
    ) -> None:  # fmt: skip
        self.tx = tx
        self.run = run
        self.plan = plan
        self.person = person
        self.company = company
        self.zone = zone
        self.now = now

    async def holds(self, step: Branch) -> bool:
        return await holds(self.tx, step, self.run.customer_id, self.now, self.zone)

    async def send(self, run: Run, step: Send) -> Result:
        verdict = await self._judge(step)
        if verdict.action == "skip":
            return Result("skipped", verdict.reason)
        try:
            letter = await self._letter(run, step, verdict)
        except ParameterWrong as reason:
            return Result("skipped", f"words: {reason.detail}")
        await notifications.plan(self.tx, [letter], now=self.now)
        return Result("held" if verdict.action == "hold" else "sent", verdict.reason)

    async def act(self, run: Run, step: Act) -> Result:
        """What cannot be done is said in the log, and the person goes on."""
        try:
            async with self.tx.attempt():
                return await self._act(run, step)
        except Refusal as refusal:
            return Result("refused", str(refusal.detail))

    async def _judge(self, step: Send) -> Verdict:
        ask = SendAsk(
            customer_id=self.person.id,
            channel=Channel(step.channel.value),
            address=self.person.address(step.channel),
            purpose=self.plan.purpose,
            kind=KIND,
            lane=Lane.BULK,
            at=self.now,
            feed=feed_of(self.run.journey_id),
        )
        (verdict,) = await send_policy.decide(self.tx, [ask], now=self.now, with_gates=False)
        return verdict

    async def _letter(self, run: Run, step: Send, verdict: Verdict) -> Outgoing:
        links = way_out(self.tx.actor.org_id, self.person, self.plan.purpose, step.channel)
        parameters = parameters_of(self.person, company=self.company, links=links)
        words: dict[str, Any]
        chosen = step.template_version_id
        if chosen is not None:
            said = await templates.in_languages(self.tx, [(chosen, self.person.locale)])
            version_id = said.get((chosen, self.person.locale), chosen)
            words = {"template_version_id": version_id, "parameters": parameters}
        else:
            made = words_of(step.channel, _variant(step), parameters)
            words = {"subject": made.subject, "text": made.text, "html": made.html}
        return Outgoing(
            dedupe=f"{feed_of(run.journey_id)}:{run.id}:{run.steps}",
            channel=Channel(step.channel.value),
            kind=KIND,
            purpose=self.plan.purpose,
            customer_id=self.person.id,
            recipient=self.person.address(step.channel),
            lane=Lane.BULK,
            feed=feed_of(run.journey_id),
            sender_name=self.company,
            not_before=verdict.until,
            **words,
        )

    async def _act(self, run: Run, step: Act) -> Result:
        tx, customer_id = self.tx, self.person.id
        match step.what:
            case "add_to_list" | "remove_from_list":
                assert step.list_id, "a published act says which list"
                segment = await customers.lock_segment(tx, step.list_id)
                change = (
                    customers.add_to_segment
                    if step.what == "add_to_list"
                    else customers.remove_from_segment
                )
                count = await change(tx, segment, [customer_id], now=self.now)
                return Result("done" if count else "unchanged", segment.name)
            case "set_owner":
                customer = await customers.lock_customer(tx, customer_id)
                owning = Owning(owner_id=step.owner_id, team_id=customer.team_id)
                await customers.assign_customer(tx, customer, owning, now=self.now)
                return Result("done")
            case "add_task":
                assert step.title, "a published act says what to do"
                customer = await customers.get_customer(tx, customer_id)
                due = (self.now + timedelta(days=step.days)).astimezone(self.zone).date()
                task = NewTask(title=step.title, due_on=due, assignee_id=customer.owner_id)
                await customers.add_task(tx, "customer", customer_id, task, now=self.now)
                return Result("done", step.title)
            case "change_score":
                return await self._score(run, step)
            case "set_lead_status":
                return await self._status(step)
            case "open_deal":
                assert step.title, "a published act says what to call it"
                customer = await customers.get_customer(tx, customer_id)
                draft = Draft(
                    title=step.title,
                    customer_id=customer_id,
                    owner_id=customer.owner_id,
                    source=KIND,
                )
                deal = await opportunities.open_opportunity(tx, draft, now=self.now)
                return Result("done", deal.number)
            case "tell_webhooks":
                assert step.title, "a published act says what to tell"
                await tx.publish(
                    JourneyTold(
                        journey_id=run.journey_id,
                        run_id=run.id,
                        step=step.id,
                        customer_id=customer_id,
                        title=step.title,
                        at=self.now,
                    )
                )
                return Result("done", step.title)

    async def _status(self, step: Act) -> Result:
        """Every lead that the person is and that was not converted."""
        assert step.status_id, "a published act says which status"
        found = [
            lead
            for lead in await leads.list_of_customer(self.tx, self.person.id)
            if lead.kind is not StatusKind.CONVERTED
        ]
        if not found:
            return Result("unchanged", "They are no lead.")
        change = LeadChange(status_id=step.status_id)
        after = [await leads.update_lead(self.tx, one.id, change, now=self.now) for one in found]
        return Result("done", after[0].status_name)

    async def _score(self, run: Run, step: Act) -> Result:
        """Every lead that the person is gets the points, once for this step of their way."""
        assert step.points, "a published act says how many points"
        tx = self.tx
        found = await leads.list_of_customer(tx, self.person.id)
        if not found:
            return Result("unchanged", "They are no lead.")
        for lead in found:
            await scoring.adjust(
                tx,
                lead.id,
                points=step.points,
                reason=step.reason or "A journey",
                occasion=f"{feed_of(run.journey_id)}:{run.id}:{run.steps}",
                words=await vocabulary(tx),
                now=self.now,
            )
        return Result("done", f"{step.points:+d}")


async def holds(tx: Tx, step: Branch, customer_id: UUID, now: datetime, zone: ZoneInfo) -> bool:
    """Whether somebody is in the branch's segment, or fulfils its rule now."""
    if step.segment_id is not None:
        return any(
            segment.id == step.segment_id
            for segment in await customers.segments_of(tx, customer_id)
        )
    moment = rules.Moment(now=now, zone=zone.key)
    return (await customers.explain_rule(tx, step.rule, customer_id, moment)).holds


async def zone_of(tx: Tx, customer_id: UUID) -> ZoneInfo:
    """Where the person lives, if they said so, else the company's."""
    own = (await deciding.zones_of(tx, [customer_id])).get(customer_id)
    return ZoneInfo(own or (await identity.get_organisation(tx)).time_zone)


def _variant(step: Send) -> Variant:
    return Variant(
        id=UUID(int=0),
        position=0,
        template_version_id=None,
        subject=step.subject,
        text=step.text,
        html=step.html,
    )
