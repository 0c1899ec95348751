"""Leads' pages by their forms: what a person fills in ends up where it belongs."""

from typing import Any

import httpx2 as httpx
from litestar import Litestar

from tandem.kernel.actor import Actor
from tandem.kernel.db import Database
from tests.givens import api_key_of, visitor


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
        country="India", tags="fair, hot", custom_seats="12", source="Fair",
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
    assert (await send(client, f"{path}/edit")).status_code == 422
    saved = await send(client, f"{path}/edit", name="Asha Rao", version=str(lead["version"]))
    assert saved.status_code == 303
    lost = await send(client, f"{path}/status", status_id=statuses["Lost"], lost_reason="Too dear")
    assert lost.status_code == 303
    assert "Lost: Too dear" in await read(client, path)
    listed = await read(client, f"/leads?status={statuses['Lost']}&q=asha")
    assert "Asha Rao" in listed and "Nothing matches" not in listed
    assert "Nothing matches" in await read(client, f"/leads?status={statuses['New']}&q=asha")
    again = await send(client, "/leads", name="Rao, Aasha")
    assert (again.status_code, "a name that sounds the same" in again.text) == (409, True)
    assert f'href="{path}"' in again.text and 'value="Rao, Aasha"' in again.text
    assert (await client.get("/v1/leads")).json()["items"][0]["id"] == lead["id"]
    other = await send(client, "/leads", name="Rao, Aasha", allow_duplicate="true")
    assert other.status_code == 303


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


