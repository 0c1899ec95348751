"""Opportunities over HTTP: opened, moved, won, lost, reopened; the board, the history."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2 as httpx
import pytest
from litestar import Litestar

from tandem.crm.identity import service as identity
from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import api_key_of, visitor

STAGES: list[dict[str, Any]] = [
    {"name": "New", "probability": 10},
    {"name": "Talking", "probability": 40, "expected_days": 7, "required_fields": ["close_on"]},
    {"name": "Offer", "probability": 60, "wip_limit": 3, "required_fields": ["amount_minor"]},
    {"name": "Won", "kind": "won"},
    {"name": "Lost", "kind": "lost"},
]


class Desk:
    """A pipeline and what is done with it."""

    def __init__(self, client: httpx.AsyncClient, pipeline: dict[str, Any]) -> None:
        self.client = client
        self.pipeline = pipeline
        self.stage = {one["name"]: one["id"] for one in pipeline["stages"]}

    async def open(self, title: str = "Cold store", **given: Any) -> dict[str, Any]:
        body = {"title": title, "pipeline_id": self.pipeline["id"], **given}
        answer = await self.client.post("/v1/opportunities", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def act(self, card: dict[str, Any], what: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"/v1/opportunities/{card['id']}/{what}", json=body)

    async def move(
        self,
        card: dict[str, Any],
        stage: str,
        after: dict[str, Any] | None = None,
        *,
        seen: int | None = None,
    ) -> httpx.Response:
        head = {"if-match": f'"{seen}"'} if seen else {}
        body = {"stage_id": self.stage[stage], "after_id": after["id"] if after else None}
        return await self.client.post(
            f"/v1/opportunities/{card['id']}/moves", json=body, headers=head
        )

    async def titles(self, stage: str) -> list[str]:
        board = (await self.client.get(f"/v1/pipelines/{self.pipeline['id']}/board")).json()
        column = next(one for one in board if one["stage"]["name"] == stage)
        return [card["title"] for card in column["cards"]]


@pytest.fixture
async def desk(client: httpx.AsyncClient) -> Desk:
    answer = await client.post("/v1/pipelines", json={"name": "Projects", "stages": STAGES})
    assert answer.status_code == 201, answer.text
    return Desk(client, answer.json())


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body["code"], body.get("field")


async def test_a_company_without_a_pipeline_gets_the_usual_one(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/opportunities", json={"title": "First of all"})
    made = answer.json()
    (pipeline,) = (await client.get("/v1/pipelines")).json()
    assert answer.status_code == 201
    assert (made["number"], made["stage_name"], made["probability"]) == (
        "OPP-1001",
        "Qualification",
        10,
    )
    assert [one["kind"] for one in pipeline["stages"]][-2:] == ["won", "lost"]


async def test_no_stage_is_skipped_and_no_end_reached_without_what_it_needs(desk: Desk) -> None:
    card = await desk.open()
    assert refusal(await desk.move(card, "Offer")) == (422, "invalid", "amount_minor")
    assert refusal(await desk.move(card, "Talking")) == (422, "invalid", "close_on")
    assert refusal(await desk.act(card, "win")) == (422, "invalid", "amount_minor")
    path = f"/v1/opportunities/{card['id']}"
    changed = await desk.client.patch(path, json={"amount_minor": 5_000_00})
    assert changed.json()["version"] == 2
    assert refusal(await desk.move(card, "Offer")) == (422, "invalid", "close_on")
    assert refusal(await desk.move(card, "Won")) == (422, "invalid", "stage_id")
    assert (await desk.client.get(path)).json()["version"] == 2
    for slip in ("0202-12-24", "9999-12-31"):
        answer = await desk.client.patch(path, json={"close_on": slip})
        assert refusal(answer) == (422, "invalid", "close_on")
        answer = await desk.client.post("/v1/opportunities", json={"title": "T", "close_on": slip})
        assert refusal(answer) == (422, "invalid", "close_on")
    await desk.client.patch(path, json={"close_on": "2026-12-24"})
    assert (await desk.move(card, "Offer")).json()["stage_name"] == "Offer"
    emptied = await desk.client.patch(path, json={"amount_minor": None})
    assert refusal(emptied) == (422, "invalid", "amount_minor")
    won = (await desk.act(card, "win")).json()
    assert (won["status"], won["probability"], won["stage_name"]) == ("won", 100, "Won")
    assert refusal(await desk.act(card, "win")) == (409, "opportunity_closed", None)
    assert refusal(await desk.client.patch(path, json={"title": "No"})) == (
        409,
        "opportunity_closed",
        None,
    )


async def test_losing_says_why(desk: Desk) -> None:
    card = await desk.open()
    assert refusal(await desk.act(card, "loss")) == (422, "invalid", "reason")
    assert refusal(await desk.act(card, "loss", why="price", reason="price")) == (
        422,
        "invalid",
        "why",
    )
    assert refusal(await desk.act(card, "loss", reason="other")) == (422, "invalid", "note")
    asked = await desk.act(card, "loss", reason="competitor", competitor=" ")
    assert refusal(asked) == (422, "invalid", "competitor")
    lost = (await desk.act(card, "loss", reason="competitor", competitor="Acme")).json()
    assert (lost["status"], lost["lost_reason"], lost["competitor"]) == (
        "lost",
        "competitor",
        "Acme",
    )
    back = (await desk.act(card, "reopening")).json()
    assert (back["status"], back["stage_name"], back["lost_reason"]) == ("open", "New", "")
    assert refusal(await desk.act(card, "reopening")) == (409, "opportunity_open", None)


async def test_cards_stand_where_they_were_put(desk: Desk) -> None:
    a, b, c = [await desk.open(title) for title in ("a", "b", "c")]
    assert await desk.titles("New") == ["a", "b", "c"]
    await desk.move(c, "New", a)
    assert await desk.titles("New") == ["a", "c", "b"]
    await desk.move(a, "New", b)
    assert await desk.titles("New") == ["c", "b", "a"]
    await desk.move(b, "New")
    assert await desk.titles("New") == ["b", "c", "a"]
    other = {"id": str(uuid4())}
    assert refusal(await desk.move(a, "New", other)) == (422, "invalid", "after_id")
    assert refusal(await desk.move(a, "New", a)) == (422, "invalid", "after_id")
    assert await desk.titles("New") == ["b", "c", "a"]


async def test_a_hundred_turns_between_two_cards_space_the_column_out(desk: Desk) -> None:
    top, x, y, bottom = [await desk.open(title) for title in ("top", "x", "y", "bottom")]
    for turn in range(150):
        await desk.move((x, y)[turn % 2], "New", top)
    assert await desk.titles("New") == ["top", "y", "x", "bottom"]
    rows = (await desk.client.get("/v1/opportunities?limit=10")).json()["items"]
    assert max(len(row["rank"]) for row in rows) <= 60
    assert bottom["number"] == "OPP-1004"


async def test_two_who_move_the_same_card_do_not_both_succeed(desk: Desk) -> None:
    card = await desk.open(close_on="2026-12-01")
    answers = await asyncio.gather(
        *[desk.move(card, stage, seen=card["version"]) for stage in ("Talking", "New", "Talking")]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]


async def test_ten_at_once_never_overfill_a_column(desk: Desk) -> None:
    given = {"close_on": "2026-12-01", "amount_minor": 100}
    cards = [await desk.open(f"deal {place}", **given) for place in range(10)]
    answers = await asyncio.gather(*[desk.move(card, "Offer") for card in cards])
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 7
    assert {refusal(one)[1] for one in answers if one.status_code == 409} == {"wip_limit_reached"}
    assert len(await desk.titles("Offer")) == 3


async def test_the_time_in_each_stage_adds_up_to_the_whole(
    desk: Desk, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await desk.open(close_on="2026-12-01", amount_minor=100)
    begun = database.clock.now()
    for hours, act in ((5, "Talking"), (48, "New"), (3, "Talking"), (1, "loss"), (10, "reopening")):
        later = database.clock.now() + timedelta(hours=hours)
        monkeypatch.setattr(database.clock, "now", lambda later=later: later)
        if act == "loss":
            await desk.act(card, "loss", reason="price")
        elif act == "reopening":
            await desk.act(card, "reopening")
        else:
            await desk.move(card, act)
    path = f"/v1/opportunities/{card['id']}/stages"
    stays = (await desk.client.get(path)).json()
    assert [stay["stage_name"] for stay in stays] == [
        "New",
        "Talking",
        "New",
        "Talking",
        "Lost",
        "Talking",
    ]
    whole = (database.clock.now() - begun).total_seconds()
    assert abs(sum(stay["seconds"] for stay in stays) - whole) <= 6


async def test_a_stage_that_was_used_stays_and_a_probability_somebody_set_too(desk: Desk) -> None:
    plain = await desk.open("plain", amount_minor=100)
    fixed = await desk.open("fixed", amount_minor=100)
    await desk.client.patch(f"/v1/opportunities/{fixed['id']}", json={"manual_probability": 35})
    stages = [
        {key: stage[key] for key in ("id", "name", "kind", "probability")}
        for stage in desk.pipeline["stages"]
    ]
    stages[0] |= {"name": "Fresh", "probability": 15}
    path = f"/v1/pipelines/{desk.pipeline['id']}"
    dropped = await desk.client.put(path, json={"name": "Projects", "stages": stages[1:]})
    assert refusal(dropped) == (409, "stage_in_use", None)
    unused = [stages[0], *stages[2:]]
    changed = await desk.client.put(path, json={"name": "Projects", "stages": unused})
    assert changed.status_code == 200, changed.text
    assert [one["name"] for one in changed.json()["stages"]] == ["Fresh", "Offer", "Won", "Lost"]
    seen = {
        row["title"]: (row["probability"], row["stage_name"])
        for row in (await desk.client.get("/v1/opportunities")).json()["items"]
    }
    assert seen == {"plain": (15, "Fresh"), "fixed": (35, "Fresh")}
    assert plain["probability"] == 10
    gone = await desk.client.delete(path)
    assert refusal(gone) == (409, "stage_in_use", None)


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        (STAGES[:3], "one for won and one for lost"),
        (STAGES[3:], "at least one open stage"),
        ([*STAGES, STAGES[3]], "one for won"),
        ([STAGES[0], STAGES[0], *STAGES[3:]], "same name"),
        ([{"name": "Maybe"}, *STAGES[3:]], "Give the probability of Maybe"),
    ],
)
async def test_a_pipeline_without_an_end_is_refused(
    client: httpx.AsyncClient, stages: list[dict[str, Any]], words: str
) -> None:
    answer = await client.post("/v1/pipelines", json={"name": "Odd", "stages": stages})
    assert refusal(answer) == (422, "invalid", "stages")
    assert words in answer.json()["detail"]
    assert (await client.get("/v1/pipelines")).json() == []


async def test_another_company_finds_nothing(
    desk: Desk, app: Litestar, database: Database, now: datetime
) -> None:
    card = await desk.open()
    org_id = await identity.found_organisation(
        database, name="Stranger", slug=f"s-{uuid4().hex[:8]}", now=now
    )
    key = await api_key_of(database, Actor.system(org_id))
    async with visitor(app) as stranger:
        stranger.headers["authorization"] = f"Bearer {key}"
        for path in (
            f"/v1/opportunities/{card['id']}",
            f"/v1/opportunities/{card['id']}/stages",
            f"/v1/pipelines/{desk.pipeline['id']}",
            f"/v1/pipelines/{desk.pipeline['id']}/board",
        ):
            assert (await stranger.get(path)).status_code == 404, path
        assert (await stranger.get("/v1/opportunities")).json()["items"] == []
