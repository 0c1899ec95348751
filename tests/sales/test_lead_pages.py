"""Leads' pages by their forms: what a person fills in ends up where it belongs."""

from typing import Any

import httpx2 as httpx


async def read(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


async def send(client: httpx.AsyncClient, path: str, **form: Any) -> httpx.Response:
    return await client.post(path, data=form)


async def test_a_lead_is_written_in_moved_noted_lost_and_found_again(
    client: httpx.AsyncClient,
) -> None:
    await client.post(
        "/v1/custom-fields",
        json={"key": "seats", "kind": "number", "label": "Seats", "target": "lead"},
    )
    assert "No leads yet" in await read(client, "/leads")
    bad = await send(client, "/leads", name="Asha", email="nowhere")
    assert (bad.status_code, "is not an e-mail address" in bad.text) == (422, True)
    assert 'value="Asha"' in bad.text
    made = await send(
        client, "/leads", name="Asha <b>", company_name="Rao & Co", email="asha@rao.example",
        country="in", tags="fair, hot", custom_seats="12", source="Fair",
    )  # fmt: skip
    path = made.headers["location"]
    shown = await read(client, path)
    for text in ("Asha &lt;b&gt;", "Rao &amp; Co", "fair, hot", "Seats", "12", "Came for the"):
        assert text in shown
    statuses = {one["name"]: one["id"] for one in (await client.get("/v1/lead-statuses")).json()}
    await send(client, f"{path}/status", status_id=statuses["Contacted"])
    await send(client, f"{path}/notes", text="Wants a quote")
    shown = await read(client, path)
    assert "Moved to Contacted" in shown and "Wants a quote" in shown
    lead = (await client.get(f"/v1{path}")).json()
    stale = await send(client, f"{path}/edit", name="Asha", version=str(lead["version"] - 1))
    assert stale.status_code == 412
    saved = await send(client, f"{path}/edit", name="Asha Rao", version=str(lead["version"]))
    assert saved.status_code == 303
    lost = await send(client, f"{path}/status", status_id=statuses["Lost"], lost_reason="Too dear")
    assert lost.status_code == 303
    assert "Lost: Too dear" in await read(client, path)
    listed = await read(client, f"/leads?status={statuses['Lost']}&q=asha")
    assert "Asha Rao" in listed and "Nothing matches" not in listed
    assert "Nothing matches" in await read(client, f"/leads?status={statuses['New']}&q=asha")


async def test_a_card_of_the_board_goes_where_it_was_dropped_unless_somebody_was_faster(
    client: httpx.AsyncClient,
) -> None:
    lead = (await client.post("/v1/leads", json={"name": "Meera"})).json()
    statuses = {one["name"]: one["id"] for one in (await client.get("/v1/lead-statuses")).json()}
    place = {"card_id": lead["id"], "stage_id": statuses["Nurturing"], "after_id": ""}
    late = await send(client, "/leads/places", **place, version="99")
    assert (late.status_code, "Somebody moved" in late.text) == (412, True)
    moved = await send(client, "/leads/places", **place, version=str(lead["version"]))
    assert moved.status_code == 201 or moved.status_code == 200
    path = f"/v1/leads/{lead['id']}"
    assert (await client.get(path)).json()["status_name"] == "Nurturing"
    place["stage_id"] = statuses["Converted"]
    refused = await send(client, "/leads/places", **place, version=str(lead["version"] + 1))
    assert (refused.status_code, "Convert the lead" in refused.text) == (422, True)
    assert (await client.get(path)).json()["status_name"] == "Nurturing"


async def test_two_leads_are_merged_from_the_page_and_the_owner_is_changed(
    client: httpx.AsyncClient,
) -> None:
    one = (await client.post("/v1/leads", json={"name": "Meera", "email": "m@x.in"})).json()
    other = (await client.post("/v1/leads", json={"name": "Meera N", "phone": "9845033333"})).json()
    path = f"/leads/{one['id']}"
    assert "Meera N" in await read(client, f"{path}/merge")
    assert (await send(client, f"{path}/merge", loser_id=other["id"])).status_code == 303
    assert "+919845033333" in await read(client, path)
    assert "Another lead was merged in" in await read(client, path)
    assert (await client.get(f"/leads/{other['id']}")).status_code == 410
    unknown = await send(client, f"{path}/owner", owner_id="0191f000-0000-7000-8000-000000000000")
    assert (unknown.status_code, "Nobody here has this id" in unknown.text) == (422, True)
