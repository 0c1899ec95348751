"""A campaign from its draft to its last message, and every way it can be stopped."""

from datetime import timedelta
from uuid import uuid4

from tandem.kernel.db import Query
from tests.marketing.givens import WORDS, Company

MESSAGES = Query(
    """
    select recipient, id, state, customer_id, feed, purpose, lane from notifications.message
     where org_id = :org_id and feed <> '' order by id
    """
)


async def test_everybody_who_agreed_gets_one_message_and_the_others_a_reason(
    company: Company,
) -> None:
    ids = await company.people(6, consent=[0, 1, 2, 3])
    everybody = await company.segment(ids)
    left_out = await company.segment([ids[3]], "Not these")
    campaign = await company.draft(everybody, exclude_ids=[str(left_out)])

    seen = (await company.client.get(f"/v1/campaigns/{campaign['id']}/preview")).json()
    assert (seen["total"], seen["will_send"], seen["is_estimated"]) == (5, 3, False)
    assert {one["reason"]: one["count"] for one in seen["parts"]} == {
        "will_send": 3,
        "no_consent": 2,
    }

    await company.schedule(campaign)
    await company.turn(campaign)
    await company.turn(campaign)

    assert await company.states(campaign) == {"queued": 3, "skipped:no_consent": 2}
    assert (await company.read(campaign))["state"] == "sending"
    async with company.database.transaction(company.actor) as tx:
        messages = await tx.records(MESSAGES)
    assert [(one["state"], one["feed"], one["purpose"], one["lane"]) for one in messages] == [
        ("queued", f"campaign:{campaign['id']}", "marketing", "bulk")
    ] * 3
    assert {one["customer_id"] for one in messages} == set(ids[:3])
    assert await company.told() == ["campaign_scheduled", "campaign_started"]

    limit = {"domain": messages[0]["recipient"].partition("@")[2], "per_second": 2, "at_once": None}
    rules = await company.client.put("/v1/sending-rules", json={"domains": [limit]})
    assert rules.status_code == 200, rules.text
    waits = await company.client.get(f"/v1/campaigns/{campaign['id']}/domain-waits")
    assert waits.json() == {"items": [{**limit, "waiting": 3}]}


async def test_who_was_left_out_can_read_why_rule_by_rule(company: Company) -> None:
    ids = await company.people(2, consent=[0])
    campaign = await company.draft(await company.segment(ids))
    await company.schedule(campaign)
    await company.turn(campaign)

    path = f"/v1/campaigns/{campaign['id']}/recipients"
    why = (await company.client.get(f"{path}/{ids[1]}/explanation")).json()
    assert why["says"] == "Not sent: has not agreed to this."
    assert [one for one in why["decided"] if one["outcome"] == "skipped"] == [
        {
            "rule": "suppression_and_consent",
            "outcome": "skipped",
            "detail": "Consent to marketing by email: none.",
        }
    ]
    sent = (await company.client.get(f"{path}/{ids[0]}/explanation")).json()
    assert (sent["recipient"]["state"], sent["message_state"]) == ("queued", "queued")
    assert (await company.client.get(f"{path}/{uuid4()}/explanation")).status_code == 404


async def test_a_campaign_that_missed_its_hour_expires_and_its_owner_is_told(
    company: Company,
) -> None:
    """A-MKT-5."""
    campaign = await company.draft(
        await company.segment(await company.people(2)), skip_if_later_minutes=60
    )
    at = company.hands.now() + timedelta(hours=1)
    await company.schedule(campaign, at)
    company.hands.advance(hours=5)
    await company.turn(campaign)

    assert (await company.read(campaign))["state"] == "expired"
    assert await company.states(campaign) == {}
    async with company.database.transaction(company.actor) as tx:
        assert await tx.records(MESSAGES) == []
    assert await company.told() == ["campaign_scheduled", "campaign_expired"]


