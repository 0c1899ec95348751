"""Campaigns that stop: by hand, by themselves, for good; and what waits in the ledger with them."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tandem.contracts.customers import SegmentEntered
from tandem.contracts.marketing import CampaignExpired, CampaignPaused
from tandem.contracts.notifications import (
    MessageBounced,
    MessageDelivered,
    MessageEngaged,
    MessageEvent,
    MessageSent,
    MessageSkipped,
)
from tandem.crm.customers import service as customers
from tandem.crm.customers.domain.consents import NewConsent
from tandem.crm.marketing import service as marketing
from tandem.crm.marketing.store.recipients import TAKE_PLANNED
from tandem.flows.campaign_stopping import watch
from tandem.kernel.db import Query
from tandem.kernel.events import Event, subscription
from tests.marketing.givens import WORDS, Company, Json

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

SENT = Query(
    """
    select id, customer_id, feed, state, reason, text from notifications.message
     where org_id = :org_id and feed = :feed order by id
    """
)
NOTICES = Query(
    """
    select recipient, text from notifications.message
     where org_id = :org_id and template = 'campaign_notice'
    """
)
LATEST = Query(
    """
    select payload from kernel.event
     where org_id = :org_id and topic = :topic order by seq desc limit 1
    """
)
FEED = Query(
    "select per_minute, is_paused from notifications.feed where org_id = :org_id and key = :key"
)


WAITING = Query(
    """
    insert into marketing.campaign_recipient
           (org_id, campaign_id, customer_id, channel, state, planned_at, updated_at)
    select :org_id, :campaign_id, gen_random_uuid(), 'email', 'planned', :now, :now
      from generate_series(1, 2000)
    """
)


async def tell(company: Company, name: str, events: Sequence[Event]) -> None:
    """As the worker hands events to one subscriber."""
    for event in events:
        found = subscription(event.topic, name)
        assert found
        async with company.work.transaction() as tx:
            await found.take(tx, [event], company.hands.now())


async def records(company: Company, query: Query, **params: Any) -> list[Any]:
    async with company.work.transaction() as tx:
        return list(await tx.records(query, **params))


def about(row: Any, kind: type[MessageEvent], **more: Any) -> MessageEvent:
    return kind(
        message_id=row["id"], order_id=None, channel="email", template="campaign",
        customer_id=row["customer_id"], feed=row["feed"], **more,
    )  # fmt: skip


async def sending(company: Company, count: int, **plan: Any) -> tuple[Json, list[Any]]:
    campaign = await company.draft(await company.segment(await company.people(count)), **plan)
    await company.schedule(campaign)
    await company.turn(campaign)
    return campaign, await records(company, SENT, feed=f"campaign:{campaign['id']}")


async def test_a_storm_of_bounces_stops_the_campaign_and_one_alert_leaves(
    company: Company,
) -> None:
    """A-MKT-9: a fifth of the first sixty comes back."""
    campaign, rows = await sending(company, 80)
    sent = [about(row, MessageSent) for row in rows[:48]]
    gone = [about(row, MessageBounced, bounce="hard", reason="550") for row in rows[48:60]]
    await tell(company, "marketing.follow_sent", sent)
    await tell(company, "marketing.follow_bounced", gone)
    await watch(company.work, campaign["id"])
    await watch(company.work, campaign["id"])

    now = await company.read(campaign)
    assert (now["state"], now["state_reason"]) == (
        "paused",
        "12 of 60 messages (20.0 %) ended as bounces; the limit is 10 %.",
    )
    (feed,) = await records(company, FEED, key=f"campaign:{campaign['id']}")
    assert feed["is_paused"]
    (paused,) = await records(company, LATEST, topic=CampaignPaused.topic)
    event = CampaignPaused(
        campaign_id=UUID(campaign["id"]), name="Spring", channel="email",
        reason=paused["payload"]["reason"], owner_id=None,
    )  # fmt: skip
    assert event.reason == "bounces"
    await tell(company, "marketing.tell_of_pause", [event, event])
    notices = await records(company, NOTICES)
    assert len(notices) <= 1
    assert (await company.states(campaign)) == {"sent": 48, "bounced:hard": 12, "queued": 20}

    resumed = await company.client.post(f"/v1/campaigns/{campaign['id']}/resumption")
    assert (resumed.status_code, resumed.json()["state"]) == (201, "sending")
    await watch(company.work, campaign["id"])
    assert (await company.read(campaign))["state"] == "sending"
    (feed,) = await records(company, FEED, key=f"campaign:{campaign['id']}")
    assert not feed["is_paused"]


async def test_cancelled_means_that_what_waits_never_leaves(company: Company) -> None:
    campaign, rows = await sending(company, 5, per_minute=600)
    at = f"/v1/campaigns/{campaign['id']}"
    assert (await company.client.post(f"{at}/pause")).json()["state"] == "paused"
    (feed,) = await records(company, FEED, key=f"campaign:{campaign['id']}")
    assert (feed["per_minute"], feed["is_paused"]) == (600, True)
    await tell(company, "marketing.follow_sent", [about(rows[0], MessageSent)])
    assert (await company.client.post(f"{at}/cancellation")).json()["state"] == "cancelled"
    after = await records(company, SENT, feed=f"campaign:{campaign['id']}")
    assert {row["state"] for row in after} == {"skipped"}
    skips = [about(row, MessageSkipped, reason="cancelled") for row in rows[1:]]
    await tell(company, "marketing.follow_skipped", skips)
    assert await company.states(campaign) == {"sent": 1, "skipped:cancelled": 4}
    again = await company.client.post(f"{at}/resumption")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_transition")


async def test_a_campaign_ends_when_its_last_message_has(company: Company) -> None:
    campaign, rows = await sending(company, 3)
    await tell(company, "marketing.follow_sent", [about(row, MessageSent) for row in rows])
    await tell(company, "marketing.follow_delivered", [about(rows[0], MessageDelivered)])
    # What the provider says late and out of order takes nothing back.
    await tell(company, "marketing.follow_sent", [about(rows[0], MessageSent)])
    await company.turn(campaign)
    assert (await company.read(campaign))["state"] == "done"
    assert await company.states(campaign) == {"delivered": 1, "sent": 2}
    stats = (await company.client.get(f"/v1/campaigns/{campaign['id']}/stats")).json()
    assert (stats["total"], stats["states"]) == (3, {"delivered": 1, "sent": 2})
    assert stats["variants"][0]["reached"] == 3
    assert (await company.told())[-1] == "campaign_finished"


async def stepped_over(company: Company, campaign_id: UUID) -> int:
    """Of two thousand who wait for a winner, how many are read when the sample is taken."""
    async with company.work.transaction() as tx:
        await tx.run(WAITING, campaign_id=campaign_id, now=company.hands.now())
        asked = TAKE_PLANNED.bind(tx.actor, {"campaign_id": campaign_id, "count": 500})
        rows = await tx.connection.fetch(f"explain (analyze) {TAKE_PLANNED.sql}", *asked)
    removed = re.findall(r"Rows Removed by Filter: (\d+)", "\n".join(row[0] for row in rows))
    return sum(int(one) for one in removed)


TWO = [{**WORDS, "name": name, "subject": name} for name in "AB"]
TRIAL = {"sample_percent": 40, "after_minutes": 60}


async def test_a_trial_that_could_not_be_judged_is_refused(company: Company) -> None:
    everybody = await company.segment(await company.people(1))
    for change, field in (
        ({"variants": TWO[:1]}, "trial"),
        ({"send_until": (company.hands.now() + timedelta(minutes=59)).isoformat()}, "send_until"),
    ):
        plan = {"variants": TWO, "trial": TRIAL, **change}
        made = await company.draft(everybody, **plan)
        refused = await company.client.put(f"/v1/campaigns/{made['id']}/schedule", json={})
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    for wrong in (
        {"tracks_clicks": False},
        {"is_tracking_people": False},
        {"local_time": "10:00"},
        {"kind": "welcome"},
        {"trial": {"metric": "opens"}},
        {"trial": {"sample_percent": 91}},
    ):
        body = {"name": "x", "variants": TWO, "trial": TRIAL, **wrong}
        refused = await company.client.post("/v1/campaigns", json=body)
        assert refused.status_code in (400, 422), (wrong, refused.text)


async def test_a_sample_tries_the_variants_and_everybody_else_gets_the_better_one(
    company: Company,
) -> None:
    """MKT-05: what people clicked within the time decides, once, and not what machines did."""
    everybody = await company.segment(await company.people(60))
    campaign = await company.draft(everybody, variants=TWO, trial=TRIAL, holdout_percent=10)
    looked = (await company.client.get(f"/v1/campaigns/{campaign['id']}/preview")).json()
    await company.schedule(campaign)
    await company.turn(campaign)
    feed = f"campaign:{campaign['id']}"
    sample = await records(company, SENT, feed=feed)
    at = f"/v1/campaigns/{campaign['id']}"
    states = await company.states(campaign)
    assert (len(sample), states["queued"]) == (states["queued"], len(sample))
    waiting = looked["variants"]["The better one, after the trial"]
    assert (waiting, looked["will_send"]) == (states["planned"], len(sample) + waiting)
    assert 10 <= len(sample) <= 38 and states["planned"] == 60 - len(sample) - states["holdout"]
    assert (await company.read(campaign))["trial_ends_at"] is None, "nothing has left yet"
    by_customer = {
        UUID(one["customer_id"]): one["variant_id"]
        for one in (await company.client.get(f"{at}/recipients?limit=200")).json()["items"]
    }
    a, b = (one["id"] for one in campaign["variants"])
    rows: dict[str, list[Any]] = {a: [], b: []}
    for row in sample:
        rows[by_customer[row["customer_id"]]].append(row)
    assert rows[a] and rows[b] and list(by_customer.values()).count(None) == 60 - len(sample)

    now = company.hands.now()
    async with company.work.transaction() as tx:
        gone = [(row["id"], row["customer_id"], 1) for row in sample]
        await marketing.note_departures(tx, gone, feed=feed, channel="email", now=now)
    await tell(company, "marketing.follow_sent", [about(row, MessageSent) for row in sample])
    await company.turn(campaign)
    ends_at = datetime.fromisoformat((await company.read(campaign))["trial_ends_at"])
    assert ends_at == now + timedelta(hours=1)
    company.hands.advance(minutes=30)
    click = {"action": "clicked", "at": company.hands.now(), "address": "203.0.113.9"}
    clicks = [about(rows[b][0], MessageEngaged, user_agent=BROWSER, **click)]
    clicks += [about(row, MessageEngaged, user_agent="curl/8", **click) for row in rows[a]]
    await tell(company, "marketing.note_engaged", clicks)
    company.hands.advance(minutes=29, seconds=59)
    await company.turn(campaign)
    assert (await company.read(campaign))["winner_id"] is None

    company.hands.advance(seconds=1)
    await company.turn(campaign)
    await company.turn(campaign)
    ended = await company.read(campaign)
    assert (ended["winner_id"], ended["state"]) == (b, "sending")
    rate = 100 / len(rows[b])
    said = f"B: 1 of {len(rows[b])} clicked, {rate:.1f} %"
    assert ended["winner_says"].startswith(said), ended["winner_says"]
    assert ended["winner_says"].endswith("The difference may be chance.")
    other = await company.draft(everybody, variants=TWO, trial=TRIAL)
    assert await stepped_over(company, UUID(other["id"])) == 0
    later = (await company.client.get(f"{at}/recipients?limit=200")).json()["items"]
    assert {one["variant_id"] for one in later if one["state"] == "queued"} == {b}
    messages = await records(company, SENT, feed=feed)
    assert len(messages) == 60 - states["holdout"]
    page = (await company.client.get(f"/campaigns/{campaign['id']}")).text
    assert "goes to everybody else" in page and "on 40 %, for 1 h; then the most clicked" in page
    form = (await company.client.get(f"/campaigns/{campaign['id']}/edit")).text
    assert 'name="trial_percent"' in form and 'value="40"' in form


async def test_a_welcome_greets_whoever_enters_once_and_stays_on(company: Company) -> None:
    """MKT-27."""
    ids = await company.people(3)
    segment_id = await company.segment(ids[:1])
    campaign = await company.draft(segment_id, kind="welcome")
    await company.schedule(campaign)
    await company.turn(campaign)
    assert await company.states(campaign) == {}
    entered = [SegmentEntered(segment_id=segment_id, customer_id=one) for one in ids[1:]]
    await tell(company, "marketing.welcome", [*entered, *entered])
    await company.turn(campaign)
    await tell(company, "marketing.welcome", entered)
    await company.turn(campaign)
    assert await company.states(campaign) == {"queued": 2}
    rows = await records(company, SENT, feed=f"campaign:{campaign['id']}")
    await tell(company, "marketing.follow_sent", [about(row, MessageSent) for row in rows])
    await company.turn(campaign)
    assert (await company.read(campaign))["state"] == "sending"


async def test_asking_for_consent_goes_to_the_undecided_alone(company: Company) -> None:
    """MKT-19."""
    ids = await company.people(4, consent=[0])
    no = NewConsent(purpose="marketing", channel="email", is_granted=False, source="test")
    async with company.work.transaction() as tx:
        await customers.record_consent(tx, ids[1], no, now=company.hands.now())
    words = {"name": "A", "subject": "May we?", "text": "Yes: {{ confirm_link }}"}
    everybody = await company.segment(ids)
    campaign = await company.draft(everybody, kind="opt_in", variants=[words])
    await company.schedule(campaign)
    await company.turn(campaign)
    assert await company.states(campaign) == {
        "queued": 2,
        "skipped:consented": 1,
        "skipped:no_consent": 1,
    }
    rows = await records(company, SENT, feed=f"campaign:{campaign['id']}")
    assert {row["customer_id"] for row in rows} == set(ids[2:])
    assert all("/consent/" in row["text"] for row in rows)


async def test_a_list_kept_when_scheduled_stays_as_it_was(company: Company) -> None:
    ids = await company.people(3)
    segment_id = await company.segment(ids[:2])
    kept = await company.draft(segment_id, is_live=False, name="Kept")
    live = await company.draft(segment_id, name="Live")
    at = company.hands.now() + timedelta(hours=2)
    for campaign in (kept, live):
        await company.schedule(campaign, at)
        await company.turn(campaign)
    assert await company.states(kept) == {"planned": 2}
    assert await company.states(live) == {}
    async with company.database.transaction(company.actor) as tx:
        locked = await customers.lock_segment(tx, segment_id)
        await customers.add_to_segment(tx, locked, [ids[2]], now=company.hands.now())
        await customers.remove_from_segment(tx, locked, [ids[0]], now=company.hands.now())
    company.hands.advance(hours=2, minutes=1)
    for campaign in (kept, live):
        await company.turn(campaign)
    assert await company.states(kept) == {"queued": 2}
    rows = await records(company, SENT, feed=f"campaign:{live['id']}")
    assert {row["customer_id"] for row in rows} == set(ids[1:])
    back = await company.client.delete(f"/v1/campaigns/{live['id']}/schedule")
    assert back.status_code == 409


async def test_a_campaign_whose_segment_is_retired_stops_before_it_writes_to_anybody(
    company: Company,
) -> None:
    ids = await company.people(3)
    out = await company.segment(ids[:1], "Left out")
    campaign = await company.draft(await company.segment(ids), exclude_ids=[str(out)])
    await company.schedule(campaign, company.hands.now() + timedelta(hours=1))
    path = f"/v1/segments/{out}"
    assert (await company.client.patch(path, json={"is_retired": True})).status_code == 200
    company.hands.advance(hours=2)
    await company.turn(campaign)
    await company.turn(campaign)

    stopped = await company.read(campaign)
    says = "The segment Left out is retired."
    assert (stopped["state"], stopped["paused_for"]) == ("paused", "segments")
    assert (stopped["state_reason"], stopped["progress"]) == (says, {})
    resumption = f"/v1/campaigns/{campaign['id']}/resumption"
    refused = await company.client.post(resumption)
    assert (refused.status_code, refused.json()["field"]) == (422, "exclude_ids"), refused.text
    other = await company.draft(UUID(campaign["include_ids"][0]), exclude_ids=[str(out)])
    refused = await company.client.put(f"/v1/campaigns/{other['id']}/schedule", json={})
    assert (refused.status_code, refused.json()["detail"]) == (422, says)

    assert (await company.client.patch(path, json={"is_retired": False})).status_code == 200
    assert (await company.client.post(resumption)).is_success
    await company.turn(campaign)
    assert await company.states(campaign) == {"queued": 2}


async def test_the_owner_of_an_expired_campaign_is_told_by_mail_once(company: Company) -> None:
    """A-MKT-5, the telling."""
    campaign = await company.draft(await company.segment([]))
    event = CampaignExpired(
        campaign_id=UUID(campaign["id"]), name="Spring", channel="email",
        scheduled_at=company.hands.now(), owner_id=None,
    )  # fmt: skip
    await company.hire_admin("boss@example.test")
    await tell(company, "marketing.tell_of_expiry", [event, event])
    (notice,) = await records(company, NOTICES)
    assert notice["recipient"] == "boss@example.test"
    assert "was to leave on 23 Nov 2026, 15:00 and could not" in notice["text"]
    assert f"/campaigns/{campaign['id']}" in notice["text"]
