"""Pages on which leads are worked, by their forms: rules, hours, gates, conversion, tasks."""

from datetime import datetime
from html import unescape
from typing import Any

import httpx2 as httpx
import pytest

from tandem.kernel import outbox
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.identity.company import hire

AUTOMATIONS = "/settings/automations"
RULES = "/settings/assignment"
Form = dict[str, Any]


async def read(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return unescape(answer.text)


async def send(client: httpx.AsyncClient, path: str, /, *, expected: int = 303, **form: Any) -> str:
    """Where it leads to, or the page with the reason."""
    answer = await client.post(path, data=form)
    assert answer.status_code == expected, answer.text[:500]
    return answer.headers["location"] if expected == 303 else unescape(answer.text)


@pytest.fixture
async def asha(database: Database, actor: Actor, now: datetime) -> str:
    async with database.transaction(actor) as tx:
        return str((await hire(tx, "asha", "sales", now)).id)


async def test_rules_are_written_ordered_tried_and_taken_away(
    client: httpx.AsyncClient, asha: str
) -> None:
    assert "No rules yet" in await read(client, RULES)
    empty = await send(client, RULES, expected=422, name="Everybody", strategy="round_robin")
    assert "Name people or a team." in empty
    everybody: dict[str, Any] = {
        "name": "Everybody",
        "strategy": "round_robin",
        "is_active": "true",
    }
    await send(client, RULES, **everybody, user_ids=[asha])
    pune: dict[str, Any] = {
        "name": "Pune",
        "strategy": "owner",
        "owner_id": asha,
        "is_active": "true",
    }
    row: Form = {"word_0": "field:city", "op_0": "is", "value_0": "Pune"}
    drafted = await send(client, f"{RULES}/draft", expected=200, **pune, **row)
    assert 'value="Pune"' in drafted and "Condition" in drafted
    await send(client, RULES, **pune, **row)
    one, two = (await client.get("/v1/assignment-rules")).json()
    assert (one["user_ids"], two["condition"]) == (
        [asha],
        {"all": [{"field": "city", "op": "is", "value": "Pune"}]},
    )
    await send(client, f"{RULES}/order", ids=f"{two['id']},{one['id']}")
    shown = await read(client, RULES)
    assert shown.index("City is Pune") < shown.index("Every lead")
    await send(client, f"{RULES}/order", expected=422, ids="nonsense")
    tried = await send(client, f"{RULES}/simulation", expected=200, city="Delhi")
    assert "Asha" in tried and "City is Pune (is Delhi)" in tried
    nobody = await send(client, f"{RULES}/simulation", expected=422, lead="Nobody at all")
    assert "No lead fits that." in nobody
    edited = await read(client, f"{RULES}/{two['id']}")
    assert 'value="Pune"' in edited
    await send(client, f"{RULES}/{two['id']}/removal")
    assert "City is Pune" not in await read(client, RULES)


async def test_an_automation_is_built_tried_and_shows_what_it_did(
    client: httpx.AsyncClient, database: Database, asha: str
) -> None:
    assert "No automations yet" in await read(client, AUTOMATIONS)
    refused = await send(client, AUTOMATIONS, expected=422, name="Cold", trigger="lead_came")
    assert "Say what shall be done" in refused
    cold: Form = {
        "name": "Cold",
        "trigger": "lead_came",
        "is_active": "true",
        "word_0": "field:company_name",
        "op_0": "contains",
        "value_0": "cold",
        "do_0": "add_task",
        "text_0": "Call {name}",
        "kind_0": "call",
        "days_0": "2",
        "who_0": asha,
        "do_1": "add_tags",
        "text_1": "cold, new",
    }
    drafted = await send(client, f"{AUTOMATIONS}/draft", expected=200, **cold)
    assert "What is to be done" in drafted and 'value="cold"' in drafted
    await send(client, AUTOMATIONS, **cold)
    made = (await client.get("/v1/automations")).json()[0]
    await client.post("/v1/leads", json={"name": "Ravi", "company_name": "Cold stores"})
    await client.post("/v1/leads", json={"name": "Meera", "company_name": "Teas"})
    await outbox.drain(database)
    shown = await read(client, AUTOMATIONS)
    assert "Company contains cold → call for Asha within 2 d: Call {name}; tag it" in shown
    at = f"{AUTOMATIONS}/{made['id']}"
    assert "L-10001" in await read(client, at)
    tried = await send(client, f"{at}/trial", expected=200, tried="Meera")
    assert "It does not fit." in tried and "Company contains cold (is Teas)" in tried
    tried = await send(client, f"{at}/trial", expected=200, tried="L-10001")
    assert "It fits." in tried and "tag it cold, new" in tried
    await send(client, f"{at}/trial", expected=422, tried="Nobody at all")
    await send(client, f"{at}/removal")
    assert "No automations yet" in await read(client, AUTOMATIONS)


async def test_hours_absences_and_caps_are_set(client: httpx.AsyncClient, asha: str) -> None:
    at = f"/settings/availability/{asha}"
    half = await send(client, at, expected=422, opens_1="10:00")
    assert "Monday needs both times, or none." in half
    await send(client, at, opens_1="10:00", closes_1="18:00", lead_cap="30")
    wrong = await send(client, f"{at}/absences", expected=422, from_on="2026-01-09", until_on="x")
    assert "Choose the days." in wrong
    await send(client, f"{at}/absences", from_on="2026-01-09", until_on="2027-01-09", note="Leave")
    shown = await read(client, "/settings/availability")
    assert "1 days a week" in shown and "of 30" in shown and "Leave" in shown
    (desk,) = (await client.get("/v1/reps")).json()
    # The last day counts whole, in the company's time zone.
    assert desk["absences"][0]["until_at"] == "2027-01-09T18:30:00Z"
    await send(client, f"{at}/absences/{desk['absences'][0]['id']}/removal")
    assert (await client.get("/v1/reps")).json()[0]["absences"] == []


async def test_a_gate_is_set_passed_and_the_lead_converted_and_brought_back(
    client: httpx.AsyncClient,
) -> None:
    statuses = (await client.get("/v1/lead-statuses")).json()
    qualified = next(one["id"] for one in statuses if one["kind"] == "qualified")
    gate = f"/settings/qualification/{qualified}"
    await send(client, gate, required_fields=["city"], text_0="Budget is known", needed_0="true")
    assert 'value="Budget is known"' in await read(client, "/settings/qualification")
    lead = {"name": "Ravi", "email": "ravi@pages.test", "company_name": "Kumar Ice"}
    made = (await client.post("/v1/leads", json=lead)).json()
    page = f"/leads/{made.get('lead', made)['id']}"
    refused = await send(client, f"{page}/qualification", expected=422)
    assert "Qualified needs a city." in refused
    shown = await read(client, f"{page}/conversion")
    assert 'disabled title="Qualified needs a city."' in shown
    assert (await client.patch(f"/v1{page}", json={"city": "Pune"})).status_code == 200
    (gates,) = (await client.get(f"/v1{page}/checklists")).json()
    await send(client, f"{page}/checklists", step_ids=[gates["steps"][0]["step"]["id"]])
    await send(client, f"{page}/qualification")
    wrong: Form = {"has_opportunity": "true", "title": "Ice", "amount": "lots"}
    assert "Give an amount such as" in await send(
        client, f"{page}/conversion", expected=422, **wrong
    )
    wish: dict[str, Any] = {
        "has_account": "true",
        "has_opportunity": "true",
        "title": "Ice",
        "amount": "1,000",
    }
    deal = await send(client, f"{page}/conversion", **wish)
    assert "₹1,000.00" in await read(client, deal)
    shown = await read(client, page)
    assert "What became of it" in shown and "Kumar Ice" in shown
    (conversion,) = (await client.get(f"/v1{page}/conversions")).json()
    await send(client, f"{page}/conversions/{conversion['id']}/undo")
    assert "Nothing of what it made is left." in await read(client, page)
    await send(client, f"{page}/assignment")
    await send(client, f"{page}/recycling")
    assert (await client.get(f"/v1{page}")).json()["kind"] == "open"


async def test_tasks_are_written_listed_by_when_they_are_due_and_ticked_off(
    client: httpx.AsyncClient,
) -> None:
    assert "Nothing to do" in await read(client, "/tasks")
    deal = (await client.post("/v1/opportunities", json={"title": "Tiles"})).json()
    page = f"/deals/{deal['id']}"
    beside: Form = {"subject_kind": "opportunity", "subject_id": deal["id"]}
    back = await send(
        client, "/tasks", title="Samples", due_on="2020-02-03", due_time="10:30",
        remind_minutes="15", **beside,
    )  # fmt: skip
    assert back == f"{page}#tasks"
    call: dict[str, Any] = {
        "title": "Colours",
        "kind": "call",
        "outcome": "Blue",
        "is_done": "true",
    }
    await send(client, "/tasks", **(call | beside))
    assert "Samples" in await read(client, page) and "Blue" in await read(client, page)
    team = await read(client, "/tasks?whose=team")
    assert "Overdue" in team and "Tiles" in team
    samples = next(
        line["task"]
        for line in (await client.get("/v1/tasks?whose=team")).json()
        if line["task"]["title"] == "Samples"
    )
    # Half past ten in Kolkata is five in Greenwich; the reminder a quarter of an hour before.
    assert (samples["due_at"], samples["remind_at"]) == (
        "2020-02-03T05:00:00Z",
        "2020-02-03T04:45:00Z",
    )
    at = f"/tasks/{samples['id']}"
    assert await send(client, at, title="Samples again", due_on="2030-01-01") == f"{page}#tasks"
    ticked: Form = {"is_done": "true", "from": "team"}
    done = await send(client, f"{at}/completion", **ticked)
    assert done == "/tasks?whose=team"
    assert "Done lately" in await read(client, "/tasks?whose=team")
    assert await send(client, f"{at}/removal", **beside) == f"{page}#tasks"
    typed = await client.post("/deals", data={"title": "x", "customer_label": "Somebody"})
    assert (typed.status_code, "Choose the customer from the list." in unescape(typed.text)) == (
        422,
        True,
    )
