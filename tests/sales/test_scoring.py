"""Scores: what counts, how long, and why."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.contracts.marketing import CampaignClicked, EngagementRejudged
from tandem.crm.sales.domain.leads import Channel, LeadDraft
from tandem.crm.sales.domain.scoring import (
    CIRCULAR,
    Area,
    Award,
    Occurrence,
    ScoreRuleDraft,
    facts_of_lead,
)
from tandem.crm.sales.service import leads, scoring
from tandem.crm.sales.service.capturing import capture
from tandem.flows import score_leads
from tandem.kernel import outbox, rules
from tandem.kernel.actor import Actor
from tandem.kernel.clock import Clock
from tandem.kernel.db import Database, Query
from tandem.kernel.ids import new_id
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources

WORDS = scoring.vocabulary(())
DAY = timedelta(days=1)
TOLD = Query(
    "select payload from kernel.event where org_id = :org_id and topic = 'sales.lead_scored.v1'"
    " order by seq"
)
MET = rules.RuledQuery(
    "select l.id from sales.lead l where l.org_id = :org_id and l.id = :id and {rule}"
)
LEDGER = Query("select points, ended_at from sales.score_event where org_id = :org_id order by id")


class Scores:
    """One lead, and the rules it is scored by."""

    def __init__(self, database: Database, actor: Actor, lead_id: UUID, now: datetime) -> None:
        self.database = database
        self.actor = actor
        self.lead_id = lead_id
        self.now = now

    async def rule(self, name: str, points: int, rule: dict[str, Any], **given: Any) -> UUID:
        area = Area.BEHAVIOUR if "event" in rule else Area.FIT
        draft = ScoreRuleDraft(name=name, points=points, rule=rule, area=area, **given)
        async with self.database.transaction(self.actor) as tx:
            return (await scoring.add_rule(tx, draft, WORDS, now=self.now)).id

    async def did(self, kind: str, key: str, at: datetime, **facts: Any) -> bool:
        async with self.database.transaction(self.actor) as tx:
            one = Occurrence(kind=kind, dedupe=key, facts=facts, at=at)
            return await scoring.note_occurrence(tx, self.lead_id, one)

    async def at(self, now: datetime) -> tuple[int, list[tuple[str, int]]]:
        """The score then, and the lines that explain it."""
        async with self.database.transaction(self.actor) as tx:
            await scoring.score(tx, self.lead_id, WORDS, now=now)
            lead = await leads.get_lead(tx, self.lead_id)
            why = await scoring.explain_score(tx, self.lead_id, now=now)
        assert lead.score == why.score == sum(line.points for line in why.lines)
        return lead.score, [(line.reason, line.points) for line in why.lines]


@pytest.fixture
async def scores(database: Database, actor: Actor, now: datetime) -> Scores:
    draft = LeadDraft(name="Meera", email="meera@gmail.com", job_title="Head of buying")
    async with database.transaction(actor) as tx:
        made = await capture(tx, draft, channel=Channel.API, now=now)
    return Scores(database, actor, made.lead.id, now)


async def test_an_event_told_twice_counts_once_and_its_points_fade_over_ninety_days(
    scores: Scores, now: datetime
) -> None:
    """A-LED-13: the score is the sum of what is unexpired, at every day of a frozen clock."""
    await scores.rule("Form", 20, {"event": "form_submitted"}, half_life_days=30)
    await scores.rule("Click", 5, {"event": "email_clicked"}, expires_days=10)
    await scores.rule("Buying", 7, {"field": "job_title", "op": "contains", "value": "buying"})
    assert await scores.did("form_submitted", "f1", now)
    assert not await scores.did("form_submitted", "f1", now)
    assert await scores.did("email_clicked", "c1", now)
    assert await scores.did("email_clicked", "c2", now + 5 * DAY)
    expected = {0: 32, 5: 37, 9: 37, 10: 32, 14: 32, 15: 27, 29: 27, 30: 17, 60: 12, 90: 9}
    for day, total in expected.items():
        assert (await scores.at(now + day * DAY))[0] == total, day
    assert (await scores.at(now + 90 * DAY))[1] == [("Buying", 7), ("Form (sent a form)", 2)]
    assert (await scores.at(now + 400 * DAY)) == (7, [("Buying", 7)])


async def test_the_explanation_names_each_point_and_thresholds_are_told_when_crossed(
    scores: Scores, now: datetime, database: Database, actor: Actor
) -> None:
    await scores.rule("Form", 30, {"event": "form_submitted"}, times_max=2, expires_days=5)
    await scores.rule(
        "Free mail", -5, {"field": "email_domain", "op": "in", "value": ["gmail.com"]}
    )
    for key in ("a", "b", "c"):
        await scores.did("form_submitted", key, now)
    total, lines = await scores.at(now)
    assert (total, lines) == (
        55,
        [("Form (sent a form)", 30), ("Form (sent a form)", 30), ("Free mail", -5)],
    )
    assert (await scores.at(now + 5 * DAY))[0] == -5
    async with database.transaction(actor) as tx:
        told = [row["payload"] for row in await tx.records(TOLD)]
        why = await scoring.explain_score(tx, scores.lead_id, now=now + 5 * DAY)
    assert [(one["before"], one["score"], one["crossed"], one["fell_below"]) for one in told] == [
        (0, 55, "hot", ""),
        (55, -5, "", "hot"),
    ]
    assert why.level == ""


async def test_a_rule_that_changes_gives_its_points_anew_and_takes_the_old_ones_back(
    scores: Scores, now: datetime, database: Database, actor: Actor
) -> None:
    rule_id = await scores.rule("Form", 10, {"event": "form_submitted"}, expires_days=5)
    await scores.did("form_submitted", "a", now)
    assert (await scores.at(now))[0] == 10
    later = now + 6 * DAY
    assert (await scores.at(later))[0] == 0
    draft = ScoreRuleDraft(
        name="Form", area=Area.BEHAVIOUR, points=12, rule={"event": "form_submitted"}
    )
    async with database.transaction(actor) as tx:
        await scoring.change_rule(tx, rule_id, draft, WORDS, now=later)
    assert (await scores.at(later))[0] == 12
    async with database.transaction(actor) as tx:
        ledger = await tx.records(LEDGER)
    assert [(row["points"], row["ended_at"]) for row in ledger] == [(10, later), (12, None)]


async def test_only_a_persons_click_counts_and_a_machines_is_taken_back(
    scores: Scores, now: datetime, database: Database, actor: Actor
) -> None:
    await scores.rule(
        "Price page",
        15,
        {
            "event": "email_clicked",
            "where": [{"field": "url", "op": "contains", "value": "/price"}],
        },
    )
    customer_id, campaign_id = new_id(), new_id()
    async with database.transaction(actor) as tx:
        await leads.link_customer(tx, scores.lead_id, customer_id, now=now)
    facts: dict[str, Any] = {
        "message_id": new_id(), "customer_id": customer_id, "campaign_id": campaign_id,
        "journey_id": None, "channel": "email", "at": now, "variant_id": None, "reason": "",
    }  # fmt: skip
    first, second = new_id(), new_id()
    clicks = [(first, "/price", "human"), (second, "/price", "bot"), (new_id(), "/home", "human")]
    async with database.transaction(actor) as tx:
        for engagement_id, url, verdict in clicks:
            event = CampaignClicked(engagement_id=engagement_id, url=url, verdict=verdict, **facts)  # type: ignore[arg-type]  # the verdicts are literals
            for _ in range(2):
                await score_leads.count_click(tx, event, now)
    assert await scores.at(now) == (15, [("Price page (clicked in an e-mail)", 15)])
    judged = EngagementRejudged(
        engagement_id=first, verdict="bot", type="click", verdict_before="human", **facts
    )
    async with database.transaction(actor) as tx:
        await score_leads.take_back(tx, judged, now)
    assert (await scores.at(now))[0] == 0


async def test_rules_over_http_are_tried_before_they_are_kept(
    client: httpx.AsyncClient, database: Database
) -> None:
    field = {"key": "seats", "kind": "number", "label": "Seats", "target": "lead"}
    assert (await client.post("/v1/custom-fields", json=field)).status_code == 201
    big = {"name": "Big", "email": "b@x.in", "custom": {"seats": 500}}
    lead = (await client.post("/v1/leads", json=big)).json()
    await client.post("/v1/leads", json={"name": "Small", "email": "s@x.in"})
    rule = {
        "name": "Many seats",
        "area": "fit",
        "points": 40,
        "rule": {"field": "custom.seats", "op": "gte", "value": 100},
    }
    tried = (await client.post("/v1/score-rules/preview", json=rule)).json()
    assert tried == {
        "looked_at": 2,
        "met": 1,
        "sample": [{"lead_id": lead["id"], "title": "Big", "before": 0, "after": 40}],
    }
    assert (await client.get("/v1/score-rules")).json() == []
    made = await client.post("/v1/score-rules", json=rule)
    assert made.status_code == 201, made.text
    taken = await client.post("/v1/score-rules", json={**rule, "name": "many SEATS"})
    assert (taken.status_code, taken.json()["code"]) == (409, "score_rule_taken")
    await outbox.drain(database)
    await client.patch(f"/v1/leads/{lead['id']}", json={"city": "Pune"})
    await outbox.drain(database)
    why = (await client.get(f"/v1/leads/{lead['id']}/score")).json()
    assert (why["score"], why["level"], [one["reason"] for one in why["lines"]]) == (
        40,
        "warm",
        ["Many seats"],
    )
    listed = (await client.get("/v1/leads", params={"score_min": 1, "sort": "score"})).json()
    assert [(one["name"], one["score"]) for one in listed["items"]] == [("Big", 40)]
    view = {
        "name": "Saw prices",
        "area": "behaviour",
        "points": 5,
        "rule": {"event": "page_viewed"},
    }
    assert (await client.post("/v1/score-rules", json=view)).status_code == 201
    for _ in range(2):
        seen = {"kind": "page_viewed", "id": "visit-1", "url": "https://x.in/price"}
        done = await client.post(f"/v1/leads/{lead['id']}/behaviours", json=seen)
        assert done.status_code == 202
    assert (await client.get(f"/v1/leads/{lead['id']}")).json()["score"] == 45


@pytest.mark.parametrize(
    "rule",
    [
        {"area": "fit", "rule": {"field": "score", "op": "gt", "value": 1}},
        {"area": "fit", "rule": {"event": "form_submitted"}},
        {"area": "behaviour", "rule": {"field": "city", "op": "set"}},
        {"area": "behaviour", "rule": {"event": "form_submitted", "within": "P3D"}},
        {"area": "behaviour", "rule": {"event": "unheard_of"}},
        {"area": "fit", "expires_days": 3, "rule": {"field": "city", "op": "set"}},
        {"area": "fit", "points": 0, "rule": {"field": "city", "op": "set"}},
    ],
)
async def test_a_rule_that_means_nothing_is_not_kept(
    client: httpx.AsyncClient, rule: dict[str, Any]
) -> None:
    refused = await client.post("/v1/score-rules", json={"name": "R", "points": 5, **rule})
    assert refused.status_code == 422, refused.text
    assert (await client.get("/v1/score-rules")).json() == []


AT = datetime(2026, 11, 22, tzinfo=UTC)


@settings(max_examples=100)
@given(
    points=st.integers(-1000, 1000).filter(bool),
    half_life=st.none() | st.integers(1, 100),
    days=st.none() | st.integers(1, 400),
    later=st.integers(0, 2000),
)
def test_points_only_ever_fade_and_change_exactly_when_they_say(
    points: int, half_life: int | None, days: int | None, later: int
) -> None:
    one = Award(
        rule_id=new_id(), rule_version=1, area=Area.BEHAVIOUR, event_key="x", points=points,
        reason="", half_life_days=half_life, at=AT,
        expires_at=AT + timedelta(days=days) if days else None,
    )  # fmt: skip
    now = AT + timedelta(hours=12 * later)
    worth = one.worth(now)
    assert abs(worth) <= abs(points) and worth * points >= 0
    if half_life and not (days and now >= AT + days * DAY):
        halved = Decimal(abs(points)) / 2 ** ((now - AT) // timedelta(days=half_life))
        assert abs(worth) == int(halved)
    change = one.changes_at(now)
    if change is None:
        assert worth == 0 or (half_life is None and days is None)
    else:
        assert change > now and one.worth(change - timedelta(microseconds=1)) == worth
        assert one.worth(change) != worth


async def test_rules_read_a_lead_in_memory_as_the_database_reads_it(
    scores: Scores, database: Database, actor: Actor, now: datetime
) -> None:
    """Every field, known and unknown, by both ways."""
    moment = rules.Moment(now=now)
    async with database.transaction(actor) as tx:
        lead = await leads.get_lead(tx, scores.lead_id)
        facts = rules.facts_of(facts_of_lead(lead, WORDS), {}, WORDS, moment)
        for name in WORDS.fields:
            for op in ("set", "unset"):
                if name in CIRCULAR:
                    continue
                rule = rules.read({"field": name, "op": op}, WORDS)
                query = MET.with_rule(rules.condition(rule, WORDS, moment))
                by_sql = await tx.value(query, id=lead.id) is not None
                assert rules.holds(rule, facts, WORDS, moment) == by_sql, (name, op)


async def test_points_fade_by_themselves_and_a_new_rule_reaches_every_lead(
    scores: Scores, now: datetime, database: Database, actor: Actor
) -> None:
    """The rhythm and the job, by a clock that is moved."""
    work = Work(database, Resources(), actor.org_id)
    real = database.clock.now()
    await scores.rule("Form", 20, {"event": "form_submitted"}, expires_days=10)
    assert await scores.did("form_submitted", "f1", real)
    await score_leads.rescore(work)
    assert await _score(scores) == 20
    await score_leads.decay_scores(work)
    assert await _score(scores) == 20
    database.clock = Later()
    await score_leads.decay_scores(work)
    assert await _score(scores) == 0
    async with database.transaction(actor) as tx:
        told = [row["payload"]["score"] for row in await tx.records(TOLD)]
        assert await scoring.list_due(tx, database.clock.now()) == []
    assert told == [20, 0]


class Later(Clock):
    """Ten days on."""

    def now(self) -> datetime:
        return super().now() + 10 * DAY


async def _score(scores: Scores) -> int:
    async with scores.database.transaction(scores.actor) as tx:
        return (await leads.get_lead(tx, scores.lead_id)).score
