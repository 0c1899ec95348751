"""A-MKT-24: campaigns to many people leave once somebody who did not make them said yes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.customers import service as customers
from tandem.kernel import outbox
from tandem.kernel.db import Query
from tests.givens import visitor
from tests.identity.at_work import at_work, hire
from tests.marketing.givens import WORDS, Company, Json

AUDIT = Query(
    """
    select action from kernel.audit
     where org_id = :org_id and action like '%appro%' or action = 'marketing.declined'
     order by seq
    """
)


class Desk:
    """Ravi and Meera run campaigns, Asha runs the company."""

    def __init__(self, company: Company, people: Sequence[httpx.AsyncClient], ids: list[UUID]):
        self.company = company
        self.ravi, self.meera, self.asha = people
        self.ravi_id, self.meera_id, self.asha_id = ids

    async def ask(self, campaign: Json, who: httpx.AsyncClient | None = None) -> str:
        answer = await (who or self.ravi).post(
            f"/v1/campaigns/{campaign['id']}/approvals", json={"note": "For the season"}
        )
        assert answer.status_code == 201, answer.text
        asked: str = answer.json()["id"]
        return asked

    async def answer(
        self, who: httpx.AsyncClient, approval_id: str, is_approved: bool = True
    ) -> tuple[int, str]:
        answer = await who.post(
            f"/v1/campaign-approvals/{approval_id}/decision",
            json={"is_approved": is_approved, "note": "Not on a Sunday"},
        )
        return answer.status_code, answer.json().get("code") or answer.json()["state"]

    async def schedule(self, campaign: Json, **when: str) -> tuple[int, str]:
        path = f"/v1/campaigns/{campaign['id']}/schedule"
        answer = await self.ravi.put(path, json=when)
        return answer.status_code, answer.json().get("code") or answer.json()["state"]

    async def draft(self, segment_id: UUID, **plan: Any) -> Json:
        body = {"name": "Spring", "include_ids": [str(segment_id)], "variants": [WORDS], **plan}
        made: Json = (await self.ravi.post("/v1/campaigns", json=body)).json()
        return made

    async def change(self, who: httpx.AsyncClient, campaign: Json, **plan: Any) -> None:
        body = {"name": "Summer", "include_ids": campaign["include_ids"], "variants": [WORDS]}
        answer = await who.put(f"/v1/campaigns/{campaign['id']}", json=body | plan)
        assert answer.status_code == 200, answer.text

    async def inbox(self, who: httpx.AsyncClient) -> list[str]:
        while await outbox.relay_once(self.company.database):
            pass
        items = (await who.get("/v1/inbox")).json()["items"]
        return [one["title"] for one in items if one["kind"] == "campaign_approval"]


@pytest.fixture
async def desk(company: Company, app: Litestar) -> AsyncIterator[Desk]:
    hired = [
        await hire(company.database, company.actor.org_id, role, name)
        for name, role in (("Ravi", "marketing"), ("Meera", "marketing"), ("Asha", "admin"))
    ]
    async with AsyncExitStack() as opened:
        people = [await opened.enter_async_context(at_work(app, email)) for _, email in hired]
        rule = await people[2].put("/v1/campaign-approval-rule", json={"people_max": 2})
        assert (rule.status_code, rule.json()) == (200, {"people_max": 2})
        yield Desk(company, people, [one for one, _ in hired])


async def test_who_made_or_changed_a_campaign_to_many_cannot_approve_it_and_a_change_voids_a_yes(
    desk: Desk, company: Company
) -> None:
    everybody = await company.segment(await company.people(3))
    campaign = await desk.draft(everybody)
    assert await desk.schedule(campaign) == (409, "approval_needed")
    assert await company.told() == []

    first = await desk.ask(campaign)
    assert await desk.answer(desk.ravi, first) == (403, "own_approval")
    assert await desk.inbox(desk.ravi) == []
    waits = ["Spring to 3 people waits for your approval"]
    assert await desk.inbox(desk.meera) == await desk.inbox(desk.asha) == waits
    await desk.change(desk.meera, campaign)
    assert await desk.answer(desk.asha, first) == (409, "approval_settled")

    second = await desk.ask(campaign)
    assert await desk.answer(desk.meera, second) == (403, "own_approval")
    assert await desk.answer(desk.asha, second, is_approved=False) == (201, "declined")
    assert await desk.schedule(campaign) == (409, "approval_needed")
    assert await desk.inbox(desk.ravi) == ["Summer was declined"]

    await desk.change(desk.ravi, campaign, name="Autumn")
    third = await desk.ask(campaign)
    (newest, *_) = (await desk.asha.get(f"/v1/campaigns/{campaign['id']}/approvals")).json()[
        "items"
    ]
    assert [one["field"] for one in newest["changes"]] == ["name", "utm"], (
        "its tags follow its name"
    )
    assert newest["changes"][0] == {"field": "name", "before": "Summer", "after": "Autumn"}
    assert await desk.answer(desk.meera, third) == (201, "approved")
    await desk.change(desk.ravi, campaign, name="Winter")
    assert await desk.schedule(campaign) == (409, "approval_needed")

    fourth = await desk.ask(campaign)
    assert await desk.answer(desk.meera, fourth) == (201, "approved")
    assert await desk.answer(desk.asha, fourth) == (409, "approval_settled")
    assert await desk.schedule(campaign) == (200, "scheduled")
    await company.turn(campaign)
    assert await company.states(campaign) == {"queued": 3}
    async with company.database.transaction(company.actor) as tx:
        rows = [row["action"].removeprefix("marketing.") for row in await tx.records(AUDIT)]
    assert rows == [
        "set_approval_rule", "ask_approval", "void_approval", "ask_approval", "declined",
        "ask_approval", "approved", "void_approval", "ask_approval", "approved",
    ]  # fmt: skip


async def test_a_key_stands_for_whoever_made_it(
    desk: Desk, company: Company, app: Litestar
) -> None:
    campaign = await desk.draft(await company.segment(await company.people(3)))
    await desk.change(desk.asha, campaign)
    asked = await desk.ask(campaign)
    made = (
        await desk.asha.post("/v1/api-keys", json={"name": "k", "grants": ["marketing.*"]})
    ).json()
    async with visitor(app) as script:
        script.headers["authorization"] = f"Bearer {made['key']}"
        assert await desk.answer(script, asked) == (403, "own_approval")
    assert await desk.answer(company.client, asked) == (403, "own_approval"), "nobody's key"
    assert await desk.answer(desk.meera, asked) == (201, "approved")


async def test_a_campaign_that_grew_beyond_its_approval_waits_and_goes_on_with_another(
    desk: Desk, company: Company
) -> None:
    everybody = await company.segment(await company.people(3))
    campaign = await desk.draft(everybody)
    assert await desk.answer(desk.meera, await desk.ask(campaign)) == (201, "approved")
    at = company.hands.now() + timedelta(hours=1)
    assert await desk.schedule(campaign, at=at.isoformat()) == (200, "scheduled")
    more = await company.people(2, prefix="late")
    async with company.database.transaction(company.actor) as tx:
        segment = await customers.lock_segment(tx, everybody)
        await customers.add_to_segment(tx, segment, more, now=at)
    company.hands.advance(hours=1)
    await company.turn(campaign)

    stands = await company.read(campaign)
    assert (stands["state"], stands["paused_for"]) == ("paused", "approval")
    assert stands["state_reason"] == ("It is for 5 people now, and nobody else has approved that.")
    assert await company.states(campaign) == {"planned": 5}
    resumption = f"/v1/campaigns/{campaign['id']}/resumption"
    assert (await desk.ravi.post(resumption)).json()["code"] == "approval_needed"
    assert await desk.answer(desk.meera, await desk.ask(campaign)) == (201, "approved")
    assert (await desk.ravi.post(resumption)).status_code == 201
    await company.turn(campaign)
    assert await company.states(campaign) == {"queued": 5}


async def test_few_need_nobody_a_welcome_always_does_and_only_the_company_sets_the_rule(
    desk: Desk, company: Company
) -> None:
    few = await company.segment(await company.people(2))
    assert await desk.schedule(await desk.draft(few)) == (200, "scheduled")
    welcome = await desk.draft(few, kind="welcome")
    assert await desk.schedule(welcome) == (409, "approval_needed")
    refused = await desk.ravi.put("/v1/campaign-approval-rule", json={"people_max": None})
    assert refused.status_code == 403
    form = {"people_max": "2,500", "version": "1"}
    assert (await desk.ravi.post("/settings/campaign-approval", data=form)).status_code == 403
    assert (await desk.asha.post("/settings/campaign-approval", data=form)).status_code == 303
    stale = await desk.asha.post("/settings/campaign-approval", data=form)
    assert (stale.status_code, "Look at it again" in stale.text) == (412, True)
    shown = await desk.ravi.get("/v1/campaign-approval-rule")
    assert (shown.json(), shown.headers["etag"]) == ({"people_max": 2500}, '"2"')
    assert await desk.schedule(welcome) == (409, "approval_needed")


async def save_journey(author: httpx.AsyncClient, path: str, plan: Json) -> Json:
    """A new one, or another draft of the one at `path`."""
    body = {"name": "Welcome", "plan": plan}
    is_new = path == "/v1/journeys"
    answer = await (author.post(path, json=body) if is_new else author.put(path, json=body))
    assert answer.status_code == (201 if is_new else 200), answer.text
    made: Json = answer.json()
    return made


async def ask(who: httpx.AsyncClient, path: str, body: Json) -> tuple[int, str]:
    """The status, and the refusal's code or the state that it led to."""
    answer = await who.post(path, json=body)
    return answer.status_code, answer.json().get("code") or answer.json()["state"]


