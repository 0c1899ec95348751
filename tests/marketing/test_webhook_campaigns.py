"""MKT-18: a campaign that calls a webhook about each person, over HTTP to a receiver that answers
well, badly, or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from tandem.crm.customers import service as customers
from tandem.crm.customers.domain import CustomerDraft
from tandem.crm.customers.domain.consents import NewConsent, NewSuppression, Reason
from tandem.crm.notifications.domain.messages import Lane
from tandem.crm.notifications.gateways.port import Site
from tandem.crm.webhooks.domain import sign
from tandem.flows.campaign_outages import FAILURES_MIN, look
from tandem.flows.campaign_sending import step
from tandem.flows.send_messages.lanes import Budget, run_lane
from tandem.flows.send_messages.sweeping import tidy
from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tandem.kernel.guard import Guard
from tandem.kernel.jobs import Work
from tandem.kernel.resources import Resources
from tests.marketing.givens import Company, Hands, Json
from tests.webhooks.receiver import Got, Receiver, receiver

BODY = """{"who": {"id": "{{ customer.id }}", "name": "{{ customer.name }}"}, "n": 7,
"from": ["{{ campaign.name }}", "{{ variant }}"], "note": "{% if customer.city %}x{% endif %}"}"""


@pytest.fixture
async def shop() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


@pytest.fixture
def caller(app: Litestar, database: Database, actor: Actor, hands: Hands) -> Work:
    """A sender to whom loopback is open."""
    made = sender(database, actor, Guard(["127.0.0.0/8"]))
    app.state.resources._held[Guard] = made.get(Guard)
    return made


def sender(database: Database, actor: Actor, guard: Guard) -> Work:
    held = Resources()
    held.add(Guard, guard)
    held.add(Site, Site(base_url="http://shop.test"))
    return Work(database, held, actor.org_id)


async def endpoint(company: Company, url: str) -> tuple[str, str]:
    answer = await company.client.post("/v1/webhook-endpoints", json={"url": url})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["endpoint"]["topics"] == []
    return made["endpoint"]["id"], made["secret"]


async def ready(company: Company, url: str, count: int, **plan: Any) -> tuple[Json, str]:
    """A campaign about so many people of whom nobody agreed to anything, and the secret."""
    everybody = await company.segment(await company.people(count, consent=[]))
    endpoint_id, secret = await endpoint(company, url)
    words = [{"name": "A", "text": BODY}]
    called = {"channel": "webhook", "endpoint_id": endpoint_id, "variants": words}
    return await company.draft(everybody, **{**called, **plan}), secret


async def leave(company: Company, caller: Work, campaign: Json) -> None:
    await step(caller, campaign["id"])
    await run_lane(caller, Lane.BULK, seconds=20)
    await outbox.drain(company.database)
    await step(caller, campaign["id"])


async def rows(company: Company, campaign: Json) -> list[Json]:
    """What each row of the recipients' table says, with its explanation."""
    path = f"/v1/campaigns/{campaign['id']}/recipients"
    found = (await company.client.get(path)).json()["items"]
    return [
        (await company.client.get(f"{path}/{one['customer_id']}/explanation")).json()
        for one in found
    ]


async def test_everybody_is_told_of_once_signed_and_without_any_consent(
    company: Company, caller: Work, shop: Receiver
) -> None:
    words = [{"name": name, "text": BODY} for name in ("A", "B")]
    campaign, secret = await ready(company, shop.url, 40, variants=words, holdout_percent=20)
    await company.schedule(campaign)
    await leave(company, caller, campaign)

    states = await company.states(campaign)
    assert states == {"sent": len(shop.got), "holdout": 40 - len(shop.got)}
    assert 20 < len(shop.got) < 40
    assert (await company.read(campaign))["state"] == "done"
    bodies = [json.loads(got.body) for got in shop.got]
    assert {tuple(one) for one in bodies} == {("who", "n", "from", "note")}
    assert {one["n"] for one in bodies} == {7} and {one["note"] for one in bodies} == {""}
    assert {tuple(one["from"]) for one in bodies} == {("Spring", "A"), ("Spring", "B")}
    assert len({one["who"]["id"] for one in bodies}) == len(bodies)
    for got in shop.got:
        at = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
        proof = sign([secret], got.headers["webhook-id"], at, got.body.decode())
        assert got.headers["webhook-signature"] == proof["webhook-signature"]
        assert "tandem-test" not in got.headers
    sent = next(one for one in await rows(company, campaign) if one["message_state"] == "sent")
    rules = {one["rule"]: one["outcome"] for one in sent["at_hand_off"]}
    assert (rules["suppression_and_consent"], rules["quiet_hours"]) == ("passed", "not_asked")
    assert [one["outcome"] for one in sent["attempts"]] == ["sent"]


