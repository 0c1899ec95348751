"""The company's own fields stand on deals as on customers."""

import httpx2 as httpx


async def test_own_fields_of_a_deal_are_checked_kept_and_emptied(
    client: httpx.AsyncClient,
) -> None:
    field = {"key": "seats", "kind": "number", "label": "Seats", "target": "opportunity"}
    code = {"key": "code", "kind": "text", "label": "Code", "is_unique": True}
    for one in (field, {**code, "target": "opportunity"}):
        assert (await client.post("/v1/custom-fields", json=one)).status_code == 201
    deal = (await client.post("/v1/opportunities", json={"title": "Ten benches"})).json()
    other = (await client.post("/v1/opportunities", json={"title": "Two benches"})).json()
    assert deal["custom"] == {}
    path = f"/v1/opportunities/{deal['id']}"
    saved = await client.patch(f"{path}/custom", json={"custom": {"seats": 40, "code": "X1"}})
    assert (saved.status_code, saved.json()["custom"]) == (200, {"seats": 40, "code": "X1"})
    assert saved.headers["etag"] == f'"{deal["version"] + 1}"'
    for body, head, status in (
        ({"custom": {"seats": "many"}}, {}, 422),
        ({"custom": {"shoe": 1}}, {}, 422),
        ({"custom": {"seats": 1}}, {"if-match": '"1"'}, 412),
    ):
        refused = await client.patch(f"{path}/custom", json=body, headers=head)
        assert refused.status_code == status, refused.text
    taken = await client.patch(
        f"/v1/opportunities/{other['id']}/custom", json={"custom": {"code": "X1"}}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "custom_field_taken")
    await client.patch(path, json={"next_step": "Call"})
    assert (await client.get(path)).json()["custom"] == {"seats": 40, "code": "X1"}
    await client.patch(f"{path}/custom", json={"custom": {"seats": None}})
    assert (await client.get(path)).json()["custom"] == {"code": "X1"}
    page = (await client.get(f"/deals/{deal['id']}")).text
    assert "Code" in page and "X1" in page
    form = {"title": "Ten benches", "custom_code": "X2", "custom_seats": "12"}
    assert (await client.post(f"/deals/{deal['id']}", data=form)).status_code == 303
    assert (await client.get(path)).json()["custom"] == {"code": "X2", "seats": 12}
    wrong = await client.post(f"/deals/{deal['id']}", data={**form, "custom_seats": "lots"})
    assert (wrong.status_code, "Seats must be a number." in wrong.text) == (422, True)
    await client.post(f"{path}/loss", json={"reason": "price"})
    closed = await client.patch(f"{path}/custom", json={"custom": {"seats": 1}})
    assert (closed.status_code, closed.json()["code"]) == (409, "opportunity_closed")