async def test_an_advertisers_address_is_given_and_what_failed_is_mended(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    assert "No inlet yet" in await read(client, "/leads/inlets")
    bad = await send(client, "/leads/inlets", name=" ", kind="ads")
    assert (bad.status_code, "Give the inlet a name" in bad.text) == (422, True)
    made = await send(client, "/leads/inlets", name="Meta", kind="ads", source="Meta")
    path = made.headers["location"]
    found = (await client.get("/v1/lead-inlets")).json()[0]
    shown = await read(client, path)
    assert f"http://test/v1/public/lead-inlets/{found['token']}" in shown
    form = {"name": "Meta", "kind": "ads", "version": "1", "is_active": "true"}
    wrong = await send(client, path, **form, fields="Size: custom.size")
    assert (wrong.status_code, "Size = custom.size" in wrong.text) == (422, True)
    await send(client, path, **form, fields="Town = city")
    async with visitor(app) as advertiser:
        to = f"/v1/public/lead-inlets/{found['token']}"
        for place in (1, 2):
            told = {"id": place, "Name": "Asha", "E-mail": "asha at teas", "Town": "Pune"}
            assert (await advertiser.post(to, json=told)).status_code == 202
    shown = await read(client, path)
    assert shown.count("Could not be taken in") == 2 and 'value="asha at teas"' in shown
    came = (await client.get(f"/v1/lead-inlets/{found['id']}/arrivals")).json()["items"]
    at = [f"{path}/arrivals/{one['id']}" for one in came]
    again = await send(client, at[0], verdict="take", email="asha@teas")
    assert (again.status_code, 'value="asha@teas"' in again.text) == (422, True)
    await send(client, at[0], verdict="take", email="asha@teas.test")
    await send(client, at[1], verdict="dismiss")
    shown = await read(client, path)
    assert "A new lead" in shown and "Put away" in shown
    lead = (await client.get("/v1/leads")).json()["items"][0]
    assert (lead["name"], lead["email"], lead["city"]) == ("Asha", "asha@teas.test", "Pune")


async def test_a_form_is_built_shown_to_strangers_and_changed(
    client: httpx.AsyncClient, app: Litestar
) -> None:
    assert "No form yet" in await read(client, "/leads/forms")
    assert "Heading" in await read(client, "/leads/forms/new")
    given = {
        "name": "Fair 2026", "title": "Meet <us>", "button": "Send", "effort": "light",
        "is_active": "true", "key_0": "email", "required_0": "true", "key_1": "city",
        "options_1": "Pune; Delhi", "key_2": "", "purpose_0": "newsletter", "email_0": "true",
        "text_0": "Write to me", "notice_0": "v1", "allowed_origins": "https://shop.example",
    }  # fmt: skip
    bad = await send(client, "/leads/forms", **{**given, "key_0": "city"})
    assert (bad.status_code, "A field stands there twice." in bad.text) == (422, True)
    assert 'value="Fair 2026"' in bad.text
    made = await send(client, "/leads/forms", **given)
    path = made.headers["location"]
    shown = await read(client, path)
    (form,) = (await client.get("/v1/lead-forms")).json()
    assert form["fields"][1]["options"] == ["Pune", "Delhi"]
    assert (form["consents"][0]["channels"], form["slug"][:10]) == (["email"], "fair-2026-")
    assert f"http://test/f/{form['slug']}" in shown and "Nothing here" in shown
    assert "&lt;script src=" in shown and '<script src="http://test/f/' not in shown
    async with visitor(app) as stranger:
        page = await stranger.get(f"/f/{form['slug']}")
        assert "Meet &lt;us&gt;" in page.text and '<option value="Pune">' in page.text
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'self' https://shop.example" in policy
        assert "x-frame-options" not in page.headers
        script = await stranger.get(f"/f/{form['slug']}/embed.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        assert f'"http://test/f/{form["slug"]}"' in script.text
        stale = await send(client, f"{path}/edit", **given, version="7")
        assert stale.status_code == 412
        assert (await send(client, f"{path}/edit")).status_code == 422
        given["is_active"], given["allowed_origins"] = "", ""
        await send(client, f"{path}/edit", **given, version="1")
        for gone in (f"/f/{form['slug']}", f"/f/{form['slug']}/embed.js"):
            assert (await stranger.get(gone)).status_code == 404


async def test_a_score_rule_is_tried_on_real_leads_kept_and_explained(
    client: httpx.AsyncClient, database: Database
) -> None:
    made = await client.post("/v1/leads", json={"name": "Meera", "city": "Pune", "email": "m@x.in"})
    lead = made.json()
    rule = {
        "area": "fit", "name": "Near us", "points": "60", "is_active": "true", "match": "all",
        "word_0": "field:city", "op_0": "is", "value_0": "pune",
    }  # fmt: skip
    assert (await send(client, "/leads/scoring/draft")).status_code == 200
    assert (await send(client, "/leads/scoring")).status_code == 422
    tried = await send(client, "/leads/scoring/draft", **rule)
    assert (tried.status_code, "<b>1</b> of the newest 1 leads" in tried.text) == (200, True)
    assert (await client.get("/v1/score-rules")).json() == []
    assert (await send(client, "/leads/scoring", **rule)).status_code == 303
    click = {
        "area": "behaviour", "name": "Prices", "points": "5", "event": "page_viewed",
        "where_field": "url", "where_op": "contains", "where_value": "price",
        "half_life_days": "30", "is_active": "true",
    }  # fmt: skip
    assert (await send(client, "/leads/scoring", **click)).status_code == 303
    wrong = await send(client, "/leads/scoring", **{**click, "name": "B", "points": "many"})
    assert (wrong.status_code, "whole number from -1000" in wrong.text) == (422, True)
    seen = {"kind": "page_viewed", "id": "1", "url": "https://x.in/prices"}
    await client.post(f"/v1/leads/{lead['id']}/behaviours", json=seen)
    shown = await read(client, f"/leads/{lead['id']}")
    for text in ("Near us", "+60", "Prices (looked at a page)", "+5", "Hot", "Score 0 → 65"):
        assert text in shown
    listed = await read(client, "/leads/scoring")
    assert "City is pune" in listed and "halves every 30 days" in listed
    rules = {one["name"]: one["id"] for one in (await client.get("/v1/score-rules")).json()}
    for name in rules:
        assert name in await read(client, f"/leads/scoring/{rules[name]}")
    late = await send(client, "/leads/scoring/thresholds", name_0="hot", at_0="none")
    assert late.status_code == 422
    await send(client, "/leads/scoring/thresholds", name_0="boiling", at_0="64")
    assert "Boiling" in await read(client, f"/leads/{lead['id']}")


async def test_the_palette_finds_leads_and_deals_that_one_may_see(
    client: httpx.AsyncClient, app: Litestar, database: Database, actor: Actor
) -> None:
    """A-LED-14: global search."""
    lead = (await client.post("/v1/leads", json={"name": "Kestrel Tea"})).json()
    deal = (await client.post("/v1/opportunities", json={"title": "Kestrel order"})).json()
    found = (await client.get("/console/find", params={"q": "kestrel"})).json()
    assert [(one["kind"], one["title"], one["href"]) for one in found] == [
        ("Leads", "Kestrel Tea", f"/leads/{lead['id']}"),
        ("Deals", "Kestrel order", f"/deals/{deal['id']}"),
    ]
    key = await api_key_of(database, actor, "sales.read@own")
    async with visitor(app) as rep:
        head = {"authorization": f"Bearer {key}"}
        nothing = await rep.get("/console/find", params={"q": "kestrel"}, headers=head)
    assert nothing.json() == []
