"""Two tabs edit the same thing, a session ends amid a form, somebody asks for what is not there."""

import re
from uuid import uuid4

import httpx2 as httpx
from litestar import Litestar

from tests.givens import visitor

SAID = "Somebody changed this in the meantime."


async def made(client: httpx.AsyncClient, path: str, **body: str) -> str:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_the_second_of_two_tabs_is_refused_and_keeps_what_was_typed(
    client: httpx.AsyncClient,
) -> None:
    deal = await made(client, "/v1/opportunities", title="First")
    segment = await made(client, "/v1/segments", name="First")
    campaign = await made(client, "/v1/campaigns", name="First")
    forms: list[tuple[str, str, str, dict[str, str]]] = [
        (f"/deals/{deal}", f"/deals/{deal}", "title", {}),
        (f"/segments/{segment}/edit", "/segments", "name", {"id": segment, "kind": "static"}),
        (
            f"/campaigns/{campaign}/edit",
            f"/campaigns/{campaign}",
            "name",
            {"kind": "once", "channel": "email", "purpose": "marketing"},
        ),
    ]
    for page, to, field, more in forms:
        shown = (await client.get(page)).text
        found = re.search(r'name="version" value="(\d+)"', shown)
        assert found, page
        for typed, status in (("Second", 303), ("Third", 412)):
            data = {**more, "version": found[1], field: typed}
            answer = await client.post(to, data=data)
            assert answer.status_code == status, (page, answer.status_code, answer.text[-600:])
            if status != 303:
                assert SAID in answer.text, page
                assert f'value="{typed}"' in answer.text, page
    kept = (await client.get(f"/v1/opportunities/{deal}")).json()["title"]
    assert kept == "Second"
    assert (await client.get(f"/v1/campaigns/{campaign}")).json()["name"] == "Second"


async def test_whoever_was_signed_out_comes_back_to_the_page_they_were_on(app: Litestar) -> None:
    async with visitor(app) as stranger:
        asked = await stranger.get("/leads?q=Meera&sort=score")
        page = "http://test/deals/7"
        sent = await stranger.post(
            f"/deals/{uuid4()}/stage",
            data={"x": "y"},
            headers={"referer": page, "origin": "http://test"},
        )
    assert asked.headers["location"] == "/sign-in?next=/leads%3Fq%3DMeera%26sort%3Dscore"
    assert sent.headers["location"] == "/sign-in?next=/deals/7%23again"