async def approve_on_its_page(desk: Desk, journey_id: str) -> str:
    """Asked for by Ravi after a change, seen by Asha with what changed, answered; its id."""
    page, at = f"/journeys/{journey_id}", f"/v1/journeys/{journey_id}"
    assert (await desk.ravi.post(f"{page}/approvals", data={"note": "Shorter"})).status_code == 303
    (waiting,) = (await desk.asha.get("/v1/journey-approvals")).json()["items"]
    (newest, _) = (await desk.asha.get(f"{at}/approvals")).json()["items"]
    assert newest["id"] == waiting["id"]
    assert [one["field"] for one in newest["changes"]] == [
        "order of steps", "step call", "step hello",
    ]  # fmt: skip
    assert "One journey waits" in (await desk.asha.get("/journeys")).text
    mine, theirs = (await desk.ravi.get(page)).text, (await desk.asha.get(page)).text
    assert "you had a hand in it" in mine and "you had a hand in it" not in theirs
    assert "<b>Ravi</b> asked, with 2 in its segment" in theirs and "Step call: new" in theirs
    decision = f"{page}/approvals/{waiting['id']}/decision"
    own = await desk.ravi.post(decision, data={"is_approved": "true"})
    assert (own.status_code, "Somebody else must approve it" in own.text) == (403, True)
    assert (await desk.asha.post(decision, data={"is_approved": "true"})).status_code == 303
    return str(waiting["id"])


