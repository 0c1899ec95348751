"""A journey's steps as they are drawn on its page: rules, shares, points."""

from html import unescape
from typing import Any

from tandem.crm.notifications import service as notifications
from tandem.flows import journeys as flow
from tandem.flows import score_leads
from tandem.kernel import outbox
from tests.marketing.givens import Company, Json


async def journey_with(company: Company, *steps: Json) -> str:
    made = await company.client.post("/v1/journeys", json={"name": "J", "plan": {"steps": steps}})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def save(
    company: Company, journey: str, step: str, *, expected: int = 303, **form: Any
) -> str:
    answer = await company.client.post(
        f"/journeys/{journey}/steps/{step}", data={"action": "save"} | form
    )
    assert answer.status_code == expected, answer.text[-600:]
    return unescape(answer.text)


async def step_of(company: Company, journey: str) -> Json:
    found: Json = (await company.client.get(f"/v1/journeys/{journey}")).json()["plan"]["steps"][0]
    return found


async def feed(company: Company, journey: str) -> bool | None:
    """Whether what it planned waits; None where nothing was ever said of it."""
    async with company.database.transaction(company.actor) as tx:
        found = await notifications.get_feed(tx, f"journey:{journey}")
    return None if found is None else found.is_paused


async def test_a_branch_is_drawn_by_conditions_as_a_segment_is(company: Company) -> None:
    journey = await journey_with(company, {"do": "branch", "id": "b"})
    drafted = await company.client.post(
        f"/journeys/{journey}/steps/b/draft", data={"word_0": "field:order_count"}
    )
    assert drafted.status_code == 200 and 'name="op_0"' in drafted.text
    assert (await step_of(company, journey)).get("rule") is None
    row: Json = {"word_0": "field:order_count", "op_0": "gte", "value_0": "3", "match": "all"}
    await save(company, journey, "b", **row)
    rule = {"all": [{"field": "order_count", "op": "gte", "value": "3"}]}
    assert (await step_of(company, journey))["rule"] == rule
    shown = unescape((await company.client.get(f"/journeys/{journey}")).text)
    assert "Branch: Number of orders is at least 3" in shown and 'value="3"' in shown
    segment = (await company.client.post("/v1/segments", json={"name": "S"})).json()
    both = await save(company, journey, "b", expected=422, segment_id=segment["id"], **row)
    assert "not both" in both
    wrong = await save(
        company, journey, "b", expected=422, word_0="field:order_count", op_0="gte", value_0="x"
    )
    assert "problem" in wrong
    assert (await step_of(company, journey))["rule"] == rule
    nested = {"not": {"field": "name", "op": "is", "value": "Asha"}}
    other = await journey_with(company, {"do": "branch", "id": "b", "rule": nested})
    assert 'name="json"' in (await company.client.get(f"/journeys/{other}")).text


async def test_a_split_gains_and_loses_shares_but_never_the_steps_in_them(company: Company) -> None:
    shares = [{"name": "A", "steps": [{"do": "leave", "id": "x"}]}, {"name": "B"}]
    journey = await journey_with(company, {"do": "split", "id": "s", "shares": shares})
    named: Json = {"name0": "A", "weight0": "2", "name1": "B", "weight1": "1"}
    await save(company, journey, "s", **named | {"action": "share"})
    found = (await step_of(company, journey))["shares"]
    assert [(one["name"], one.get("weight", 1)) for one in found] == [
        ("A", 2), ("B", 1), ("Share 3", 1),
    ]  # fmt: skip
    await save(company, journey, "s", **named, name2="", weight2="1")
    kept = (await step_of(company, journey))["shares"]
    assert [one["name"] for one in kept] == ["A", "B"]
    few = await save(company, journey, "s", expected=422, **named | {"name1": ""})
    assert "two to six shares" in few
    await save(company, journey, "s", **named | {"name0": ""})
    still = (await step_of(company, journey))["shares"]
    assert (still[0]["name"], len(still[0]["steps"])) == ("A", 1)