async def test_whoever_said_no_to_the_purpose_everywhere_or_is_suppressed_is_not_passed_on(
    company: Company, caller: Work, shop: Receiver
) -> None:
    campaign, _ = await ready(company, shop.url, 0)
    now = company.hands.now()
    ids = await company.people(5, consent=[], prefix="no")
    everybody = await company.segment(ids, "Five")
    no = NewConsent(purpose="marketing", channel="email", is_granted=False, source="test")
    async with company.database.transaction(company.actor) as tx:
        await customers.record_consent(tx, ids[0], no, now=now)
        reasons: list[Reason] = ["complained", "bounced", "by_hand"]
        for place, reason in enumerate(reasons, 1):
            one = NewSuppression(channel="email", address=f"no{place}@example.test", reason=reason)
            await customers.suppress(tx, one, now=now)
    plan = {"name": "Five", "channel": "webhook", "endpoint_id": campaign["endpoint_id"]}
    five = await company.draft(everybody, **plan, variants=[{"text": BODY}])
    seen = (await company.client.get(f"/v1/campaigns/{five['id']}/preview")).json()
    assert {one["reason"]: one["count"] for one in seen["parts"]} == {
        "will_send": 2, "no_consent": 1, "suppressed": 2,
    }  # fmt: skip
    await company.schedule(five)
    await step(caller, five["id"])
    async with company.database.transaction(company.actor) as tx:
        await customers.record_consent(tx, ids[4], no, now=now)
    await leave(company, caller, five)
    assert await company.states(five) == {
        "sent": 1, "skipped:no_consent": 2, "skipped:suppressed": 2,
    }  # fmt: skip
    assert [json.loads(got.body)["who"]["id"] for got in shop.got] == [str(ids[2])]


async def test_each_answer_is_said_in_its_row_and_only_what_was_not_taken_comes_again(
    company: Company, caller: Work, shop: Receiver
) -> None:
    answers = {"Person 0": 404, "Person 1": 500, "Person 2": -1, "Person 3": 302}
    campaign, _ = await ready(company, shop.url, 5)

    def by_name(got: Got) -> int:
        return answers.get(json.loads(got.body)["who"]["name"], 200)

    shop.answer = by_name
    await company.schedule(campaign)
    await leave(company, caller, campaign)
    assert {
        one["name"]: (one["message_state"], one["message_reason"])
        for one in await rows(company, campaign)
    } == {
        "Person 0": ("failed", "The address answered 404."),
        "Person 1": ("queued", "The address answered 500."),
        "Person 2": ("unknown", "No answer: unreachable."),
        "Person 3": ("failed", "The address answered 302."),
        "Person 4": ("sent", ""),
    }
    tried = [got.headers["webhook-id"] for got in shop.got]
    assert len(tried) == len(set(tried)) == 5

    answers.clear()
    company.hands.advance(hours=1)
    await leave(company, caller, campaign)
    again = [got.headers["webhook-id"] for got in shop.got[5:]]
    assert len(again) == 1 and again[0] in tried, "the same call, by the same id"
    assert (await company.read(campaign))["progress"] == {"sent": 2, "failed": 2, "unknown": 1}


async def test_a_sender_that_dies_leaves_one_in_doubt_and_the_rest_to_the_next(
    company: Company, caller: Work, shop: Receiver
) -> None:
    campaign, _ = await ready(company, shop.url, 4)
    arrived = asyncio.Event()

    def hold(got: Got) -> int:
        arrived.set()
        return 0

    shop.answer = hold
    await company.schedule(campaign)
    await step(caller, campaign["id"])
    budget = Budget(connections=1, batch=2)
    dying = asyncio.create_task(run_lane(caller, Lane.BULK, seconds=20, budget=budget))
    await asyncio.wait_for(arrived.wait(), 20)
    dying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dying
    held = len(shop.got)

    shop.answer = lambda _: 200
    company.hands.advance(minutes=3)
    await tidy(caller)
    await leave(company, caller, campaign)
    assert await company.states(campaign) == {"unknown": held, "sent": 4 - held}
    ids = [got.headers["webhook-id"] for got in shop.got]
    assert held == 1 and len(set(ids)) == len(ids) == 4