async def test_a_journey_that_writes_to_whoever_comes_is_published_once_another_has_said_yes(
    desk: Desk, company: Company
) -> None:
    """Its draft, as it is: by the API and on its page."""
    hello = {"do": "send", "id": "hello", "subject": "Hello", "text": "Good day, {{ name }}."}
    task = {"do": "act", "id": "call", "what": "add_task", "title": "Call them"}
    newcomers = await company.segment(await company.people(2), name="Newcomers")
    entry = {"by": "segment", "segment_id": str(newcomers)}

    async def save(*steps: Json, path: str = "/v1/journeys") -> Json:
        return await save_journey(desk.ravi, path, {"entry": entry, "steps": list(steps)})

    async def publish(journey: Json) -> tuple[int, str]:
        return await ask(desk.ravi, f"/v1/journeys/{journey['id']}/publication", {})

    async def decide(who: httpx.AsyncClient, asked: str, is_approved: bool) -> tuple[int, str]:
        said = {"is_approved": is_approved, "note": "Shorter, please"}
        return await ask(who, f"/v1/journey-approvals/{asked}/decision", said)

    silent = await save(task)
    assert await publish(silent) == (200, "running"), "it sends nothing"
    journey = await save(hello)
    assert await publish(journey) == (409, "approval_needed")
    at = f"/v1/journeys/{journey['id']}"
    first = (await desk.ravi.post(f"{at}/approvals", json={"note": "New words"})).json()
    assert (first["state"], first["people"]) == ("asked", 2)
    assert await decide(desk.ravi, first["id"], True) == (403, "own_approval")
    assert await decide(company.client, first["id"], True) == (403, "own_approval"), "nobody's key"
    waits = ["The journey Welcome waits for your approval"]
    assert await desk.inbox(desk.meera) == await desk.inbox(desk.asha) == waits
    assert await desk.inbox(desk.ravi) == []
    assert await decide(desk.meera, first["id"], False) == (201, "declined")
    assert await desk.inbox(desk.ravi) == ["The journey Welcome was declined"]
    assert await publish(journey) == (409, "approval_needed")

    await save(hello | {"subject": "Hi"}, task, path=at)
    waiting = await approve_on_its_page(desk, journey["id"])
    assert await decide(desk.meera, waiting, True) == (409, "approval_settled")
    assert await publish(journey) == (200, "running")
    assert await publish(journey) == (200, "running"), "the same once more"

    await save(hello, path=at)
    assert await publish(journey) == (409, "approval_needed"), "a change voids it"
    listed = (await desk.meera.get(f"{at}/approvals")).json()["items"]
    assert [one["state"] for one in listed] == ["void", "declined"]
    other = await desk.meera.get(f"/v1/journeys/{silent['id']}/approvals")
    assert (other.status_code, other.json()) == (200, {"items": []})


