"""Whose doing it was: credit that follows money, leads and deals wherever they go."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx2 as httpx
import msgspec
import pytest

from tandem.contracts.customers import CustomersMerged, CustomersParted
from tandem.contracts.marketing import CampaignClicked, CampaignCosted, EngagementRejudged
from tandem.contracts.orders import OrderPlaced
from tandem.contracts.payments import PaymentCaptured, RefundProcessed
from tandem.contracts.sales import (
    LeadCaptured,
    LeadConversionUndone,
    LeadConverted,
    LeadLinked,
    OpportunityStands,
)
from tandem.crm.analytics.domain.asking import Ask
from tandem.crm.analytics.domain.attribution import SLOTS, Model
from tandem.crm.analytics.service import run
from tandem.crm.analytics.service.attributing import Attribution, AttributionAsk, By, attribute
from tandem.flows import analyse
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.errors import Forbidden
from tandem.kernel.ids import new_id
from tandem.kernel.outbox import drain
from tandem.scm.orders import service as orders
from tandem.scm.orders.domain.views import Filters
from tests.analytics.filled import fill
from tests.analytics.givens import OTHERS, Counted, cancelled, confirmed, days_ago, placed
from tests.identity.company import Company, actor_of, found

SPRING, DIWALI = UUID(int=101), UUID(int=102)


@pytest.fixture
def company(database: Database, actor: Actor) -> Counted:
    return Counted(database, actor)


def came(lead_id: UUID, **marks: Any) -> LeadCaptured:
    """Somebody sent a form."""
    tags = {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "brand", "source": ""}
    return LeadCaptured(
        lead_id=lead_id, number="L-1", is_new=True, touch_id=new_id(), channel="form",
        campaign_id=None, form_id=UUID(int=9), owner_id=None, **(tags | marks),
    )  # fmt: skip


def clicked(customer: UUID, days: float, **more: Any) -> CampaignClicked:
    values: dict[str, Any] = {
        "message_id": new_id(), "customer_id": customer, "campaign_id": SPRING, "journey_id": None,
        "channel": "email", "at": days_ago(days), "engagement_id": new_id(), "variant_id": None,
        "verdict": "human", "reason": "", "url": "https://x.test/?utm_source=shop&utm_medium=email",
    }  # fmt: skip
    return CampaignClicked(**(values | more))


def paid(order: OrderPlaced, amount: int | None = None) -> PaymentCaptured:
    whole = order.total_minor if amount is None else amount
    return PaymentCaptured(
        order_id=order.order_id, payment_id=new_id(), provider_payment_id="pay", method="upi",
        amount_minor=whole, captured_minor=whole, currency=order.currency,
    )  # fmt: skip


def back(payment: PaymentCaptured, amount: int, so_far: int | None = None) -> RefundProcessed:
    return RefundProcessed(
        order_id=payment.order_id, refund_id=new_id(), payment_id=payment.payment_id,
        amount_minor=amount, refunded_minor=so_far or amount, currency=payment.currency,
    )  # fmt: skip


def cost(amount: int, campaign: UUID = SPRING) -> CampaignCosted:
    return CampaignCosted(
        campaign_id=campaign, name="Spring", channel="email", cost_minor=amount, currency="INR"
    )


async def report(company: Counted, *, actor: Actor | None = None, **more: Any) -> Attribution:
    asked = msgspec.convert({"period": "last_90_days"} | more, AttributionAsk)
    async with company.database.transaction(actor or company.actor) as tx:
        return await attribute(tx, asked, now=company.clock.at)


def by_value(found: Attribution) -> dict[str | None, tuple[int | None, float | None]]:
    return {row.value: (row.revenue_minor, row.orders) for row in found.rows}


async def test_the_whole_way_from_a_form_to_money_and_back(company: Counted) -> None:
    """A form with UTM, a lead, a click, an order that is paid; then half of it goes back."""
    lead, customer = new_id(), new_id()
    order = placed(1000_01, customer=customer)
    await company.tell(cost(200_00), came(lead), at=days_ago(20))
    linked: dict[str, Any] = {"lead_id": lead, "number": "L-1", "customer_id": customer}
    await company.tell(
        LeadLinked(**linked),
        LeadConverted(**linked, conversion_id=new_id(), account_id=None, opportunity_id=None),
        at=days_ago(19),
    )
    await company.tell(clicked(customer, 10), clicked(customer, 9, verdict="bot"), at=days_ago(10))
    await company.tell(won(customer), at=days_ago(6))
    await company.tell(order, confirmed(order), at=days_ago(5))
    money = paid(order)
    await company.tell(money, at=days_ago(5))

    found = await report(company)
    rows = {row.value: row for row in found.rows}
    assert (rows[str(SPRING)].revenue_minor, rows["(none)"].revenue_minor) == (500_00, 500_01)
    assert (rows[str(SPRING)].orders, rows[str(SPRING)].deals) == (0.5, 0.5)
    assert (rows[str(SPRING)].spend_minor, rows[str(SPRING)].roi) == (200_00, 1.5)
    assert (found.total.revenue_minor, found.total.leads, found.total.deals) == (1000_01, 1, 1)
    first = await report(company, model="first", by="source")
    assert by_value(first) == {"google": (1000_01, 1), "(none)": (0, 0)}
    last = await report(company, model="last", by="medium")
    assert by_value(last)["email"] == (1000_01, 1)
    short = await report(company, model="first", window_days=7)
    assert by_value(short)[str(SPRING)] == (1000_01, 1)

    company.clock.at += timedelta(minutes=1)
    await company.tell(back(money, 500_00))
    after = await report(company)
    spring = next(row for row in after.rows if row.value == str(SPRING))
    assert (after.total.revenue_minor, spring.revenue_minor, spring.roi) == (500_01, 250_00, 0.25)
    assert await report(company, as_of=found.as_of) == found
    opened = await company.open(after.ask, "credited_revenue", keys={"campaign": str(SPRING)})
    assert [row.amount for row in opened.items] == [-250_00, 500_00]
    assert (opened.value, opened.as_of) == (250_00, after.as_of)
    assert {row.link for row in opened.items} == {f"/orders/{order.order_id}"}


def won(customer: UUID | None) -> OpportunityStands:
    return OpportunityStands(
        opportunity_id=new_id(), number="D", title="Benches", customer_id=customer,
        pipeline_id=UUID(int=3), stage="Won", status="won", amount_minor=1, currency="INR",
        fx_rate="1", probability=100, close_on=None, source="", lost_reason="", owner_id=None,
    )  # fmt: skip


async def test_a_form_reached_by_a_campaigns_tags_is_its_doing(company: Counted) -> None:
    """Without a click of theirs: the link was passed on. Before it began there was no such link."""
    tags: dict[str, Any] = {"utm_source": "google", "utm_campaign": "brand"}
    begun = msgspec.structs.replace(cost(0, DIWALI), **tags)
    early, late = new_id(), new_id()
    await company.tell(came(early), at=days_ago(9))
    await company.tell(begun, at=days_ago(8))
    await company.tell(came(late), at=days_ago(7))
    found = {row.value: row.leads for row in (await report(company)).rows}
    assert found == {"(none)": 1, str(DIWALI): 1}


async def test_half_refunded_a_line_returned_an_order_cancelled_roi_falls_by_exactly_that(
    company: Counted,
) -> None:
    """A-ANA-5, with three touches, so that nothing divides evenly."""
    buyers = [new_id() for _ in range(3)]
    orders = [
        placed(amount, customer=one)
        for one, amount in zip(buyers, (333_34, 200_02, 77_77), strict=True)
    ]
    payments = [paid(order) for order in orders]
    await company.tell(cost(100_00), at=days_ago(30))
    for buyer, order, payment in zip(buyers, orders, payments, strict=True):
        for days, campaign in ((9, SPRING), (8, DIWALI), (7, SPRING)):
            await company.tell(clicked(buyer, days, campaign_id=campaign), at=days_ago(days))
        await company.tell(order, confirmed(order), payment, at=days_ago(4))
    whole = sum(order.total_minor for order in orders)
    stages = [await report(company, model=model) for model in Model]
    for steps, gone in (
        ([back(payments[0], 166_67)], 166_67),
        ([back(payments[1], 59_01)], 59_01),
        ([cancelled(orders[2]), back(payments[2], 77_77)], 77_77),
    ):
        company.clock.at += timedelta(minutes=1)
        await company.tell(*steps)
        whole -= gone
        for place, model in enumerate(Model):
            before, after = stages[place], await report(company, model=model)
            assert after.total.revenue_minor == whole
            assert after.total.roi == pytest.approx((whole - 100_00) / 100_00, abs=1e-6)
            fallen = sum(
                (mine(before, one) or 0) - (mine(after, one) or 0) for one in (SPRING, DIWALI)
            )
            assert fallen == gone, model
            assert await report(company, model=model, as_of=before.as_of) == before
            stages[place] = after
    assert [one.total.orders for one in stages] == [2] * len(Model)


def mine(found: Attribution, campaign: UUID) -> int | None:
    return next((row.revenue_minor for row in found.rows if row.value == str(campaign)), 0)


async def test_what_comes_late_moves_credit_and_leaves_what_was_said(company: Counted) -> None:
    """A verdict that changes, two people who are one and are not, a customer known afterwards."""
    one, other, lead = new_id(), new_id(), new_id()
    order = placed(90_00, customer=one)
    click = clicked(other, 6)
    await company.tell(order, confirmed(order), paid(order), at=days_ago(3))
    await company.tell(click, at=days_ago(2))
    said = [await report(company)]
    merge: dict[str, Any] = {"merge_id": new_id(), "customer_id": one, "loser_id": other}
    rejudged = EngagementRejudged(
        **{
            name: getattr(click, name) for name in click.__struct_fields__ if name not in ("url",)
        } | {"verdict": "bot", "verdict_before": "human", "type": "click"},
    )  # fmt: skip
    for event in (
        CustomersMerged(**merge),
        CustomersParted(**merge),
        CustomersMerged(**merge),
        rejudged,
    ):
        company.clock.at += timedelta(minutes=1)
        await company.tell(event)
        said.append(await report(company))
    nobody = {"(unattributed)": (90_00, 1)}
    spring: dict[str | None, Any] = {str(SPRING): (90_00, 1)}
    assert [by_value(each) for each in said] == [nobody, spring, nobody, spring, nobody]
    await company.tell(came(lead), at=days_ago(5))
    company.clock.at += timedelta(minutes=1)
    await company.tell(LeadLinked(lead_id=lead, number="L-1", customer_id=one))
    assert by_value(await report(company, by="source"))["google"] == (90_00, 1)
    company.clock.at += timedelta(minutes=1)
    undone = LeadConversionUndone(lead_id=lead, number="L-1", conversion_id=new_id())
    await company.tell(undone)
    assert by_value(await report(company, by="source"))["(unattributed)"] == (90_00, 1)
    await company.tell(clicked(one, 4, campaign_id=None, journey_id=DIWALI), at=days_ago(4))
    assert by_value(await report(company, by="journey")) == {
        str(DIWALI): (90_00, 1),
        "(none)": (0, 0),
    }
    async with company.database.transaction(company.actor) as tx:
        await analyse.rebuild(tx, now=company.clock.at)
    for each in said:
        again = await report(company, as_of=each.as_of)
        assert (again.rows, again.total) == (each.rows, each.total)


async def test_every_row_of_every_cut_comes_to_what_was_collected_net(company: Counted) -> None:
    """Forty orders, some in dollars without a rate, some refunded: by all models and windows."""
    await fill(company)
    collected = (await company.ask("net_collected", period="last_90_days")).totals[0].value
    leads = (await company.ask("leads", period="last_90_days")).totals[0].value
    for model, days in SLOTS:
        found = await report(company, model=model, window_days=days, by="channel")
        assert found.total.revenue_minor == collected
        assert sum(row.revenue_minor or 0 for row in found.rows) == collected
        assert (found.total.leads, sum(row.leads or 0 for row in found.rows)) == (leads, leads)
    for by in By:
        rows = (await report(company, by=by)).rows
        assert sum(row.revenue_minor or 0 for row in rows) == collected
    first = await company.ask("credited_revenue", period="last_90_days", model=Model.FIRST)
    assert "known for their day" in first.warnings[0]


async def test_the_report_and_its_page_open_each_number_into_its_rows(
    client: httpx.AsyncClient, company: Counted
) -> None:
    customer = new_id()
    order = placed(750_00, customer=customer)
    await company.tell(cost(100_00), clicked(customer, 3), order, confirmed(order), paid(order))
    body = {"by": "campaign", "model": "position", "period": "last_7_days"}
    answer = (await client.post("/v1/analytics/attributions", json=body)).json()
    assert (answer["total"]["revenue_minor"], answer["total"]["roi"]) == (750_00, 6.5)
    for name, measure in answer["measures"].items():
        drill = {"query": answer["ask"], "measure": measure, "keys": {"campaign": str(SPRING)}}
        opened = (await client.post("/v1/analytics/drills", json=drill)).json()
        (row,) = answer["rows"]
        assert opened["value"] == row.get(f"{name}_minor", row.get(name)), name
        assert opened["as_of"] == answer["as_of"]
    for path in ("/attribution?model=first&window=7&by=source", "/attribution?model=best&window=x"):
        shown = await client.get(path)
        assert shown.status_code == 200, shown.text[:2000]
        links = re.findall(r'href="(/explore/rows[^"]+)"', shown.text)
        assert len(links) >= 10
        rows = await client.get(unescape(links[1]))
        assert rows.status_code == 200, rows.text[:2000]
        assert order.number in rows.text
    for wrong in ({"window_days": 31}, {"model": "best"}, {"only": "\x00"}, {"by": "customer"}):
        refused = await client.post("/v1/analytics/attributions", json=wrong)
        assert refused.status_code == 422, wrong


async def test_everybody_gets_credit_of_the_orders_that_they_see(database: Database) -> None:
    """A seller's total is what their own orders brought in; who sees no money sees their leads."""
    now = database.clock.now()
    made = await found(database, now)
    told = []
    for who, customer in made.customers.items():
        for order_id in await _orders_of(database, made, customer):
            told.append(captured(order_id, len(who) * 100_00))
    async with database.transaction(made.actor()) as tx:
        await tx.publish(*told)
        await tx.connection.execute(OTHERS)
    await drain(database)
    async with database.transaction(made.actor()) as tx:
        await analyse.digest(tx, now=database.clock.now())
    totals = {}
    for who in ("asha", "rina", "raj", "sam"):
        actor = await actor_of(database, made, who, now)
        async with database.transaction(actor) as tx:
            report = await attribute(tx, AttributionAsk(), now=database.clock.now())
            money = await run(tx, Ask(measures=["net_collected"]), database.clock.now())
        assert report.total.revenue_minor == money.totals[0].value
        assert ("spend" in report.measures) is (who == "asha")
        totals[who] = report.total.revenue_minor
    assert len(set(totals.values())) > 2, totals
    assert totals["asha"] == sum(one.amount_minor for one in told)
    async with database.transaction(await actor_of(database, made, "ned", now)) as tx:
        with pytest.raises(Forbidden):
            await attribute(tx, AttributionAsk(), now=now)