async def test_an_address_that_is_gone_stops_its_campaign_alone_until_it_is_saved_anew(
    company: Company, caller: Work, shop: Receiver
) -> None:
    shop.answer = lambda _: 410
    campaign, _ = await ready(company, shop.url, 3, limits={"errors": 100})
    await company.schedule(campaign)
    await step(caller, campaign["id"])
    budget = Budget(connections=1, batch=1)
    await run_lane(caller, Lane.BULK, seconds=20, budget=budget)
    assert len(shop.got) == 1
    first = [one for one in await rows(company, campaign) if one["message_state"] == "failed"]
    assert [one["message_reason"] for one in first] == ["The address answered 410, gone."]
    gone = (await company.client.get("/v1/webhook-endpoints")).json()[0]
    assert (gone["is_active"], gone["disabled_reason"]) == (
        False,
        "The address answered 410, gone.",
    )

    for _ in range(FAILURES_MIN):
        company.hands.advance(minutes=1)
        await run_lane(caller, Lane.BULK, seconds=20, budget=budget)
    await look(caller)
    down = await company.read(campaign)
    assert (down["state"], down["paused_for"]) == ("paused", "outage")
    assert "switched off" in down["state_reason"]
    page = await company.client.get("/messages")
    assert "Webhook cannot be reached" in page.text

    shop.answer = lambda _: 204
    body = {"url": shop.url, "topics": []}
    path = f"/v1/webhook-endpoints/{gone['id']}"
    match = {"if-match": f'"{gone["version"]}"'}
    saved = await company.client.put(path, json=body, headers=match)
    assert saved.status_code == 200, saved.text
    company.hands.advance(minutes=5)
    await look(caller)
    await leave(company, caller, campaign)
    assert (await company.read(campaign))["progress"] == {"failed": 1, "sent": 2}


async def test_what_is_no_json_names_nothing_known_or_calls_nobody_is_refused(
    company: Company, caller: Work, shop: Receiver
) -> None:
    campaign, _ = await ready(company, shop.url, 1)
    path = f"/v1/campaigns/{campaign['id']}"
    usual = {"name": "x", "channel": "webhook", "endpoint_id": campaign["endpoint_id"]}
    for change, field in (
        ({"endpoint_id": str(uuid4())}, "endpoint_id"),
        ({"channel": "email"}, "endpoint_id"),
        ({"kind": "opt_in"}, "channel"),
    ):
        answer = await company.client.post("/v1/campaigns", json={**usual, **change})
        assert (answer.status_code in (404, 422), answer.json()["field"]) == (True, field)
    send = {"do": "send", "id": "s", "channel": "webhook", "text": "{}"}
    plan = {"name": "J", "plan": {"steps": [send]}}
    assert (await company.client.post("/v1/journeys", json=plan)).status_code == 422

    for text, endpoint_id, said in (
        ("{", usual["endpoint_id"], "It is no JSON"),
        ("7", usual["endpoint_id"], "an object or a list"),
        ('{"a": "{{ customer.shoe }} {{ shoe }}"}', usual["endpoint_id"], "is not known here"),
        ('{"a": "{{ \'\'.__class__ }}"}', usual["endpoint_id"], "is not a variable"),
        ("{}", None, "Say which webhook"),
    ):
        changed = {
            **usual, "endpoint_id": endpoint_id, "include_ids": campaign["include_ids"],
            "variants": [{"text": text}],
        }  # fmt: skip
        made = (await company.client.post("/v1/campaigns", json=changed)).json()
        refused = await company.client.put(f"/v1/campaigns/{made['id']}/schedule", json={})
        assert refused.status_code == 422 and said in refused.json()["detail"], refused.text
        assert (await company.client.get(f"/campaigns/{made['id']}")).status_code == 200
    assert shop.got == []

    form = (await company.client.get(f"/campaigns/{campaign['id']}/edit")).text
    assert shop.url in form and "Webhook it calls" in form
    typed = {"name": "By mail", "channel": "email", "endpoint_id": usual["endpoint_id"]}
    kept = await company.client.post("/campaigns", data={**typed, "kind": "once"})
    assert kept.status_code == 303, "what another channel asks for is not looked at"
    shown = (await company.client.get(f"/campaigns/{campaign['id']}")).text
    assert "Asha Rao" in shown and "tandem-test" in shown
    tested = await company.client.post(f"{path}/test-messages", json={})
    assert tested.status_code in (200, 201), tested.text
    await run_lane(caller, Lane.TRANSACTIONAL, seconds=20)
    (got,) = shop.got
    assert got.headers["tandem-test"] == "true"
    assert json.loads(got.body)["who"]["name"] == "Asha Rao"
    assert await company.states(campaign) == {}