async def test_a_time_without_zone_or_beyond_reckoning_is_refused_and_nothing_changes(
    company: Company,
) -> None:
    (person,) = await company.people(1)
    everybody = await company.segment([person])
    campaign = await company.draft(everybody, send_until="2027-01-01T00:00:00Z", local_time="10:00")
    steps = [
        {"do": "wait", "id": "w", "minutes": 60, "at": "09:00"},
        {"do": "act", "id": "a", "what": "add_task", "title": "Call"},
    ]
    made = await company.client.post("/v1/journeys", json={"name": "J", "plan": {"steps": steps}})
    schedule = f"/v1/campaigns/{campaign['id']}/schedule"
    for at in ("2026-12-01T10:00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        plan = {"name": "x", "variants": [WORDS], "send_until": at}
        simulation = {"customer_id": str(person), "starts_at": at, "days": 1100}
        answers = [
            await company.client.put(schedule, json={"at": at}),
            await company.client.post("/v1/campaigns", json=plan),
            await company.client.post(
                f"/v1/journeys/{made.json()['id']}/simulation", json=simulation
            ),
        ]
        assert [one.status_code for one in answers] == [422] * 3, at
        assert [one.json()["field"] for one in answers] == ["at", "send_until", "starts_at"]
    assert (await company.read(campaign))["state"] == "draft"
    assert len((await company.client.get("/v1/campaigns")).json()["items"]) == 1


async def test_its_page_opens_in_every_state_and_says_what_can_be_done(company: Company) -> None:
    ids = await company.people(3, consent=[0, 1])
    words = [{"name": name, "subject": f"{name}!", "text": "Hi {{ name }}"} for name in ("A", "B")]
    campaign = await company.draft(await company.segment(ids), variants=words)
    at = f"/campaigns/{campaign['id']}"

    async def shown(path: str = "") -> str:
        answer = await company.client.get(f"{at}{path}")
        assert answer.status_code == 200, answer.text[:500]
        return answer.text

    draft = await shown()
    assert "2 will get it" in draft and "Has not agreed to this" in draft
    assert "Spring" in await shown("/edit")
    again = await company.client.post(
        at, data={"name": "Summer", "kind": "once", "channel": "email", "purpose": "marketing",
                  f"in_{campaign['include_ids'][0]}": "true", "v0_subject": "Hot",
                  "v0_text": "Hi", "per_minute": "600", "cost_minor": "1,250.50"},
    )  # fmt: skip
    assert again.status_code == 303
    changed = await company.read(campaign)
    assert (changed["name"], changed["per_minute"], changed["cost_minor"]) == (
        "Summer",
        600,
        125_050,
    )
    wrong = await company.client.post(at, data={"name": "", "kind": "once", "channel": "email"})
    assert wrong.status_code == 422 and "Give the campaign a name" in wrong.text
    test = await company.client.post(f"{at}/test", data={"addresses": "asha@shop.test"})
    assert test.status_code == 303
    later = await company.client.post(
        f"{at}/schedule", data={"when": "later", "at": "2026-11-24T09:00"}
    )
    assert later.status_code == 303
    assert (await company.read(campaign))["scheduled_at"] == "2026-11-24T03:30:00Z"
    assert "Back to draft" in await shown()
    for action in ("drafting",):
        assert (await company.client.post(f"{at}/actions/{action}")).status_code == 303
    assert (await company.client.post(f"{at}/schedule", data={"when": "now"})).status_code == 303
    await company.turn(campaign)
    assert "Pause" in await shown() and "Waiting" in await shown("?machines=shown")
    for action, state in (("pause", "paused"), ("resumption", "sending")):
        assert (await company.client.post(f"{at}/actions/{action}")).status_code == 303
        assert (await company.read(campaign))["state"] == state
        assert "Resume" in await shown() or state == "sending"
    assert "Person 2" in await shown(f"/recipients?state=skipped&who={ids[2]}")
    assert (await company.client.post(f"{at}/actions/cancellation")).status_code == 303
    assert "Cancelled" in await shown()
    nothing = await company.client.post(f"{at}/actions/nothing")
    assert nothing.status_code == 422
    listed = await company.client.get("/campaigns")
    assert "Summer" in listed.text