async def test_its_page_says_who_asked_and_what_changed_and_takes_the_answer(
    desk: Desk, company: Company
) -> None:
    campaign = await desk.draft(await company.segment(await company.people(3)))
    at = f"/campaigns/{campaign['id']}"
    assert "Needed: it is for 3 people" in (await desk.ravi.get(at)).text
    asked = await desk.ravi.post(f"{at}/approvals", data={"note": "Look at the subject"})
    assert asked.status_code == 303
    mine, theirs = (await desk.ravi.get(at)).text, (await desk.asha.get(at)).text
    assert "you had a hand in it" in mine and "you had a hand in it" not in theirs
    assert "<b>Ravi</b> asked for 3 people" in theirs and "Look at the subject" in theirs
    assert "One campaign waits" in (await desk.asha.get("/campaigns")).text
    (waiting,) = (await desk.asha.get("/v1/campaign-approvals")).json()["items"]
    decision = f"{at}/approvals/{waiting['id']}/decision"
    own = await desk.ravi.post(decision, data={"is_approved": "true"})
    assert (own.status_code, "Somebody else must approve it" in own.text) == (403, True)
    said = await desk.asha.post(decision, data={"is_approved": "true", "note": "Go"})
    assert said.status_code == 303
    await desk.change(desk.ravi, campaign, name="Summer", holdout_percent=5)
    assert (await desk.ravi.post(f"{at}/approvals", data={})).status_code == 303
    again = (await desk.asha.get(at)).text
    assert "What changed since the answer before" in again and "Spring → <b>Summer</b>" in again
    assert "Void: changed afterwards" in again and "<b>Asha</b> answered" in again