async def test_a_journey_changes_the_score_of_the_lead_somebody_is_and_says_why(
    company: Company,
) -> None:
    lead = (
        await company.client.post("/v1/leads", json={"name": "Asha", "email": "p0@example.test"})
    ).json()
    journey = await journey_with(company, {"do": "act", "id": "a", "what": "change_score"})
    incomplete = await company.client.post(f"/v1/journeys/{journey}/publication", json={})
    assert (incomplete.status_code, incomplete.json()["field"]) == (422, "a")
    form: Json = {
        "what": "change_score",
        "points": "-5",
        "reason": "Silent for a month",
        "days": "1",
    }
    await save(company, journey, "a", **form)
    person = (
        await company.client.post(
            "/v1/customers", json={"name": "Asha", "emails": [{"value": "p0@example.test"}]}
        )
    ).json()
    await company.client.patch(f"/v1/leads/{lead['id']}", json={"city": "Pune"})
    answer = await company.client.post(f"/v1/leads/{lead['id']}/conversion", json={})
    assert answer.status_code == 201, answer.text
    assert answer.json()["customer_id"] == person["id"]
    ran = await company.client.post(f"/v1/journeys/{journey}/publication", json={})
    assert ran.status_code == 200, ran.text
    await company.client.post(f"/v1/journeys/{journey}/runs", json={"customer_id": person["id"]})
    await flow.take_steps(company.work)
    why = (await company.client.get(f"/v1/leads/{lead['id']}/score")).json()
    assert (why["score"], [(one["reason"], one["points"]) for one in why["lines"]]) == (
        -5, [("Silent for a month", -5)],
    )  # fmt: skip
    await outbox.drain(company.database)
    rule = {
        "name": "Pune",
        "area": "fit",
        "points": 20,
        "rule": {"field": "city", "op": "is", "value": "Pune"},
    }
    await company.client.post("/v1/score-rules", json=rule)
    await score_leads.rescore(company.work)
    again = (await company.client.get(f"/v1/leads/{lead['id']}/score")).json()
    assert (again["score"], len(again["lines"])) == (15, 2)


async def test_a_journey_moves_the_lead_on_and_opens_a_deal(
    company: Company,
) -> None:
    client = company.client
    who: Json = {"name": "Ravi", "emails": [{"value": "ravi@example.test"}]}
    person = (await client.post("/v1/customers", json=who)).json()
    lead = (
        await client.post("/v1/leads", json={"name": "Ravi", "email": "ravi@example.test"})
    ).json()
    await outbox.drain(company.database)
    statuses = (await client.get("/v1/lead-statuses")).json()
    by_kind = {one["kind"]: one for one in statuses}
    deeds: list[Json] = [{"do": "act", "id": one, "what": "set_lead_status"} for one in ("a", "b")]
    deal: Json = {"do": "act", "id": "c", "what": "open_deal", "title": "Spring crates"}
    journey = await journey_with(company, *deeds, deal)
    path = f"/v1/journeys/{journey}"
    wrong = await client.post(f"{path}/publication", json={})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "a")
    never: Json = {"what": "set_lead_status", "status_id": by_kind["converted"]["id"]}
    assert "converted by a person" in await save(company, journey, "a", expected=422, **never)
    last = next(one for one in reversed(statuses) if one["kind"] == "open")
    for step, status in (("a", last["id"]), ("b", by_kind["lost"]["id"])):
        await save(company, journey, step, what="set_lead_status", status_id=status)
    shown = unescape((await client.get(f"/journeys/{journey}")).text)
    assert "Open a deal: Spring crates" in shown and f'value="{last["id"]}" selected' in shown
    pipeline = (await client.get("/v1/pipelines")).json()
    assert (await client.post(f"{path}/publication", json={})).status_code == 200
    await client.post(f"{path}/runs", json={"customer_id": person["id"]})
    await flow.take_steps(company.work)

    (run,) = (await client.get(f"{path}/runs")).json()["items"]
    log = (await client.get(f"{path}/runs/{run['id']}")).json()["steps"]
    assert [one["outcome"] for one in log] == ["done", "done", "done"], (log, pipeline)
    moved = (await client.get(f"/v1/leads/{lead['id']}")).json()
    assert moved["status_name"] == by_kind["lost"]["name"]
    (made,) = (await client.get(f"/v1/opportunities?customer_id={person['id']}")).json()["items"]
    assert (made["title"], made["source"], made["number"]) == (
        "Spring crates", "journey", log[2]["detail"],
    )  # fmt: skip


async def test_what_a_paused_journey_planned_waits_and_what_an_ended_one_planned_is_dropped(
    company: Company,
) -> None:
    journey = await journey_with(company, {"do": "leave", "id": "x"})
    path = f"/v1/journeys/{journey}"
    await company.client.post(f"{path}/publication", json={})
    assert await feed(company, journey) is None
    told = []
    for state in ("paused", "running", "ended"):
        assert (await company.client.put(f"{path}/state", json={"state": state})).status_code == 200
        told.append(await feed(company, journey))
    assert told == [True, False, False]
    page = (await company.client.get("/journeys")).text
    assert "ended" in page.lower()