async def _orders_of(database: Database, made: Company, customer: UUID) -> list[UUID]:
    async with database.transaction(made.actor()) as tx:
        page = await orders.list_orders(tx, Filters(customer_id=customer), limit=50)
    return [row.id for row in page.items]


def captured(order_id: UUID, amount: int) -> PaymentCaptured:
    return PaymentCaptured(
        order_id=order_id, payment_id=new_id(), provider_payment_id="pay", method="upi",
        amount_minor=amount, captured_minor=amount, currency="INR",
    )  # fmt: skip


async def test_what_a_role_keeps_back_is_in_no_number_and_no_row(company: Counted) -> None:
    order = placed(80_00)
    await company.tell(cost(10_00), order, confirmed(order), paid(order), won(None), at=days_ago(1))
    kept = frozenset({"payment.amount_minor", "campaign.cost_minor", "opportunity.amount_minor"})
    blind = msgspec.structs.replace(company.actor, hidden=kept)
    assert (await report(company, actor=blind)).measures.keys() == {"orders", "leads", "deals"}
    for measure in ("campaign_spend", "credited_revenue", "net_collected", "won_amount"):
        with pytest.raises(Forbidden):
            await company.answer(Ask(measures=[measure]), actor=blind)
    counted = Ask(measures=["deals_won"])
    rows = await company.open(counted, "deals_won", actor=blind)
    assert (rows.value, rows.shows) == (1, ["number", "stage", "status"])
    assert "amount_base" in (await company.open(counted, "deals_won")).shows
