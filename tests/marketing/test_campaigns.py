"""A campaign from its draft to its last message, and every way it can be stopped."""

from datetime import timedelta
from uuid import uuid4

from tandem.kernel.db import Query
from tests.marketing.givens import Company

MESSAGES = Query(
    """
    select id, state, customer_id, feed, purpose, lane from notifications.message
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
