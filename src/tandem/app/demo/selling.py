"""Who asked, and what became of it: a form, points, leads, deals, a quote, tasks, a quota."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from tandem.app.demo.days import Days
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.tasks import TaskDraft
from tandem.crm.sales import service as sales
from tandem.crm.sales.domain.assigning import RuleDraft, Strategy
from tandem.crm.sales.domain.converting import Wish
from tandem.crm.sales.domain.forms import FormConsent, FormDraft, FormField
from tandem.crm.sales.domain.leads import Channel, LeadDraft, NewTouch
from tandem.crm.sales.domain.lines import LineDraft
from tandem.crm.sales.domain.opportunities import Draft, Loss, LostReason
from tandem.crm.sales.domain.qualifying import Disqualification
from tandem.crm.sales.domain.quotas import NewQuota, Period
from tandem.crm.sales.domain.quotes import NewQuote
from tandem.crm.sales.domain.scoring import Area, NewBehaviour, ScoreRuleDraft
from tandem.crm.sales.service import assignment_rules, forms, qualifying, scoring
from tandem.flows import (
    assign_leads,
    convert_lead,
    leads,
    opportunities,
    quotas,
    score_leads,
    tasks,
)
from tandem.flows.deal_lines import set_lines
from tandem.flows.quotes import writing as quotes

SOURCE = "Web site"


class Asker(NamedTuple):
    days_ago: float
    name: str
    company: str
    city: str
    utm: tuple[str, str, str]
    became: str = ""
    """`qualified`, `lost`, or the title of the deal."""


GOOGLE, FAIR, FRIEND = ("google", "cpc", "monsoon"), ("", "", ""), ("referral", "link", "friends")
ASKERS: Sequence[Asker] = (
    Asker(19, "Arjun Hegde", "Hegde Sweets", "Mysuru", GOOGLE, "Festival hampers"),
    Asker(17, "Sunita Pai", "Coastal Homestays", "Mangaluru", FRIEND, "Welcome trays for 40 rooms"),
    Asker(15, "Imtiaz Ali", "", "Hubballi", GOOGLE, "lost"),
    Asker(12, "Revathi Menon", "Clinic on Fifth", "Bengaluru", FAIR, "Pantry subscription"),
    Asker(9, "Dev Bhat", "Bhat & Sons", "Udupi", GOOGLE, "qualified"),
    Asker(7, "Anita Rodrigues", "Harbour School", "Mangaluru", FRIEND, "qualified"),
    Asker(5, "Harish Gowda", "Gowda Estates", "Hassan", GOOGLE),
    Asker(3, "Noor Fatima", "", "Bengaluru", ("instagram", "social", "monsoon")),
    Asker(1.5, "Vivek Rao", "Rao Caterers", "Bengaluru", GOOGLE),
    Asker(0.2, "Leela Thomas", "Thomas Clinics", "Bengaluru", FAIR),
)


class Deal(NamedTuple):
    """`place` counts the open stages; `ends` is `won`, a reason for losing it, or nothing."""

    days_ago: float
    title: str
    buyer: str
    rupees: int
    place: int
    ends: str = ""


DEALS: Sequence[Deal] = (
    Deal(20, "Counter display, three cafés", "Karthik Shetty", 64_000, 3, "won"),
    Deal(16, "Year-end gifts", "Nandini Gowda", 1_80_000, 3),
    Deal(14, "Office tea, 60 people", "Divya Reddy", 42_500, 2, "price"),
    Deal(11, "Monthly incense for the store", "Nandini Gowda", 96_000, 2),
    Deal(6, "New branch in Indiranagar", "Karthik Shetty", 2_40_000, 1),
    Deal(2, "Wedding favours", "Lakshmi Narayanan", 75_000, 0),
)


async def open_shop(days: Days) -> None:
    async with days.ago(21) as (tx, now):
        await forms.add_form(tx, _form(), now=now)
        words = await score_leads.vocabulary(tx)
        for rule in _points():
            await scoring.add_rule(tx, rule, words, now=now)
        everybody = RuleDraft(name="Everybody", strategy=Strategy.OWNER, owner_id=days.user_id)
        await assignment_rules.add_rule(tx, everybody, await assign_leads.directory(tx), now=now)


def _form() -> FormDraft:
    return FormDraft(
        name="Talk to us",
        title="Tea and incense for your counter",
        intro="Tell us what you need. Somebody writes back within a day.",
        fields=[
            FormField(key="name", is_required=True),
            FormField(key="email", is_required=True),
            FormField(key="phone"),
            FormField(key="company_name"),
            FormField(key="city"),
            FormField(key="description"),
        ],
        consents=[
            FormConsent(
                purpose="marketing",
                channels=["email"],
                text="Write to me about new products.",
                notice_version="2026-10",
            )
        ],
        source=SOURCE,
    )


def _points() -> list[ScoreRuleDraft]:
    near = {"field": "city", "op": "in", "value": ["Bengaluru", "Mysuru", "Mangaluru"]}
    firm = {"field": "company_name", "op": "set"}
    return [
        ScoreRuleDraft(name="Near our warehouse", area=Area.FIT, rule=near, points=15),
        ScoreRuleDraft(name="Buys for a company", area=Area.FIT, rule=firm, points=10),
        ScoreRuleDraft(
            name="Sent a form",
            area=Area.BEHAVIOUR,
            rule={"event": "form_submitted"},
            points=25,
            half_life_days=30,
        ),
        ScoreRuleDraft(
            name="Placed an order", area=Area.BEHAVIOUR, rule={"event": "order_placed"}, points=30
        ),
    ]


async def meet_people(days: Days) -> None:
    for place, one in enumerate(ASKERS):
        async with days.ago(one.days_ago) as (tx, now):
            source, medium, campaign = one.utm
            touch = NewTouch(utm_source=source, utm_medium=medium, utm_campaign=campaign)
            host = one.company.lower().replace(" & ", "-").replace(" ", "-") or "mail"
            draft = LeadDraft(
                name=one.name,
                company_name=one.company,
                city=one.city,
                email=f"{one.name.split()[0].lower()}@{host}.tandem.test",
                phone=f"+9198450200{place:02}",
                source=SOURCE if source else "Trade fair",
                touch=touch,
            )
            channel = Channel.FORM if source else Channel.MANUAL
            lead = (await leads.add_lead(tx, draft, channel=channel, now=now)).lead
            if channel is Channel.FORM:
                sent = NewBehaviour(id=str(lead.id), kind="form_submitted")
                await score_leads.note_behaviour(tx, lead.id, sent, now=now)
        if one.became:
            async with days.ago(max(one.days_ago - 1, 0.1)) as (tx, now):
                if one.became == "lost":
                    why = Disqualification(reason="Wanted what we do not sell")
                    await qualifying.disqualify(tx, lead.id, why, now=now)
                    continue
                await qualifying.qualify(tx, lead.id, now=now)
                if one.became != "qualified":
                    worth = 35_000_00 + place * 22_500_00
                    wish = Wish(title=one.became, amount_minor=worth)
                    await convert_lead.convert(tx, lead.id, wish, now=now)


async def work_deals(days: Days) -> None:
    async with days.ago(21) as (tx, now):
        stages = [one.id for one in (await sales.ensure_first(tx, now=now)).stages]
    for one in DEALS:
        async with days.ago(one.days_ago) as (tx, now):
            buyer = (await customers.list_customers(tx, text=one.buyer, limit=1)).items[0]
            draft = Draft(
                title=one.title,
                customer_id=buyer.id,
                amount_minor=one.rupees * 100,
                close_on=(now + timedelta(days=30)).date(),
                owner_id=days.user_id,
                source="Existing customer",
            )
            deal = await opportunities.open_opportunity(tx, draft, now=now)
        for step, stage_id in enumerate(stages[1 : one.place + 1], start=1):
            async with days.ago(one.days_ago * (1 - step / 6)) as (tx, now):
                await sales.move(tx, deal.id, stage_id=stage_id, after_id=None, now=now)
        async with days.ago(one.days_ago / 3) as (tx, now):
            if one.ends == "won":
                await sales.win(tx, deal.id, now=now)
            elif one.ends:
                loss = Loss(reason=LostReason(one.ends), note="Went with the old supplier.")
                await sales.lose(tx, deal.id, loss, now=now)
    async with days.ago(0.3) as (tx, now):
        lines = [
            LineDraft(sku="SPI-CAR-050", quantity=60),
            LineDraft(sku="TEA-DRJ-100", quantity=60),
        ]
        await set_lines(tx, deal.id, lines, now=now)
        drafted = await quotes.draft_quote(tx, NewQuote(opportunity_id=deal.id), now=now)
        await quotes.send_quote(tx, drafted.id, now=now)
        call = TaskDraft(
            subject_kind="opportunity",
            subject_id=deal.id,
            title="Call about the wedding favours",
            kind="call",
            due_on=(now + timedelta(days=1)).date(),
            assignee_id=days.user_id,
        )
        await tasks.add_task(tx, call, now=now)
        month = NewQuota(
            owner_id=days.user_id, period=Period.MONTH, on=now.date(), target_minor=5_00_000_00
        )
        await quotas.add_quota(tx, month, now=now)