async def test_an_address_that_somebody_counts_on_is_not_removed(
    company: Company, caller: Work, shop: Receiver
) -> None:
    campaign, _ = await ready(company, shop.url, 1)
    at = f"/v1/webhook-endpoints/{campaign['endpoint_id']}"
    topic = "marketing.journey_told.v1"
    put = {"url": shop.url, "topics": [topic]}
    assert (await company.client.put(at, json=put)).status_code == 200
    act = {"do": "act", "id": "a", "what": "tell_webhooks", "title": "Ring them"}
    plan = {"name": "Ringing", "plan": {"steps": [act]}}
    journey = (await company.client.post("/v1/journeys", json=plan)).json()
    path = f"/v1/journeys/{journey['id']}"
    published = await company.client.post(f"{path}/publication", json={})
    assert published.status_code in (200, 201), published.text

    users = ["the campaign “Spring”", "the journey “Ringing”"]
    refused = await company.client.delete(at)
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_endpoint_in_use")
    assert refused.json()["users"] == users
    page = f"/settings/webhooks/{campaign['endpoint_id']}"
    shown = await company.client.post(f"{page}/removal")
    assert shown.status_code == 409 and "It is used by the campaign “Spring”" in shown.text
    assert (await company.client.get(at.rpartition("/")[0])).json()[-1]["topics"] == [topic]

    cancelled = await company.client.post(f"/v1/campaigns/{campaign['id']}/cancellation")
    assert cancelled.status_code in (200, 201), cancelled.text
    still = (await company.client.delete(at)).json()["users"]
    other, _ = await endpoint(company, shop.url)
    await company.client.put(f"/v1/webhook-endpoints/{other}", json=put)
    assert still == users[1:] and (await company.client.delete(at)).status_code == 204


async def test_no_value_ends_the_string_it_stands_in_and_our_own_network_is_never_called(
    company: Company, caller: Work, shop: Receiver, database: Database, actor: Actor
) -> None:
    name = 'O"Hara", "admin": true, {{ 7 * 7 }} \\ é'
    async with database.transaction(actor) as tx:
        await customers.find_or_add(
            tx, [CustomerDraft(name=name, email="o@example.test")], now=company.hands.now()
        )
        (found,) = await customers.find_or_add(
            tx, [CustomerDraft(name=name, email="o@example.test")], now=company.hands.now()
        )
    campaign, _ = await ready(company, shop.url, 0)
    everybody = await company.segment([found.id], "One")
    plan = {"channel": "webhook", "endpoint_id": campaign["endpoint_id"]}
    one = await company.draft(everybody, **plan, variants=[{"text": BODY}])
    await company.schedule(one)
    await leave(company, sender(database, actor, Guard()), one)
    assert shop.got == []
    (row,) = await rows(company, one)
    assert row["message_state"] == "queued" and row["message_reason"].startswith(
        "The address is not"
    )

    company.hands.advance(minutes=2)
    await leave(company, caller, one)
    assert json.loads(shop.got.pop().body)["who"] == {"id": str(found.id), "name": name}

    shop.answer = lambda _: 0
    two = await company.draft(everybody, **plan, variants=[{"text": BODY}])
    await company.schedule(two)
    impatient = sender(database, actor, Guard(["127.0.0.0/8"], seconds=0.3))
    await leave(company, impatient, two)
    await leave(company, caller, two)
    (row,) = await rows(company, two)
    assert (row["message_state"], row["message_reason"]) == ("unknown", "No answer: too_slow.")
